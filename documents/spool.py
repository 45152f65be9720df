"""Passages on their way from a reader into the database: in memory or in a file, then copied."""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from tempfile import SpooledTemporaryFile
from uuid import UUID

from documents import copying
from documents.extraction.original import Page
from documents.models import Passage
from documents.passages import cut

BATCH = 64  # of up to 64 KiB each
COLUMNS = ("document_id", "position", "page", "text")
NULL = struct.pack("!i", -1)
HEAD = struct.Struct("!iI")


def cut_pages(pieces: Iterable[str | Page]) -> Iterator[tuple[int | None, str]]:
    """The text as `cut` cuts it, and the page a piece stands on, if it has pages: never two."""
    remaining = iter(pieces)
    page, is_open = None, True

    def until_next_page() -> Iterator[str]:
        nonlocal page, is_open
        for piece in remaining:
            if isinstance(piece, Page):
                page = piece.number
                return
            yield piece
        is_open = False

    while is_open:
        number = page
        for text in cut(until_next_page()):
            yield number, text


class Spool:
    """Passages on their way into the database, in memory or in a file: never all in memory."""

    def __init__(self, file: SpooledTemporaryFile[bytes]) -> None:
        self.file, self.has_words, self.bytes = file, False, 0

    def fill(self, passages: Iterable[tuple[int | None, str]]) -> None:
        for page, text in passages:
            self.has_words = self.has_words or not text.isspace()
            raw = text.encode()
            self.bytes += len(raw)
            self.file.write(HEAD.pack(page or 0, len(raw)))
            self.file.write(raw)

    def write(self, pk: UUID) -> None:
        """In place of those that are there."""
        Passage.objects.filter(document_id=pk).delete()
        document = copying.uuid(pk)
        rows = (
            (document, copying.integer(position), _page(page), copying.text(text))
            for position, (page, text) in enumerate(self._read())
        )
        while batch := list(islice(rows, BATCH)):
            copying.copy("passages", COLUMNS, batch)

    def _read(self) -> Iterator[tuple[int, str]]:
        self.file.seek(0)
        while head := self.file.read(HEAD.size):
            page, length = HEAD.unpack(head)
            yield page, self.file.read(length).decode()


def _page(number: int) -> bytes:
    return copying.integer(number) if number else NULL
