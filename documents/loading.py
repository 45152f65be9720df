"""A batch of documents → rows, in one transaction."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Self
from uuid import UUID

import orjson
from django.db import DataError, IntegrityError, connection, transaction

from documents import blobs, copying, jobs, wake
from documents.blobs import Incoming
from documents.errors import DocumentError, Invalid
from documents.label import Label
from documents.models import Kind, Lane, State, document_id
from documents.passages import cut

# While more of the same stream arrives, indexing would only take the machine from it: it waits
# for the end of the stream, or so long.
INDEX_AFTER_SECONDS = 10
# Files that one job reads one after the other, so that several workers share a batch.
FILES_PER_JOB = 16
UNIQUE_VIOLATION = "23505"

DOCUMENT_COLUMNS = (
    "id",
    "owner_id",
    "title",
    "source",
    "content_type",
    "metadata",
    "extracted",
    "size",
    "sha256",
    "blob",
    "state",
)
PASSAGE_COLUMNS = ("document_id", "position", "text")
KNOWN = "SELECT id, blob FROM documents WHERE id = ANY(%s::uuid[])"


class Arrival:
    """A document on its way in: hashed, with its id, and not yet kept."""

    __slots__ = ("error", "id", "incoming", "label", "line", "owner_id", "sha256", "size", "text")

    def __init__(self, *, line: int, label: Label, owner_id: int, sha256: bytes, size: int) -> None:
        self.line, self.label, self.owner_id = line, label, owner_id
        self.sha256, self.size = sha256, size
        self.id = document_id(owner_id, sha256)
        self.text = ""
        self.incoming: Incoming | None = None
        self.error: DocumentError | None = None  # why the database does not take it

    @classmethod
    def of(cls, content: str | Incoming, *, line: int, label: Label, owner_id: int) -> Self:
        if isinstance(content, str):
            raw = content.encode()
            sha256, size = hashlib.sha256(raw).digest(), len(raw)
        else:
            sha256, size = content.sha256, content.length
        arrival = cls(line=line, label=label, owner_id=owner_id, sha256=sha256, size=size)
        if isinstance(content, str):
            arrival.text = content
        else:
            arrival.incoming = content
        return arrival

    @property
    def state(self) -> State:
        if self.incoming is not None:
            return State.RECEIVED
        return State.EMPTY if self.text.isspace() else State.READY

    @property
    def blob(self) -> str:
        return blobs.name_of(self.sha256.hex()) if self.incoming is not None else ""

    def close(self) -> None:
        if self.incoming is not None:
            self.incoming.close()


class Looker:
    """Says what would be created, and writes nothing."""

    def keep(self, arrivals: Sequence[Arrival]) -> frozenset[UUID]:
        return frozenset(arrival.id for arrival in arrivals) - _known(arrivals).keys()

    def finish(self) -> None:
        pass


class Keeper:
    """Writes batches. Several threads may use one."""

    def __init__(self) -> None:
        self._waiting: list[int] = []  # numbers of jobs, one or a few for each batch

    def keep(self, arrivals: Sequence[Arrival]) -> frozenset[UUID]:
        """Keep these documents, no two of them the same; the ids of those that are new."""
        while True:
            try:
                with transaction.atomic():
                    created, numbers = _keep(arrivals)
            except IntegrityError as error:
                # Another request committed one of them in between: look again.
                if getattr(error.__cause__, "pgcode", None) != UNIQUE_VIOLATION:
                    raise
            except DataError as error:
                return self._keep_apart(arrivals, error)
            else:
                self._waiting += numbers
                return created

    def _keep_apart(self, arrivals: Sequence[Arrival], error: DataError) -> frozenset[UUID]:
        """The database refuses one of them: find it by halves, so that it costs no other."""
        if len(arrivals) == 1:
            arrivals[0].error = Invalid(
                f"The database does not take it: {str(error).splitlines()[0]}.",
                code="refused_by_database",
            )
            return frozenset()
        middle = len(arrivals) // 2
        return self.keep(arrivals[:middle]) | self.keep(arrivals[middle:])

    def finish(self) -> None:
        """The stream has ended: index it now."""
        jobs.release(self._waiting)
        wake.publish()


def _keep(arrivals: Sequence[Arrival]) -> tuple[frozenset[UUID], list[int]]:
    # In one order everywhere, so that two batches never wait for each other in a circle.
    for sha256 in sorted(each.sha256 for each in arrivals if each.incoming is not None):
        blobs.hold(sha256)
    known = _known(arrivals)
    new = sorted((each for each in arrivals if each.id not in known), key=lambda each: each.id)
    if new:
        copying.copy("documents", DOCUMENT_COLUMNS, map(_document, new))
        copying.copy("passages", PASSAGE_COLUMNS, _passages(new))
    files = [each for each in arrivals if known.get(each.id, each.blob) == each.blob]
    # Also where the bytes were lost since.
    blobs.put_all([each.incoming for each in files if each.incoming is not None])
    for each in arrivals:
        if each.incoming is None and _is_lost(known.get(each.id, "")):
            blobs.restore(each.text.encode())  # it came as a file, and now as a text
    return frozenset(each.id for each in new), list(_queue(new))


def _is_lost(blob: str) -> bool:
    return bool(blob) and not blobs.is_there(blob)


def _known(arrivals: Sequence[Arrival]) -> dict[UUID, str]:
    """Those that are kept already, each with its blob."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [copying.array(arrival.id for arrival in arrivals)])
        return dict(cursor.fetchall())


def _document(arrival: Arrival) -> tuple[bytes, ...]:
    label = arrival.label
    return (
        copying.uuid(arrival.id),
        copying.bigint(arrival.owner_id),
        copying.text(label.title),
        copying.text(label.source),
        copying.text(label.content_type),
        copying.json(orjson.dumps(label.metadata)),
        copying.json(orjson.dumps(label.hints)),
        copying.bigint(arrival.size),
        copying.text(arrival.sha256.hex()),
        copying.text(arrival.blob),
        copying.text(arrival.state.value),
    )


def _passages(arrivals: Iterable[Arrival]) -> Iterable[tuple[bytes, ...]]:
    for arrival in arrivals:
        pieces = cut([arrival.text]) if arrival.text else ()
        for position, text in enumerate(pieces):
            yield copying.uuid(arrival.id), copying.integer(position), copying.text(text)


def _queue(new: Sequence[Arrival]) -> Iterable[int]:
    """One job to index what came as text, and one to read each few files."""
    ready = [each for each in new if each.state == State.READY]
    if ready:
        yield _job(Kind.INDEX, ready, not_before_seconds=INDEX_AFTER_SECONDS)
    files = [each for each in new if each.incoming is not None]
    for start in range(0, len(files), FILES_PER_JOB):
        yield _job(Kind.EXTRACT, files[start : start + FILES_PER_JOB])


def _job(kind: Kind, arrivals: Sequence[Arrival], *, not_before_seconds: float = 0) -> int:
    return jobs.add(
        kind,
        [each.id for each in arrivals],
        lane=Lane.BULK,
        size=sum(each.size for each in arrivals),
        not_before_seconds=not_before_seconds,
    )
