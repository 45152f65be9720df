"""What psql would read in another way than PostgreSQL is written so that both agree."""

import pytest

from ingestion.schema.psql import comment, dollar_quoted, echo, ended


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT 1", "SELECT 1;"),
        ("SELECT 1;", "SELECT 1;"),
        ("SELECT 1 ;\n", "SELECT 1 ;"),
        ("SELECT 1 -- the end", "SELECT 1; -- the end"),
        ("SELECT 1; -- the end;", "SELECT 1; -- the end;"),
        ("SELECT 1 /* ; */", "SELECT 1; /* ; */"),
        ("SELECT ';'", "SELECT ';';"),
        ("SELECT 1; SELECT 2", "SELECT 1; SELECT 2;"),
        ("-- nothing", ""),
    ],
)
def test_a_semicolon_ends_it(sql: str, written: str) -> None:
    assert ended(sql) == written


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT a[1:n]", "SELECT a[1: n];"),
        ("SELECT a[:2]", "SELECT a[: 2];"),
        ("SELECT json_object('a':'b')", "SELECT json_object('a': 'b');"),
        ('SELECT a[1:"n"]', 'SELECT a[1: "n"];'),
        ("SELECT a::text, ':n', \":n\", $$:n$$", "SELECT a::text, ':n', \":n\", $$:n$$;"),
        ("CALL f(a := 1)", "CALL f(a := 1);"),
        ("SELECT 1 -- :n", "SELECT 1; -- :n"),
    ],
)
def test_a_colon_is_no_variable(sql: str, written: str) -> None:
    assert ended(sql) == written


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        (
            'CREATE TABLE "a, (b" ("c" numeric(10, 2) DEFAULT \'(,\', CHECK (c > 1))',
            'CREATE TABLE "a, (b" (\n    "c" numeric(10, 2) DEFAULT \'(,\',\n    CHECK (c > 1)\n);',
        ),
        (
            "CREATE TABLE t (a int) PARTITION BY RANGE (a)",
            "CREATE TABLE t (\n    a int\n) PARTITION BY RANGE (a);",
        ),
        ("CREATE TABLE t ()", "CREATE TABLE t ();"),
        ("CREATE TABLE t\n(a int, b int)", "CREATE TABLE t\n(a int, b int);"),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE t AS SELECT 1;"),
    ],
)
def test_a_table_has_a_line_for_each_column(sql: str, written: str) -> None:
    assert ended(sql) == written


def test_a_comment_stays_one() -> None:
    assert comment("a\n\\! b\r c") == "-- a \\! b c"
    assert comment("") == "--"


def test_an_echo_says_what_it_is_given() -> None:
    assert echo("it's a\\b\nc") == "\\echo 'it''s a\\\\b c'"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("it's", "$ddl$it's$ddl$"),
        ("$ddl$", "$ddl2$$ddl$$ddl2$"),
        ("a$ddl", "$ddl2$a$ddl$ddl2$"),
    ],
)
def test_a_text_does_not_end_its_quotes(text: str, written: str) -> None:
    assert dollar_quoted(text, tag="ddl") == written
