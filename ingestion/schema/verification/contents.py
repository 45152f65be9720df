"""What stands in the tables: how many rows, and a fingerprint of the values of each column."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
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
    SELECT %s::int, column_name,
           array_agg(hashtextextended(value, 0)) FILTER (WHERE value IS NOT NULL)
      FROM {table} AS given, LATERAL jsonb_each_text(to_jsonb(given)) AS each (column_name, value)
     GROUP BY column_name
     UNION ALL
    SELECT %s, NULL, ARRAY[count(*)] FROM {table}
"""

Values = Counter[int]
"""Hashes of values, without those that are NULL."""


@dataclass(frozen=True)
class Rows:
    count: int
    columns: Mapping[str, Values]
    """None where there are no rows."""


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
            columns[names[number]][column] = Counter(hashes or [])
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
        for column, had in sorted(was.columns.items()):
            gone = had - now.columns.get(column, had)
            if gone and (table, column) not in but:
                found.append(_values(table, column, had, gone, between))
    return found


def _rows(table: str, was: Rows, between: Rows | None, now: Rows) -> Lost:
    is_early = between is None or between.count < was.count
    return Lost(
        table=table,
        column=None,
        count=was.count - now.count,
        total=was.count,
        on_the_way="up" if is_early else "down",
    )


def _values(table: str, column: str, had: Values, gone: Values, between: Rows | None) -> Lost:
    kept = between.columns.get(column) if between else None
    return Lost(
        table=table,
        column=column,
        count=gone.total(),
        total=had.total(),
        on_the_way="up" if kept is None else "down" if kept == had else "changed",
    )
