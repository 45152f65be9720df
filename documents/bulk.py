"""A stream of many documents → intake in batches, with a result for each.

A batch is one transaction with its passages and its jobs. Memory holds a few batches, however
long the stream is. What is there already costs a look, not a write; so a stream that was
broken off is simply sent again.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from threading import Barrier
from typing import Protocol, Self
from uuid import UUID

from django.db import connection

from documents import loading
from documents.blobs import Incoming
from documents.errors import DocumentError
from documents.first_lines import FirstLines
from documents.label import Label
from documents.loading import Arrival

BATCH_DOCUMENTS = 1000
BATCH_FILES = 64  # each is an open file until it is kept
BATCH_BYTES = 4 * 1000**2
LOADERS = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One document of a stream."""

    line: int
    label: Label
    content: str | Incoming


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is no document."""

    line: int
    error: DocumentError


@dataclass(frozen=True, slots=True)
class Result:
    line: int
    status: str
    """created, duplicate or failed."""
    id: UUID | None = None
    size: int = 0
    """Of the content, in bytes."""
    repeats_line: int | None = None
    """The line of this stream that had the same content first."""
    error: DocumentError | None = None


class Batch:
    """Lines in order: those that can be kept, and what became of the others at once."""

    def __init__(self) -> None:
        self.lines: list[Arrival | Bad] = []
        self.repeats: dict[int, int] = {}  # line → the line that it repeats
        self.created: frozenset[UUID] = frozenset()
        self.size = self.files = 0

    @property
    def arrivals(self) -> list[Arrival]:
        return [each for each in self.lines if isinstance(each, Arrival)]

    @property
    def firsts(self) -> list[Arrival]:
        """Without those that repeat a line."""
        return [each for each in self.arrivals if each.line not in self.repeats]

    @property
    def is_full(self) -> bool:
        return (
            len(self.lines) >= BATCH_DOCUMENTS
            or self.size >= BATCH_BYTES
            or self.files >= BATCH_FILES
        )

    def add(self, item: Item | Bad, *, owner_id: int) -> None:
        if isinstance(item, Bad):
            self.lines.append(item)
            return
        arrival = Arrival.of(item.content, line=item.line, label=item.label, owner_id=owner_id)
        self.lines.append(arrival)
        self.size += arrival.size
        self.files += arrival.incoming is not None

    def results(self) -> Iterator[Result]:
        for each in self.lines:
            if isinstance(each, Bad):
                yield Result(each.line, "failed", error=each.error)
            elif (earlier := self.repeats.get(each.line)) is not None:
                yield Result(each.line, "duplicate", each.id, each.size, repeats_line=earlier)
            elif (error := each.error) is not None:
                yield Result(each.line, "failed", error=error)
            else:
                status = "created" if each.id in self.created else "duplicate"
                yield Result(each.line, status, each.id, each.size)

    def close(self) -> None:
        for arrival in self.arrivals:
            arrival.close()


def load(items: Iterable[Item | Bad], *, owner_id: int, dry_run: bool = False) -> Iterator[Result]:
    """Keep them all; a result for each, in order, once its batch is committed.

    Inside of a transaction everything is part of it. With `dry_run` nothing is written, and
    `created` means that it would be.
    """
    keeper: Keeps = loading.Looker() if dry_run else loading.Keeper()
    in_line = dry_run or connection.in_atomic_block
    with closing(FirstLines()) as firsts, Writers(keeper, count=0 if in_line else LOADERS) as way:
        try:
            for batch in _batches(items, owner_id=owner_id):
                batch.repeats = firsts.repeated(batch.arrivals)
                for done in way.submit(batch):
                    yield from done.results()
        except DocumentError:  # what cannot be read further: what came before is kept
            for done in way.finish():
                yield from done.results()
            raise
        for done in way.finish():
            yield from done.results()


def _batches(items: Iterable[Item | Bad], *, owner_id: int) -> Iterator[Batch]:
    batch = Batch()
    try:
        for item in items:
            batch.add(item, owner_id=owner_id)
            if batch.is_full:
                yield batch
                batch = Batch()
        if batch.lines:
            yield batch
    except BaseException:
        batch.close()
        raise


class Keeps(Protocol):
    def keep(self, arrivals: Sequence[Arrival]) -> frozenset[UUID]: ...

    def finish(self) -> None: ...


class Writers:
    """Connections of their own that keep batches, while the next ones are being read.

    The first batch waits for a second: if there is none, it needs no further connection.
    """

    def __init__(self, keeper: Keeps, *, count: int) -> None:
        self.keeper, self.count = keeper, count
        self._pool: ThreadPoolExecutor | None = None
        self._first: Batch | None = None
        self._under_way: deque[tuple[Batch, Future[None]]] = deque()

    def __enter__(self) -> Self:
        return self

    def submit(self, batch: Batch) -> Iterator[Batch]:
        """Those that are done by now, oldest first; waits when too many are under way."""
        if self.count == 0:
            self._keep(batch)
            yield batch
            return
        if self._pool is None:
            if self._first is None:
                self._first = batch
                return
            self._pool = ThreadPoolExecutor(self.count)
            self._start(self._first)
        self._start(batch)
        while len(self._under_way) > self.count:
            yield self._oldest()

    def finish(self) -> Iterator[Batch]:
        if self._first is not None and self._pool is None:
            self._keep(self._first)
            yield self._first
        while self._under_way:
            yield self._oldest()
        self.keeper.finish()

    def _start(self, batch: Batch) -> None:
        assert self._pool is not None  # noqa: S101
        self._under_way.append((batch, self._pool.submit(self._keep, batch)))

    def _oldest(self) -> Batch:
        batch, future = self._under_way[0]
        future.result()
        self._under_way.popleft()
        return batch

    def _keep(self, batch: Batch) -> None:
        try:
            batch.created = self.keeper.keep(batch.firsts)
        finally:
            batch.close()

    def __exit__(self, *exc: object) -> None:
        if self._pool is None:
            if self._first is not None:
                self._first.close()
            return
        # What was started is finished; each thread closes its own connection.
        barrier = Barrier(self.count)
        for _ in range(self.count):
            self._pool.submit(_leave, barrier)
        self._pool.shutdown(wait=True)


def _leave(barrier: Barrier) -> None:
    barrier.wait()
    connection.close()
