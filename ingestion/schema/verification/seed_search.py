"""One row that the constraints of its table let in: what the server refuses says what to change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from ingestion.schema.verification.seed_tables import Column, Table

TRIES = 400
"""To make one row."""


@dataclass(frozen=True)
class Slot:
    """Columns that are given a value together, and the values to try."""

    columns: Sequence[Column]
    choices: Sequence[Sequence[str | None]]


def said(error: DatabaseError) -> str:
    """In one line, without the row."""
    return f"{error}".strip().partition("\n")[0].rstrip(".")


NO_CHOICE = "no choice is left"
NOT_WRITTEN = "a trigger or a rule keeps them out"
Chosen = tuple[int, ...]
"""The number of the choice in each slot."""


def write_row(
    cursor: CursorWrapper,
    table: Table,
    slots: Sequence[Slot],
    write: Callable[[CursorWrapper, Sequence[str | None]], None],
) -> str | None:
    """Write a row; why not, if none of those tried will do.

    The server checks constraints in a fixed order: what fails at a later one is nearer.
    """
    if any(not slot.choices for slot in slots):
        hollow = next(slot for slot in slots if not slot.choices)
        return "nothing to put into " + ", ".join(each.name for each in hollow.columns)
    ranks = {each.name: rank for rank, each in enumerate(table.constraints, 1)}
    start: Chosen = (0,) * len(slots)
    order = count()
    queue: list[tuple[int, int, int, Chosen]] = [(0, 0, next(order), start)]
    seen = {start}
    why = NO_CHOICE
    for _ in range(TRIES):
        if not queue:
            break
        chosen = heappop(queue)[-1]
        row = [value for slot, at in zip(slots, chosen, strict=True) for value in slot.choices[at]]
        error = try_it(cursor.db, partial(write, cursor, row))
        if error is None:
            return None if cursor.rowcount else NOT_WRITTEN
        told = _diagnosis(error)
        if told.constraint or why == NO_CHOICE:
            why = told.words
        near = -ranks.get(told.constraint or "", 0)
        for other in _beside(chosen, slots, _to_change(table, slots, chosen, told, cursor)):
            if other not in seen:
                seen.add(other)
                heappush(queue, (near, sum(map(bool, other)), next(order), other))
    return why


@dataclass(frozen=True)
class Diagnosis:
    constraint: str | None
    column: str | None
    type: str | None
    words: str


def _diagnosis(error: DatabaseError) -> Diagnosis:
    found = getattr(error.__cause__, "diag", None)
    constraint = getattr(found, "constraint_name", None)
    return Diagnosis(
        constraint=constraint,
        column=getattr(found, "column_name", None),
        type=getattr(found, "datatype_name", None),
        words=f"constraint {constraint}" if constraint else said(error),
    )


def _to_change(
    table: Table, slots: Sequence[Slot], chosen: Chosen, told: Diagnosis, cursor: CursorWrapper
) -> list[int]:
    """The slots that may be to blame."""
    numbers = {
        number
        for each in table.constraints
        if each.name == told.constraint
        for number in each.columns
    }
    found = [
        at
        for at, slot in enumerate(slots)
        if any(
            column.number in numbers or column.name == told.column or column.written == told.type
            for column in slot.columns
        )
    ]
    return found or _unreadable(slots, chosen, cursor) or list(range(len(slots)))


def _unreadable(slots: Sequence[Slot], chosen: Chosen, cursor: CursorWrapper) -> list[int]:
    """What is no value of the column's type: the server does not say which column it was."""
    found = []
    for at, (slot, choice) in enumerate(zip(slots, chosen, strict=True)):
        for column, value in zip(slot.columns, slot.choices[choice], strict=True):
            cast = f"SELECT CAST(%s AS {column.written})"
            if try_it(cursor.db, partial(cursor.execute, cast, [value])):
                found.append(at)
    return found


def _beside(chosen: Chosen, slots: Sequence[Slot], changing: Sequence[int]) -> Iterator[Chosen]:
    """With one slot changed."""
    for at in changing:
        for other in range(len(slots[at].choices)):
            if other != chosen[at]:
                yield (*chosen[:at], other, *chosen[at + 1 :])


def try_it(connection: BaseDatabaseWrapper, work: Callable[[], object]) -> DatabaseError | None:
    try:
        with transaction.atomic(using=connection.alias):
            work()
    except DatabaseError as error:
        if not connection.is_usable():
            raise
        return error
    return None


def insert(
    table: Table, slots: Sequence[Slot]
) -> Callable[[CursorWrapper, Sequence[str | None]], None]:
    columns = [column for slot in slots for column in slot.columns]
    names = ", ".join(table.names[str(each.number)] for each in columns)
    places = ", ".join(f"CAST(%s AS {each.written})" for each in columns)
    sql = f"INSERT INTO {table.quoted} ({names}) VALUES ({places})"  # noqa: S608
    if not columns:
        sql = f"INSERT INTO {table.quoted} DEFAULT VALUES"
    return lambda cursor, row: cursor.execute(sql, row)


def update(
    table: Table, slots: Sequence[Slot], *, row: str
) -> Callable[[CursorWrapper, Sequence[str | None]], None]:
    columns = [column for slot in slots for column in slot.columns]
    places = ", ".join(
        f"{table.names[str(each.number)]} = CAST(%s AS {each.written})" for each in columns
    )
    sql = f"UPDATE {table.quoted} SET {places} WHERE ctid = %s::tid"  # noqa: S608
    return lambda cursor, found: cursor.execute(sql, [*found, row])
