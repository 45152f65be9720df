"""The drawing is whole: well-formed, with all tables and columns, and with nothing from outside."""

import re
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.schema.diagram.colors import PALETTE, stylesheet
from ingestion.schema.diagram.letters import width
from ingestion.schema.diagram.picture import Change, Column, Link, Picture, Rule, Table
from ingestion.schema.diagram.svg import svg
from tests.schema.diagram.pictures import rebuilt_shop, shop

NAMESPACE = "{http://www.w3.org/2000/svg}"
BOOKS = Table(
    "books",
    "lab",
    (Column("id", "bigint", is_primary=True), Column("of_id", "bigint", True, refers_to="books")),
    comment="What is read",
)


SALES = shop().only(lambda table: table.app in {"crm", "sales"})


@cache
def drawn_shop() -> str:
    return svg(SALES, title="A shop")


@cache
def drawn_difference() -> str:
    return svg(rebuilt_shop().only(changes), title="A shop: 0001 → head")


def changes(table: Table) -> bool:
    return table.change is not Change.SAME


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


def texts(text: str, *, kind: str | None = None) -> list[str]:
    """Of all elements, or of those of this class."""
    return [
        "".join(each.itertext())
        for each in parsed(text).iter(f"{NAMESPACE}text")
        if kind is None or kind in each.get("class", "").split()
    ]


def tooltips(text: str) -> list[str]:
    return ["".join(each.itertext()) for each in parsed(text).iter(f"{NAMESPACE}title")]


def test_every_table_and_column_is_in_it() -> None:
    said = texts(drawn_shop())
    for table in SALES.tables:
        assert table.name in said
        assert table.app in said
        for column in table.columns:
            assert column.name in said
        for rule in table.rules:
            assert rule.text in said


def test_every_foreign_key_is_a_line() -> None:
    lines = [
        each
        for each in parsed(drawn_shop()).iter(f"{NAMESPACE}g")
        if "link" in each.get("class", "")
    ]
    assert len(lines) == len(SALES.links)
    assert "orders.carts_id → carts.id (one to one)" in tooltips(drawn_shop())
    assert "notes.companies_id → companies.id (may be NULL)" in tooltips(drawn_shop())


def test_marks_say_what_kind_of_column_it_is() -> None:
    column = Column("a", "text", is_null=True, is_primary=True, is_unique=True, refers_to="books")
    drawn = svg(Picture((replace(BOOKS, columns=(column,)),)), title="Books")
    assert "PK FK UQ" in texts(drawn, kind="mark")
    assert texts(drawn, kind="null") == ["NULL"]


def test_comments_are_tooltips() -> None:
    commented = replace(BOOKS, columns=(Column("id", "integer", comment="Its <number>"),))
    said = tooltips(svg(Picture((commented,)), title="Books"))
    assert said == ["Books", "What is read", "id integer NOT NULL\nIts <number>"]


def test_a_long_type_is_short_and_whole_in_its_tooltip() -> None:
    table = replace(BOOKS, columns=(Column("at", "timestamp with time zone"),))
    drawn = svg(Picture((table,)), title="Books")
    assert texts(drawn, kind="type") == ["timestamptz"]
    assert "at timestamp with time zone NOT NULL\n" in [f"{each}\n" for each in tooltips(drawn)]


def test_a_change_has_a_sign_beside_its_colour() -> None:
    drawn = parsed(drawn_difference())
    signs = {
        (each.get("class", "").split()[-1], each.text)
        for each in drawn.iter(f"{NAMESPACE}text")
        if "sign" in each.get("class", "").split()
    }
    assert signs == {("added", "+"), ("removed", "−"), ("changed", "~")}  # noqa: RUF001


def test_what_is_removed_is_struck_through() -> None:
    gone = texts(drawn_difference(), kind="gone")
    assert {"carts", "carts_id", "UNIQUE (carts_id, variants_id)"} <= set(gone)


def test_a_changed_column_shows_what_it_was() -> None:
    assert {"bigint → uuid", "varchar(20) → text, NOT NULL → NULL", "varchar(200), + UNIQUE"} <= {
        *texts(drawn_difference(), kind="type")
    }


def test_only_a_difference_has_signs() -> None:
    assert texts(drawn_shop(), kind="sign") == []


def test_the_legend_explains_what_is_there_and_nothing_else() -> None:
    alone = svg(Picture((replace(BOOKS, columns=(Column("id", "text"),)),)), title="Books")
    assert texts(alone, kind="note") == ["1 table"]
    assert texts(drawn_difference(), kind="note") == [
        "7 tables, 13 foreign keys, and 3 more by name",
        "added",
        "removed",
        "changed",
        "primary key",
        "foreign key",
        "unique",
        "many to one",
        "one to one",
        "may be NULL",
        "only its name",
    ]


def test_of_a_table_that_is_only_named_there_is_the_name() -> None:
    drawn = svg(Picture((Table("books", "lab", is_stub=True),)), title="Books")
    assert texts(drawn) == ["Books", "0 tables, and 1 more by name", "books", "lab",
                            "only its name"]  # fmt: skip


def test_a_picture_of_nothing_says_so() -> None:
    drawn = svg(Picture(), title="lab at zero: no table")
    assert texts(drawn) == ["lab at zero: no table", ""]


def test_nothing_comes_from_outside() -> None:
    for drawn in (drawn_shop(), drawn_difference()):
        links = re.findall(r"https?://[^\"' )]+", drawn)
        assert links == ["http://www.w3.org/2000/svg"]
        assert not re.search(r"<script|<image|<use|@import|url\(|\son\w+=", drawn)


@pytest.mark.slow
def test_the_same_picture_gives_the_same_bytes() -> None:
    assert svg(SALES, title="A shop") == drawn_shop()


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_odd_names_are_escaped(title: str, name: str) -> None:
    table = Table(
        name, name, (Column(name, name, refers_to=name, comment=name),), (Rule(name),), name
    )
    link = Link(name, name, name, name)
    parsed(svg(Picture((table,), (link,)), title=title))


@pytest.mark.parametrize("name", ["<b>&\"'", "日本語のテーブル", "a\x00b", "x" * 63])
def test_text_does_not_run_out_of_its_table(name: str) -> None:
    table = Table(name, "lab", (Column(name, "character varying(2000)"),))
    drawn = parsed(svg(Picture((table,)), title="Odd"))
    box = next(each for each in drawn.iter(f"{NAMESPACE}rect") if each.get("class") == "box")
    kind = next(each for each in drawn.iter(f"{NAMESPACE}text") if each.get("class") == "type")
    end = int(kind.get("x", "")) + width(kind.text or "", size=12)
    assert end < int(box.get("width", ""))


# --- Colours --------------------------------------------------------------------------------


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    ]
    return sum(part * value for part, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out(shade: int) -> None:
    """As WCAG 2.2 wants it at level AA: 4.5 for text, 3 for lines."""
    colors = {name: shades[shade] for name, shades in PALETTE.items()}
    backs = ["added-back", "removed-back", "changed-back"]
    pairs = [(text, back) for text in ("text", "soft") for back in ("page", "box", "head")]
    pairs += [("text", back) for back in backs]
    pairs += [(back.removesuffix("-back"), back) for back in backs]
    assert [(one, two) for one, two in pairs if contrast(colors[one], colors[two]) < 4.5] == []
    lines = [name for name in colors if name.startswith("hue")]
    lines += ["line", "border", "added", "removed", "changed"]
    assert [name for name in lines if contrast(colors[name], colors["page"]) < 3] == []


def test_paper_is_light() -> None:
    assert "@media screen and (prefers-color-scheme: dark)" in stylesheet()


def test_every_class_that_is_drawn_has_its_rule() -> None:
    rules = stylesheet()
    used = {
        name for each in parsed(drawn_difference()).iter() for name in each.get("class", "").split()
    }
    used |= {name for each in parsed(drawn_shop()).iter() for name in each.get("class", "").split()}
    bare = {"table"}
    assert {name for name in used if f".{name}" not in rules} == bare


def test_each_change_has_a_colour() -> None:
    words = {"added", "removed", "changed"}
    assert words <= PALETTE.keys()
    assert len(words) == len(Change) - 1
