"""What a reader is given, and how it says that it cannot read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol


@dataclass(frozen=True, kw_only=True)
class Original:
    """The bytes as they were sent, and what the sender said about them."""

    source: BinaryIO
    """Seekable; whoever opened it closes it."""
    size: int
    content_type: str = ""
    filename: str = ""
    declared_charset: str = ""

    def bytes_at(self, start: int, *, length: int) -> bytes:
        self.source.seek(start)
        return self.source.read(length)


@dataclass(frozen=True)
class Page:
    """What follows stands on this page of the original."""

    number: int
    """From 1."""


@dataclass(frozen=True)
class Part:
    """A document inside this one: an attachment, a member of an archive."""

    filename: str
    content_type: str
    """As it is declared inside; empty where it is not."""
    chunks: Iterator[bytes]
    """To be read before the next piece is asked for."""


Piece = str | Page | Part


class Read(Protocol):
    """A reader: the text and what it is made of in order, and facts, complete at its end."""

    def __call__(self, original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]: ...


class Unreadable(Exception):
    """The original has no text for us: a code to count, a sentence that says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
