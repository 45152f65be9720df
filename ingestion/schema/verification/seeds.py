"""Rows in every table, made up from the catalogue alone, so that a migration meets some.

It knows no models. For each column there are values to try, and what the server refuses says by
the name of the constraint which of them to change. The same tables always get the same rows.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from ingestion.schema.verification.seed_search import Slot, insert, said, try_it, update, write_row
from ingestion.schema.verification.seed_tables import (
    Column,
    Constraint,
    Table,
    parents_first,
    tables_of,
    types_of,
)
from ingestion.schema.verification.seed_values import Types, Wanted, values

ROWS = 2
"""In each table, where it can hold so many."""
NO_ROW_GIVEN = "SCHEMA['SEEDS'] has none for it"
PARENTS = 20
"""Rows of another table that a foreign key is tried with."""


@dataclass
class Sower:
    """Of one database. What it could not do stands in `unsown`, by the name of the table."""

    connection: BaseDatabaseWrapper
    given: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """SQL that the project has for some tables."""
    unsown: dict[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    """Names of the tables that there have been."""
    sown: set[int] = field(default_factory=set)

    def sow(self) -> None:
        """Rows for each table that has none."""
        tables = tables_of(self.connection)
        self.met.update(table.name for table in tables)
        filled = self._filled(tables)
        empty = [table for table in tables if table.oid not in filled]
        if not empty:
            return
        types = types_of(self.connection)
        for table in parents_first(empty, filled):
            with transaction.atomic(using=self.connection.alias):
                self._sow(table, types)
        self._close_circles(empty, types)

    def fill(self, places: Collection[tuple[str, str]]) -> None:
        """Values for columns of rows that are there, by (table, column), where there are none."""
        if not places:
            return
        types = types_of(self.connection)
        for table in tables_of(self.connection):
            for column in table.columns:
                if (table.name, column.name) in places:
                    self._fill(table, [column], types)

    def clear(self) -> None:
        """Take away again what was sown, and what refers to it."""
        known = [table for table in tables_of(self.connection) if table.oid in self.sown]
        if known:
            with self.connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join(each.quoted for each in known)} CASCADE")

    def _filled(self, tables: Sequence[Table]) -> set[int]:
        if not tables:
            return set()
        questions = [
            f"SELECT {table.oid} WHERE EXISTS (SELECT FROM {table.quoted})"  # noqa: S608
            for table in tables
        ]
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(questions))
            return {oid for (oid,) in cursor.fetchall()}

    def _sow(self, table: Table, types: Types) -> None:
        self.unsown.pop(table.name, None)
        self.sown.add(table.oid)
        with self.connection.cursor() as cursor:
            # Or it would be told at the end, when nobody knows which row it was.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            refused = self._sow_given(cursor, table)
            if refused is None and table.name in self.given:
                why: str | None = NO_ROW_GIVEN
            else:
                why = self._sow_made_up(cursor, table, types)
            if why and not self._filled([table]):
                self._give_up(table, why, refused)

    def _sow_made_up(self, cursor: CursorWrapper, table: Table, types: Types) -> str | None:
        """Why there are not so many as there should be."""
        for number in range(1, ROWS + 1):
            slots = list(_slots(cursor, table, table.columns, types, number=number))
            if why := write_row(cursor, table, slots, insert(table, slots)):
                return why
        return None

    def _give_up(self, table: Table, why: str, refused: str | None) -> None:
        given = f"; SCHEMA['SEEDS']: {refused}" if refused else ""
        self.unsown[table.name] = f"{why}{given}"

    def _sow_given(self, cursor: CursorWrapper, table: Table) -> str | None:
        """Why the project's own SQL does not run here."""
        found = self.given.get(table.name, ())
        for statement in [found] if isinstance(found, str) else found:
            if error := try_it(self.connection, partial(cursor.execute, statement)):
                return said(error)
        return None

    def _close_circles(self, tables: Sequence[Table], types: Types) -> None:
        """References that could not be made, since the rows they lead to came later."""
        for table in tables:
            for key in table.constraints if table.name not in self.unsown else ():
                columns = [each for each in table.columns if each.number in key.columns]
                if key.kind == "f" and not all(each.is_required for each in columns):
                    self._fill(table, columns, types)

    def _fill(self, table: Table, columns: Sequence[Column], types: Types) -> None:
        alias = self.connection.alias
        with transaction.atomic(using=alias), self.connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            empty = " AND ".join(f"{table.names[str(each.number)]} IS NULL" for each in columns)
            cursor.execute(f"SELECT ctid::text FROM {table.quoted} WHERE {empty} ORDER BY ctid")  # noqa: S608
            for number, (row,) in enumerate(cursor.fetchall(), 1):
                slots = list(_slots(cursor, table, columns, types, number=number))
                # Where it cannot be, they stay empty: they may.
                write_row(cursor, table, slots, update(table, slots, row=row))


# --- The values ----------------------------------------------------------------------------


def _slots(
    cursor: CursorWrapper,
    table: Table,
    columns: Sequence[Column],
    types: Types,
    *,
    number: int,
) -> Iterator[Slot]:
    """Foreign keys first: what they take has no choice of its own."""
    by_number = {each.number: each for each in columns}
    taken: set[int] = set()
    for key in table.constraints:
        if key.kind == "f" and by_number.keys() >= set(key.columns) and not taken & {*key.columns}:
            taken.update(key.columns)
            referring = [by_number[each] for each in key.columns]
            yield Slot(referring, list(_references(cursor, key, referring, number=number)))
    for column in columns:
        if column.number not in taken:
            yield Slot([column], list(_own_values(table, column, types, number=number)))


def _references(
    cursor: CursorWrapper, key: Constraint, columns: Sequence[Column], *, number: int
) -> Iterator[Sequence[str | None]]:
    """Rows that are there, another one first for each row."""
    cursor.execute(
        "SELECT %s::regclass::text, array_agg(quote_ident(attname) ORDER BY place)"
        "  FROM unnest(%s::int2[]) WITH ORDINALITY AS key (number, place)"
        "  JOIN pg_attribute ON attrelid = %s AND attnum = number",
        [key.target, [*key.target_columns], key.target],
    )
    target, names = cursor.fetchone()
    shown = ", ".join(f"{each}::text" for each in names)
    cursor.execute(f"SELECT {shown} FROM {target} ORDER BY {', '.join(names)} LIMIT {PARENTS}")  # noqa: S608
    found = cursor.fetchall()
    first = (number - 1) % max(len(found), 1)
    yield from [*found[first:], *found[:first]]
    if not all(column.is_required for column in columns):
        yield [None] * len(columns)


def _own_values(
    table: Table, column: Column, types: Types, *, number: int
) -> Iterator[Sequence[str | None]]:
    is_key = any(each.kind in "pu" and column.number in each.columns for each in table.constraints)
    wanted = Wanted(
        type=column.type,
        modifier=column.modifier,
        column=column.name,
        checks=[
            each.text
            for each in table.constraints
            if each.kind == "c" and column.number in each.columns
        ],
        number=number,
        apart=0 if is_key else ROWS * (column.number % 4),
    )
    for value in values(wanted, types):
        yield [value]
    if not column.is_required:
        yield [None]
