"""What was observed of a run: each statement, and each migration as a whole. Only facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ingestion.schema.plan import Step

# PostgreSQL manual, 13.3.1 "Table-Level Locks".
BLOCKS_READS = frozenset({"AccessExclusiveLock"})
BLOCKS_WRITES = frozenset({"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock"}) | BLOCKS_READS
STRENGTH = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)


@dataclass(frozen=True, kw_only=True)
class Lock:
    relation: str
    """As the catalogue names it; an index by its own name."""
    kind: str
    """table, index, sequence, view …"""
    mode: str
    """As pg_locks says it: AccessExclusiveLock."""
    held_ms: float
    """From the start of the statement that took it to the end of its transaction."""
    is_new: bool
    """Nobody else can be waiting for it: the migration has made the table, or this transaction the
    index."""

    @property
    def blocks_reads(self) -> bool:
        return self.mode in BLOCKS_READS and not self.is_new

    @property
    def blocks_writes(self) -> bool:
        return self.mode in BLOCKS_WRITES and not self.is_new

    @property
    def strength(self) -> int:
        return STRENGTH.index(self.mode)


@dataclass(frozen=True, kw_only=True)
class Rows:
    relation: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One statement, or what Python executed beyond the first ones of its operation, as one."""

    sql: str
    """The first of them."""
    count: int
    operation: str | None
    """What it is for; None where a migration's deferred statements are executed at its end."""
    duration_ms: float
    locks: tuple[Lock, ...]
    """Those that the transaction did not hold before."""
    rewritten: tuple[str, ...]
    """Tables and indexes, but new ones, that are written anew, into another file."""
    emptied: tuple[str, ...]
    """The same by TRUNCATE, which writes no row."""
    scanned: tuple[str, ...]
    """Tables, but new ones, that are read from their beginning."""
    rows: int
    """Inserted, updated and deleted."""
    wal_bytes: int
    """Of the whole server."""
    growth_bytes: int
    """Of the database, before its transaction ends: what was replaced is still there."""
    updated: tuple[Rows, ...] = ()
    """Of tables, but new ones: who writes to the same rows waits, deleted ones included."""
    held_ms: float = 0.0
    """From its start to the end of its transaction: so long are those rows locked."""


@dataclass(frozen=True, kw_only=True)
class StepObserved:
    step: Step
    is_transaction: bool
    """All of it is one."""
    duration_ms: float
    statements: tuple[Observed, ...]
    locks: tuple[Lock, ...]
    """Each relation and mode once, with the longest time; strongest first."""
    rows: int
    wal_bytes: int
    is_wal_own: bool
    """Its session's own; else the whole server's, as is each statement's."""
    growth_bytes: int
    """What stays of it when it is done."""
    peak_bytes: int
    """The most that it needed on the way."""


def strongest_first(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    return tuple(sorted(locks, key=lambda each: (-each.strength, each.relation)))


def longest(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """Each relation and mode once."""
    kept: dict[tuple[str, str, bool], Lock] = {}
    for lock in locks:
        key = lock.relation, lock.mode, lock.is_new
        if key not in kept or kept[key].held_ms < lock.held_ms:
            kept[key] = lock
    return strongest_first(kept.values())


def together(statements: Iterable[Observed]) -> list[Observed]:
    """Those that follow each other and are the same but for their parameters as one."""
    groups = groupby(statements, key=lambda each: (each.sql, each.operation))
    return [_as_one(list(those)) for _, those in groups]


def _as_one(those: Sequence[Observed]) -> Observed:
    first = those[0]
    if len(those) == 1:
        return first
    touched = [rows for each in those for rows in each.updated]
    return replace(
        first,
        count=sum(each.count for each in those),
        duration_ms=sum(each.duration_ms for each in those),
        locks=longest(lock for each in those for lock in each.locks),
        rows=sum(each.rows for each in those),
        wal_bytes=sum(each.wal_bytes for each in those),
        growth_bytes=sum(each.growth_bytes for each in those),
        updated=tuple(
            Rows(relation=relation, count=sum(r.count for r in touched if r.relation == relation))
            for relation in dict.fromkeys(rows.relation for rows in touched)
        ),
        held_ms=max(each.held_ms for each in those),
        rewritten=_once(each.rewritten for each in those),
        emptied=_once(each.emptied for each in those),
        scanned=_once(each.scanned for each in those),
    )


def _once(names: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for those in names for name in those))
