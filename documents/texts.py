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

SQL = (
    (Path(__file__).parent / "keep_texts.sql")
    .read_text()
    .format(columns=", ".join(COLUMNS), user_of_digest=USER_OF_DIGEST.format(digest="item.digest"))
)
KEEP = Prepared("keep_texts", SQL, types=("jsonb",))
# One of several may be what a long transaction has just written: the others do not wait for that.
KEEP_TOGETHER = Prepared(
    "keep_texts_together", SQL, types=("jsonb",), settings="SET LOCAL lock_timeout = '50ms';"
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
    return _kept(KEEP, texts)


def keep_together(texts: Iterable[Text]) -> dict[UUID, Kept]:
    """The same for texts of several callers. Raises OperationalError, and keeps none of them,
    where another transaction has written one of them and goes on.
    """
    return _kept(KEEP_TOGETHER, texts)


def _kept(statement: Prepared, texts: Iterable[Text]) -> dict[UUID, Kept]:
    records = orjson.dumps([text.as_record() for text in texts]).decode()
    return {row[ID]: Kept(created, row) for created, *row in statement.rows(records)}
