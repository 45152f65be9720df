"""What a session holds and has done up to a moment; the difference of two is what a statement did.

All of it is measured by the server. Scans and rows are counted per relation: ALTER TABLE's reading
of every row, the validation of a constraint and the building of an index count as scans, also of
an empty table. How far the log (WAL) has come is the whole server's: what others write adds to it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from ingestion.schema.catalog import name
from ingestion.schema.journal import TABLE

_QUERY = Path(__file__).with_name("footprint.sql").read_text(encoding="utf-8")
KINDS = {
    "r": "table",
    "p": "table",
    "f": "foreign table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "i": "index",
    "I": "index",
}
RECORDS = frozenset({"django_migrations", TABLE})


@dataclass(frozen=True, kw_only=True)
class Relation:
    name: str
    """As the catalogue has it."""
    kind: str
    table: int
    """Of an index its table's oid, else its own."""
    file: int
    """Another one after a rewrite; 0 where there is none."""
    scans: int
    added: int
    """Rows so far."""
    changed: int
    """Rows that were updated or deleted."""

    @property
    def is_stored(self) -> bool:
        """In rows or entries, which take time to read and to write."""
        return self.file != 0 and self.kind != "sequence"


Relations = Mapping[int, Relation]
"""By their oid."""
Held = tuple[int, str]
"""Which relation by its oid, and the mode of the lock."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    relations: Relations
    locks: frozenset[Held]
    wal: int
    """Of the whole server."""
    size: int
    """0 where it was not asked for."""


def footprint(
    connection: BaseDatabaseWrapper, *, everything: bool = True, with_size: bool = True
) -> Footprint:
    """Of this session, until now; if not everything, only the relations that it has locked."""
    with driver(connection) as cursor:
        cursor.execute(_QUERY, {"everything": everything, "with_size": with_size})
        relations, locks, wal, size = cursor.fetchone()
    known = {oid: _relation(*facts) for oid, *facts in relations or ()}
    return Footprint(
        relations=known,
        locks=frozenset((oid, mode) for oid, mode in locks or ()),
        wal=int(wal),
        size=size or 0,
    )


def own_wal(connection: BaseDatabaseWrapper) -> int | None:
    """What this session alone has written of the log so far, its parallel workers included.

    From PostgreSQL 18 on. A session tells the server only between two transactions, and not more
    often than once in a second unless it is told to; nobody, itself neither, sees it before that.
    """
    connection.ensure_connection()
    info = connection.connection.info
    is_between = connection.autocommit and info.transaction_status == TRANSACTION_STATUS_IDLE
    if info.server_version < 180000 or not is_between:
        return None
    with driver(connection) as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT wal_bytes FROM pg_stat_get_backend_wal(pg_backend_pid())")
        return int(cursor.fetchone()[0])


def rewritten(before: Relations, after: Relations) -> list[str]:
    """Those that were there and are kept in another file now.

    ALTER TABLE makes indexes anew, with another oid and the same name.
    """
    by_name = {each.name: each for each in before.values()}
    found = (
        (before.get(oid) or by_name.get(each.name), each)
        for oid, each in after.items()
        if each.is_stored
    )
    return sorted(now.name for was, now in found if was and was.is_stored and was.file != now.file)


def scanned(before: Relations, after: Relations) -> list[str]:
    """Those that were there and were read from their beginning."""
    return sorted(
        now.name
        for oid, was in before.items()
        if (now := after.get(oid)) and now.kind != "index" and now.scans > was.scans
        # The tool itself reads its journal between the statements.
        if now.name not in RECORDS
    )


def rows(before: Relations, after: Relations) -> int:
    """Of all relations that are there now, but for the record of migrations."""
    return sum(
        (now.added + now.changed) - (was.added + was.changed if was else 0)
        for oid, now in after.items()
        for was in [before.get(oid)]
        if now.name not in RECORDS
    )


def changed(before: Relations, after: Relations) -> dict[str, int]:
    """How many rows of each that was there were updated or deleted."""
    return {
        now.name: now.changed - was.changed
        for oid, was in sorted(before.items(), key=lambda each: each[1].name)
        if (now := after.get(oid)) and now.changed > was.changed
    }


@contextmanager
def driver(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    """Past Django's execute wrappers, or the observer would meet itself; with Django's errors."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        yield cursor


def _relation(
    table: int, path: list[str], kind: str, file: int, scans: int, added: int, changed: int
) -> Relation:
    return Relation(
        name=name(*path),
        kind=KINDS[kind],
        table=table,
        file=file,
        scans=scans,
        added=added,
        changed=changed,
    )
