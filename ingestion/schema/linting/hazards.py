"""What was observed of a migration → what it blocks, for whom, and why that takes long. Pure.

A statement that makes others wait for as long as a table is big is judged by the locks, the
rewrites and the scans that were seen. What the release that is still running cannot live with is
in `breaking`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingestion.schema.catalog import name
from ingestion.schema.errors import listed
from ingestion.schema.observation.observe import Lock, Observed, StepObserved
from ingestion.schema.statements import (
    NAME,
    QUALIFIED,
    names,
    needs_no_transaction,
    statements,
    transaction_control,
)

REWRITTEN = "table-rewritten"
SCANNED = "scan-under-lock"
INDEX_BUILT = "index-built-under-lock"
DATA_MOVED = "data-moved-under-lock"
EMPTIED = "table-emptied"
LOCKED = "table-locked"
OUT_OF_ORDER = "locks-out-of-order"
NOT_NULL = "not-null-without-default"
COLUMN_DROPPED, TABLE_DROPPED = "column-dropped", "table-dropped"
COLUMN_RENAMED, TABLE_RENAMED = "column-renamed", "table-renamed"
TYPE_CHANGED = "type-changed"
NON_ATOMIC = "non-atomic-without-need"

BLOCKING = frozenset({REWRITTEN, SCANNED, INDEX_BUILT, DATA_MOVED, EMPTIED, LOCKED, OUT_OF_ORDER})
RULES = BLOCKING | {
    NOT_NULL,
    COLUMN_DROPPED,
    TABLE_DROPPED,
    COLUMN_RENAMED,
    TABLE_RENAMED,
    TYPE_CHANGED,
    NON_ATOMIC,
}

RUNNING_RELEASE = "the release that is still running"
NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Hazard:
    rule: str
    statement: str
    operation: str | None
    """What the statement is for, as the observer has it."""
    relation: str | None
    blocks: str
    for_whom: str
    why: str


# --- What makes others wait ----------------------------------------------------------------

_MOVES_ROWS = re.compile("(?:UPDATE|DELETE|MERGE|COPY|DO|CALL) |WITH .*(?:UPDATE|DELETE|INSERT) ")
_INSERTS_A_QUERY = re.compile("(?:WITH .* )?INSERT INTO .* (?:SELECT|TABLE) |SELECT .* INTO ")
_MOVES_ROWS_INSIDE = re.compile(
    r"(?<!ON )\bUPDATE\s[^;]*\sSET\s|\bDELETE\s+FROM\s|\bMERGE\s+INTO\s|"
    r"\bINSERT\s+INTO\s[^;]*\sSELECT\s",
    re.IGNORECASE,
)
"""In the text of a block of PL/pgSQL, which may change tables too."""
_IS_ABOUT_ROWS = re.compile("(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|COPY|DO|CALL|VALUES|TABLE) ")


def blocking(
    step: StepObserved,
    *,
    concerns: Callable[[str], bool],
    is_python: Callable[[Observed], bool],
    are_one: Callable[[Observed, Observed], bool],
    refers: Callable[[str, str], bool] = lambda _child, _parent: False,
) -> Iterator[Hazard]:
    """`concerns` tells whether others may use a relation, `is_python` whose statement it is.

    `are_one` tells whether two statements in a row share a transaction where not all of them do,
    `refers` whether the first table has a foreign key to the second.
    """
    locks = [lock for each in step.statements for lock in each.locks]
    # A view may have taken the name of a table that was there.
    new = {lock.relation for lock in locks if lock.is_new}
    new -= {lock.relation for lock in locks if not lock.is_new}

    def may_be_used(relation: str) -> bool:
        return relation not in new and concerns(relation)

    held: list[tuple[Lock, Observed]] = []
    previous: Observed | None = None
    for each in step.statements:
        if not (step.is_transaction or (previous and are_one(previous, each))):
            held = []
        before = list(held)
        held += [(lock, each) for lock in _in_turn(each) if _is_in_the_way(lock, may_be_used)]
        previous = each
        yield from _taken(each, before, held, refers=refers)
        if found := _slow(each, before, held, concerns=may_be_used, is_python=is_python(each)):
            yield found


def _is_in_the_way(lock: Lock, concerns: Callable[[str], bool]) -> bool:
    is_of_rows = lock.kind not in {"index", "sequence"}
    # Nobody writes to a materialized view; who refreshes it waits for who refreshes it.
    blocks = lock.blocks_reads if lock.kind == "materialized view" else lock.blocks_writes
    return is_of_rows and blocks and concerns(lock.relation)


def _slow(
    each: Observed,
    before: Sequence[tuple[Lock, Observed]],
    held: Sequence[tuple[Lock, Observed]],
    *,
    concerns: Callable[[str], bool],
    is_python: bool,
) -> Hazard | None:
    taken = held[len(before) :]
    if is_about_rows(each.sql) and not taken:
        is_moving = bool(before) and (is_python or _moves_rows(each.sql))
        return _data_moved(each, before, is_python=is_python) if is_moving else None
    rewritten = [relation for relation in each.rewritten if _is_locked(relation, held)]
    if rewritten:
        return _rewritten(each, held, rewritten)
    if _MOVES_ROWS_INSIDE.search(each.sql) and is_about_rows(each.sql) and not _builds_index(each):
        return _data_moved(each, held, is_python=is_python)
    scanned = [relation for relation in _read_through(each) if concerns(relation)]
    if each.emptied or not (held and scanned):
        return None
    return (_index_built if _builds_index(each) else _scanned)(each, held, scanned)


# --- What is locked for nothing, or in the wrong order -------------------------------------

_LOCKS = re.compile("LOCK ")
_LOCKS_INSIDE = re.compile(r"\bLOCK\s+TABLE\s", re.IGNORECASE)
_LISTS_TABLES = re.compile(
    rf"(?:LOCK|TRUNCATE) (?:TABLE )?(?P<tables>(?:ONLY )?{QUALIFIED}(?:\* )?"
    rf"(?:, (?:ONLY )?{QUALIFIED}(?:\* )?)*)"
)
_STOPS_FOREIGN_KEYS = frozenset({"ExclusiveLock", "AccessExclusiveLock"})
"""What they take on the row that they point at is ROW SHARE on its table."""


def _taken(
    each: Observed,
    before: Sequence[tuple[Lock, Observed]],
    held: Sequence[tuple[Lock, Observed]],
    *,
    refers: Callable[[str, str], bool],
) -> Iterator[Hazard]:
    taken = held[len(before) :]
    emptied = [relation for relation in each.emptied if _is_locked(relation, held)]
    if emptied:
        yield _emptied(each, held, emptied)
    elif taken and _is_lock(each.sql):
        yield _locked(each, held, taken[0][0].relation)
    if found := _other_way_round(each, before, held, refers=refers):
        yield _out_of_order(each, held, *found)


def _is_lock(sql: str) -> bool:
    if any(_LOCKS.match(each.shape) for each in statements(sql)):
        return True
    return is_about_rows(sql) and _LOCKS_INSIDE.search(sql) is not None


def _in_turn(each: Observed) -> list[Lock]:
    """LOCK and TRUNCATE take their tables as they are listed."""
    listed_ = [
        name(*names(written))
        for statement in statements(each.sql)
        if (match := _LISTS_TABLES.match(statement.shape))
        for written in statement.name(match, "tables").split(",")
    ]
    place = {relation: number for number, relation in reversed([*enumerate(listed_)])}
    return sorted(each.locks, key=lambda lock: place.get(lock.relation, len(place)))


def _other_way_round(
    each: Observed,
    before: Sequence[tuple[Lock, Observed]],
    held: Sequence[tuple[Lock, Observed]],
    *,
    refers: Callable[[str, str], bool],
) -> tuple[str, str] | None:
    """A table that is locked after one that it refers to."""
    is_listed = any(_LISTS_TABLES.match(part.shape) for part in statements(each.sql))
    for place in range(len(before), len(held)):
        child = held[place][0]
        earlier = [lock for lock, _ in held[: place if is_listed else len(before)]]
        if any(lock.relation == child.relation for lock in earlier):
            continue
        for parent in earlier:
            if parent.mode in _STOPS_FOREIGN_KEYS and refers(child.relation, parent.relation):
                return child.relation, parent.relation
    return None


def _emptied(
    each: Observed, held: Sequence[tuple[Lock, Observed]], tables: Sequence[str]
) -> Hazard:
    return _hazard(
        EMPTIED,
        each,
        held,
        tables[0],
        f"TRUNCATE waits for everybody who uses {tables[0]} and keeps all others waiting until "
        "the transaction ends; who reads with an older snapshot finds it empty, and undoing "
        "brings no row back.",
    )


def _locked(each: Observed, held: Sequence[tuple[Lock, Observed]], table: str) -> Hazard:
    return _hazard(
        LOCKED,
        each,
        held,
        table,
        f"LOCK TABLE holds {table} until the transaction ends, so it lasts as long as all that "
        "follows, and not only as long as a statement needs it.",
    )


def _out_of_order(
    each: Observed, held: Sequence[tuple[Lock, Observed]], child: str, parent: str
) -> Hazard:
    return _hazard(
        OUT_OF_ORDER,
        each,
        held,
        child,
        f"Whoever writes a row of {child} locks {child} first and then {parent}, for its foreign "
        f"key; here {parent} is locked first. The two can wait for each other, until one of them "
        "is ended with 'deadlock detected' or by its lock_timeout.",
    )


# --- What is read, and how ------------------------------------------------------------------

_VALIDATES = re.compile(
    rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?P<table>{QUALIFIED})(?:\* )?(?:.*, )?"
    rf"(?:ADD (?:CONSTRAINT {NAME})?FOREIGN KEY (?!.*NOT VALID )|VALIDATE CONSTRAINT )"
)
_FAILS_AT_ONCE = re.compile(
    r"ALTER TABLE .*ADD (?:COLUMN )?(?!.* (?:DEFAULT|CHECK|GENERATED|UNIQUE) ).* NOT NULL "
)


def _read_through(each: Observed) -> list[str]:
    """The tables all of whose rows are read.

    What validates a foreign key is a query, and may read an index in place of the table. A new
    column that needs a value and has none is refused because of the first row.
    """
    by_query = [
        name(*names(statement.name(match, "table")))
        for statement in statements(each.sql)
        if (match := _VALIDATES.match(statement.shape))
    ]
    if any(_FAILS_AT_ONCE.match(statement.shape) for statement in statements(each.sql)):
        return by_query
    return [*dict.fromkeys([*by_query, *each.scanned])]


def is_about_rows(sql: str) -> bool:
    return any(_IS_ABOUT_ROWS.match(each.shape) for each in statements(sql))


def _moves_rows(sql: str) -> bool:
    shapes = [each.shape for each in statements(sql)]
    return any(_MOVES_ROWS.match(shape) or _INSERTS_A_QUERY.match(shape) for shape in shapes)


def _is_locked(relation: str, held: Sequence[tuple[Lock, Observed]]) -> bool:
    return any(lock.relation == relation for lock, _ in held)


def _builds_index(each: Observed) -> bool:
    """A new one, or an old one anew."""
    is_new = any(
        lock.kind == "index" and lock.is_new and lock.mode == "AccessExclusiveLock"
        for lock in each.locks
    )
    return is_new or bool(each.rewritten)


def _rewritten(
    each: Observed, held: Sequence[tuple[Lock, Observed]], tables: Sequence[str]
) -> Hazard:
    return _hazard(
        REWRITTEN,
        each,
        held,
        tables[0],
        f"PostgreSQL copies {tables[0]} row by row into a new file and builds its indexes again, "
        "which takes longer the more rows it has.",
    )


def _index_built(
    each: Observed, held: Sequence[tuple[Lock, Observed]], tables: Sequence[str]
) -> Hazard:
    return _hazard(
        INDEX_BUILT,
        each,
        held,
        tables[0],
        f"PostgreSQL reads and sorts all rows of {tables[0]} for the index, which takes longer "
        "the more there are, and the lock stays until the transaction ends.",
    )


def _scanned(
    each: Observed, held: Sequence[tuple[Lock, Observed]], tables: Sequence[str]
) -> Hazard:
    return _hazard(
        SCANNED,
        each,
        held,
        tables[0],
        f"PostgreSQL reads all rows of {tables[0]} to see whether they satisfy it, which takes "
        "longer the more there are, and fails if one does not.",
    )


def _data_moved(
    each: Observed, before: Sequence[tuple[Lock, Observed]], *, is_python: bool
) -> Hazard:
    lock, taken_by = min(before, key=lambda pair: -pair[0].strength)
    what = "Python works on rows" if is_python else "Rows are changed"
    return _hazard(
        DATA_MOVED,
        each,
        before,
        lock.relation,
        f"{what} while the transaction still holds what `{in_short(taken_by.sql, 60)}` has "
        f"locked; with many rows that is long.",
    )


def _hazard(
    rule: str,
    each: Observed,
    held: Sequence[tuple[Lock, Observed]],
    about: str,
    why: str,
) -> Hazard:
    strongest: dict[str, Lock] = {}
    for lock, _ in held:
        known = strongest.setdefault(lock.relation, lock)
        if lock.strength > known.strength:
            strongest[lock.relation] = lock
    # The one that the work is about first, then those that are locked besides.
    order = sorted(strongest.values(), key=lambda lock: (lock.relation != about, lock.relation))
    unreadable = [lock.relation for lock in order if lock.blocks_reads]
    unwritable = [lock.relation for lock in order if not lock.blocks_reads]
    blocks = [f"reads and writes of {both(unreadable)}"] if unreadable else []
    blocks += [f"writes to {both(unwritable)}"] if unwritable else []
    whom = [f"reads or writes {both(unreadable, 'or')}"] if unreadable else []
    whom += [f"writes to {both(unwritable, 'or')}"] if unwritable else []
    return Hazard(
        rule=rule,
        statement=each.sql,
        operation=each.operation,
        relation=order[0].relation,
        blocks=", and ".join(blocks),
        for_whom=f"everybody who {', or '.join(whom)}",
        why=why,
    )


def both(relations: Sequence[str], word: str = "and") -> str:
    """ "a", "a and b", "a, b and c", or the first few and how many more."""
    if 1 < len(relations) <= 4:
        return f"{', '.join(relations[:-1])} {word} {relations[-1]}"
    return listed(relations, most=4)


def in_short(sql: str, most: int) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


# --- What is not one transaction without need ----------------------------------------------

_WORTH_PARTING = re.compile(
    "(?:UPDATE|DELETE|INSERT|MERGE|COPY|DO|CALL|WITH|VACUUM|ANALYZE) |.* VALIDATE CONSTRAINT |"
    ".*NOT VALID "
)


def parted_without_need(sqls: Sequence[str]) -> bool:
    """Of a migration that is not atomic, all its statements in both directions.

    What needs no transaction, moves rows, or is validated after it was added, is better apart.
    """
    return not any(
        needs_no_transaction(sql)
        or transaction_control(sql)
        or any(_WORTH_PARTING.match(each.shape) for each in statements(sql))
        for sql in sqls
    )


def non_atomic() -> Hazard:
    return Hazard(
        rule=NON_ATOMIC,
        statement="",
        operation=None,
        relation=None,
        blocks=NOTHING,
        for_whom="whoever has to clean up after a failure",
        why="It says atomic = False, and all of its statements could be one transaction: so a "
        "failure in the middle leaves half of it done, for nothing.",
    )
