"""What a document holds, streamed: its text, and its original bytes."""

from collections.abc import Iterator
from uuid import UUID

from documents import blobs
from documents.models import Document, Passage

PASSAGES = 16
CHUNK = 256 * 1024


def text(pk: UUID) -> Iterator[str]:
    """The text in pieces; a few are in memory at a time."""
    last = -1
    while True:
        rows = Passage.objects.filter(document_id=pk, position__gt=last).order_by("position")
        batch = list(rows.values_list("position", "text")[:PASSAGES])
        if not batch:
            return
        yield from (piece for _, piece in batch)
        if len(batch) < PASSAGES:
            return
        last = batch[-1][0]


def original(document: Document, *, start: int, length: int) -> Iterator[bytes]:
    """The original bytes; those of a document that came as JSON are its text in UTF-8."""
    pieces = _blob(document, start) if document.blob else _skipping(_encoded(document.pk), start)
    for piece in pieces:
        yield piece[:length]
        length -= len(piece)
        if length <= 0:
            return


def _blob(document: Document, start: int) -> Iterator[bytes]:
    with blobs.open_blob(document.blob) as file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            yield chunk


def _encoded(pk: UUID) -> Iterator[bytes]:
    return (piece.encode() for piece in text(pk))


def _skipping(pieces: Iterator[bytes], start: int) -> Iterator[bytes]:
    for piece in pieces:
        if start < len(piece):
            yield piece[start:]
        start = max(0, start - len(piece))
