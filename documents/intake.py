"""Bytes → one document, once. The one way in, for every door.

The row, its passages and its job are one transaction; the bytes are on the disk before it.
When `accept` returns, the document is kept.
"""

from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from documents import blobs, jobs, texts, wake
from documents.blobs import Incoming
from documents.errors import EmptyContent
from documents.group_commit import GroupCommit
from documents.label import Label
from documents.models import Document, Kind, Lane, State, document_id
from documents.texts import Kept, Text

INSERT = """
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, extracted,
                           size, sha256, blob, state)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING
"""
GROUP_BYTES = 256 * 1024


@dataclass(frozen=True)
class Accepted:
    document: Document
    created: bool


def accept(
    content: str | Incoming, *, owner_id: int, label: Label, lane: Lane = Lane.SINGLE
) -> Accepted:
    """Keep the content: a text, or bytes that were written to `blobs.Incoming`.

    The same content of the same owner is the document that is there already, as it is.
    Raises EmptyContent for 0 bytes.
    """
    if isinstance(content, str):
        keep = partial(_keep_text, content)
    else:
        keep = partial(_keep_bytes, content)
    while True:
        accepted = keep(owner_id=owner_id, label=label, lane=lane)
        if accepted is not None:  # else it was there, and was deleted before it could be read
            wake.publish()
            return accepted


def _keep_text(content: str, *, owner_id: int, label: Label, lane: Lane) -> Accepted | None:
    text = Text.of(content, owner_id=owner_id, label=label, lane=lane)
    kept = texts.keep([text]).get(text.id)
    if kept is None:
        return None
    document = Document.of_row(kept.row)
    if document.blob and not blobs.is_there(document.blob):
        with transaction.atomic():  # it came as a file, and its bytes were lost since
            blobs.restore(content.encode())
    return Accepted(document, kept.created)


_keep_together = GroupCommit[Text, Kept](
    texts.keep_together,
    key_of=attrgetter("id"),
    weight_of=attrgetter("size"),
    most=GROUP_BYTES,
)


def accept_of_token(content: str, *, digest: str, owner_id: int, label: Label) -> Kept | None:
    """What `accept` does with a text, if this token is usable and the owner's.

    In one commit with others that come at the same time. None where the token is not, and where
    the document was kept or deleted by somebody else meanwhile.
    """
    kept = _keep_together(Text.of(content, owner_id=owner_id, label=label, digest=digest))
    if kept is not None:
        wake.publish()
    return kept


def _keep_bytes(incoming: Incoming, *, owner_id: int, label: Label, lane: Lane) -> Accepted | None:
    if not incoming.length:
        raise EmptyContent(pointer="/file")
    incoming.seal()
    pk = document_id(owner_id, incoming.sha256)
    blob = blobs.name_of(incoming.sha256.hex())
    with transaction.atomic():
        blobs.hold(incoming.sha256)
        created = _insert(incoming, pk=pk, owner_id=owner_id, label=label, blob=blob)
        document = Document.objects.filter(pk=pk).first()
        if document is not None and document.blob == blob:
            blobs.put(incoming)  # also where they were lost since: sending again mends that
        if created:
            jobs.add(Kind.EXTRACT, [pk], lane=lane, size=incoming.length)
    return None if document is None else Accepted(document, created)


def _insert(incoming: Incoming, *, pk: UUID, owner_id: int, label: Label, blob: str) -> bool:
    """Whether the row is new. Somebody else's uncommitted one is waited for."""
    size, sha256 = incoming.length, incoming.sha256.hex()
    values: list[Any] = [pk, owner_id, *_said(label), size, sha256, blob, State.RECEIVED]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        return bool(cursor.rowcount == 1)


def _said(label: Label) -> tuple[str, ...]:
    """In the order of the columns."""
    facts = (orjson.dumps(label.metadata).decode(), orjson.dumps(label.hints).decode())
    return (label.title, label.source, label.content_type, *facts)
