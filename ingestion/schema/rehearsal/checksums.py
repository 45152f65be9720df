"""What a database holds, as one number for each column: two of these tell what became other.

One scan for each table, whatever its columns. The order of rows does not matter. Of a sequence it
counts how far it has come: set back, it gives the same numbers again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.catalog import name
from ingestion.schema.losses import all_rows
from ingestion.schema.observation.footprint import RECORDS
from ingestion.schema.statements import quoted
from ingestion.schema.units import counted

TABLES = """
    SELECT n.nspname, c.relname, n.nspname = (current_schemas(false))[1],
           array_agg(a.attname::text ORDER BY a.attnum)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'm') AND c.relispopulated
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND c.relname <> ALL (%s)
     GROUP BY 1, 2, 3
     ORDER BY 1, 2
"""
SEQUENCES = """
    SELECT schemaname, sequencename, schemaname = (current_schemas(false))[1],
           coalesce((last_value - start_value) / increment_by + 1, 0)
      FROM pg_sequences
     WHERE schemaname !~ '^pg_'
     ORDER BY 1, 2
"""
# Their bytes may not be read by everybody.
LARGE_OBJECTS = """
    SELECT count(*), coalesce(sum(hashtextextended(oid::text, 0)), 0)
      FROM pg_largeobject_metadata
"""
COLUMN = "count({0}), coalesce(sum(hashtextextended({0}::text, 0)), 0)"


@dataclass(frozen=True)
class ColumnSum:
    values: int
    """That are not null."""
    sum: int


@dataclass(frozen=True)
class TableSums:
    """Of a table."""

    rows: int
    columns: Mapping[str, ColumnSum]


@dataclass(frozen=True)
class Checksums:
    """Each by its name in the catalogue."""

    tables: Mapping[str, TableSums]
    sequences: Mapping[str, int]
    """How many numbers each has given."""
    large_objects: ColumnSum


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A table, or a column of one, that does not hold what it held; or a sequence set back."""

    table: str
    """Or the sequence."""
    column: str | None
    before: int
    """Rows of a table, values of a column, numbers that a sequence has given."""
    after: int
    is_gone: bool
    is_sequence: bool = False

    def __str__(self) -> str:
        if self.is_sequence:
            numbers = counted(self.before, "number")
            return f"{self.table} begins again after {self.after:,}: it had given {numbers}"
        if self.column is None:
            after = "the table is gone" if self.is_gone else f"{self.after:,} now"
            return f"{self.table}: {counted(self.before, 'row')} before, {after}"
        what, values = f"{self.table}.{name(self.column)}", counted(self.before, "value")
        if self.is_gone:
            return f"{what}: the column is gone, with {values}"
        if self.before != self.after:
            return f"{what}: {values} before, {self.after:,} now"
        return f"{what}: of its {values} some or all are other ones now"


def checksums(connection: BaseDatabaseWrapper) -> Checksums:
    """Of all but the record of migrations."""
    with all_rows(connection), connection.cursor() as cursor:
        cursor.execute(TABLES, [list(RECORDS)])
        tables = {
            _name(schema, table, is_first): _sums(cursor, schema, table, columns)
            for schema, table, is_first, columns in cursor.fetchall()
        }
        cursor.execute(SEQUENCES)
        sequences = {
            _name(schema, sequence, is_first): given
            for schema, sequence, is_first, given in cursor.fetchall()
        }
        cursor.execute(LARGE_OBJECTS)
        return Checksums(tables, sequences, ColumnSum(*cursor.fetchone()))


def _name(schema: str, relation: str, is_first: bool) -> str:
    return name(*([relation] if is_first else [schema, relation]))


def _sums(cursor: Any, schema: str, table: str, columns: list[str]) -> TableSums:
    sums = ", ".join(["count(*)", *(COLUMN.format(quoted(each)) for each in columns)])
    cursor.execute(f"SELECT {sums} FROM {quoted(schema, table)}")  # noqa: S608
    rows, *numbers = cursor.fetchone()
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return TableSums(
        rows, {column: ColumnSum(*pair) for column, pair in zip(columns, pairs, strict=True)}
    )


def changed(before: Checksums, after: Checksums) -> list[Changed]:
    """What was there and is not the same. What is new is no loss."""
    return [
        *(
            each
            for table, was in before.tables.items()
            for each in _changed(table, was, after.tables.get(table))
        ),
        *_set_back(before.sequences, after.sequences),
        *_other_objects(before.large_objects, after.large_objects),
    ]


def _set_back(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[Changed]:
    """One that goes with its table is told with it."""
    for sequence, given in before.items():
        now = after.get(sequence, given)
        if now < given:
            yield Changed(
                table=sequence,
                column=None,
                before=given,
                after=now,
                is_gone=False,
                is_sequence=True,
            )


def _other_objects(was: ColumnSum, now: ColumnSum) -> Iterator[Changed]:
    if was != now and was.values:
        table = "pg_largeobject_metadata"
        column = "oid" if was.values == now.values else None
        yield Changed(
            table=table, column=column, before=was.values, after=now.values, is_gone=False
        )


def _changed(table: str, was: TableSums, now: TableSums | None) -> Iterator[Changed]:
    if now is None or was.rows != now.rows:
        if was.rows or now:
            yield Changed(
                table=table,
                column=None,
                before=was.rows,
                after=now.rows if now else 0,
                is_gone=now is None,
            )
        return
    for column, held in was.columns.items():
        holds = now.columns.get(column)
        # A value in the place of a NULL is no loss: it is what a migration fills in.
        if holds != held and held.values:
            yield Changed(
                table=table,
                column=column,
                before=held.values,
                after=holds.values if holds else 0,
                is_gone=holds is None,
            )
