"""Ready-made rows for COPY, and what PostgreSQL alone does with them: the yardsticks of bulk."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from uuid import UUID

from tests.bench import ours
from tests.bench.corpus import Sample
from tests.bench.postgres import Postgres

DOCUMENTS = (
    "COPY documents (id, owner_id, title, content_type, metadata, extracted, size, sha256, state) "
    "FROM STDIN"
)
PASSAGES = "COPY passages (document_id, position, text) FROM STDIN"
MARK = "UPDATE documents SET indexed = true, updated_at = now() WHERE id = ANY(%s::uuid[])"
INDEX = """
    UPDATE passages
       SET search = setweight(to_tsvector('english', documents.title), 'A')
                 || setweight(to_tsvector('english', passages.text), 'D'),
           owner_id = documents.owner_id,
           created_at = documents.created_at
      FROM documents
     WHERE documents.id = passages.document_id AND documents.id = ANY(%s::uuid[])
"""
BATCH = 1_000


@dataclass(frozen=True)
class Ready:
    """Rows of the service's tables, as bytes that COPY takes."""

    ids: list[str]
    documents: bytes
    passages: bytes

    @classmethod
    def of(cls, samples: Sequence[Sample], *, owner: int) -> "Ready":
        ids, documents, passages = [], [], []
        for sample in samples:
            raw = sample.content.encode()
            digest = hashlib.sha256(raw)
            number = str(UUID(bytes=digest.digest()[:16]))
            said = (number, owner, sample.title, "text/plain", sample.metadata, "{}")
            ids.append(number)
            documents.append(row(*said, len(raw), digest.hexdigest(), "ready"))
            passages.append(row(number, 0, sample.content))
        return cls(ids, "".join(documents).encode(), "".join(passages).encode())


def row(*values: object) -> str:
    """A line of COPY's text format."""
    return "\t".join(map(_escaped, values)) + "\n"


def _escaped(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("\t", "\\t")
    return text.replace("\n", "\\n").replace("\r", "\\r")


def load(postgres: Postgres, ready: Ready) -> None:
    """Both COPYs, one transaction, into the twin of the service's database."""
    with postgres.cursor(ours.TWIN) as cursor:
        cursor.execute("BEGIN")
        cursor.copy_expert(DOCUMENTS, BytesIO(ready.documents))
        cursor.copy_expert(PASSAGES, BytesIO(ready.passages))
        cursor.execute("COMMIT")


def load_and_index(postgres: Postgres, parts: Iterable[Ready]) -> None:
    """All of the work, each part on a connection of its own."""
    parts = list(parts)
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(partial(_load_and_index, postgres), parts))


def _load_and_index(postgres: Postgres, ready: Ready) -> None:
    load(postgres, ready)
    with postgres.cursor(ours.TWIN) as cursor:
        for start in range(0, len(ready.ids), BATCH):
            ids = ready.ids[start : start + BATCH]
            cursor.execute("BEGIN")
            cursor.execute(MARK, [ids])
            cursor.execute(INDEX, [ids])
            cursor.execute("COMMIT")
