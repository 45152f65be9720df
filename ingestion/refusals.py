"""What stops a command before it starts, in one line: which database, who, why, what to do."""

import errno
import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.utils import DatabaseError
from psycopg2 import errors as pg

from ingestion.embedded.server import EmbeddedServerError
from ingestion.pending import pending_migrations, sentence

DISK = {errno.ENOSPC, errno.EDQUOT}
# (what libpq or the server says, what to do about it)
CURES = (
    ("password authentication failed", "Check the user and the password in DATABASE_URL."),
    ("no password supplied", "Add the password to DATABASE_URL."),
    ('role "', "Create the role, or name another user in DATABASE_URL."),
    ("does not exist", "Create the database, or name another one in DATABASE_URL."),
    ("could not translate host name", "Check the host name in DATABASE_URL."),
    ("too many", "Close connections, or raise max_connections."),
    ("pg_hba.conf", "Allow this host and user in the server's pg_hba.conf."),
    ("starting up", "The server is starting; try again in a moment."),
    ("SSL", "Check sslmode in DATABASE_URL."),
)
OTHERWISE = "Check that it is running and that DATABASE_URL names it, or unset DATABASE_URL."


def in_one_line(error: BaseException) -> str | None:
    """A sentence for a failure that is not a bug of ours, else None."""
    if isinstance(error, EmbeddedServerError | ImproperlyConfigured):
        return " ".join(str(error).split())
    if isinstance(error, OSError | EOFError):
        return _of_streams(error)
    if isinstance(error, OperationalError) and _is_about_connecting(error):
        return f"Cannot connect to {_where()}: {_reason(error)}. {_cure(str(error))}"
    if _says(error, pg.UndefinedTable | pg.UndefinedColumn) and (pending := _pending()):
        return f"{_where()} is behind: {sentence(pending)}"
    denied = next((e for e in _chain(error) if isinstance(e, pg.InsufficientPrivilege)), None)
    if denied is not None and isinstance(error, DatabaseError):
        return _denied(denied)
    return None


def _of_streams(error: OSError | EOFError) -> str | None:
    if isinstance(error, EOFError):
        return "The input ended before an answer was there. Nothing was done; run it in a terminal."
    if error.errno in DISK:
        return f"{error.strerror}. Make room, then run it again: what is kept is not kept twice."
    return None


def _says(error: BaseException, kind: Any) -> bool:
    return isinstance(error, DatabaseError) and isinstance(error.__cause__, kind)


def _pending() -> list[tuple[str, str]]:
    try:
        return pending_migrations()
    except DatabaseError:  # the connection is of no more use: then the first error speaks
        return []


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_about_connecting(error: OperationalError) -> bool:
    # The server gives every error of a statement a SQLSTATE; a failed connection has none.
    return getattr(error.__cause__, "pgcode", None) is None


def _where() -> str:
    name, user, host, port = (_setting(key) for key in ("NAME", "USER", "HOST", "PORT"))
    who = user or "the current user"
    return f"PostgreSQL at {host or 'localhost'}:{port or 5432} as {who}, database {name}"


def _setting(key: str) -> Any:
    """From the URL itself or, as libpq has it, from the parameters behind it."""
    settings = connection.settings_dict
    return settings.get(key) or settings["OPTIONS"].get(key.lower())


def _reason(error: BaseException) -> str:
    """libpq's last word, which is the cause: one attempt per address stands before it."""
    last = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = next((line for line in last if "failed:" in line or "FATAL" in line), (last or ["?"])[0])
    text = re.sub(r"^.*failed: |FATAL:\s*", "", text)
    text = re.sub(r"FATAL:\s*", "", text)
    password = _setting("PASSWORD")
    return (text.replace(password, "***") if password else text).rstrip(".")


def _cure(text: str) -> str:
    return next((cure for said, cure in CURES if said in text), OTHERWISE)


def _denied(error: BaseException) -> str:
    first = str(error).splitlines()[0]
    if " schema " not in first:
        return f"{_where()} was refused: {first}. Ask the owner of the database to grant it."
    return (
        f"{_where()} was refused: {first}. Let the role create tables there, as the owner of the "
        f'database: GRANT CREATE, USAGE ON SCHEMA public TO "{_setting("USER")}"'
    )
