"""Which PostgreSQL: the one that DATABASE_URL names, or the embedded one of this checkout."""

import os
import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from ingestion.embedded import server
from ingestion.environment import Environment

UNREADABLE = (
    "DATABASE_URL cannot be read. It looks like postgres://user:password@host:5432/name, "
    "with special characters of the password written as %40 and the like."
)


def is_embedded(env: Environment) -> bool:
    return not env.text("DATABASE_URL")


def database(env: Environment, *, project: Path) -> dict[str, Any]:
    """The entry of Django's DATABASES. Connects to nothing and starts nothing."""
    chosen = _embedded(project) if is_embedded(env) else _named(env)
    # A new connection per request costs more than the request: a fork, a login, cold caches.
    return {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, **chosen}


def programs() -> Path | None:
    """The folder of pg_dump and its like that come with the embedded server, where it is there."""
    try:
        return server.binaries() / "bin"
    except server.EmbeddedServerError:
        return None


def _named(env: Environment) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it would print the password
            named: dict[str, Any] = env.database("DATABASE_URL")
    except (environ.ImproperlyConfigured, ValueError, UserWarning) as error:
        raise ImproperlyConfigured(UNREADABLE) from error
    if "@" in f"{named['NAME']}" or ("@" in env.text("DATABASE_URL") and not named["USER"]):
        raise ImproperlyConfigured(UNREADABLE)  # a / ? or # in the password, as it stands
    if named.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"DATABASE_URL names {named.get('ENGINE') or 'no database'}; this service runs on "
            "PostgreSQL 15 to 18 only: postgres://user:password@host:5432/name"
        )
    if not (named["NAME"] or "service" in named.get("OPTIONS", {})):
        raise ImproperlyConfigured(
            "DATABASE_URL names no database. Add it: postgres://user:password@host:5432/name"
        )
    options = {"connect_timeout": 5, "application_name": "ingestion", **named.get("OPTIONS", {})}
    return {**named, "ENGINE": "ingestion.postgresql", "OPTIONS": options}


def _embedded(project: Path) -> dict[str, Any]:
    chosen = os.environ.get("EMBEDDED_POSTGRES_DIR")
    folder = Path(chosen) if chosen else server.home(project)
    return {
        "ENGINE": "ingestion.embedded",
        "NAME": server.DATABASE,
        "USER": server.USER,
        "HOST": str(server.socket_dir(folder)),
        "PORT": "5432",
        "EMBEDDED_FOLDER": str(folder),
        "EMBEDDED_LINK": "" if chosen else str(project / ".postgres"),
        "EMBEDDED_OPTIONS": os.environ.get("EMBEDDED_POSTGRES_OPTIONS", ""),
        "OPTIONS": {"application_name": "ingestion"},
    }
