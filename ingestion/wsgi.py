"""The server's entry point."""

import os

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ingestion.settings")

django = get_wsgi_application()  # before anything that needs its apps

from documents.api.direct import Direct  # noqa: E402

application = Direct(django)

# A command refuses settings that cannot work; a server started by itself must, too.
if wrong := [str(message) for message in run_checks() if message.is_serious()]:
    raise ImproperlyConfigured(" ".join(wrong))
