"""Bytes → one document, once. The one way in, for every door.

The row, its passages and its job are one transaction; the bytes are on the disk before it.
When `accept` returns, the document is kept.
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from documents import blobs, jobs
from documents.blobs import Incoming
from documents.errors import EmptyContent
from documents.models import Document, Kind, Passage, State, document_id
from documents.passages import cut

INSERT = """
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, extracted,
                           size, sha256, blob, state)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What the caller says about the content; already checked."""

    title: str = ""
    source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    content_type: str = "text/plain"
    # The charset parameter of the declared media type, and the file's name, where there were any.
    charset: str = ""
    filename: str = ""

    @property
    def hints(self) -> dict[str, str]:
        """What extraction and download want to know; the start of `extracted`."""
        said = {"declared_charset": self.charset[:50], "filename": self.filename[:255]}
        return {name: text for name, text in said.items() if text}


@dataclass(frozen=True)
class Accepted:
    document: Document
    created: bool


def accept(content: str | Incoming, *, owner_id: int, label: Label) -> Accepted:
    """Keep the content: a text, or bytes that were written to `blobs.Incoming`.

    The same content of the same owner is the document that is there already, as it is.
    Raises EmptyContent for 0 bytes.
    """
    if isinstance(content, str):
        keep, row = partial(_keep_text, content), _text_row(content, owner_id=owner_id)
    else:
        keep, row = partial(_keep_bytes, content), _bytes_row(content, owner_id=owner_id)
    while True:
        with transaction.atomic():
            created = keep(row, label=label)
            document = Document.objects.filter(pk=row.id).first()
        if document is not None:  # else it was there, and was deleted before it could be read
            return Accepted(document, created)


def _text_row(content: str, *, owner_id: int) -> "_Row":
    raw = content.encode()
    if not raw:
        raise EmptyContent(pointer="/content")
    return _Row(
        owner_id=owner_id,
        sha256=hashlib.sha256(raw).digest(),
        size=len(raw),
        blob="",
        state=State.EMPTY if content.isspace() else State.READY,
    )


def _bytes_row(incoming: Incoming, *, owner_id: int) -> "_Row":
    if not incoming.length:
        raise EmptyContent(pointer="/file")
    incoming.seal()
    return _Row(
        owner_id=owner_id,
        sha256=incoming.sha256,
        size=incoming.length,
        blob=blobs.name_of(incoming.sha256.hex()),
        state=State.RECEIVED,
    )


def _keep_text(content: str, row: "_Row", *, label: Label) -> bool:
    created = row.insert(label)
    if created:
        Passage.objects.bulk_create(
            Passage(document_id=row.id, position=position, text=text)
            for position, text in enumerate(cut([content]))
        )
        if row.state == State.READY:
            jobs.add(Kind.INDEX, [row.id])
    return created


def _keep_bytes(incoming: Incoming, row: "_Row", *, label: Label) -> bool:
    blobs.hold(incoming.sha256)
    created = row.insert(label)
    if created or Document.objects.filter(pk=row.id, blob=row.blob).exists():
        blobs.put(incoming)  # also where they were lost since: sending again mends that
    if created:
        jobs.add(Kind.EXTRACT, [row.id])
    return created


@dataclass(frozen=True, kw_only=True)
class _Row:
    owner_id: int
    sha256: bytes
    size: int
    blob: str
    state: State

    @property
    def id(self) -> UUID:
        return document_id(self.owner_id, self.sha256)

    def insert(self, label: Label) -> bool:
        """Whether the row is new. Somebody else's uncommitted one is waited for."""
        with connection.cursor() as cursor:
            cursor.execute(
                INSERT,
                [
                    self.id,
                    self.owner_id,
                    label.title,
                    label.source,
                    label.content_type,
                    json.dumps(label.metadata),
                    json.dumps(label.hints),
                    self.size,
                    self.sha256.hex(),
                    self.blob,
                    self.state,
                ],
            )
            return bool(cursor.rowcount == 1)
