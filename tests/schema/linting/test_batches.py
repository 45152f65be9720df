"""All rows are changed in one walk: four times the rows are four times the work, not sixteen."""

import pytest
from django.db import DatabaseError, connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.linting.batches import BATCH_ROWS, in_batches

pytestmark = pytest.mark.slow

TABLES = {
    "a key": ('CREATE TABLE t ("Ä %" bigint PRIMARY KEY, c int)', ('"Ä %"',)),
    "a key of two columns": (
        "CREATE TABLE t (id uuid DEFAULT gen_random_uuid(), n bigint, c int, PRIMARY KEY (id, n))",
        ("id", "n"),
    ),
    "no key": ("CREATE TABLE t (n bigint, c int)", ()),
    "partitions": (
        "CREATE TABLE t (n bigint, c int) PARTITION BY HASH (n);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
        " PARTITION BY HASH (n);"
        'CREATE TABLE "t1 %" PARTITION OF t1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
        (),
    ),
    "heirs": ("CREATE TABLE t (n bigint, c int); CREATE TABLE u () INHERITS (t)", ()),
}
FEW, MANY = 3 * BATCH_ROWS, 12 * BATCH_ROWS


def do(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def ask(question: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(question)
        return int(cursor.fetchone()[0])


def touched() -> int:
    """How many pages of tables and indexes were looked at, however often each."""
    return ask(
        "SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read, 0) "
        "+ coalesce(idx_blks_hit, 0)) FROM pg_statio_user_tables"
    )


def filled(table: str, rows: int) -> None:
    do(f"DROP TABLE IF EXISTS u; DROP TABLE IF EXISTS t CASCADE; {table}")
    column = '"Ä %"' if "Ä" in table else "n"
    for name in ("t", *(["u"] if " u " in table else [])):
        do(f"INSERT INTO {name} ({column}) SELECT generate_series(1, {rows})")


def work(table: str, statement: str, *, rows: int) -> int:
    filled(table, rows)
    before = touched()
    do(statement)
    return touched() - before


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.parametrize("change", ["c = 1", None])
def test_the_work_grows_as_the_rows_do(
    own_database: DatabaseWrapper, case: str, change: str | None
) -> None:
    table, key = TABLES[case]
    where = "c IS NULL" if change else None
    statement = in_batches("t", change=change, where=where, key=key)
    few, many = (work(table, statement, rows=rows) for rows in (FEW, MANY))
    assert ask("SELECT count(*) FROM t WHERE c IS NULL") == 0
    assert many < 5 * few


@pytest.mark.parametrize("case", ["a key", "no key"])
def test_each_batch_is_kept_although_a_later_one_fails(
    own_database: DatabaseWrapper, case: str
) -> None:
    table, key = TABLES[case]
    filled(table, FEW)
    column = key[0] if key else "n"
    do(f"ALTER TABLE t ADD CHECK (c < {FEW} OR c IS NULL)")
    statement = in_batches("t", change=f"c = {column}", where="c IS NULL", key=key)
    with pytest.raises(DatabaseError, match="violates check constraint"):
        do(statement)
    assert 0 < ask("SELECT count(c) FROM t") < FEW


def test_quotes_and_percent_signs_are_kept(own_database: DatabaseWrapper) -> None:
    filled('CREATE TABLE t (n bigint, c int, "d\'%" text)', 10)
    value = "$$it's$$ || E'\\n100%%'"
    do(in_batches("t", change=f'"d\'%" = {value}', where='"d\'%" IS NULL'))
    assert ask(f'SELECT count(*) FROM t WHERE "d\'%" = {value}') == 10


def test_a_table_without_rows_is_no_trouble(own_database: DatabaseWrapper) -> None:
    for table, key in TABLES.values():
        filled(table, 0)
        do(in_batches("t", change="c = 1", where="c IS NULL", key=key))
