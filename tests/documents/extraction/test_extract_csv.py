"""CSV keeps its text; its delimiter and the names of its columns become facts."""

from io import BytesIO
from typing import Any

import pytest

from documents.extraction.original import Original
from documents.extraction.tables import MAX_COLUMNS, delimiter_of, read_csv


def read(raw: str) -> tuple[str, dict[str, Any]]:
    facts: dict[str, Any] = {}
    source = raw.encode()
    chunks = read_csv(Original(source=BytesIO(source), size=len(source)), facts=facts)
    return "".join(chunks), facts


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("name,age\nAnn,3\n", ","),
        ("name;price\nAnn;1,50\nBo;2,75\n", ";"),
        ("a\tb, c\n1\t2\n", "\t"),
        ("a|b\r\n1|2\r\n", "|"),
        ('a,b\n"x, y","two\nlines"\n', ","),
        ("no table at all", None),
        ("a,b\n1,2,3\n", None),
        ("", None),
    ],
)
def test_it_finds_what_cuts_every_row_alike(text: str, delimiter: str | None) -> None:
    assert delimiter_of(text) == delimiter


def test_it_notes_delimiter_and_columns() -> None:
    _, facts = read('"first name"; age \nAnn;3\n')
    assert (facts["delimiter"], facts["columns"]) == (";", ["first name", "age"])


def test_it_notes_no_columns_of_what_is_no_table() -> None:
    assert "columns" not in read("just a sentence")[1]


def test_it_notes_a_hundred_columns_at_most() -> None:
    assert len(read(",".join(map(str, range(500))))[1]["columns"]) == MAX_COLUMNS


def test_it_is_not_misled_by_a_row_that_the_sample_cuts_in_two() -> None:
    row = "x" * 20_000 + "," + "y" * 20_000 + "\n"
    assert read(row * 4)[1]["delimiter"] == ","


def test_it_keeps_the_text_exactly() -> None:
    raw = 'a, b\r\n "1" ,\t2\n\n'
    assert read(raw)[0] == raw
