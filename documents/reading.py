"""The original of a document → its passages, and what was found in it.

While a document is being read no transaction is open: its passages wait in a file, and are
written all at once when it is done.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from documents import blobs, jobs
from documents.errors import BytesMissing
from documents.extraction import Extraction, Unreadable
from documents.extraction.endings import Killed
from documents.extraction.limits import Limits
from documents.extraction.original import Page, Part, Piece
from documents.extraction.sandbox import sandboxed
from documents.jobs import Claim
from documents.models import Document, Kind, State
from documents.parts import Gone, Parts, is_still_there, too_deep
from documents.spool import Spool, cut_pages

IN_MEMORY_BYTES = 4 * 1024 * 1024
# What intake wrote into `extracted`, and what is added here; a reader can change neither.
HINTS = ("declared_charset", "filename", "part_of", "depth")
RESERVED = {*HINTS, "parts", "parts_omitted"}


def extract_document(
    pk: UUID, claim: Claim, *, limits: Limits | None = None, reader: str = ""
) -> None:
    """The work of an extract job. Raises Unreadable, LeaseLost, or what may go well later.

    A reader's own place goes before what the content looks like, as in `extract`.
    """
    waiting = Document.objects.filter(pk=pk, state__in=[State.RECEIVED, State.EXTRACTING])
    if not waiting.update(state=State.EXTRACTING, updated_at=Now()):
        return  # deleted, or done by an attempt whose worker died before it could say so
    document = Document.objects.get(pk=pk)
    if not document.blob:  # its text came in as it is: only the index is missing
        with transaction.atomic():
            _conclude(document, claim, state=State.READY)
        return
    try:
        with _opened(document, limits=limits, reader=reader) as extraction:
            _Reading(document, claim).read(extraction)
    except Gone:
        return
    except Killed as error:
        if claim.is_last:
            raise Unreadable("killed", str(error)) from error
        raise


@contextmanager
def _opened(document: Document, *, limits: Limits | None, reader: str) -> Iterator[Extraction]:
    if not blobs.is_there(document.blob):
        raise Unreadable(BytesMissing.code, BytesMissing().detail)
    with (
        blobs.open_blob(document.blob) as source,
        sandboxed(
            source,
            content_type=document.content_type,
            filename=document.extracted.get("filename", document.title),
            size=document.size,
            declared_charset=document.extracted.get("declared_charset", ""),
            limits=limits or Limits(memory_bytes=settings.EXTRACTION_MEMORY_BYTES),
            reader=reader,
        ) as extraction,
    ):
        yield extraction


class _Reading:
    def __init__(self, document: Document, claim: Claim) -> None:
        self.document, self.claim = document, claim
        self.parts = Parts(document, claim)

    def read(self, extraction: Extraction) -> None:
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            passages = Spool(file)
            try:
                passages.fill(cut_pages(self._without_parts(extraction.pieces)))
                if self.parts.are_too_deep and not passages.has_words:
                    raise too_deep()
            except Unreadable:
                self._link_parts()
                raise
            with transaction.atomic():
                if is_still_there(self.document.pk):
                    passages.write(self.document.pk)
                    self._set_facts(extraction.facts)
                    state = State.READY if passages.has_words else State.EMPTY
                    _conclude(self.document, self.claim, state=state, size=passages.bytes)

    def _without_parts(self, pieces: Iterable[Piece]) -> Iterator[str | Page]:
        for piece in pieces:
            if isinstance(piece, Part):
                self.parts.keep(piece)
            else:
                yield piece

    def _set_facts(self, found: dict[str, Any]) -> None:
        """What is known from elsewhere stays; of an earlier extraction nothing does."""
        before = self.document.extracted
        said = {name: before[name] for name in HINTS if name in before}
        facts = {name: value for name, value in found.items() if name not in RESERVED}
        self.document.extracted = {**facts, **said, **self.parts.facts}

    def _link_parts(self) -> None:
        """Those that were found before it went wrong."""
        if not self.parts.ids:
            return
        self._set_facts({})
        with transaction.atomic():
            Document.objects.filter(pk=self.document.pk).update(
                extracted=self.document.extracted, updated_at=Now()
            )
            jobs.assert_held(self.claim)


def _conclude(document: Document, claim: Claim, *, state: State, size: int = 0) -> None:
    """Write the verdict; the last statement makes sure that it is still ours to write."""
    Document.objects.filter(pk=document.pk).update(
        state=state, extracted=document.extracted, updated_at=Now()
    )
    if state == State.READY:
        jobs.add(Kind.INDEX, [document.pk], lane=claim.lane, size=size)
    jobs.assert_held(claim)
