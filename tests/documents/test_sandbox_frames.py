"""Frames come through whole however they are cut, and nothing else is taken for one."""

import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.extraction.frames import (
    MAX_PAYLOAD,
    Garbled,
    Sort,
    Splitter,
    Writer,
    object_of,
    page_of,
    storable,
    text_of,
)

FRAMES = st.lists(st.tuples(st.sampled_from(Sort), st.binary(max_size=50)), max_size=10)


def written(frames: list[tuple[Sort, bytes]]) -> bytes:
    out, into = os.pipe()
    writer = Writer(into)
    for sort, payload in frames:
        writer.send(sort, payload)
    writer.close()
    with os.fdopen(out, "rb") as end:
        return end.read()


@given(frames=FRAMES, length=st.integers(1, 40))
def test_they_come_whole_however_they_are_cut(
    frames: list[tuple[Sort, bytes]], length: int
) -> None:
    raw, splitter = written(frames), Splitter()
    blocks = (raw[at : at + length] for at in range(0, len(raw), length))
    assert [frame for block in blocks for frame in splitter.feed(block)] == frames


@given(raw=st.binary(max_size=200))
def test_garbage_is_never_more_than_garbled(raw: bytes) -> None:
    try:
        frames = list(Splitter().feed(raw))
    except Garbled:
        return
    assert sum(len(payload) for _, payload in frames) <= len(raw)


@pytest.mark.parametrize(
    "raw", [b"?\x00\x00\x00\x00", b"T\xff\xff\xff\xff", b"T" + (MAX_PAYLOAD + 1).to_bytes(4, "big")]
)
def test_what_no_reader_sends_is_refused(raw: bytes) -> None:
    with pytest.raises(Garbled):
        list(Splitter().feed(raw))


@pytest.mark.parametrize("payload", [b"", b"0", b"-1", b"x", b"1.5", b"2147483648", b"9" * 5000])
def test_a_page_has_a_number_from_1(payload: bytes) -> None:
    with pytest.raises(Garbled):
        page_of(payload)
    assert page_of(b"2147483647") == 2**31 - 1


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"1", b"{", b"\xff", b'{"a":' * 100_000, b'{"a":' * 60 + b"1" + b"}" * 60],
)
def test_facts_are_an_object_and_not_too_deep(payload: bytes) -> None:
    with pytest.raises(Garbled):
        object_of(payload)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(facts=st.dictionaries(st.text(st.characters()), JSON, max_size=4))
def test_facts_are_fit_for_jsonb(facts: dict[str, Any]) -> None:
    stored = json.dumps(object_of(json.dumps(facts).encode()), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    stored.encode()  # fails at a lone surrogate


@given(text=st.text(st.characters()))
def test_text_is_fit_for_postgresql(text: str) -> None:
    sent = storable(text)
    assert text_of(sent.encode()) == sent
    assert "\x00" not in sent


def test_a_pair_of_surrogates_is_the_character_that_it_stands_for() -> None:
    assert storable("\ud83d\ude00 and \ud83d") == "😀 and \ufffd"
