"""Every table gets rows that its constraints let in, made up from the catalogue alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.verification.contents import contents
from ingestion.schema.verification.matching import like, matching
from ingestion.schema.verification.seed_tables import tables_of, types_of
from ingestion.schema.verification.seed_values import Type, Wanted, values
from ingestion.schema.verification.seeds import Sower

Ask = Callable[[str], Any]


@pytest.fixture
def sown(own_database: DatabaseWrapper) -> Callable[..., Sower]:
    """sown("CREATE TABLE …") → who has made rows for it."""

    def sow(ddl: str, **given: str) -> Sower:
        with own_database.cursor() as cursor:
            cursor.execute(ddl)
        sower = Sower(own_database, given)
        sower.sow()
        return sower

    return sow


def rows(table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table}")
        return list(cursor.fetchall())


def text(**about: Any) -> list[str]:
    types = {25: Type(name="text", kind="b", category="S", element=0, base=0, base_modifier=-1,
                      bounds=0, labels=(), checks=(), parts=())}  # fmt: skip
    known: dict[str, Any] = {
        "type": 25,
        "modifier": -1,
        "column": "code",
        "checks": (),
        "number": 1,
    }
    return values(Wanted(**known | about), types)


# --- Values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9a-f]{64}$",
        r"^\d{3}-[A-Z]+$",
        "^(north|south)?[[:alpha:]]{2}$",
        "^[^@ ]+@[^@ ]+$",
        "^[a-z][a-z0-9_]*$",
        "[.]",
    ],
)
def test_an_expression_gets_a_text_that_matches_and_another_one_for_the_next_row(
    pattern: str,
) -> None:
    assert matching(pattern, 1)
    assert matching(pattern, 1) != matching(pattern, 2) or pattern == "[.]"


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "^(?=b)a$"])
def test_an_expression_that_it_cannot_serve_gets_none(pattern: str) -> None:
    assert matching(pattern, 1) is None


def test_a_like_pattern_gets_a_text_that_is_like_it() -> None:
    assert like(r"x%_\%", 1) == "xa1b%"


def test_what_a_constraint_names_is_tried_first() -> None:
    check = "CHECK (code = ANY (ARRAY['red'::text, 'it''s'::text]) OR length(code) > 7)"
    assert text(checks=[check])[:3] == ["red", "it's", "code1"]
    assert text(checks=[check], number=2)[:2] == ["it's", "red"]
    assert {len(each) for each in text(checks=[check])} >= {6, 7, 8}


def test_a_short_column_gets_another_text_for_each_row_all_the_same() -> None:
    firsts = [
        values(
            Wanted(type=1, modifier=5, column="flag", checks=(), number=number),
            {1: Type(name="bpchar", kind="b", category="S", element=0, base=0, base_modifier=-1,
                     bounds=0, labels=(), checks=(), parts=())},
        )[0]
        for number in (1, 2, 12)
    ]  # fmt: skip
    assert firsts == ["a", "b", "l"]


# --- Rows ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_all_tables_of_the_service_get_rows_without_help() -> None:
    sower = Sower(connection)
    sower.sow()
    assert sower.unsown == {}
    counts = {table: there.count for table, there in contents(connection).items()}
    assert {
        "users", "users_groups", "tokens", "login_failures", "documents", "passages", "jobs",
        "auth_group", "auth_permission", "django_admin_log", "django_session",
    } <= counts.keys()  # fmt: skip
    assert min(counts.values()) >= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "types",
    [
        "smallint; integer; bigint; real; double precision; numeric; numeric(5, 2); money",
        "numeric(3, 3); text; varchar(3); char(2); char; name; varchar",
        "boolean; date; time; timetz; timestamp; timestamptz; interval",
        "uuid; json; jsonb; bytea; bit(3); varbit(2); tsvector; tsquery",
        "inet; cidr; macaddr; macaddr8; oid; pg_lsn",
        "point; line; lseg; box; path; polygon; circle",
        "int4range; tstzrange; daterange; int8multirange; numrange",
        "text[]; int[][]; uuid[]; numeric(4, 1)[]; jsonb[]",
        "mood; pair; short; mood[]; even",
    ],
)
def test_every_type_has_values(sown: Callable[..., Sower], types: str) -> None:
    known = (
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE pair AS (a int, b text);"
        "CREATE DOMAIN short AS varchar(4) NOT NULL CHECK (VALUE LIKE 'x%');"
        "CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0 AND VALUE > 10);"
    )
    columns = [f"c{number} {each} NOT NULL" for number, each in enumerate(types.split("; "))]
    sower = sown(f"{known} CREATE TABLE t ({', '.join(columns)})")
    assert sower.unsown == {}
    assert len(rows("t")) == 2


@pytest.mark.slow
def test_columns_that_fill_themselves_are_left_to_it(sown: Callable[..., Sower]) -> None:
    sower = sown(
        "CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED, b serial, "
        'c int GENERATED ALWAYS AS IDENTITY, "odd name" text, "select" int)'
    )
    assert sower.unsown == {}
    assert rows("t") == [(1, 1, 1, "odd name1", 3), (1, 2, 2, "odd name2", 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        "CHECK (a IN ('red', 'green') AND b BETWEEN 200 AND 210)",
        "CHECK (a ~ '^[A-Z]{3}-[0-9]+$'), CHECK (b < -5)",
        "CHECK (length(a) >= 40 AND a = upper(a))",
        "CHECK ((a = 'done') = (c IS NOT NULL)), CHECK (b > 3 OR a <> 'done')",
        "CHECK (c < d), CHECK (c > '2020-01-01')",
        "CHECK (c IS NULL), CHECK (b IS NULL)",
        "UNIQUE (a), UNIQUE (b), UNIQUE (e, c)",
        "CHECK (jsonb_typeof(f) = 'array'), CHECK (cardinality(g) = 3)",
        "CHECK (f ? 'kind' AND f ->> 'kind' = 'x')",
        "EXCLUDE USING gist (h WITH &&)",
        "CHECK (a LIKE 'http%'), CHECK (octet_length(a) <= 10)",
        "CHECK (octet_length(i) = 32), CHECK (jsonb_array_length(f) > 2)",
        "CHECK (d > c + interval '1 day'), CHECK (c >= '2022-01-01')",
    ],
)
def test_rows_keep_to_the_constraints(sown: Callable[..., Sower], rule: str) -> None:
    sower = sown(
        "CREATE TABLE t (a text, b int, c timestamptz, d timestamptz, e boolean, f jsonb, "
        f"g int[], h int4range, i bytea NOT NULL, {rule})"
    )
    if "->>" in rule:  # the value that stands beside the key is not looked for
        assert sower.unsown.keys() <= {"t"}
        return
    assert sower.unsown == {}
    assert len(rows("t")) == 2


@pytest.mark.slow
def test_references_lead_somewhere(sown: Callable[..., Sower]) -> None:
    sower = sown(
        """
        CREATE TABLE a (id serial PRIMARY KEY, parent int REFERENCES a, b int, x int NOT NULL,
                        y text NOT NULL);
        CREATE TABLE b (id serial PRIMARY KEY, a int NOT NULL REFERENCES a, UNIQUE (a));
        CREATE TABLE c (x int, y text, PRIMARY KEY (x, y));
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED,
                      ADD FOREIGN KEY (x, y) REFERENCES c;
        CREATE TABLE d (a int PRIMARY KEY REFERENCES a ON DELETE CASCADE);
        """
    )
    assert sower.unsown == {}
    assert [len(rows(each)) for each in "abcd"] == [2, 2, 2, 2]
    assert rows("a", "parent IS NULL, b IS NULL") == [(False, False)] * 2


@pytest.mark.slow
def test_partitions_get_rows_of_their_own(sown: Callable[..., Sower]) -> None:
    sower = sown(
        """
        CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (100) TO (200);
        CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (200) TO (300);
        """
    )
    assert sower.unsown == {}
    assert [len(rows(each)) for each in ("t", "t1", "t2")] == [4, 2, 2]


@pytest.mark.slow
def test_the_same_tables_get_the_same_rows(sown: Callable[..., Sower]) -> None:
    ddl = "CREATE TABLE {} (a uuid, b text CHECK (b ~ '^[a-z]+$'), c timestamptz, d jsonb)"
    sown(ddl.format("s"))
    sown(ddl.format("t"))
    assert rows("s") == rows("t")


@pytest.mark.slow
def test_a_table_that_gets_no_rows_is_named(sown: Callable[..., Sower]) -> None:
    sower = sown(
        """
        CREATE TABLE s (a int CHECK (a * a = 2));
        CREATE TABLE t (a int PRIMARY KEY CHECK (a * a = 2));
        CREATE TABLE u (t int NOT NULL REFERENCES t);
        """
    )
    assert sower.unsown == {"t": "constraint t_a_check", "u": "nothing to put into t"}
    assert rows("s") == [(None,)] * 2


@pytest.mark.slow
def test_a_table_that_can_hold_one_row_gets_one(sown: Callable[..., Sower]) -> None:
    sower = sown("CREATE TABLE t (a int PRIMARY KEY CHECK (a = 7))")
    assert (sower.unsown, rows("t")) == ({}, [(7,)])


@pytest.mark.slow
def test_the_project_can_give_rows_of_its_own(sown: Callable[..., Sower]) -> None:
    ddl = "CREATE TABLE t (a text NOT NULL CHECK (md5(a) LIKE '900150983%'))"
    sower = sown(ddl, t="INSERT INTO t VALUES ('abc')")
    assert (sower.unsown, rows("t")) == ({}, [("abc",)])
    wrong = sown(ddl.replace(" t ", " u "), u="INSERT INTO u VALUES ('abd')")
    assert wrong.unsown == {
        "u": "constraint u_a_check; SCHEMA['SEEDS']: "
        'new row for relation "u" violates check constraint "u_a_check"'
    }


@pytest.mark.slow
def test_columns_that_came_later_are_filled(sown: Callable[..., Sower]) -> None:
    sower = sown("CREATE TABLE t (a text)")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE t ADD b int UNIQUE, ADD c int")
    sower.fill({("t", "b")})
    assert rows("t", "b, c") == [(1, None), (2, None)]


@contextmanager
def counting() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(execute: Any, sql: Any, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield asked


@pytest.mark.slow
def test_it_asks_little_when_all_tables_have_rows(sown: Callable[..., Sower]) -> None:
    sower = sown("CREATE TABLE t (a text)")
    with counting() as asked:
        sower.sow()
    assert len(asked) == 2
    assert tables_of(connection)[0].name == "t"
    assert types_of(connection)
    assert not transaction.get_connection().in_atomic_block


@pytest.mark.slow
def test_a_table_that_stays_empty_without_an_error_is_told(sown: Callable[..., Sower]) -> None:
    ddl = """
        CREATE TABLE kept_out (id int); CREATE TABLE parent (id int);
        CREATE TABLE child () INHERITS (parent); CREATE TABLE unfed (id int);
        CREATE FUNCTION nobody() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER nobody BEFORE INSERT ON kept_out
            FOR EACH ROW EXECUTE FUNCTION nobody();
        CREATE RULE other AS ON INSERT TO parent DO INSTEAD INSERT INTO child VALUES (new.id);
    """
    sower = sown(ddl, unfed="DELETE FROM unfed")
    assert sower.unsown == {
        "kept_out": "a trigger or a rule keeps them out",
        "unfed": "SCHEMA['SEEDS'] has none for it",
    }
