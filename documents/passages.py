"""Text cut into passages: pieces that a search index takes and a person can open.

Pieces end where the text pauses: at a blank line if one is near, else at a line, a sentence,
a word, and only then anywhere. Joined in order they are the text, exactly.
"""

import re
from collections.abc import Callable, Iterable, Iterator

MAX_BYTES = 65_536
# PostgreSQL gives a word no position after 16,383.
MAX_WORDS = 16_000

# What holds at most MAX_WORDS words; nothing is tried twice, so hostile text takes no longer.
_ENOUGH_WORDS = re.compile(rf"\W*+(?:\w++\W*+){{0,{MAX_WORDS}}}+")
_BLANK_LINES = ("\n\n", "\r\n\r\n", "\n\r\n")
_SENTENCE_ENDS = (". ", "! ", "? ", "。", "！", "？")  # noqa: RUF001


def cut(chunks: Iterable[str]) -> Iterator[str]:
    """Pieces of at most MAX_BYTES in UTF-8 and MAX_WORDS words, none of them empty."""
    rest = ""
    for block in _blocks(chunks):
        text, start = rest + block, 0
        # A character takes a byte or more: beyond MAX_BYTES characters there must be a border.
        while len(text) - start > MAX_BYTES:
            piece = _first_piece(text[start : start + MAX_BYTES], is_last=False)
            yield piece
            start += len(piece)
        rest = text[start:]
    while rest:
        piece = _first_piece(rest, is_last=True)
        yield piece
        rest = rest[len(piece) :]


def _blocks(chunks: Iterable[str]) -> Iterator[str]:
    """The same text in blocks of about MAX_BYTES characters, however long or short the chunks."""
    waiting: list[str] = []
    length = 0
    for chunk in chunks:
        for start in range(0, len(chunk), MAX_BYTES):
            waiting.append(chunk[start : start + MAX_BYTES])
            length += len(waiting[-1])
            if length >= MAX_BYTES:
                yield "".join(waiting)
                waiting, length = [], 0
    yield "".join(waiting)


def _first_piece(text: str, *, is_last: bool) -> str:
    if is_last and len(text) <= MAX_WORDS:
        return text  # nor can it have more than MAX_BYTES, with four to a character
    longest = _within_limits(text)
    if is_last and len(longest) == len(text):
        return longest
    return longest[: _border(longest)]


def _within_limits(text: str) -> str:
    """The longest start of the text that keeps both limits."""
    if not text.isascii():
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) > MAX_BYTES:
            text = text[: _characters(raw, within=MAX_BYTES)]
    found = _ENOUGH_WORDS.match(text)
    return found.group() if found else text  # the pattern matches every text


def _characters(raw: bytes, *, within: int) -> int:
    """How many whole characters lie in the first bytes of UTF-8."""
    while raw[within] & 0b1100_0000 == 0b1000_0000:  # in the middle of a character
        within -= 1
    return len(raw[:within].decode("utf-8", "surrogatepass"))


def _border(text: str) -> int:
    """The best place to end within the text, in its second half so that no piece is tiny."""
    half = len(text) // 2
    found = (last(text, half) for last in _PREFERENCE)
    return next((end for end in found if end > half), len(text))


def _last_of(marks: tuple[str, ...]) -> Callable[[str, int], int]:
    def last(text: str, start: int) -> int:
        found = [(text.rfind(mark, start), mark) for mark in marks]
        return max((at + len(mark) for at, mark in found if at >= 0), default=-1)

    return last


def _last_gap(text: str, start: int) -> int:
    words = text[start:].rsplit(maxsplit=1)
    if not words or text[-1].isspace():
        return len(text)
    return len(text) - len(words[-1])


_PREFERENCE = (_last_of(_BLANK_LINES), _last_of(("\n",)), _last_of(_SENTENCE_ENDS), _last_gap)
