"""Bytes → one document, once. The one way in, for every door.

The row, its passages and its job are one transaction; the bytes are on the disk before it.
When `accept` returns, the document is kept.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from accounts.models import USABLE
from accounts.prepared import Prepared
from documents import blobs, jobs, wake
from documents.blobs import Incoming
from documents.errors import EmptyContent
from documents.models import COLUMNS, Document, Kind, Lane, State, document_id
from documents.passages import cut

INSERT = """
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, extracted,
                           size, sha256, blob, state)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING
"""
SQL = (Path(__file__).parent / "keep_text.sql").read_text()
TYPES = (
    *("uuid", "bigint", "text", "text", "text", "jsonb", "jsonb", "bigint", "text", "text"),
    *("text[]", "smallint", "uuid"),
)
KEEP_TEXT = Prepared("keep_text", SQL.format(columns=", ".join(COLUMNS), who="SELECT"), types=TYPES)
# The same for who has a token, in one statement: its digest, and whose it is.
KEEP_TEXT_OF_TOKEN = Prepared(
    "keep_text_of_token",
    SQL.format(columns=", ".join(COLUMNS), who=USABLE),
    types=("text", "bigint", *TYPES),
)


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
    # Of a document that was found inside another: its id, and how many levels deep.
    part_of: str = ""
    depth: int = 0

    @property
    def hints(self) -> dict[str, str | int]:
        """What extraction and download want to know; the start of `extracted`."""
        said: dict[str, str | int] = {
            "declared_charset": self.charset[:50],
            "filename": self.filename[:255],
            "part_of": self.part_of,
            "depth": self.depth,
        }
        return {name: value for name, value in said.items() if value}


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
    found = KEEP_TEXT.rows(*_values(content, owner_id=owner_id, label=label, lane=lane))
    if not found:
        return None
    created, *row = found[0]
    document = Document.of_row(row)
    if document.blob and not blobs.is_there(document.blob):
        with transaction.atomic():  # it came as a file, and its bytes were lost since
            blobs.restore(content.encode())
    return Accepted(document, created)


def accept_of_token(
    content: str, *, digest: str, owner_id: int, label: Label
) -> tuple[bool, Sequence[Any]] | None:
    """What `accept` does with a text, if this token is usable and the owner's; the plain row.

    None where it is not, and where the row was deleted in between.
    """
    values = _values(content, owner_id=owner_id, label=label, lane=Lane.SINGLE)
    found = KEEP_TEXT_OF_TOKEN.rows(digest, owner_id, *values)
    if not found:
        return None
    wake.publish()
    created, *row = found[0]
    return created, row


def _values(content: str, *, owner_id: int, label: Label, lane: Lane) -> tuple[Any, ...]:
    """In the order of keep_text.sql."""
    raw = content.encode()
    if not raw:
        raise EmptyContent(pointer="/content")
    sha256 = hashlib.sha256(raw).digest()
    pk = document_id(owner_id, sha256)
    state = State.EMPTY if content.isspace() else State.READY
    pieces = list(cut([content]))
    return (pk, owner_id, *_said(label), len(raw), sha256.hex(), state, pieces, lane, pk)


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
