"""Texts → documents, any number in one statement and one commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from accounts.models import USER_OF_DIGEST
from accounts.prepared import Prepared
from documents.errors import EmptyContent
from documents.label import Label
from documents.models import COLUMNS, Lane, State, document_id
from documents.passages import cut

KEEP = Prepared(
    "keep_texts",
    (Path(__file__).parent / "keep_texts.sql")
    .read_text()
    .format(columns=", ".join(COLUMNS), user_of_digest=USER_OF_DIGEST.format(digest="item.digest")),
    types=("jsonb",),
)
ID = COLUMNS.index("id")


@dataclass(frozen=True, slots=True)
class Text:
    """A text that wants to be a document, and what its row will say."""

    id: UUID
    size: int
    sha256: str
    content: str = field(repr=False)
    owner_id: int
    label: Label
    lane: Lane
    digest: str | None

    @classmethod
    def of(
        cls,
        content: str,
        *,
        owner_id: int,
        label: Label,
        lane: Lane = Lane.SINGLE,
        digest: str | None = None,
    ) -> "Text":
        """With a digest, it is kept only if that is of a usable token of the owner.

        Raises EmptyContent for 0 bytes.
        """
        raw = content.encode()
        if not raw:
            raise EmptyContent(pointer="/content")
        hashed = sha256(raw)
        pk = document_id(owner_id, hashed.digest())
        return cls(pk, len(raw), hashed.hexdigest(), content, owner_id, label, lane, digest)

    def as_record(self) -> dict[str, Any]:
        """As keep_texts.sql reads it."""
        return {
            "digest": self.digest,
            "owner_id": self.owner_id,
            "id": self.id,
            "title": self.label.title,
            "source": self.label.source,
            "content_type": self.label.content_type,
            "metadata": self.label.metadata,
            "extracted": self.label.hints,
            "size": self.size,
            "sha256": self.sha256,
            "state": State.EMPTY if self.content.isspace() else State.READY,
            "pieces": list(cut([self.content])),
            "lane": self.lane,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether the document is new, and its row: the values of `models.COLUMNS`."""

    created: bool
    row: Sequence[Any]


def keep(texts: Iterable[Text]) -> dict[UUID, Kept]:
    """By their ids, what became of the texts; each id may be there once.

    One is missing where its token is not usable, or where somebody else has kept or deleted
    the same document meanwhile: ask again, alone.
    """
    records = orjson.dumps([text.as_record() for text in texts]).decode()
    return {row[ID]: Kept(created, row) for created, *row in KEEP.rows(records)}
