"""What a fresh database needs before anybody can use it: tables, and somebody to log in."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.models import new_token

EMAIL = "admin@example.com"


@dataclass(frozen=True)
class Administrator:
    """The first one; password and token are shown once, and stored nowhere."""

    email: str
    password: str
    token: str


def migrate() -> list[str]:
    """Apply what is pending; the names of what was."""
    before = set(MigrationRecorder(connection).applied_migrations())
    call_command("migrate", verbosity=0, interactive=False)
    after = MigrationRecorder(connection).applied_migrations()
    return [f"{app}.{name}" for app, name in after if (app, name) not in before]


def known_administrator() -> str:
    """The e-mail address of the one who has been here longest."""
    superusers = get_user_model().objects.filter(is_superuser=True)
    return str(superusers.order_by("pk").values_list("email", flat=True)[0])


def first_administrator() -> Administrator | None:
    """One is made where there is no superuser yet."""
    users = get_user_model()
    if users.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    user = users.objects.create_superuser(EMAIL, password, email_verified=True)
    _, token = new_token(user, name="first token", days=settings.TOKEN_DAYS)
    return Administrator(EMAIL, password, token)
