"""A graph is drawn as git draws it: each node once, with lines to its parents."""

from collections.abc import Sequence

from ingestion.schema.lines import draw


def picture(*nodes: str, hollow: Sequence[str] = "", **parents: str) -> list[str]:
    """`nodes` newest first, all of one letter; parents as "ab"."""
    drawn = draw(nodes, {node: list(above) for node, above in parents.items()}, hollow=hollow)
    return [f"{line} {node or ''}".rstrip() for line, node in drawn]


def test_nothing_is_no_line() -> None:
    assert picture() == []


def test_one_after_the_other() -> None:
    assert picture("c", "b", "a", c="b", b="a", hollow="c") == ["o c", "* b", "* a"]


def test_a_branch_and_a_merge() -> None:
    assert picture("m", "q", "p", "b", "a", "r", m="aq", q="p", p="r", b="a", a="r")[:3] == [
        "* m",
        "|\\",
        "| * q",
    ]
    assert picture("m", "q", "p", "b", "a", "r", m="bq", q="p", p="r", b="a", a="r") == [
        "* m",
        "|\\",
        "| * q",
        "| * p",
        "* | b",
        "* | a",
        "|/",
        "* r",
    ]


def test_two_that_are_last() -> None:
    assert picture("c", "b", "a", c="a", b="a") == ["* c", "| * b", "|/", "* a"]


def test_three_branches_and_a_merge_of_them() -> None:
    assert picture("m", "c", "b", "a", "r", m="abc", a="r", b="r", c="r") == [
        "* m",
        "|\\",
        "|\\ \\",
        "| | * c",
        "| * | b",
        "* | | a",
        "| |/",
        "|/",
        "* r",
    ]


def test_a_line_passes_under_others() -> None:
    assert picture("e", "d", "c", "b", "a", e="a", d="b", c="a", b="a") == [
        "* e",
        "| * d",
        "| | * c",
        "| * | b",
        "| |/",
        "|/",
        "* a",
    ]


def test_lines_close_up_where_one_runs_into_another() -> None:
    assert picture("e", "d", "c", "b", "a", e="b", d="b", c="a", b="a") == [
        "* e",
        "| * d",
        "| | * c",
        "|/ /",
        "* | b",
        "|/",
        "* a",
    ]


def test_lines_close_up_behind_a_root() -> None:
    assert picture("d", "c", "b", "a", d="b", c="a") == ["* d", "| * c", "* | b", " /", "* a"]


def test_a_merge_makes_room() -> None:
    assert picture("d", "m", "c", "b", "a", d="a", m="cb", c="a", b="a")[:4] == [
        "* d",
        "| * m",
        "| |\\",
        "| * | c",
    ]
    assert picture("m", "d", "c", "b", "a", m="da", d="cb", c="a", b="a")[:5] == [
        "* m",
        "|\\",
        "* | d",
        "|\\ \\",
        "* | | c",
    ]


def test_what_is_far_apart_is_joined_by_an_underscore() -> None:
    assert picture("e", "d", "c", "b", "a", e="b", d="a", c="b", b="a") == [
        "* e",
        "| * d",
        "| | * c",
        "|_|/",
        "* | b",
        "|/",
        "* a",
    ]
