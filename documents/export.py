"""Documents → lines of NDJSON that `bulk/` takes back as the same documents."""

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from documents import blobs, content
from documents.models import Document, DocumentQuerySet

PAGE = 200
# So many are named in the last line; the others are counted.
MOST_NAMED = 10_000


class _TooLong(Exception):
    """It does not fit into a line."""


def lines(documents: DocumentQuerySet) -> Iterator[bytes]:
    """Oldest first, one document at a time in memory; a last line says that it is complete.

    What is longer than a line may be, or has lost its bytes, is named there as `omitted`.
    """
    count, omitted = 0, _Omitted()
    for document in _oldest_first(documents.filter(created_at__lte=Now())):
        try:
            yield _line(document)
            count += 1
        except _TooLong:
            omitted.add(document, reason="too_long")
        except FileNotFoundError:
            omitted.add(document, reason="blob_missing")
    yield _dumped({"complete": True, "documents": count, **omitted.as_dict()})


class _Omitted:
    def __init__(self) -> None:
        self.count = 0
        self.named: list[dict[str, Any]] = []

    def add(self, document: Document, *, reason: str) -> None:
        self.count += 1
        if len(self.named) < MOST_NAMED:
            url = f"/api/v1/documents/{document.pk}/file/"
            self.named.append({"id": str(document.pk), "url": url, "reason": reason})

    def as_dict(self) -> dict[str, Any]:
        truncated = self.count > len(self.named)
        return {"omitted": self.named, "omitted_count": self.count, "omitted_truncated": truncated}


def _oldest_first(documents: DocumentQuerySet) -> Iterator[Document]:
    """By keyset, so that no transaction is open while a slow client reads."""
    last: tuple[datetime, UUID] | None = None
    while True:
        page = documents
        if last is not None:
            at, pk = last
            page = page.filter(Q(created_at__gte=at), Q(created_at__gt=at) | Q(pk__gt=pk))
        found = list(page.order_by("created_at", "pk")[:PAGE])
        if not found:
            return
        yield from found
        last = (found[-1].created_at, found[-1].pk)


def _line(document: Document) -> bytes:
    said: dict[str, Any] = {"title": document.title}
    if document.blob:
        said |= _file(document)
    else:
        _demand_short(document.size)
        said["content"] = "".join(content.text(document.pk))
    line = _dumped({**said, "source": document.source, "metadata": document.metadata})
    _demand_short(len(line) - 1)
    return line


def _file(document: Document) -> dict[str, str]:
    _demand_short(4 * document.size // 3)
    charset = document.extracted.get("declared_charset", "")
    with closing(blobs.open_blob(document.blob)) as file:
        raw = file.read()
    return {
        "filename": document.extracted.get("filename", ""),
        "content_type": document.content_type + (f'; charset="{charset}"' if charset else ""),
        "content_base64": base64.b64encode(raw).decode(),
    }


def _demand_short(length: int) -> None:
    if length > settings.MAX_JSON_BYTES:
        raise _TooLong


def _dumped(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
