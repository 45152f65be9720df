"""What a concurrent index has left behind, and what is to be done: on a PostgreSQL, for real."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connections
from django.db.transaction import TransactionManagementError, atomic

from ingestion.schema.errors import AnotherIndexIsThere, IndexIsBeingBuilt
from ingestion.schema.indexes import ConcurrentIndex, Verb, Verdict, judge, read, repair

pytestmark = pytest.mark.slow

CREATE = "CREATE INDEX CONCURRENTLY x ON documents (owner)"
UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY x ON documents (owner)"
DOCUMENTS = """
    CREATE TABLE documents (
        id int PRIMARY KEY, owner int, title varchar(100), body text COLLATE "C", tags int[],
        tablespace int, deleted bool NOT NULL DEFAULT false,
        doubled int GENERATED ALWAYS AS (owner * 2) STORED
    );
    INSERT INTO documents VALUES (1, 1), (2, 1);
"""


@pytest.fixture(scope="module")
def database(django_db_blocker: Any) -> Iterator[Any]:
    """A connection to a database of its own, because nothing concurrent runs in a transaction."""
    name = f"indexes_{os.getpid()}"
    with django_db_blocker.unblock():
        default = connections["default"]
        with default._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        connections.databases["indexes"] = {**default.settings_dict, "NAME": name}
        yield connections["indexes"]
        connections["indexes"].close()
        del connections["indexes"], connections.databases["indexes"]
        with default._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def live(database: Any) -> Any:
    """The connection, when there is a table of documents of which two have the same owner."""
    run(
        database,
        "SET client_min_messages = error",
        "DROP SCHEMA IF EXISTS public, other CASCADE",
        "CREATE SCHEMA public",
        "SET search_path = public",
        DOCUMENTS,
    )
    return database


def run(connection: Any, *texts: str) -> None:
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(text)


def rows(connection: Any, query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def go_on(connection: Any, sql: str) -> None:
    run(connection, *repair(connection, sql), sql)


def fails_half_way(connection: Any, sql: str = UNIQUE) -> None:
    with pytest.raises(IntegrityError):
        run(connection, sql)


@contextmanager
def somebody_reads(connection: Any) -> Iterator[None]:
    """Everything concurrent waits for him."""
    other = connection.copy()
    other.set_autocommit(False)
    run(other, "LOCK documents IN ROW EXCLUSIVE MODE", "SELECT 1")
    try:
        yield
    finally:
        other.close()


def is_cancelled(connection: Any, sql: str) -> None:
    with somebody_reads(connection):
        run(connection, "SET statement_timeout = 300")
        with pytest.raises(DatabaseError):
            run(connection, sql)
        run(connection, "RESET statement_timeout")


# ── read


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        (
            'create unique index concurrently if not exists "X y" on only S."T" using gin (a) ; ',
            ConcurrentIndex(
                verb=Verb.CREATE,
                index=("X y",),
                table=("s", "T"),
                unique=True,
                definition="using gin (a)",
            ),
        ),
        (
            "CREATE INDEX CONCURRENTLY x ON t(a) WHERE b = 'ON u (c)' -- why",
            ConcurrentIndex(
                verb=Verb.CREATE, index=("x",), table=("t",), definition="(a) WHERE b = 'ON u (c)'"
            ),
        ),
        (
            'DROP INDEX CONCURRENTLY IF EXISTS s."X"',
            ConcurrentIndex(verb=Verb.DROP, index=("s", "X")),
        ),
        ("REINDEX INDEX CONCURRENTLY s.x", ConcurrentIndex(verb=Verb.REINDEX, index=("s", "x"))),
        (
            "REINDEX (CONCURRENTLY, VERBOSE) TABLE t",
            ConcurrentIndex(verb=Verb.REINDEX, table=("t",)),
        ),
    ],
)
def test_it_reads(sql: str, wanted: ConcurrentIndex) -> None:
    assert read(sql) == wanted


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "CREATE INDEX x ON t (a)",
        "DROP INDEX x",
        "REINDEX TABLE t",
        "REINDEX SCHEMA CONCURRENTLY s",
        f"{CREATE}; {CREATE}",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "COMMENT ON INDEX x IS 'CREATE INDEX CONCURRENTLY x ON t (a)'",
        "",
    ],
)
def test_it_reads_nothing_else(live: Any, sql: str) -> None:
    assert read(sql) is None
    assert judge(live, sql) is Verdict.ABSENT
    assert repair(live, sql) == []


# ── to create


def test_what_is_not_there_is_to_be_run(live: Any) -> None:
    assert judge(live, CREATE) is Verdict.ABSENT
    assert repair(live, CREATE) == []


def test_on_a_table_that_is_not_there_it_is_for_postgresql_to_refuse(live: Any) -> None:
    run(live, "CREATE INDEX x ON documents (owner)")
    sql = "CREATE INDEX CONCURRENTLY x ON nowhere (owner)"
    assert judge(live, sql) is Verdict.ABSENT
    assert repair(live, sql) == []


def test_what_is_done_is_not_run_again(live: Any) -> None:
    run(live, CREATE)
    assert judge(live, CREATE) is Verdict.DONE
    assert repair(live, CREATE) == []


def test_what_failed_half_way_is_dropped_first(live: Any) -> None:
    fails_half_way(live)
    assert judge(live, UNIQUE) is Verdict.BROKEN
    assert repair(live, UNIQUE) == ['DROP INDEX CONCURRENTLY IF EXISTS "public"."x"']
    run(live, "UPDATE documents SET owner = id")
    go_on(live, UNIQUE)
    assert judge(live, UNIQUE) is Verdict.DONE


def test_what_was_cancelled_is_dropped_first(live: Any) -> None:
    is_cancelled(live, CREATE)
    assert judge(live, CREATE) is Verdict.BROKEN
    go_on(live, CREATE)
    assert judge(live, CREATE) is Verdict.DONE


def test_an_invalid_index_of_another_shape_is_broken_too(live: Any) -> None:
    fails_half_way(live)
    other = "CREATE INDEX CONCURRENTLY x ON documents (title)"
    assert judge(live, other) is Verdict.BROKEN
    go_on(live, other)
    assert judge(live, other) is Verdict.DONE


def test_if_not_exists_does_not_skip_an_invalid_one(live: Any) -> None:
    fails_half_way(live)
    sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON documents (owner)"
    run(live, sql)
    assert judge(live, sql) is Verdict.BROKEN
    go_on(live, sql)
    assert judge(live, sql) is Verdict.DONE


SAME = [
    ("(owner)", "USING btree (owner ASC NULLS LAST)"),
    ("(owner)", "(Owner int4_ops)"),
    ("(owner DESC)", "(owner DESC NULLS FIRST)"),
    ("(lower(title))", "(lower((title)::text))"),
    ("(lower(title))", "(lower(documents.title))"),
    ("((owner + 1), id)", "((documents.owner + (1)), id)"),
    ("(body)", '(body COLLATE "C")'),
    ("(doubled)", '("doubled")'),
    ("(owner) WHERE NOT deleted", "(owner) where ((not (deleted)))"),
    ("(owner) WHERE owner IN (1, 2)", "(owner) WHERE owner = ANY (ARRAY[1, 2])"),
    ("(owner) WHERE title = 'a'", "(owner) WHERE title::text = 'a'::text"),
    ("(owner) WHERE title LIKE 'a%'", "(owner) WHERE (title ~~ 'a%')"),
    ("(owner) INCLUDE (id, title)", "(owner)include(id,title)"),
    ("(title varchar_pattern_ops)", "( title varchar_pattern_ops )"),
    ("(owner) WITH (fillfactor = 70)", "(owner) WITH (fillfactor='70')"),
    ("USING gin (tags)", "using GIN (tags array_ops)"),
    ("(owner)", "(owner) TABLESPACE pg_default"),
]
DIFFERENT = [
    ("(owner)", "(title)"),
    ("(owner, id)", "(id, owner)"),
    ("(owner)", "(owner, id)"),
    ("(owner)", "(owner DESC)"),
    ("(owner)", "(owner NULLS FIRST)"),
    ("(owner)", "USING hash (owner)"),
    ("(title)", "(title varchar_pattern_ops)"),
    ("(title)", '(title COLLATE "C")'),
    ("(lower(title))", "(upper(title))"),
    ("(owner)", "(owner) WHERE NOT deleted"),
    ("(owner) WHERE deleted", "(owner) WHERE NOT deleted"),
    ("(owner) WHERE title = ' WHERE '", "(owner) WHERE title = ' USING '"),
    ("(owner)", "(owner) INCLUDE (id)"),
    ("(owner)", "(owner) WITH (fillfactor = 70)"),
    ("(owner)", "(gone)"),
]


@pytest.mark.parametrize(("made", "asked"), SAME)
def test_it_is_the_same_however_it_is_written(live: Any, made: str, asked: str) -> None:
    run(live, f"CREATE INDEX x ON documents {made}")
    assert judge(live, f"CREATE INDEX CONCURRENTLY x ON documents {asked}") is Verdict.DONE


@pytest.mark.parametrize(("made", "asked"), DIFFERENT)
def test_it_is_another_one(live: Any, made: str, asked: str) -> None:
    run(live, f"CREATE INDEX x ON documents {made}")
    assert judge(live, f"CREATE INDEX CONCURRENTLY x ON documents {asked}") is Verdict.OTHER


def test_a_unique_one_is_another_one(live: Any) -> None:
    run(live, "CREATE INDEX x ON documents (owner)")
    assert judge(live, UNIQUE) is Verdict.OTHER


def test_nulls_not_distinct_is_another_one(live: Any) -> None:
    sql = "CREATE UNIQUE INDEX CONCURRENTLY x ON documents (title) NULLS NOT DISTINCT"
    run(live, "CREATE UNIQUE INDEX x ON documents (title)")
    assert judge(live, sql) is Verdict.OTHER
    run(live, "UPDATE documents SET title = id", "DROP INDEX x", sql)
    assert judge(live, sql) is Verdict.DONE


def test_another_tablespace_is_another_one_if_one_is_said(live: Any) -> None:
    space = f"indexes_{os.getpid()}"
    run(
        live,
        "SET allow_in_place_tablespaces = on",
        f"CREATE TABLESPACE {space} LOCATION ''",
        f"CREATE INDEX x ON documents (owner) TABLESPACE {space} WHERE tablespace > 1",
    )
    sql = "CREATE INDEX CONCURRENTLY x ON documents (owner){} WHERE tablespace > 1"
    verdicts = [
        judge(live, sql.format(said))
        for said in ("", f" TABLESPACE {space}", " TABLESPACE pg_default")
    ]
    run(live, "DROP INDEX x", f"DROP TABLESPACE {space}", "RESET allow_in_place_tablespaces")
    assert verdicts == [Verdict.DONE, Verdict.DONE, Verdict.OTHER]


def test_another_one_is_refused_with_both_definitions(live: Any) -> None:
    run(live, "CREATE INDEX x ON documents (title)")
    with pytest.raises(AnotherIndexIsThere) as refusal:
        repair(live, UNIQUE)
    assert str(refusal.value) == (
        'There is an index "public"."x" already, and it is another one: '
        "expected CREATE UNIQUE INDEX x ON public.documents USING btree (owner), "
        "found CREATE INDEX x ON public.documents USING btree (title). "
        'Rename it, or drop it with DROP INDEX CONCURRENTLY "public"."x", then migrate again.'
    )


def test_one_of_another_table_is_another_one(live: Any) -> None:
    run(live, "CREATE TABLE others (owner int)", "CREATE INDEX x ON others (owner)")
    assert judge(live, CREATE) is Verdict.OTHER


def test_one_that_cannot_be_tried_out_is_another_one(live: Any) -> None:
    """Its function takes a row of this very table."""
    run(
        live,
        "CREATE FUNCTION f(documents) RETURNS int IMMUTABLE LANGUAGE sql RETURN $1.owner",
        "CREATE INDEX x ON documents (f(documents))",
    )
    sql = "CREATE INDEX CONCURRENTLY x ON documents (f(documents))"
    with pytest.raises(AnotherIndexIsThere, match=r"expected .* \(f\(documents\)\), found"):
        repair(live, sql)


def test_quoted_names_are_kept(live: Any) -> None:
    run(live, 'CREATE TABLE "Do ""c" ("A" int)', 'INSERT INTO "Do ""c" VALUES (1), (1)')
    sql = 'CREATE UNIQUE INDEX CONCURRENTLY "X ON y" ON "Do ""c"("A")'
    fails_half_way(live, sql)
    assert repair(live, sql) == ['DROP INDEX CONCURRENTLY IF EXISTS "public"."X ON y"']
    run(live, *repair(live, sql), 'CREATE UNIQUE INDEX "X on y" ON "Do ""c" ("A") WHERE "A" > 1')
    assert judge(live, sql) is Verdict.ABSENT
    run(live, 'DELETE FROM "Do ""c"', sql)
    assert judge(live, sql) is Verdict.DONE


def test_a_name_that_is_too_long_is_known_again(live: Any) -> None:
    sql = f"CREATE INDEX CONCURRENTLY {'é' * 40} ON documents (owner)"
    run(live, sql)
    assert judge(live, sql) is Verdict.DONE


@pytest.mark.parametrize("table", ["other.documents", "documents"])
def test_the_index_is_looked_for_in_the_schema_of_its_table(live: Any, table: str) -> None:
    sql = UNIQUE.replace("documents", table)
    run(live, "CREATE INDEX x ON documents (title)", "CREATE SCHEMA other")
    run(live, "SET search_path = other, public", DOCUMENTS)
    assert judge(live, sql) is Verdict.ABSENT
    fails_half_way(live, sql)
    assert repair(live, sql) == ['DROP INDEX CONCURRENTLY IF EXISTS "other"."x"']
    run(live, "UPDATE documents SET owner = id")
    go_on(live, sql)
    assert judge(live, sql) is Verdict.DONE


def test_the_table_is_found_on_the_search_path(live: Any) -> None:
    run(live, "CREATE SCHEMA other", "SET search_path = other, public")
    fails_half_way(live)
    assert repair(live, UNIQUE) == ['DROP INDEX CONCURRENTLY IF EXISTS "public"."x"']


def test_the_index_of_a_partitioned_table_is_never_broken(live: Any) -> None:
    run(live, "CREATE TABLE parts (owner int) PARTITION BY LIST (owner)")
    run(
        live, "CREATE TABLE part PARTITION OF parts DEFAULT", "CREATE INDEX x ON ONLY parts (owner)"
    )
    assert judge(live, CREATE) is Verdict.OTHER


def test_an_index_of_a_constraint_that_took_it_over_is_done(live: Any) -> None:
    sql = "CREATE UNIQUE INDEX CONCURRENTLY x ON documents (id, owner)"
    run(live, sql, "ALTER TABLE documents ADD CONSTRAINT x UNIQUE USING INDEX x")
    assert judge(live, sql) is Verdict.DONE


@pytest.mark.parametrize("asked", ["(owner)", "(owner DESC)", "(gone)", "((1 / 0))"])
def test_trying_out_leaves_nothing(live: Any, asked: str) -> None:
    everything = "SELECT (oid, relname, relfilenode)::text FROM pg_class ORDER BY oid"
    run(live, "CREATE INDEX x ON documents (owner)")
    before = rows(live, everything)
    judge(live, f"CREATE INDEX CONCURRENTLY x ON documents {asked}")
    assert rows(live, everything) == before
    assert live.get_autocommit()
    assert rows(live, "SHOW transaction_isolation")  # the connection is of use


def test_within_a_transaction_it_does_not_judge(live: Any) -> None:
    run(live, CREATE)
    with pytest.raises(TransactionManagementError), atomic(using="indexes"):
        judge(live, CREATE)
    assert judge(live, CREATE) is Verdict.DONE


def test_a_timeout_is_not_taken_for_another_shape(live: Any) -> None:
    run(live, CREATE)
    other = live.copy()
    other.set_autocommit(False)
    run(other, "LOCK documents IN ACCESS EXCLUSIVE MODE")
    run(live, "SET lock_timeout = 50")
    with pytest.raises(DatabaseError, match="lock timeout"):
        judge(live, CREATE)
    other.close()
    run(live, "RESET lock_timeout")
    assert judge(live, CREATE) is Verdict.DONE


def test_nor_is_one_that_ends_the_trial(live: Any) -> None:
    slow = "BEGIN PERFORM pg_sleep(current_setting('slow.by')::float); RETURN 1; END"
    sql = "CREATE INDEX CONCURRENTLY x ON documents (owner) WHERE owner > slow()"
    run(
        live,
        f"CREATE FUNCTION slow() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $${slow}$$",
        "SET slow.by = 0",
        sql,
        "SET slow.by = 5",
        "SET statement_timeout = 200",
    )
    with pytest.raises(DatabaseError, match="statement timeout"):
        judge(live, sql)
    run(live, "RESET statement_timeout", "SET slow.by = 0")
    assert judge(live, sql) is Verdict.DONE


def test_what_is_being_built_is_not_dropped(live: Any) -> None:
    """A migrate was killed, and the server has not noticed yet."""

    def build() -> None:
        other = live.copy()
        run(other, CREATE)
        other.close()

    with somebody_reads(live):
        builder = threading.Thread(target=build)
        builder.start()
        pids = "SELECT pid FROM pg_stat_progress_create_index WHERE index_relid <> 0"
        while not (pid := rows(live, pids)):
            builder.join(0.01)
            assert builder.is_alive()
        with pytest.raises(IndexIsBeingBuilt) as refusal:
            repair(live, CREATE)
    builder.join()
    assert str(refusal.value) == (
        'The index "public"."x" is being built at this moment, '
        f"by process {pid[0]} of the server. "
        "Wait until it is done, or end it with "
        f"SELECT pg_terminate_backend({pid[0]}), then migrate again."
    )
    assert judge(live, CREATE) is Verdict.DONE


# ── to drop


def test_a_drop_is_done_when_there_is_nothing(live: Any) -> None:
    sql = "DROP INDEX CONCURRENTLY x"
    assert judge(live, sql) is Verdict.DONE
    run(live, CREATE)
    assert judge(live, sql) is Verdict.ABSENT
    assert repair(live, sql) == []
    run(live, sql)
    assert judge(live, sql) is Verdict.DONE


def test_a_drop_that_was_cancelled_goes_on(live: Any) -> None:
    sql = 'DROP INDEX CONCURRENTLY public."x"'
    run(live, CREATE)
    is_cancelled(live, sql)
    assert rows(live, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'x'::regclass") == [False]
    assert judge(live, sql) is Verdict.ABSENT
    go_on(live, sql)
    assert judge(live, sql) is Verdict.DONE


# ── to make anew


def names_like(connection: Any, pattern: str) -> list[Any]:
    return rows(connection, f"SELECT relname FROM pg_class WHERE relname ~ '{pattern}' ORDER BY 1")


@pytest.mark.parametrize(
    "sql",
    [
        "REINDEX INDEX CONCURRENTLY x",
        "REINDEX (CONCURRENTLY) TABLE documents",
        CREATE,
        "DROP INDEX CONCURRENTLY x",
    ],
)
def test_what_a_reindex_left_is_dropped_first(live: Any, sql: str) -> None:
    run(live, CREATE)
    for _ in range(2):
        is_cancelled(live, "REINDEX INDEX CONCURRENTLY x")
    assert names_like(live, "_cc") == ["x_ccnew", "x_ccnew1"]
    assert repair(live, sql) == [
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."x_ccnew"',
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."x_ccnew1"',
    ]
    run(live, *repair(live, sql))
    assert names_like(live, "^x") == ["x"]


def test_a_reindex_is_always_run(live: Any) -> None:
    assert judge(live, "REINDEX INDEX CONCURRENTLY x") is Verdict.ABSENT
    run(live, CREATE)
    assert judge(live, "REINDEX INDEX CONCURRENTLY x") is Verdict.ABSENT
    assert repair(live, "REINDEX TABLE CONCURRENTLY documents") == []


def test_what_is_left_of_a_long_name_is_found(live: Any) -> None:
    name = "x" * 30 + "é" * 16
    run(live, f"CREATE INDEX CONCURRENTLY {name} ON documents (owner)")
    is_cancelled(live, f"REINDEX INDEX CONCURRENTLY {name}")
    left = names_like(live, "_ccnew$")
    assert repair(live, f"REINDEX INDEX CONCURRENTLY {name}") == [
        f'DROP INDEX CONCURRENTLY IF EXISTS "public"."{left[0]}"'
    ]


def test_what_is_valid_or_of_another_index_is_no_leftover(live: Any) -> None:
    run(live, CREATE, "CREATE INDEX x_ccnew ON documents (title)")
    run(live, "CREATE INDEX x_more ON documents (title)")
    is_cancelled(live, "REINDEX INDEX CONCURRENTLY x_more")
    assert repair(live, "REINDEX INDEX CONCURRENTLY x") == []
    assert repair(live, "REINDEX TABLE CONCURRENTLY documents") == [
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."x_more_ccnew"'
    ]
