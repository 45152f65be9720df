"""Bytes → lines of NDJSON, in constant memory; gzip is taken apart on the way.

A line ends with LF, or CRLF; the last one need not. A byte order mark is skipped. A line
that is too long is named and dropped, and the next one is read as if nothing had been.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from documents.errors import Invalid, TooLarge

BLOCK = 256 * 1024
BOM = b"\xef\xbb\xbf"
GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    """From 1; blank lines count."""
    raw: bytes
    """Without its end. Empty for a blank line, and for one that is too long."""
    is_too_long: bool = False


def gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What is in a gzip file of one member or several (RFC 1952, section 2.2).

    Never inflates more than a block at a time. Raises Invalid when it is broken or cut off.
    """
    inflate = zlib.decompressobj(GZIP)
    is_fresh = is_plain = True
    try:
        for block in blocks:
            rest = block
            while rest:
                if inflate.eof:
                    inflate = zlib.decompressobj(GZIP)
                is_fresh = False
                piece = inflate.decompress(rest, BLOCK)
                is_plain = False
                yield piece
                rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        while more := inflate.decompress(b"", BLOCK):
            yield more
    except zlib.error as error:
        raise _no_gzip() if is_plain else _broken_gzip("it is damaged") from error
    if not (is_fresh or inflate.eof):
        raise _broken_gzip("it ends in the middle")


def _no_gzip() -> Invalid:
    return Invalid(
        "The body is not compressed, and Content-Encoding says gzip. Compress it with gzip, or "
        "leave the header out.",
        code="malformed_gzip",
    )


def _broken_gzip(why: str) -> Invalid:
    return Invalid(
        f"The body is no whole gzip file: {why}. Send it again; what is kept is not kept twice.",
        code="malformed_gzip",
    )


def capped(blocks: Iterable[bytes], *, limit: int, what: str) -> Iterator[bytes]:
    """The same blocks. Raises TooLarge when they are more than `limit` bytes together."""
    total = 0
    for block in blocks:
        total += len(block)
        if total > limit:
            raise TooLarge(limit=limit, what=what)
        yield block


def lines(blocks: Iterable[bytes], *, limit: int) -> Iterator[Line]:
    """The lines, with their numbers; those longer than `limit` bytes without their text.

    Of blank ones only those that have something on them.
    """
    number, waiting = 1, _Waiting(limit)
    for block in _without_mark(blocks):
        *ended, rest = block.split(b"\n")
        for end in ended:
            if end or waiting.has_any:  # most blank lines are nothing at all
                yield waiting.line(end, number=number)
            number += 1
        waiting.add(rest)
    if waiting.has_any:
        yield waiting.line(b"", number=number)


class _Waiting:
    """The beginning of a line whose end has not come yet."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._length = 0

    @property
    def has_any(self) -> bool:
        return self._length > 0

    def add(self, part: bytes) -> None:
        if self._length <= self.limit + 1:  # one more may be a carriage return
            self._parts.append(part)
        self._length += len(part)

    def line(self, end: bytes, *, number: int) -> Line:
        self.add(end)
        length = self._length
        raw = b"".join(self._parts) if len(self._parts) > 1 else self._parts[0]
        self._parts, self._length = [], 0
        raw = raw.removesuffix(b"\r")
        if length > self.limit + 1 or len(raw) > self.limit:
            return Line(number, b"", is_too_long=True)
        return Line(number, b"" if raw.isspace() else raw)


def _without_mark(blocks: Iterable[bytes]) -> Iterator[bytes]:
    start, blocks = b"", iter(blocks)
    for block in blocks:
        start += block
        if len(start) >= len(BOM):
            break
    yield start.removeprefix(BOM)
    yield from blocks
