"""Whether a CREATE INDEX CONCURRENTLY still has to run: it may have been killed half way before.

What is there is judged by name, validity and shape, so that a run which broke off can go on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from django.db import DatabaseError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.errors import AnotherIndexIsThere, IndexIsBeingBuilt
from ingestion.schema.statements import (
    LONGEST_NAME_BYTES,
    NAME,
    QUALIFIED,
    Kind,
    Statement,
    clipped,
    kind,
    names,
    quoted,
    statements,
)

Name = tuple[str, ...]
"""As the catalogue has it, with its schema if the statement says one: ("public", "T")."""


class Verb(Enum):
    CREATE = auto()
    DROP = auto()
    REINDEX = auto()


@dataclass(frozen=True, kw_only=True)
class ConcurrentIndex:
    """A statement that makes, drops or makes anew an index without blocking writers."""

    verb: Verb
    index: Name = ()
    """Empty: all indexes of the table."""
    table: Name = ()
    """Empty: that of the index."""
    unique: bool = False
    definition: str = ""
    """Of a CREATE INDEX what stands behind the table: (a DESC) WHERE b."""


_PATTERNS = {
    Verb.CREATE: re.compile(
        "CREATE (?P<unique>UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?"
        f"(?!ON )(?P<index>{NAME})ON (?:ONLY )?(?P<table>{QUALIFIED})"
    ),
    Verb.DROP: re.compile(f"DROP INDEX CONCURRENTLY (?:IF EXISTS )?(?P<index>{QUALIFIED})"),
    Verb.REINDEX: re.compile(
        rf"REINDEX (?:\( [^)]*\) )?(?:INDEX (?:CONCURRENTLY )?(?P<index>{QUALIFIED})"
        rf"|TABLE (?:CONCURRENTLY )?(?P<table>{QUALIFIED}))"
    ),
}


def read(sql: str) -> ConcurrentIndex | None:
    """None for every other statement, and for several.

    Also for a CREATE INDEX without a name: PostgreSQL chooses another one each time, so there is
    nothing by which to know its index again.
    """
    if kind(sql) is not Kind.WAITS or len(parts := statements(sql)) != 1:
        return None
    for verb, pattern in _PATTERNS.items():
        if match := pattern.match(parts[0].shape):
            return _read(verb, match, parts[0])
    return None


def _read(verb: Verb, match: re.Match[str], statement: Statement) -> ConcurrentIndex:
    said = match.groupdict()
    return ConcurrentIndex(
        verb=verb,
        index=names(statement.name(match, "index")) if said.get("index") else (),
        table=names(statement.name(match, "table")) if said.get("table") else (),
        unique=bool(said.get("unique")),
        definition=statement.after(match) if verb is Verb.CREATE else "",
    )


class Verdict(Enum):
    ABSENT = auto()
    """What the statement does is not there: repair, then run it."""
    DONE = auto()
    """It has been done: do not run it again."""
    BROKEN = auto()
    """An index of this name was left invalid: repair, which drops it, then run it."""
    OTHER = auto()
    """A valid index of this name is another one: `repair` refuses."""


def judge(connection: BaseDatabaseWrapper, sql: str) -> Verdict:
    """The connection is in autocommit: what is tried out on it is rolled back."""
    wanted = read(sql)
    return _look(connection, wanted).verdict if wanted else Verdict.ABSENT


def repair(connection: BaseDatabaseWrapper, sql: str) -> list[str]:
    """The statements to run before this one, if it is to run: they drop what broken runs have left.

    Refuses if another index is there, or if what looks broken is being built at this moment.
    """
    wanted = read(sql)
    if wanted is None:
        return []
    finding = _look(connection, wanted)
    if finding.refusal:
        raise finding.refusal
    unwanted = [*finding.broken, *_leftovers(connection, wanted, finding.table)]
    for index in unwanted:
        if pids := _builders(connection, index):
            raise IndexIsBeingBuilt(index.full_name, pid=pids[0])
    return [f"DROP INDEX CONCURRENTLY IF EXISTS {index.full_name}" for index in unwanted]


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    table: "_Table | None"
    broken: "tuple[_Index, ...]" = ()
    refusal: AnotherIndexIsThere | None = None


def _look(connection: BaseDatabaseWrapper, wanted: ConcurrentIndex) -> _Finding:
    table = _find_table(connection, wanted)
    if table is None:
        return _Finding(Verdict.DONE if wanted.verb is Verb.DROP else Verdict.ABSENT, None)
    if wanted.verb is not Verb.CREATE:
        return _Finding(Verdict.ABSENT, table)
    # An index lives in the schema of its table, wherever the search path has found that.
    there = _indexes(connection, name=(table.schema, *wanted.index))
    if not there:
        return _Finding(Verdict.ABSENT, table)
    if there[0].is_broken:
        return _Finding(Verdict.BROKEN, table, broken=(there[0],))
    expected, found = _shape_by_trial(connection, wanted, table), _shape(there[0], wanted)
    if expected == found:
        return _Finding(Verdict.DONE, table)
    refusal = AnotherIndexIsThere(there[0].full_name, expected=expected, found=found)
    return _Finding(Verdict.OTHER, table, refusal=refusal)


# ── what is there


@dataclass(frozen=True)
class _Table:
    oid: int
    schema: str
    name: str
    printed: str


@dataclass(frozen=True)
class _Index:
    oid: int
    table_oid: int
    schema: str
    name: str
    is_valid: bool
    is_partitioned: bool
    printed: str
    tablespace: str | None

    @property
    def full_name(self) -> str:
        return quoted(self.schema, self.name)

    @property
    def is_broken(self) -> bool:
        # The index of a partitioned table is invalid until each partition has its own.
        return not self.is_valid and not self.is_partitioned


_TABLE = """
    SELECT c.oid::bigint, n.nspname, c.relname,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = coalesce(
               to_regclass(%s),
               (SELECT indrelid::regclass FROM pg_index WHERE indexrelid = to_regclass(%s)))
"""
_INDEXES = """
    SELECT c.oid::bigint, x.indrelid::bigint, n.nspname, c.relname, x.indisvalid, c.relkind = 'I',
           pg_get_indexdef(c.oid), quote_ident(s.spcname)
      FROM pg_index x
      JOIN pg_class c ON c.oid = x.indexrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
     WHERE c.oid = to_regclass(%s) OR x.indrelid = %s
     ORDER BY c.relname
"""


def _find_table(connection: BaseDatabaseWrapper, wanted: ConcurrentIndex) -> _Table | None:
    """By its name, or by that of its index when the statement says only that."""
    index = () if wanted.table else wanted.index
    with connection.cursor() as cursor:
        cursor.execute(_TABLE, [quoted(*wanted.table) or None, quoted(*index) or None])
        row = cursor.fetchone()
    return _Table(*row) if row else None


def _indexes(
    connection: BaseDatabaseWrapper, *, name: Name = (), table_oid: int | None = None
) -> list[_Index]:
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES, [quoted(*name) or None, table_oid])
        return [_Index(*row) for row in cursor.fetchall()]


# ── of what shape it is

_PRINTED = re.compile(
    f"CREATE (?P<unique>UNIQUE )?INDEX (?P<index>{NAME})ON (?:ONLY )?(?P<table>{QUALIFIED})"
)
_SAYS_TABLESPACE = re.compile("(?:(?!WHERE )[^ ]+ )*?TABLESPACE ")


def _shape(index: _Index, wanted: ConcurrentIndex, *, table: str | None = None) -> str:
    """As PostgreSQL prints it, or as if it were on this table."""
    statement = statements(index.printed)[0]
    match = _PRINTED.match(statement.shape)
    if match is None:
        return index.printed
    unique = "UNIQUE " if match["unique"] else ""
    name, table = statement.name(match, "index"), table or statement.name(match, "table")
    tablespace = index.tablespace and _says_tablespace(wanted) and f" TABLESPACE {index.tablespace}"
    return f"CREATE {unique}INDEX {name} ON {table} {statement.after(match)}{tablespace or ''}"


def _says_tablespace(wanted: ConcurrentIndex) -> bool:
    flat = statements(wanted.definition)[0].outside_parentheses
    return _SAYS_TABLESPACE.match(flat.shape) is not None


def _shape_by_trial(connection: BaseDatabaseWrapper, wanted: ConcurrentIndex, table: _Table) -> str:
    """PostgreSQL prints the same index on an empty copy of the table, which goes away again.

    Of the statement only what stands behind the table is run, so that it cannot reach the table.
    """
    copy, name = quoted("pg_temp", table.name), quoted(*wanted.index)
    head = f"CREATE {'UNIQUE ' if wanted.unique else ''}INDEX {name} ON"
    with _rolled_back(connection), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {copy} (LIKE {quoted(table.schema, table.name)})")
        try:
            cursor.execute(f"{head} {copy} {wanted.definition}")
        except OperationalError:
            raise  # it says nothing about the index
        except DatabaseError:  # the columns are others now, or it calls the table by its schema
            return f"{head} {table.printed} {wanted.definition}"
        trial = _indexes(connection, name=("pg_temp", *wanted.index))[0]
    return _shape(trial, wanted, table=table.printed)


@contextmanager
def _rolled_back(connection: BaseDatabaseWrapper) -> Iterator[None]:
    connection.set_autocommit(False)
    try:
        yield
    finally:
        connection.rollback()
        connection.set_autocommit(True)


# ── what broken runs leave

_LEFTOVER = re.compile(r"(?P<base>.+)(?P<suffix>_cc(?:new|old)[0-9]*)", re.DOTALL)
_BUILDERS = """
    SELECT pid
      FROM pg_stat_progress_create_index
     WHERE datname = current_database()
       AND relid = %s
       AND (index_relid = %s OR command = 'REINDEX CONCURRENTLY')
"""


def _leftovers(
    connection: BaseDatabaseWrapper, wanted: ConcurrentIndex, table: _Table | None
) -> list[_Index]:
    """What a REINDEX CONCURRENTLY of the same index, or of all, has left on the table."""
    beside = _indexes(connection, table_oid=table.oid) if table else []
    concerned = {wanted.index[-1]} if wanted.index else {index.name for index in beside}
    return [index for index in beside if index.is_broken and _is_left_of(index.name, concerned)]


def _is_left_of(name: str, concerned: set[str]) -> bool:
    """PostgreSQL shortens the name until the suffix fits."""
    match = _LEFTOVER.fullmatch(name)
    if match is None:
        return False
    room = LONGEST_NAME_BYTES - len(match["suffix"])
    return match["base"] in {clipped(each, room) for each in concerned}


def _builders(connection: BaseDatabaseWrapper, index: _Index) -> list[int]:
    """Who builds it now, as far as this role may see."""
    with connection.cursor() as cursor:
        cursor.execute(_BUILDERS, [index.table_oid, index.oid])
        return [pid for (pid,) in cursor.fetchall()]
