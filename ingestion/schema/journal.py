"""The append-only record of what was done to the schema: made, added to and read here.

Replaying it gives what `django_migrations` holds: apply and adopt add a row, unapply takes one
away, fake does what its direction says.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from ingestion.schema.models import JournalEntry
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key
from ingestion.schema.statements import split

TABLE = "schema_journal"
CREATE = Path(__file__).with_name("journal.sql").read_text()
PROTECTION = [
    each for each in split(CREATE) if "schema_journal_refuse" in each or "ENABLE ALWAYS" in each
]
"""Of its statements those that let nobody change an entry: the function, then the triggers."""
PROTECTED = """
    SELECT (SELECT prosrc FROM pg_proc WHERE oid = to_regproc('schema_journal_refuse')),
           ARRAY(SELECT tgname::text FROM pg_trigger
                  WHERE tgrelid = to_regclass(%s) AND tgenabled = 'A'
                    AND tgfoid = to_regproc('schema_journal_refuse')
                    AND tgqual IS NULL AND tgattr = ''
                    -- Before DELETE, UPDATE and TRUNCATE; before DELETE and UPDATE for each row.
                    AND (tgname, tgtype) IN (('schema_journal_append_only', 58),
                                             ('schema_journal_append_only_rows', 27)))
"""
PARTS_APPLIED = "all its parts are applied"
"""Why a squashed migration is recorded and not run."""
COLUMNS = (
    "run, action, app, migration, duration_ms, os_user, host, process, version, git_commit, "
    "hash, ddl, error, detail"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one row says; who and when is added as it is written."""

    action: str
    key: Key | None = None
    duration_ms: int | None = None
    hash: str | None = None
    ddl: str | None = None
    error: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class Journal:
    def __init__(self, connection: BaseDatabaseWrapper, origin: Origin) -> None:
        self.connection = connection
        self.origin = origin

    def exists(self) -> bool:
        return exists(self.connection)

    def ensure(self, applied: Iterable[tuple[Key, str | None]]) -> bool:
        """Make the table if there is none, with an entry for all that is applied already.

        `applied` are the migrations and the hashes of their files. True if it was made.
        """
        if self.exists():
            return False
        with transaction.atomic(using=self.connection.alias):
            with self.connection.cursor() as cursor:
                cursor.execute(CREATE)
            for key, digest in applied:
                self.append(Entry(action="adopt", key=key, hash=digest))
        return True

    def append(self, entry: Entry) -> None:
        """Part of the transaction that is open, if one is."""
        with self.connection.cursor() as cursor:
            cursor.execute(*insert(entry, self.origin))

    def entries(self) -> QuerySet[JournalEntry]:
        """All of them, oldest first; none where there is no journal yet."""
        return entries(self.connection)


def exists(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [TABLE])
        return bool(cursor.fetchone()[0])


def missing_protection(connection: BaseDatabaseWrapper) -> list[str]:
    """The statements that make it append-only again, if somebody has switched that off."""
    if not exists(connection):
        return []
    with connection.cursor() as cursor:
        cursor.execute(PROTECTED, [TABLE])
        body, triggers = cursor.fetchone()
    function, *others = PROTECTION
    is_whole = body is not None and _words(body) in _words(function)
    missing = [each for each in others if not re.search(rf"\b({'|'.join(triggers)})\b", each)]
    return [*([] if is_whole else [function]), *(missing if triggers else others)]


def _words(text: str) -> str:
    return " ".join(text.split())


def may_create(connection: BaseDatabaseWrapper) -> bool:
    """Whether this role may make the table, where it would lie."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) "
            "AND NOT current_setting('transaction_read_only')::boolean"
        )
        return bool(cursor.fetchone()[0])


def entries(connection: BaseDatabaseWrapper) -> QuerySet[JournalEntry]:
    """All of them, oldest first; none where there is no journal yet."""
    found = JournalEntry.objects.using(connection.alias)
    return found.all() if exists(connection) else found.none()


def insert(entry: Entry, origin: Origin) -> tuple[str, list[Any]]:
    """The statement that writes an entry, and its parameters."""
    app, name = entry.key or (None, None)
    values = [
        str(origin.run),
        entry.action,
        app,
        name,
        entry.duration_ms,
        origin.os_user,
        origin.host,
        origin.process,
        origin.version,
        origin.git_commit,
        entry.hash,
        entry.ddl,
        _clean(entry.error),
        json.dumps(_clean(entry.detail)),
    ]
    places = ", ".join(["%s"] * len(values))
    return f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({places})", values  # noqa: S608


def _clean(value: Any) -> Any:
    """PostgreSQL keeps neither a NUL nor half a surrogate pair, in JSON neither."""
    match value:
        case str():
            return value.replace("\x00", "").encode(errors="backslashreplace").decode()
        case dict():
            return {_clean(key): _clean(each) for key, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
    return value


def replay(found: Iterable[JournalEntry]) -> set[Key]:
    """What is applied when all of these are done, one after the other."""
    applied: set[Key] = set()
    for entry in found:
        key = (entry.app or "", entry.migration or "")
        if adds(entry):
            applied.add(key)
        elif removes(entry):
            applied.discard(key)
    return applied


def adds(entry: JournalEntry) -> bool:
    """Whether a row came into `django_migrations` with it."""
    return entry.action in {"apply", "adopt"} or (
        entry.action == "fake" and entry.detail["direction"] == "apply"
    )


def removes(entry: JournalEntry) -> bool:
    return entry.action == "unapply" or (
        entry.action == "fake" and entry.detail["direction"] == "unapply"
    )
