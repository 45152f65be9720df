"""Settings that cannot work, as system checks with an id and a hint."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.postgresql.psycopg_any import is_psycopg3

Check = Callable[..., Sequence[CheckMessage]]

WELL_KNOWN_PASSWORDS = {"password", "postgres", "admin", "secret", "changeme", "ingestion", "test"}
OLDEST_SERVER = 150000


@register
def driver(*, is_third: bool = is_psycopg3, **_: Any) -> list[CheckMessage]:
    """Django takes psycopg 3 silently as soon as it can be imported."""
    if not is_third:
        return []
    return [
        Error(
            "psycopg 3 is installed, and Django prefers it to psycopg2.",
            hint="Uninstall psycopg, and find out which package brought it: pip show psycopg",
            id="ingestion.E001",
        )
    ]


@register(Tags.security)
def secret_key(**_: Any) -> list[CheckMessage]:
    if not _is_weak(settings.SECRET_KEY):
        return []
    return [
        _unless_laptop(
            "SECRET_KEY is short, repetitive or well known: sessions and cursors can be forged.",
            hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
            number=2,
        )
    ]


@register(Tags.security)
def database_password(**_: Any) -> list[CheckMessage]:
    password = settings.DATABASES["default"].get("PASSWORD") or os.environ.get("PGPASSWORD", "")
    if settings.EMBEDDED or password not in WELL_KNOWN_PASSWORDS:
        return []
    return [
        _unless_laptop(
            "The database's password is one that everybody knows.",
            hint="Choose another in DATABASE_URL and in the server.",
            number=3,
        )
    ]


@register
def storage(**_: Any) -> list[CheckMessage]:
    """The folder for the documents' bytes, or the nearest one above it, must be writable."""
    folder = Path(settings.STORAGE_DIR)
    # Not Path.exists(), which raises where this user may not look.
    nearest = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"Documents cannot be kept: {nearest} is not a folder that this user may write to.",
            hint="Set STORAGE_DIR to a folder of this user, or change the folder's owner.",
            id="ingestion.E004",
        )
    ]


@register(Tags.database)
def server_version(
    databases: Sequence[str] | None = None, *, oldest: int = OLDEST_SERVER, **_: Any
) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        connection.ensure_connection()
        version = connection.connection.server_version
        if version < oldest:
            found.append(
                Error(
                    f"Database {alias} runs PostgreSQL {version // 10000}; this needs 15 to 18.",
                    hint="Upgrade the server, or unset DATABASE_URL to use the embedded one.",
                    id="ingestion.E005",
                )
            )
    return found


@register(Tags.security)
def debug_in_public(**_: Any) -> list[CheckMessage]:
    beyond = set(settings.ALLOWED_HOSTS) - {"localhost", "127.0.0.1", "[::1]", "testserver"}
    if not settings.DEBUG or not beyond or settings.LAPTOP:
        return []
    return [
        Error(
            f"DEBUG is on and the service answers to {', '.join(sorted(beyond))}.",
            hint="Set DEBUG=false, or take the names out of ALLOWED_HOSTS.",
            id="ingestion.E006",
        )
    ]


def _is_weak(key: str) -> bool:
    return len(key) < 50 or len(set(key)) < 10 or key.startswith(("django-insecure", "laptop"))


def _unless_laptop(message: str, *, hint: str, number: int) -> CheckMessage:
    if settings.LAPTOP:
        fine = "Fine on a laptop, as LAPTOP says, and nowhere else."
        return Warning(message, hint=fine, id=f"ingestion.W{number:03}")
    hint = f"{hint} On a laptop, LAPTOP=true turns this into a warning."
    return Error(message, hint=hint, id=f"ingestion.E{number:03}")
