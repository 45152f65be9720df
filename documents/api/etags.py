"""ETag, If-Match and If-None-Match (RFC 9110, sections 8.8.3 and 13.1)."""

import hashlib
import re
from datetime import datetime
from uuid import UUID

from rest_framework.request import Request

from documents.errors import PreconditionFailed
from documents.models import Document

TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(document: Document) -> str:
    """A strong tag: every write of the row sets `updated_at`."""
    return etag_of(document.pk, document.updated_at)


def etag_of(pk: UUID, updated_at: datetime) -> str:
    said = f"{pk} {updated_at.isoformat()}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Whether If-None-Match names this tag; weak and strong compare alike here."""
    header = request.headers.get("If-None-Match", "")
    return header.strip() == "*" or tag.strip('"') in {name for _, name in TAG.findall(header)}


def unless_changed_since(request: Request, document: Document) -> datetime | None:
    """When If-Match was sent: the state of the row that it asks for. Raises PreconditionFailed."""
    header = request.headers.get("If-Match")
    if header is None:
        return None
    strong = {name for weak, name in TAG.findall(header) if not weak}
    if header.strip() != "*" and etag(document).strip('"') not in strong:
        raise PreconditionFailed
    return document.updated_at
