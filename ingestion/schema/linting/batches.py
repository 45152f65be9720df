"""Changes all rows of a table, or deletes them, in batches that each commit. Text only.

A walk from one end of the table to the other, so that ten times the rows are ten times the work:
along the primary key; where there is none, or rows lie in tables below this one as well, block by
block through each table that holds any. A row that others move meanwhile can get behind such a
walk, so it is done again until one has found nothing to do.
"""

from collections.abc import Sequence

from ingestion.schema.definitions import literal

BATCH_ROWS = 10_000
BATCH_PAGES = 100
"""Of 8 kB: with the shortest rows, less than three times as many as that."""
MOST_WALKS = 10
"""For rows that the old release goes on making: whoever checks afterwards will see them."""


def in_batches(
    table: str, *, change: str | None, where: str | None = None, key: Sequence[str] = ()
) -> str:
    """One statement. `change` is what follows SET, None to delete the rows; names are as in SQL."""
    body = _along_key(table, change, where, key) if key else _by_blocks(table, change, where)
    tag = "$batches$" if "$$" in body else "$$"
    return f"DO {tag}\n{body}\nEND {tag}"


def _doing(table: str, change: str | None, conditions: Sequence[str | None]) -> str:
    what = f"DELETE FROM {table}" if change is None else f"UPDATE {table} SET {change}"  # noqa: S608
    return f"{what} WHERE {' AND '.join(filter(None, conditions))}"


def _along_key(table: str, change: str | None, where: str | None, key: Sequence[str]) -> str:
    columns = ", ".join(key)
    downwards = ", ".join(f"{column} DESC" for column in key)
    first, last = (
        [f"batch_{end}_{number}" for number, _ in enumerate(key, 1)] for end in ("first", "last")
    )
    types = [f"{table}.{column}%TYPE" for column in key] * 2
    variables = "\n".join(
        f"    {each} {type_};" for each, type_ in zip([*first, *last], types, strict=True)
    )
    here, from_, upto = (_row(each) for each in (key, first, last))
    do = _doing(table, change, [f"{here} >= {from_}", f"{here} <= {upto}", where])
    return f"""\
DECLARE
{variables}
BEGIN
    SELECT {columns} INTO {", ".join(first)} FROM {table} ORDER BY {columns} LIMIT 1;
    WHILE FOUND LOOP
        SELECT {columns} INTO {", ".join(last)} FROM (
            SELECT {columns} FROM {table} WHERE {here} >= {from_}
            ORDER BY {columns} LIMIT {BATCH_ROWS}
        ) AS batch ORDER BY {downwards} LIMIT 1;
        {do};
        COMMIT;
        SELECT {columns} INTO {", ".join(first)} FROM {table} WHERE {here} > {upto}
        ORDER BY {columns} LIMIT 1;
    END LOOP;"""  # noqa: S608


def _row(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _by_blocks(table: str, change: str | None, where: str | None) -> str:
    blocks = ["ctid >= '(%s,0)'", "ctid < '(%s,0)'"]
    conditions = [*blocks, where and where.replace("%", "%%")]
    do = literal(_doing("ONLY %s", change and change.replace("%", "%%"), conditions))
    return f"""\
DECLARE
    part regclass;
    rows_done bigint;
    all_done bigint;
BEGIN
    FOR walk IN 1..{MOST_WALKS} LOOP
        all_done := 0;
        FOR part IN
            WITH RECURSIVE parts AS (
                SELECT {literal(table)}::regclass::oid AS oid
                UNION SELECT inhrelid FROM pg_inherits JOIN parts ON inhparent = parts.oid
            )
            SELECT oid FROM pg_class JOIN parts USING (oid) WHERE relkind = 'r' ORDER BY oid
        LOOP
            FOR page IN 0..pg_relation_size(part) / current_setting('block_size')::bigint
            BY {BATCH_PAGES} LOOP
                EXECUTE format({do}, part, page, page + {BATCH_PAGES});
                GET DIAGNOSTICS rows_done = ROW_COUNT;
                all_done := all_done + rows_done;
                COMMIT;
            END LOOP;
        END LOOP;
        EXIT WHEN all_done = 0;
    END LOOP;"""  # noqa: S608
