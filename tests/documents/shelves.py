"""Many documents at once, ready to be searched."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from documents.indexing import index
from documents.models import Document, Passage, State, document_id

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def keep_many(
    owner: User,
    texts: Sequence[str | Sequence[str]],
    *,
    at: datetime = NEW_YEAR,
    every: timedelta = timedelta(0),
    **label: Any,
) -> list[Document]:
    """A document of each text, or of several passages; the first is the newest."""
    passages = [[text] if isinstance(text, str) else text for text in texts]
    documents = [
        _document(owner, "".join(each), at=at - number * every, **label)
        for number, each in enumerate(passages)
    ]
    Document.objects.bulk_create(documents)
    Passage.objects.bulk_create(
        Passage(document=document, position=position, text=text)
        for document, each in zip(documents, passages, strict=True)
        for position, text in enumerate(each)
    )
    index([document.pk for document in documents])
    return documents


def _document(owner: User, text: str, *, at: datetime, **label: Any) -> Document:
    digest = hashlib.sha256(text.encode()).digest()
    return Document(
        id=document_id(owner.pk, digest),
        owner=owner,
        size=len(text.encode()),
        sha256=digest.hex(),
        state=State.READY,
        created_at=at,
        **{"content_type": "text/plain", **label},
    )
