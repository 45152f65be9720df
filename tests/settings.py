"""The settings of the tests: the service's own, on a PostgreSQL that only they use.

DATABASE_URL in the environment names another server to test on; one in `.env` does not count.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from ingestion.embedded import server


def _remove(folder: Path, *, made_by: int) -> None:
    if os.getpid() == made_by:  # not a child that was forked
        server.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = ""
    if "EMBEDDED_POSTGRES_DIR" not in os.environ:  # else a process beside this one has made it
        # Run by root, the server is another user, who must be able to reach the folder.
        place = "/var/tmp" if os.geteuid() == 0 else None
        folder = Path(tempfile.mkdtemp(prefix="ingestion-test-", dir=place))
        atexit.register(_remove, folder, made_by=os.getpid())
        os.environ["EMBEDDED_POSTGRES_DIR"] = str(folder)
        os.environ["EMBEDDED_POSTGRES_OPTIONS"] = (
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        )

for name in ("DEBUG", "HTTPS", "ALLOWED_HOSTS", "MAX_UPLOAD_BYTES", "STORAGE_DIR", "TOKEN_DAYS"):
    os.environ.pop(name, None)
os.environ["SECRET_KEY"] = "the-tests-sign-with-this-0123456789-abcdefghijklmnopqrstuvwxyz"
os.environ["LAPTOP"] = "true"

from ingestion.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True  # else each new client searches all static files first
