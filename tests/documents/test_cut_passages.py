"""Text becomes passages: within the limits, at good borders, without losing a character."""

import re
from itertools import count, islice, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.extraction.original import Page
from documents.passages import MAX_BYTES, MAX_WORDS, cut
from documents.spool import cut_pages

FRAGMENTS = st.sampled_from(
    [
        *("word ", "é", "😀", "-", ". ", "\n", "\n\n", "\r\n\r\n"),
        *(" " * 9_000, "x" * 30_000, "€" * 20_000, "a." * 10_000, "😀" * 9_000),
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=50), max_size=25).map("".join)


def chunked(text: str, *, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


@settings(deadline=None, max_examples=60)
@given(text=TEXTS, length=st.integers(min_value=500, max_value=200_000))
def test_it_loses_nothing_and_adds_nothing(text: str, length: int) -> None:
    assert "".join(cut(chunked(text, length=length))) == text


@settings(deadline=None, max_examples=60)
@given(text=TEXTS)
def test_it_keeps_every_piece_within_both_limits(text: str) -> None:
    for piece in cut([text]):
        assert len(piece.encode()) <= MAX_BYTES
        assert len(re.findall(r"\w+", piece)) <= MAX_WORDS


@settings(deadline=None, max_examples=60)
@given(text=TEXTS, length=st.integers(min_value=500, max_value=200_000))
def test_it_cuts_the_same_pieces_however_the_text_arrives(text: str, length: int) -> None:
    assert list(cut(chunked(text, length=length))) == list(cut([text]))


def test_it_gives_no_pieces_for_no_text() -> None:
    assert list(cut(["", ""])) == []


def test_it_keeps_a_short_text_whole() -> None:
    assert list(cut(["One paragraph.\n\n", "Another one."])) == ["One paragraph.\n\nAnother one."]


def test_it_gives_a_text_of_exactly_the_limit_in_one_piece() -> None:
    assert len(list(cut(["x" * MAX_BYTES]))) == 1


@pytest.mark.parametrize("border", ["\n\n", "\r\n\r\n", "\n", ". ", "。", " "], ids=ascii)
def test_it_cuts_behind_a_border(border: str) -> None:
    before = "x" * 50_000 + border
    assert next(cut([before, "y" * 50_000])) == before


@pytest.mark.parametrize(
    ("better", "worse"), [("\n\n", "\n"), ("\n", ". "), (". ", " ")], ids=ascii
)
def test_it_prefers_the_earlier_but_better_border(better: str, worse: str) -> None:
    before = "x" * 40_000 + better
    assert next(cut([before, "y" * 20_000, worse, "z" * 50_000])) == before


def test_it_takes_the_last_of_equal_borders() -> None:
    paragraph = "x" * 9_998 + "\n\n"
    assert next(cut([paragraph * 9])) == paragraph * 6


def test_it_refuses_a_border_that_would_leave_a_tiny_piece() -> None:
    text = "Title\n\n" + "word " * 20_000
    assert len(next(cut([text]))) > MAX_BYTES / 2


def test_it_cuts_a_word_without_end_at_the_limit() -> None:
    assert [len(piece) for piece in cut(["x" * 150_000])] == [65_536, 65_536, 18_928]


def test_it_never_cuts_a_character_in_two() -> None:
    pieces = list(cut(["x" + "😀" * 40_000]))
    assert pieces[0] == "x" + "😀" * 16_383


def test_it_cuts_many_short_words_by_their_number() -> None:
    assert {len(piece.split()) for piece in cut(["a " * MAX_WORDS * 3])} == {MAX_WORDS}


def test_it_reads_no_further_than_it_must() -> None:
    endless = repeat("All work and no play. ")
    assert len(list(islice(cut(endless), 5))) == 5


@pytest.mark.parametrize("filler", ["x", " ", "\n", "a ", "a-"], ids=ascii)
def test_it_gets_through_a_megabyte_without_a_paragraph(filler: str) -> None:
    text = filler * 1_000_000
    assert sum(map(len, cut([text]))) == len(text)


def test_a_page_ends_a_passage() -> None:
    pieces: list[str | Page] = [
        "Cover. ",
        Page(1),
        "One, ",
        "and more.\n",
        Page(2),
        Page(3),
        "Three.",
    ]
    assert list(cut_pages(pieces)) == [(None, "Cover. "), (1, "One, and more.\n"), (3, "Three.")]


def test_a_long_page_becomes_several_passages() -> None:
    pieces: list[str | Page] = [Page(7), "x" * 150_000, Page(8), "y"]
    assert [(page, len(text)) for page, text in cut_pages(pieces)] == [
        (7, 65_536),
        (7, 65_536),
        (7, 18_928),
        (8, 1),
    ]


@settings(deadline=None, max_examples=60)
@given(pieces=st.lists(FRAGMENTS | st.builds(Page, st.integers(1, 9)), max_size=25))
def test_pages_lose_nothing_and_add_nothing(pieces: list[str | Page]) -> None:
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    assert "".join(passage for _, passage in cut_pages(pieces)) == text


def test_pages_are_read_no_further_than_they_must() -> None:
    endless = (piece for number in count(1) for piece in (Page(number), "All work and no play."))
    assert [page for page, _ in islice(cut_pages(endless), 5)] == [1, 2, 3, 4, 5]
