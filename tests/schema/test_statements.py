"""What a piece of SQL is, by its text. Where PostgreSQL can be asked, it is asked."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg2 import errors as pg

from ingestion.schema.statements import (
    Kind,
    Loss,
    drops,
    for_the_record,
    kind,
    names,
    needs_no_transaction,
    quoted,
    split,
    table_of,
    transaction_control,
)

ATOMIC = """CREATE OR REPLACE FUNCTION f(begin int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
    SELECT 1 END;
    SELECT CASE WHEN begin > 0 THEN (CASE begin WHEN 1 THEN 2 END) ELSE 0 END AS end;
END"""
RULE = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)"


# ── split


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'a;b', 'it''s;'",
        r"SELECT 'a\', ';'",
        r"SELECT E'a\';b'",
        "SELECT E'a'\n  -- between\n 'b\\';c'",
        "SELECT U&'d\\0061;'",
        "SELECT B'1;', X'1;', N'1;'",
        'SELECT 1 AS "a;""b;"',
        'SELECT 1 AS U&"a;"',
        "SELECT $$a;b$$, $tag$ $$;$ta$; $tag$",
        "SELECT $ä$;$ä$",
        "SELECT a$b$c /* ; */ FROM a$b$c",
        "SELECT 1 -- one; two\n + 1",
        "SELECT /* a /* b; */ c; */ 1",
        "SELECT 2*/* ;' */3",
        "SELECT $1$$;$$",
        ATOMIC,
        "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC END",
        RULE,
    ],
)
def test_it_does_not_split_within(statement: str) -> None:
    assert split(f"{statement}; SELECT 2; {statement};") == [statement, "SELECT 2", statement]


def test_it_trims_comments_at_the_edges_and_drops_what_is_empty() -> None:
    script = "-- first\n; /* a */ SELECT 1 /* b */ + 1 -- c\n;; /* d */ ;\n--;\nSELECT 2 /* open"
    assert split(script) == ["SELECT 1 /* b */ + 1", "SELECT 2"]


def test_a_word_that_only_begins_like_a_quote_is_no_quote() -> None:
    assert split("SELECT a$b;c$d; SELECT me'x;'") == ["SELECT a$b", "c$d", "SELECT me'x;'"]


def test_a_transaction_block_is_no_body() -> None:
    assert split("BEGIN; SELECT 1; END; BEGIN") == ["BEGIN", "SELECT 1", "END", "BEGIN"]


def test_the_end_of_a_body_is_found_behind_its_last_semicolon() -> None:
    assert split(f"{ATOMIC}; {ATOMIC}") == [ATOMIC, ATOMIC]


@pytest.mark.parametrize("text", ["'", '"', "$$", "$a$ $", "/* /*", "E'\\", "--", "(;", ");", "U&"])
def test_it_takes_what_is_open_to_the_end(text: str) -> None:
    assert "".join(split(text)) in {text, text.removesuffix(";"), ""}


SIGNS = ["'", "''", '"', "$", "$a$", "$$", "E'", "\\", ";", "--", "/*", "*/", "(", ")", ".", ","]
WORDS = "BEGIN ATOMIC END CREATE FUNCTION INDEX CONCURRENTLY ON DROP ALTER TABLE SELECT INTO U& x 1"
ODD = ["\n", " ", "é", "\x00", "\ud800", "\xa0"]
PIECES = st.sampled_from([*SIGNS, *WORDS.split(), *ODD])
TEXTS = st.text() | st.lists(PIECES).map("".join) | st.lists(PIECES).map(" ".join)


@given(TEXTS)
@example("CREATE FUNCTION x BEGIN ATOMIC x;")
def test_what_was_split_is_whole(text: str) -> None:
    parts = split(text)
    assert all(split(part) == [part] for part in parts)
    assert split(";\n".join(parts)) == parts


@given(TEXTS)
def test_nothing_raises(text: str) -> None:
    kind(text)
    needs_no_transaction(text)
    transaction_control(text)
    for_the_record(text)
    table_of(text)
    drops(text)


@pytest.mark.parametrize("text", ["E'a'" + " -- x" * 5000, "$a" * 20000, "((" * 20000, "/*" * 9999])
def test_a_hostile_text_takes_no_longer_than_another(text: str) -> None:
    assert len(split(f"SELECT {text}")) == 1


def dollars(value: str) -> str:
    tag = next(tag for tag in ("", "a", "a_b", "ß9", "zzzz") if f"${tag}$" not in f"{value}$")
    return f"${tag}${value}${tag}$"


WRITTEN = [
    lambda value: "'" + value.replace("'", "''") + "'",
    lambda value: "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'",
    lambda value: "e'" + value.replace("\\", "\\\\").replace("'", "''") + "'\n--x'\n''",
    lambda value: "U&'" + value.replace("\\", "\\\\").replace("'", "''") + "'",
    lambda value: "U&'" + "".join(f"\\+{ord(each):06x}" for each in value) + "'",
    dollars,
]
BETWEEN = st.sampled_from(["; ", ";--'\n", ";/* ' ; /* $$ */ */", ";;\n"])
VALUES = st.text(st.sampled_from("a;'\"\\$-/*\n %é(") | st.characters(exclude_characters="\x00"))
VALUES = VALUES.filter(lambda value: value.isprintable() or "\n" in value)


@pytest.mark.django_db
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, st.sampled_from(WRITTEN), BETWEEN), min_size=1, max_size=4))
@pytest.mark.slow
def test_postgresql_reads_the_same_literals(script: list[tuple[str, Any, str]]) -> None:
    """The statements one by one give what was written, and the script as a whole gives the last."""
    text = "".join(f"SELECT {write(value)}{between}" for value, write, between in script)
    parts = split(text)
    with connection.cursor() as cursor:
        cursor.execute(text)
        assert cursor.fetchone()[0] == script[-1][0]
        for part, (value, _, _) in zip(parts, script, strict=True):
            cursor.execute(part)
            assert cursor.fetchone()[0] == value


@pytest.mark.django_db
def test_postgresql_takes_each_part_of_a_script_with_bodies() -> None:
    tables = "CREATE TABLE t (i int); CREATE TABLE a (i int); CREATE TABLE b (i int)"
    with connection.cursor() as cursor:
        for part in split(f"{tables}; {ATOMIC}; {RULE}; SELECT f(1)"):
            cursor.execute(part)
        assert cursor.fetchone() == (2,)


# ── names


def test_names_are_what_the_catalogue_has() -> None:
    assert names('Public . "A ""b"".c"') == ("public", 'A "b".c')
    assert names('U&"d\\0061t\\+000061"') == ("data",)
    assert names("x" * 80) == ("x" * 63,)
    assert quoted("public", 'A"b') == '"public"."A""b"'


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["MiXed", "ÄÖ", '"MiXed"', "é" * 40, 'U&"\\0041"', '"a""b"'])
def test_names_are_what_postgresql_makes_of_them(written: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 AS {written}")
        assert (cursor.description[0].name,) == names(written)


# ── kind

WAITS = [
    "CREATE INDEX CONCURRENTLY x ON t (a)",
    'create unique index concurrently"x"on"t"(a)',
    "/* slow */ CREATE /* ! */ INDEX -- !\n CONCURRENTLY IF NOT EXISTS x ON t (a);",
    "DROP INDEX CONCURRENTLY x",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (VERBOSE) INDEX CONCURRENTLY x",
    "REINDEX (CONCURRENTLY) TABLE t",
    "REINDEX (VERBOSE, CONCURRENTLY TRUE, TABLESPACE fast) INDEX x",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
    'ALTER TABLE IF EXISTS a."B" DETACH PARTITION c.d CONCURRENTLY',
    "ALTER TABLE a DETACH PARTITION b FINALIZE",
    "ALTER TABLE ONLY a VALIDATE CONSTRAINT b",
    "ALTER TABLE a VALIDATE CONSTRAINT b, VALIDATE CONSTRAINT c",
    "SET maintenance_work_mem = '1GB'; CREATE INDEX CONCURRENTLY x ON t (a); RESET ALL",
]
BLOCKS = [
    "CREATE INDEX x ON t (a)",
    "COMMENT ON INDEX x IS 'built CONCURRENTLY'",
    'CREATE INDEX "CONCURRENTLY" ON t (a)',
    "CREATE INDEX /* CONCURRENTLY */ x ON t (a)",
    'DROP INDEX "concurrently"',
    "REINDEX TABLE t",
    "REINDEX (CONCURRENTLY FALSE) TABLE t",
    "REINDEX (VERBOSE) TABLE t",
    "REFRESH MATERIALIZED VIEW v",
    "ALTER TABLE a DETACH PARTITION b",
    "ALTER TABLE a VALIDATE CONSTRAINT b, ADD c int",
    "CREATE INDEX CONCURRENTLY x ON t (a); ALTER TABLE t ADD b int",
    "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE t VALIDATE CONSTRAINT c",
    "SET lock_timeout = 0",
    "",
]


@pytest.mark.parametrize("sql", WAITS)
def test_it_waits(sql: str) -> None:
    assert kind(sql) is Kind.WAITS


@pytest.mark.parametrize("sql", BLOCKS)
def test_it_blocks(sql: str) -> None:
    assert kind(sql) is Kind.BLOCKS


# ── transactions

REFUSED_IN_A_BLOCK = [
    "CREATE INDEX CONCURRENTLY x ON t (a)",
    "DROP INDEX CONCURRENTLY t_a",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (CONCURRENTLY) INDEX t_a",
    "REINDEX SCHEMA public",
    "VACUUM",
    "VACUUM (ANALYZE) t",
    "CREATE DATABASE other",
    "DROP DATABASE other",
    "ALTER DATABASE postgres SET TABLESPACE pg_default",
    "CREATE TABLESPACE other LOCATION '/nowhere'",
    "DROP TABLESPACE other",
    "ALTER SYSTEM SET work_mem = '4MB'",
    "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
    "CLUSTER",
    "CLUSTER VERBOSE",
    "CREATE SUBSCRIPTION s2 CONNECTION 'dbname=nowhere' PUBLICATION p",
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    "ALTER SUBSCRIPTION s SET PUBLICATION p2",
    "ALTER SUBSCRIPTION s ADD PUBLICATION p2 WITH (copy_data = false)",
    "DROP SUBSCRIPTION s",
    "DISCARD ALL",
    "COMMIT PREPARED 'x'",
    "SELECT 1; VACUUM",
]
TAKEN_IN_A_BLOCK = [
    "CREATE INDEX x ON t (a)",
    "DROP INDEX t_a",
    "REINDEX TABLE t",
    "REINDEX (CONCURRENTLY OFF) TABLE t",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
    "ALTER TYPE mood ADD VALUE 'new'",
    "ALTER TABLE p DETACH PARTITION p1",
    "CLUSTER t USING t_a",
    "CLUSTER VERBOSE t USING t_a",
    "ANALYZE t",
    "CREATE SUBSCRIPTION s2 CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)",
    "ALTER SUBSCRIPTION s SET PUBLICATION p2 WITH (refresh = false)",
    "ALTER SUBSCRIPTION s DISABLE",
    "COMMENT ON TABLE t IS 'after VACUUM'",
    "DISCARD PLANS",
]
THINGS = """
    CREATE TABLE t (a int NOT NULL);
    CREATE UNIQUE INDEX t_a ON t (a);
    CREATE TABLE p (a int) PARTITION BY LIST (a);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    CREATE MATERIALIZED VIEW v AS SELECT a FROM t;
    CREATE UNIQUE INDEX v_a ON v (a);
    CREATE TYPE mood AS ENUM ('old');
    SET LOCAL client_min_messages = error;
    CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false);
    ALTER SUBSCRIPTION s ENABLE;
"""


@pytest.fixture
def things(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(THINGS)


def run(sql: str) -> None:
    """In a transaction block of which nothing is left."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        transaction.set_rollback(True)


@pytest.mark.parametrize("sql", REFUSED_IN_A_BLOCK)
def test_postgresql_refuses_it_in_a_transaction(things: None, sql: str) -> None:
    assert needs_no_transaction(sql)
    with pytest.raises(InternalError) as refusal:
        run(sql)
    assert isinstance(refusal.value.__cause__, pg.ActiveSqlTransaction)


@pytest.mark.parametrize(
    "sql",
    [
        *("REINDEX DATABASE", "REINDEX (VERBOSE) SYSTEM", "CLUSTER (VERBOSE)"),
        *("ALTER SUBSCRIPTION s SET (failover = true)", "REINDEX DATABASE CONCURRENTLY"),
    ],
)
def test_what_only_later_versions_know_is_known_too(sql: str) -> None:
    assert needs_no_transaction(sql)


@pytest.mark.parametrize("sql", TAKEN_IN_A_BLOCK)
def test_postgresql_takes_it_in_a_transaction(things: None, sql: str) -> None:
    assert not needs_no_transaction(sql)
    run(sql)


@pytest.mark.parametrize(
    "sql",
    [
        *("begin", "START TRANSACTION READ ONLY", "COMMIT", "END", "ROLLBACK TO a", "ABORT"),
        *("SAVEPOINT a", "RELEASE a", "PREPARE TRANSACTION 'x'", "SELECT 1; /* ! */ COMMIT"),
    ],
)
def test_it_is_transaction_control(sql: str) -> None:
    assert transaction_control(sql)


@pytest.mark.parametrize(
    "sql", ["SELECT 'BEGIN; COMMIT'", "PREPARE a AS SELECT 1", ATOMIC, "DO $$ BEGIN COMMIT; END $$"]
)
def test_it_is_no_transaction_control(sql: str) -> None:
    assert not transaction_control(sql)


# ── the record


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a text DEFAULT 'x' /* why */, b int GENERATED ALWAYS AS (1) STORED)",
        "ALTER TABLE t ADD CHECK (a <> 'x')",
        "DROP TABLE t",
        "COMMENT ON TABLE t IS 'x'",
        "GRANT SELECT ON t TO bob",
        "REVOKE ALL ON t FROM bob",
        "TRUNCATE t",
        "REINDEX TABLE t",
        "CLUSTER t",
        "REFRESH MATERIALIZED VIEW v",
        "CREATE MATERIALIZED VIEW v AS SELECT 'x' AS a",
        "CREATE VIEW v AS SELECT a INTO_THE FROM t",
        "SECURITY LABEL ON TABLE t IS 'x'",
        "REASSIGN OWNED BY bob TO alice",
        ATOMIC,
    ],
)
def test_ddl_is_recorded_as_it_is(sql: str) -> None:
    assert for_the_record(f"-- before\n{sql};") == sql


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES ('secret')",
        "UPDATE t SET a = 'secret'",
        "DELETE FROM t WHERE a = 'secret'",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "COPY t FROM STDIN",
        "SELECT create_it('secret')",
        "WITH a AS (SELECT 'secret') INSERT INTO t SELECT * FROM a",
        "SET password_encryption = 'md5'",
        "DO $$ BEGIN CREATE TABLE t (a int); END $$",
        "CALL p('secret')",
        "SECURITY",
        "",
    ],
)
def test_data_is_not_recorded(sql: str) -> None:
    assert for_the_record(sql) is None


@pytest.mark.parametrize(
    ("sql", "record"),
    [
        ("CREATE ROLE a LOGIN PASSWORD 'secret'", "CREATE ROLE a LOGIN PASSWORD '***'"),
        ("alter user a password $$secret$$", "alter user a password '***'"),
        (
            "ALTER ROLE a PASSWORD E'secret' -- secret\n NOLOGIN",
            "ALTER ROLE a PASSWORD '***' NOLOGIN",
        ),
        (
            "CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p",
            "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p",
        ),
        (
            "ALTER SERVER s OPTIONS (SET host 'secret')",
            "ALTER SERVER s OPTIONS (SET host '***')",
        ),
        (
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'secret', password U&'secret')",
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user '***', password '***')",
        ),
        (
            "ALTER SYSTEM SET primary_conninfo = 'password=secret'",
            "ALTER SYSTEM SET primary_conninfo = '***'",
        ),
        (
            "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b OPTIONS (token 'secret')",
            "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b OPTIONS (token '***')",
        ),
        (
            "CREATE TEMP TABLE t (a, b) WITH (fillfactor = 70) AS SELECT 'secret', 4111",
            "CREATE TEMP TABLE t (a, b) WITH (fillfactor = 70) AS …",
        ),
        ("SELECT 'secret' AS a INTO TEMP TABLE x.t FROM u", "SELECT … INTO x.t …"),
        ("WITH a AS (SELECT 'secret') SELECT * INTO t FROM a", "SELECT … INTO t …"),
        (
            "CREATE ROLE a PASSWORD 'secret'; INSERT INTO t VALUES ('secret'); DROP TABLE t",
            "CREATE ROLE a PASSWORD '***';\nDROP TABLE t",
        ),
    ],
)
def test_no_secret_is_recorded(sql: str, record: str) -> None:
    assert for_the_record(sql) == record


# ── what it is about


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("ALTER TABLE IF EXISTS ONLY public.\"T\" ADD a text DEFAULT 'ON x'", 'public."T"'),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x ON ONLY a . /* ! */ b (c)", "a.b"),
        ("CREATE INDEX ON t (a)", "t"),
        ('CREATE INDEX"x"ON"t"("a")', '"t"'),
        ("DROP TABLE IF EXISTS a, b CASCADE", "a"),
        ("TRUNCATE ONLY a", "a"),
        ("LOCK TABLE a.b IN SHARE MODE", "a.b"),
        ("COMMENT ON TABLE a IS 'ON b'", "a"),
        ("COMMENT ON COLUMN a.b.c IS 'x'", "a.b"),
        ("CREATE OR REPLACE TRIGGER x BEFORE UPDATE OF a, b ON t EXECUTE FUNCTION f()", "t"),
        ("CREATE POLICY x ON t USING (true)", "t"),
        ("SET lock_timeout = 0; ALTER TABLE a ADD b int; ALTER TABLE c ADD d int", "a"),
        ("ALTER TABLE ALL IN TABLESPACE x SET TABLESPACE y", None),
        ("SELECT 'ALTER TABLE t'", None),
        ("CREATE TABLE t (a int)", None),
    ],
)
def test_it_names_the_table(sql: str, table: str | None) -> None:
    assert table_of(sql) == table


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ('DROP TABLE IF EXISTS A, b."C" CASCADE', [(("a",), None), (("b", "C"), None)]),
        ("TRUNCATE TABLE ONLY a, b * RESTART IDENTITY", [(("a",), None), (("b",), None)]),
        ("ALTER TABLE t DROP COLUMN IF EXISTS A", [(("t",), "a")]),
        ('ALTER TABLE ONLY s."T" DROP "A" CASCADE', [(("s", "T"), "A")]),
        (
            "ALTER TABLE t DROP a, ADD CHECK (f(a, drop_b)), DROP COLUMN b CASCADE",
            [(("t",), "a"), (("t",), "b")],
        ),
        ("ALTER TABLE t ADD a int, DROP CONSTRAINT c, DROP d", [(("t",), "d")]),
        ("ALTER TABLE t DROP CONSTRAINT IF EXISTS c", []),
        ("ALTER TABLE t ALTER a DROP DEFAULT, ALTER COLUMN b DROP NOT NULL", []),
        ("ALTER TABLE t ALTER a DROP IDENTITY IF EXISTS, ALTER b DROP EXPRESSION", []),
        ("ALTER TABLE t ADD a text DEFAULT ', DROP b'", []),
        ("DROP TABLE a; SELECT 1; ALTER TABLE b DROP c", [(("a",), None), (("b",), "c")]),
        ('DROP TABLE "a.b", "a""b"', [(("a.b",), None), (('a"b',), None)]),
        ("DROP INDEX a", []),
    ],
)
def test_it_says_what_is_lost(sql: str, lost: list[Loss]) -> None:
    assert drops(sql) == lost
