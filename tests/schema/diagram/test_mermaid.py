"""The text for Mermaid says all of a picture, in words that its grammar accepts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.schema.diagram.mermaid import mermaid
from ingestion.schema.diagram.picture import (
    Change,
    Column,
    Link,
    Picture,
    Rule,
    Table,
    between,
)
from tests.schema.diagram.pictures import rebuilt_shop, shop

AUTHORS = Table("authors", "lab", (Column("id", "bigint", is_primary=True),))
BOOKS = Table(
    "books",
    "lab",
    (
        Column("id", "bigint", is_primary=True),
        Column("title", "varchar(254)", is_unique=True),
        Column("price", "numeric(10, 2)", is_null=True),
        Column("printed_at", "timestamp with time zone"),
        Column("author_id", "bigint", refers_to="authors"),
    ),
    (Rule("UNIQUE (title, author_id)"),),
)
LINK = Link("books", "author_id", "authors", "id")

NAME = r'([A-Za-z_][A-Za-z0-9_]*|"[^"%\\\n]+")'
WORD = r"[A-Za-z_\u00c0-\uffff][-A-Za-z0-9_\[\]()\u00c0-\uffff]*"
SPACE = re.compile("[\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]")
LINES = [
    rf'    {NAME}(\["[^"\n]+"\]:::\w+)?( \{{)?',
    rf'        {WORD} {WORD}( (PK|FK|UK)(,(FK|UK))*)?( "[^"\n]*")?',
    r"    \}",
    rf'    {NAME} \|[|o](--|\.\.)o[|{{] {NAME} : "[^"\n]*"',
    r"    classDef \w+ [\w:#,\- ]+",
]
"""What the grammar of Mermaid 11 accepts, as far as we use it."""


def lines(picture: Picture) -> list[str]:
    """Without the head."""
    text = mermaid(picture, title="Books")
    head, body = text.split("---\nerDiagram\n")
    assert head == '---\ntitle: "Books"\n'
    return body.splitlines()


def unreadable(picture: Picture) -> list[str]:
    return [
        line
        for line in lines(picture)
        if not any(re.fullmatch(each, line) for each in LINES)
        or SPACE.search(re.sub('"[^"]*"', "", line))
    ]


def test_it_names_tables_columns_and_keys() -> None:
    assert lines(Picture((AUTHORS, BOOKS), (LINK,))) == [
        "    authors {",
        "        bigint id PK",
        "    }",
        "    books {",
        "        bigint id PK",
        "        varchar(254) title UK",
        '        numeric(10_2) price "NULL"',
        "        timestamptz printed_at",
        '        bigint author_id FK "UNIQUE (title, author_id)"',
        "    }",
        '    authors ||--o{ books : "author_id"',
    ]


@pytest.mark.parametrize(
    ("link", "drawn"),
    [
        (Link("books", "a", "authors", "id", is_null=True), "authors |o--o{ books"),
        (Link("books", "a", "authors", "id", is_unique=True), "authors ||--o| books"),
        (Link("books", "a", "authors", "id", is_enforced=False), "authors ||..o{ books"),
        (Link("books", "a", "books", "id"), "books ||--o{ books"),
    ],
)
def test_a_line_says_how_many_there_may_be(link: Link, drawn: str) -> None:
    assert lines(Picture((), (link,))) == [f'    {drawn} : "a"']


def test_of_a_table_that_is_only_named_there_is_the_name() -> None:
    assert lines(Picture((Table("authors", "lab", is_stub=True),))) == ["    authors"]


def test_a_difference_says_in_words_and_in_colour_what_becomes_of_each_part() -> None:
    old = Table("books", "lab", (Column("id", "integer"), Column("gone", "text")))
    new = Table("books", "lab", (Column("id", "bigint", is_null=True), Column("new", "text")))
    shown = between(Picture((old, Table("old", "lab"))), Picture((new, AUTHORS)))
    said = lines(shown)
    assert said[: said.index('    old["− old"]:::removed')] == [  # noqa: RUF001
        '    authors["+ authors"]:::added {',
        "        bigint id PK",
        "    }",
        '    books["~ books"]:::changed {',
        '        bigint id "~ changed, integer → bigint, NOT NULL → NULL, NULL"',
        '        text gone "− removed"',  # noqa: RUF001
        '        text new "+ added"',
        "    }",
    ]
    assert [line.split()[:2] for line in said if "class" in line] == [
        ["classDef", "added"],
        ["classDef", "removed"],
        ["classDef", "changed"],
    ]


def test_a_name_that_has_to_be_quoted_has_its_colour_too() -> None:
    shown = between(Picture(), Picture((Table("größe", "lab"), Table("end", "lab"))))
    assert lines(shown)[:2] == ['    "end"["+ end"]:::added', '    "größe"["+ größe"]:::added']


def test_without_a_difference_there_are_no_colours() -> None:
    assert not [line for line in lines(shop()) if "class" in line]


def test_a_key_that_comes_or_goes_has_its_sign() -> None:
    links = [Link("books", "a", "authors", "id", change=change) for change in Change]
    assert [line.rpartition(": ")[2] for line in lines(Picture((), tuple(links)))[:4]] == [
        '"a"',
        '"+ a"',
        '"− a"',  # noqa: RUF001
        '"~ a"',
    ]


@pytest.mark.parametrize("word", ["to", "u", "ONE", "Title", "style", "direction", "a b", "1st"])
def test_a_table_whose_name_means_something_else_is_quoted(word: str) -> None:
    assert lines(Picture((Table(word, "lab"),))) == [f'    "{word}"']


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("pk", '_pk "named pk"'),
        ("fk-to", '_fk-to "named fk-to"'),
        ("fkä", '_fkä "named fkä"'),
        ("a b", 'a_b "named a b"'),
        ("1st", '_1st "named 1st"'),
        ('a"b', 'a_b "named a\'b"'),
        ("Größe", "Größe"),
        ("a\u3000b", 'a_b "named a b"'),
        ("pkey", "pkey"),
    ],
)
def test_a_column_that_cannot_be_written_says_its_name(name: str, written: str) -> None:
    shown = lines(Picture((Table("books", "lab", (Column(name, "text"),)),)))
    assert shown[1] == f"        text {written}"


def test_what_no_page_can_hold_is_left_out() -> None:
    said = mermaid(Picture((Table("a\x00\ud800b", "lab"),)), title="\x01")
    assert said == '---\ntitle: "\ufffd"\n---\nerDiagram\n    "a\ufffd\ufffdb"\n'


def test_all_of_a_large_difference_can_be_read() -> None:
    assert unreadable(rebuilt_shop()) == []


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_whatever_the_names_are_each_line_can_be_read(table: str, column: str, kind: str) -> None:
    columns = (Column(column, kind, refers_to=table, comment=kind),)
    link = Link(table, column, table, column)
    assert unreadable(Picture((Table(table, "lab", columns),), (link,))) == []


def test_the_same_picture_is_the_same_text() -> None:
    assert mermaid(shop(), title="A shop") == mermaid(shop(), title="A shop")


def test_a_picture_of_nothing_has_its_title() -> None:
    assert mermaid(Picture(), title="lab at zero: no table") == (
        '---\ntitle: "lab at zero: no table"\n---\nerDiagram\n'
    )
