"""What stands in the tables: how many rows, and a fingerprint of each value in them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.catalog import name

_TABLES = """
    SELECT CASE place WHEN 1 THEN '{}' ELSE ARRAY[n.nspname::text] END || c.relname::text,
           format('%I.%I', n.nspname, c.relname)
      FROM unnest(current_schemas(false)) WITH ORDINALITY AS search_path (name, place)
      JOIN pg_namespace n ON n.nspname = search_path.name
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND c.relname NOT IN ('schema_journal', 'django_migrations')
     ORDER BY 2
"""
# As JSON, because that works for any type and asks for no names of columns.
_OF_TABLE = """
    SELECT %s::int, column_name, array_agg(hashtextextended(value, 0) ORDER BY number)
      FROM (SELECT row_number() OVER () AS number, to_jsonb(given) AS row
              FROM {table} AS given) AS rows,
           LATERAL jsonb_each_text(row) AS each (column_name, value)
     GROUP BY column_name
     UNION ALL
    SELECT %s, NULL, ARRAY[count(*)] FROM {table}
"""

Values = Sequence[int | None]
"""A hash for each row, in one order for all columns of a table; None for NULL."""


@dataclass(frozen=True)
class Rows:
    count: int
    columns: Mapping[str, Values]
    """None where there are no rows."""

    def side_by_side(self, columns: Collection[str]) -> Counter[tuple[int | None, ...]]:
        """Which values of these stand in one row."""
        return Counter(zip(*(self.columns[each] for each in columns), strict=True))


Column = tuple[str, str]
"""A table and a column of it, as a catalogue names them."""

Contents = Mapping[str, Rows]
"""By table, named as in a catalogue."""


def contents(connection: BaseDatabaseWrapper) -> Contents:
    """Of all tables in the schemas of the search path. Reads every row: for small databases."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        if not tables:
            return {}
        questions = [_OF_TABLE.format(table=quoted) for _, quoted in tables]
        places = [number for number in range(len(tables)) for _ in range(2)]
        cursor.execute(" UNION ALL ".join(questions), places)
        return _sorted_out([name(*path) for path, _ in tables], cursor.fetchall())


def _sorted_out(
    names: list[str], found: Iterable[tuple[int, str | None, list[int] | None]]
) -> Contents:
    counts: dict[str, int] = {}
    columns: dict[str, dict[str, Values]] = {each: {} for each in names}
    for number, column, hashes in found:
        if column is None:
            counts[names[number]] = (hashes or [0])[0]
        else:
            columns[names[number]][column] = hashes or []
    return {each: Rows(counts[each], columns[each]) for each in names}


# --- What an undoing did to it -------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Of what was there before a migration, when it is applied and undone."""

    table: str
    column: str | None
    """None: whole rows."""
    count: int
    """Rows, or values; more rows than before are a negative number."""
    total: int
    on_the_way: str
    """up: applying it loses them, down: undoing it does, changed: applying it wrote others."""
    is_mixed: bool = False
    """They are all there, in other rows than before."""


def lost(
    before: Contents, applied: Contents, undone: Contents, *, but: Collection[Column] = ()
) -> list[Lost]:
    """What is not there any more, but for these columns.

    A value in the place of a NULL is no loss: it is what a migration fills in.
    """
    found: list[Lost] = []
    for table, was in sorted(before.items()):
        if table not in undone:  # the catalogues tell of that
            continue
        now, between = undone[table], applied.get(table)
        if was.count != now.count:
            found.append(_rows(table, was, between, now))
            continue
        ripe = [column for column in sorted(was.columns) if (table, column) not in but]
        values = [_values(table, column, was, between, now) for column in ripe]
        kept = [column for column in ripe if _are_same(was, now, column)]
        found += filter(None, values)
        if was.side_by_side(kept) != now.side_by_side(kept):
            found.append(_mixed(table, kept, was, between))
    return found


def _are_same(one: Rows, other: Rows, column: str) -> bool:
    return column in other.columns and Counter(one.columns[column]) == Counter(
        other.columns[column]
    )


def _rows(table: str, was: Rows, between: Rows | None, now: Rows) -> Lost:
    is_early = between is None or between.count < was.count
    return Lost(
        table=table,
        column=None,
        count=was.count - now.count,
        total=was.count,
        on_the_way="up" if is_early else "down",
    )


def _values(table: str, column: str, was: Rows, between: Rows | None, now: Rows) -> Lost | None:
    had, kept = _of(was, column), _of(between, column)
    there = _of(now, column)
    if there is None or had is None or not (gone := had - there):
        return None
    return Lost(
        table=table,
        column=column,
        count=gone.total(),
        total=had.total(),
        on_the_way="up" if kept is None else "down" if kept == had else "changed",
    )


def _of(rows: Rows | None, column: str) -> Counter[int] | None:
    """Without those that are NULL; None where there is no such column."""
    if rows is None or column not in rows.columns:
        return None
    return Counter(value for value in rows.columns[column] if value is not None)


def _mixed(table: str, kept: Sequence[str], was: Rows, between: Rows | None) -> Lost:
    is_late = (
        between is not None
        and between.columns.keys() >= set(kept)
        and between.side_by_side(kept) == was.side_by_side(kept)
    )
    return Lost(
        table=table,
        column=None,
        count=was.count,
        total=was.count,
        on_the_way="down" if is_late else "changed",
        is_mixed=True,
    )
