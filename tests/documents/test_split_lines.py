"""Bytes → lines, however they are cut into blocks, and gzip taken apart on the way."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.errors import Invalid, TooLarge
from documents.ndjson import BLOCK, capped, gunzip, lines


def cut(raw: bytes, size: int) -> list[bytes]:
    return [raw[start : start + size] for start in range(0, len(raw), size)]


def found(raw: bytes, *, size: int = 7, limit: int = 100) -> list[tuple[int, bytes, bool]]:
    return [
        (line.number, line.raw, line.is_too_long) for line in lines(cut(raw, size), limit=limit)
    ]


@given(
    parts=st.lists(st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b""))),
    size=st.integers(1, 40),
)
def test_lines_are_the_same_in_blocks_of_any_size(parts: list[bytes], size: int) -> None:
    raw = b"\n".join(parts)
    expected = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not expected[-1]:
        expected.pop()
    told = [
        (number, b"" if line.isspace() else line.removesuffix(b"\r"), False)
        for number, line in enumerate(expected, start=1)
        if line
    ]
    assert found(raw, size=size) == told


@pytest.mark.parametrize("size", [1, 2, 3, 5, 50])
def test_a_long_line_is_named_and_the_next_one_read(size: int) -> None:
    raw = b"1234567890\n12345678901\n1234567890\r\n" + b"x" * 50 + b"\nlast"
    assert found(raw, size=size, limit=10) == [
        (1, b"1234567890", False),
        (2, b"", True),
        (3, b"1234567890", False),
        (4, b"", True),
        (5, b"last", False),
    ]


def test_a_mark_is_skipped_at_the_start_only() -> None:
    mark = b"\xef\xbb\xbf"
    assert [raw for _, raw, _ in found(mark + b"a\n" + mark + b"b", size=1)] == [b"a", mark + b"b"]


@given(members=st.lists(st.binary(max_size=200), min_size=1, max_size=4), size=st.integers(1, 60))
def test_gzip_of_several_members_is_their_contents(members: list[bytes], size: int) -> None:
    raw = b"".join(gzip.compress(member) for member in members)
    assert b"".join(gunzip(cut(raw, size))) == b"".join(members)


@given(raw=st.binary(min_size=1, max_size=200), missing=st.integers(1, 17))
def test_gzip_that_ends_early_is_refused(raw: bytes, missing: int) -> None:
    with pytest.raises(Invalid):
        list(gunzip([gzip.compress(raw)[:-missing]]))


@pytest.mark.slow
def test_twenty_million_blank_lines_are_passed_over() -> None:
    block = b"\n" * 1_000_000
    assert [line.number for line in lines([*[block] * 20, b"x"], limit=10)] == [20_000_001]


def test_a_bomb_is_stopped_before_it_is_inflated() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    blocks = capped(gunzip(cut(bomb, 1000)), limit=1_000_000, what="body")
    seen: list[int] = []
    with pytest.raises(TooLarge):
        seen.extend(map(len, blocks))
    assert sum(seen) <= 1_000_000
    assert max(seen) <= BLOCK
