"""Change what the caller said about a document, try a failed one again, delete one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from documents import jobs, wake
from documents.errors import NotFailed, PreconditionFailed
from documents.models import Document, DocumentQuerySet, Kind, Passage, State


def change(
    document: Document, *, fields: Mapping[str, Any], unless_changed_since: datetime | None
) -> Document:
    """Set title, source or metadata. Raises PreconditionFailed if the row is a newer one.

    Raises DoesNotExist if it is gone.
    """
    with transaction.atomic():
        # Not the row as it was read: it may have got another title or its text since.
        row = Document.objects.select_for_update(no_key=True).get(pk=document.pk)
        if unless_changed_since not in {None, row.updated_at}:
            raise PreconditionFailed
        retitled = fields.get("title", row.title) != row.title
        indexed = row.indexed and not retitled
        rows = Document.objects.filter(pk=row.pk)
        rows.update(**fields, indexed=indexed, updated_at=Now())
        if retitled and row.state == State.READY:
            jobs.add(Kind.INDEX, [row.pk], size=row.size)
            wake.publish()
        return rows.get()


def delete(document: Document, *, unless_changed_since: datetime | None) -> None:
    """Delete the rows; `sweep` deletes the bytes when no row names them any more."""
    with transaction.atomic():
        # A worker that is writing passages holds the row until it has committed them.
        found = _exactly(document, at=unless_changed_since).select_for_update().first()
        if found is None and unless_changed_since is not None:
            raise PreconditionFailed
        Passage.objects.filter(document=document).delete()
        Document.objects.filter(pk=document.pk).delete()


def _exactly(document: Document, *, at: datetime | None) -> DocumentQuerySet:
    rows = Document.objects.filter(pk=document.pk)
    return rows if at is None else rows.filter(updated_at=at)


def retry(document: Document) -> None:
    """Queue a failed document again. Raises NotFailed."""
    if not retry_all(Document.objects.filter(pk=document.pk)):
        raise NotFailed(document.state)


def retry_all(documents: DocumentQuerySet) -> int:
    """Queue the failed ones among these again; how many they are."""
    with transaction.atomic():
        sizes = dict(documents.filter(state=State.FAILED).values_list("pk", "size"))
        revived = Document.objects.filter(pk__in=sizes, state=State.FAILED)
        revived.update(state=State.RECEIVED, error_code="", error_detail="", updated_at=Now())
        for pk, size in sizes.items():
            jobs.add(Kind.EXTRACT, [pk], size=size)
    wake.publish()
    return len(sizes)
