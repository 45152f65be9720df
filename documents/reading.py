"""The original of a document → its passages, and what was found in it."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from documents import blobs, jobs
from documents.errors import BytesMissing
from documents.extraction import Unreadable, extract
from documents.jobs import Claim
from documents.models import Document, Kind, Passage, State
from documents.passages import cut

BATCH = 100


def extract_document(pk: UUID, claim: Claim) -> None:
    """The work of an extract job. Raises Unreadable, or LeaseLost."""
    waiting = Document.objects.filter(pk=pk, state__in=[State.RECEIVED, State.EXTRACTING])
    if not waiting.update(state=State.EXTRACTING, updated_at=Now()):
        return  # deleted, or done by an attempt whose worker died before it could say so
    document = Document.objects.get(pk=pk)
    if not document.blob:  # its text came in as it is: only the index is missing
        with transaction.atomic():
            _conclude(document, claim, state=State.READY)
        return
    if not blobs.is_there(document.blob):
        raise Unreadable(BytesMissing.code, BytesMissing().detail)
    with blobs.open_blob(document.blob) as source:
        extraction = extract(
            source,
            content_type=document.content_type,
            filename=document.extracted.get("filename", document.title),
            size=document.size,
            declared_charset=document.extracted.get("declared_charset", ""),
        )
        with transaction.atomic():
            if not _is_still_there(pk):
                return
            has_words = _write_passages(pk, extraction.chunks)
            document.extracted = {**document.extracted, **extraction.facts}
            _conclude(document, claim, state=State.READY if has_words else State.EMPTY)


def _is_still_there(pk: UUID) -> bool:
    """Whether the row is there, which stays so until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM documents WHERE id = %s FOR KEY SHARE", [pk])
        return bool(cursor.rowcount == 1)


def _write_passages(pk: UUID, chunks: Iterator[str]) -> bool:
    """Whether there are words in the text. Holds one batch in memory, whatever its length."""
    Passage.objects.filter(document_id=pk).delete()
    has_words = False
    pieces = enumerate(cut(chunks))
    while batch := list(islice(pieces, BATCH)):
        has_words = has_words or not all(text.isspace() for _, text in batch)
        Passage.objects.bulk_create(
            Passage(document_id=pk, position=position, text=text) for position, text in batch
        )
    return has_words


def _conclude(document: Document, claim: Claim, *, state: State) -> None:
    """Write the verdict; the last statement makes sure that it is still ours to write."""
    Document.objects.filter(pk=document.pk).update(
        state=state, extracted=document.extracted, updated_at=Now()
    )
    if state == State.READY:
        jobs.add(Kind.INDEX, [document.pk], lane=claim.lane)
    jobs.assert_held(claim)
