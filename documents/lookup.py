"""One document by its id, for who may see it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.models import USER_OF_DIGEST
from accounts.prepared import Prepared
from documents.models import COLUMNS, Document, Sight

EXCERPT_LENGTH = 500

_ONE = f"""
    SELECT left(passages.text, {EXCERPT_LENGTH}), {", ".join(f"documents.{c}" for c in COLUMNS)}
      FROM documents LEFT JOIN passages
        ON passages.document_id = documents.id AND passages.position = 0
     WHERE documents.id = %s
"""  # noqa: S608  (names of our own columns)
FIND = Prepared(
    "find_document",
    f"{_ONE} AND (%s OR documents.owner_id = %s)",
    types=("uuid", "boolean", "bigint"),
)
FIND_OF_TOKEN = Prepared(
    "find_document_of_token",
    f"{_ONE} AND documents.owner_id = ({USER_OF_DIGEST.format(digest='%s')})",
    types=("uuid", "text"),
)


def find_of_token(pk: UUID, *, digest: str) -> tuple[str, Sequence[Any]] | None:
    """The beginning of the text and the plain row, if this token is usable, and the owner's."""
    found = FIND_OF_TOKEN.rows(pk, digest)
    if not found:
        return None
    excerpt, *row = found[0]
    return excerpt or "", row


def find(pk: UUID, *, user: Any) -> tuple[Document, str] | None:
    """The document with the beginning of its text, or None where the user may not see it."""
    sight = Sight.of(user)
    found = FIND.rows(pk, sight.is_everything, sight.owner_id)
    if not found:
        return None
    excerpt, *row = found[0]
    return Document.of_row(row), excerpt or ""
