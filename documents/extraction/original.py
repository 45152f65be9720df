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


class Read(Protocol):
    """A reader: the text in pieces, and facts about it, complete once the text has been read."""

    def __call__(self, original: Original, *, facts: dict[str, Any]) -> Iterator[str]: ...


class Unreadable(Exception):
    """The original has no text for us: a code to count, a sentence that says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
