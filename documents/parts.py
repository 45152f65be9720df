"""Documents inside documents: attachments and members of archives are kept like any other.

Each is kept in a transaction of its own, before its parent is done. A worker that dies between
costs only time: whoever repeats its work finds those that are there by their content address.
"""

from pathlib import PurePosixPath
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from documents import blobs, intake, jobs
from documents.errors import TooLarge
from documents.extraction.allowance import Allowance
from documents.extraction.endings import KEPT, too_many_parts
from documents.extraction.original import Part, Unreadable
from documents.jobs import Claim
from documents.label import Label
from documents.media_types import media_type
from documents.models import SOURCE_LENGTH, TITLE_LENGTH, Document

# An archive in an archive in an archive …
MAX_DEPTH = 5
# All that lie in the outermost one, at any depth.
MAX_PARTS = 10_000

# UNION leaves out what was there before, so a document that holds itself ends it.
MEASURE = """
    WITH RECURSIVE tree (id) AS (
        SELECT %s::uuid
         UNION
        SELECT part::uuid
          FROM tree
          JOIN documents USING (id),
               jsonb_array_elements_text(documents.extracted -> 'parts') AS part
    )
    SELECT count(*) - 1, coalesce(sum(size) FILTER (WHERE id <> %s), 0)
      FROM tree JOIN documents USING (id)
"""


class Gone(Exception):
    """The document was deleted while it was being read."""


class Parts:
    """Those of one document, kept as they come."""

    def __init__(self, document: Document, claim: Claim, *, most: int = MAX_PARTS) -> None:
        self.document, self.claim, self.most = document, claim, most
        self.depth: int = document.extracted.get("depth", 0)
        self.ids: dict[UUID, None] = {}
        """In order, each once."""
        self.omitted = 0
        """Those that are too large, or lie too deep."""
        self.are_too_deep = False
        self._room: int | None = None
        self._allowance = Allowance(size=document.size)

    @property
    def facts(self) -> dict[str, object]:
        found: dict[str, object] = {}
        if self.ids:
            found["parts"] = [str(pk) for pk in self.ids]
        if self.omitted:
            found["parts_omitted"] = self.omitted
        return found

    def keep(self, part: Part) -> None:
        """Raises LeaseLost, Gone, Unreadable."""
        if self.depth >= MAX_DEPTH:
            self.are_too_deep = True
            self.omitted += 1
            return
        if self._room is None:
            self._room = self._measure()
        try:
            pk = self._keep(part)
        except TooLarge:
            self.omitted += 1
            return
        if pk is not None and pk != self.document.pk:
            self.ids[pk] = None
        if len(self.ids) > self._room:
            raise too_many_parts(self.most)

    def _measure(self) -> int:
        """How many more there may be, of all inside the outermost one; and of how many bytes."""
        if self.depth == 0:
            return self.most
        outermost = _outermost(self.document)
        count, size = _inside(outermost)
        self._allowance = Allowance(size=outermost.size)
        self._allowance.spend(size)
        return self.most - count

    def _keep(self, part: Part) -> UUID | None:
        """Its id; None where it is empty."""
        with blobs.Incoming(limit=settings.MAX_UPLOAD_BYTES) as incoming:
            for chunk in part.chunks:
                self._allowance.spend(len(chunk))
                incoming.write(chunk)
            if not incoming.length:
                return None
            with transaction.atomic():
                if not is_still_there(self.document.pk):
                    raise Gone
                accepted = intake.accept(
                    incoming,
                    owner_id=self.document.owner_id,
                    label=self._label(part),
                    lane=self.claim.lane,
                )
                jobs.assert_held(self.claim)
        return accepted.document.pk

    def _label(self, part: Part) -> Label:
        filename = PurePosixPath(part.filename).name
        parent = self.document.title or self.document.extracted.get("filename", "")
        return Label(
            title=part.filename[:TITLE_LENGTH],
            source=parent[:SOURCE_LENGTH],
            content_type=media_type(part.content_type, filename=filename),
            filename=filename,
            part_of=str(self.document.pk),
            depth=self.depth + 1,
        )


def too_deep() -> Unreadable:
    return Unreadable(
        "nested_too_deep",
        f"It lies {MAX_DEPTH} levels deep inside other documents, and what is inside it is not "
        f"looked at any more. {KEPT}: download it, and send what it holds by itself.",
    )


def is_still_there(pk: UUID) -> bool:
    """Whether the row is there, which stays so until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM documents WHERE id = %s FOR KEY SHARE", [pk])
        return bool(cursor.rowcount == 1)


def _outermost(document: Document) -> Document:
    """The one that holds all the others that this one lies in."""
    above = document
    for _ in range(MAX_DEPTH):
        parent = Document.objects.filter(
            pk=above.extracted.get("part_of"), owner_id=document.owner_id
        ).first()
        if parent is None:  # deleted since, and the rest is counted from below it
            break
        above = parent
    return above


def _inside(outermost: Document) -> tuple[int, int]:
    """How many are known so far to lie in it, at any depth, and their bytes."""
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, [outermost.pk, outermost.pk])
        count, size = cursor.fetchone()
    return int(count), int(size)
