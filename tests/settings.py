"""The settings of the tests: the service's own, on a PostgreSQL that only they use.

DATABASE_URL in the environment names another server to test on; one in `.env` does not count.
"""

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ingestion.embedded import locks, server

PREFIX = "ingestion-test-"
MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3


def _remove(folder: Path, *, made_by: int) -> None:
    if os.getpid() == made_by:  # not a child that was forked
        server.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _place() -> str | None:
    """In memory, where there is plenty: half of what a new database costs is its 300 files."""
    if MEMORY.is_dir():
        system = os.statvfs(MEMORY)
        can_run = not system.f_flag & os.ST_NOEXEC  # root has a copy of the programs there
        if can_run and system.f_bavail * system.f_frsize > ROOM:
            return str(MEMORY)
    # Run by root, the server is another user, who must be able to reach the folder.
    return "/var/tmp" if os.geteuid() == 0 else None


def _sweep(place: Path) -> None:
    """What a run left that was killed; its server ended with it."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):  # another one was faster
            is_ours = folder.stat().st_uid == os.geteuid()
            is_old = time.time() - folder.stat().st_mtime > 3600
            if is_ours and is_old and not locks.is_taken(folder / "lease"):
                shutil.rmtree(folder, ignore_errors=True)


if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = ""
    if "EMBEDDED_POSTGRES_DIR" not in os.environ:  # else a process beside this one has made it
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_place()))
        _sweep(folder.parent)
        atexit.register(_remove, folder, made_by=os.getpid())
        os.environ["EMBEDDED_POSTGRES_DIR"] = str(folder)
        os.environ["EMBEDDED_POSTGRES_OPTIONS"] = (
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_wal_size=128MB"
        )

for name in ("DEBUG", "HTTPS", "ALLOWED_HOSTS", "MAX_UPLOAD_BYTES", "STORAGE_DIR", "TOKEN_DAYS"):
    os.environ.pop(name, None)
os.environ["SECRET_KEY"] = "the-tests-sign-with-this-0123456789-abcdefghijklmnopqrstuvwxyz"
os.environ["LAPTOP"] = "true"

from ingestion.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True  # else each new client searches all static files first
