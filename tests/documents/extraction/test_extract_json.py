"""JSON becomes a line per value, each behind its path."""

from io import BytesIO
from itertools import islice
from typing import Any

import pytest

from documents.extraction.json_text import MAX_BYTES, read_json, values_of
from documents.extraction.original import Original


def read(raw: str) -> tuple[str, dict[str, Any]]:
    facts: dict[str, Any] = {"format": "json"}
    source = raw.encode()
    chunks = read_json(Original(source=BytesIO(source), size=len(source)), facts=facts)
    return "".join(chunks), facts


def text(raw: str) -> str:
    return read(raw)[0]


def test_it_writes_a_line_per_value_behind_its_path() -> None:
    raw = '{"title": "Report", "by": {"name": "Ann", "tags": ["a", {"b": "c"}]}}'
    assert text(raw) == "title: Report\nby.name: Ann\nby.tags: a\nby.tags.b: c"


def test_it_unescapes_strings() -> None:
    assert text(r'["caf\u00e9 \ud83d\ude00", "two\nlines", "\"quoted\""]') == (
        'café 😀\ntwo\nlines\n"quoted"'
    )


@pytest.mark.parametrize(
    "number", ["1.10", "123456789012345678901234567890", "1E400", "9" * 5_000], ids=lambda n: n[:9]
)
def test_it_keeps_a_number_as_it_is_spelled(number: str) -> None:
    assert text(f'{{"n": {number}}}') == f"n: {number}"


def test_it_spells_constants_as_json_does() -> None:
    assert text('{"a": true, "b": false, "c": null}') == "a: true\nb: false\nc: null"


def test_it_keeps_the_names_of_what_is_empty() -> None:
    assert text('{"a": {}, "b": [], "c": ""}') == "a:\nb:\nc:"


def test_it_keeps_both_values_of_a_name_that_stands_twice() -> None:
    assert text('{"a": 1, "a": 2}') == "a: 1\na: 2"


def test_it_writes_a_long_path_once() -> None:
    name = "long" * 50
    assert text(f'{{"{name}": {{"a": 1, "b": 2}}}}') == f"{name}:\n….a: 1\n….b: 2"


def test_it_makes_of_escapes_what_postgresql_can_store() -> None:
    found, facts = read(r'["a\u0000b", "\ud800c", "d\ude00"]')
    assert (found, facts["nul_removed"]) == ("ab\n\ufffdc\nd\ufffd", 1)


def test_it_reads_a_value_per_line() -> None:
    found, facts = read('{"a": 1}\r\n\n{"a": 2, "b": 3}\n')
    assert (found, facts["format"]) == ("a: 1\n\na: 2\nb: 3", "json")


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": 1',
        '{"a": 1}\nno JSON\n',
        "",
        " \n",
        "[" * 100_000 + "]" * 100_000,
        "[2026] a log line",
    ],
    ids=["broken", "one line broken", "nothing", "blank", "too deep", "a log"],
)
def test_it_keeps_what_is_no_json_as_plain_text(raw: str) -> None:
    found, facts = read(raw)
    assert (found, facts["format"]) == (raw, "plain")


def test_it_holds_no_more_values_in_memory_than_it_may() -> None:
    with pytest.raises(ValueError, match="too many values"):
        values_of("[1, 2, 3, 4]", most=3)


def test_it_streams_a_file_that_is_too_large_for_memory_as_plain_text() -> None:
    raw = b'{"a": 1}'
    facts: dict[str, Any] = {}
    original = Original(source=BytesIO(raw), size=MAX_BYTES + 1)
    assert (list(read_json(original, facts=facts)), facts["format"]) == ([raw.decode()], "plain")


def test_it_gives_many_values_in_pieces() -> None:
    raw = ("[" + "1," * 5_000 + "1]").encode()
    chunks = read_json(Original(source=BytesIO(raw), size=len(raw)), facts={})
    assert [len(chunk.split()) for chunk in islice(chunks, 2)] == [1_000, 1_000]
