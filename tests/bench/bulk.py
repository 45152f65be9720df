"""One upload of many documents: until it is acknowledged, until all is found, and again."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.bench import clients, copying, ours
from tests.bench.copying import Ready
from tests.bench.corpus import Sample
from tests.bench.errors import BenchError
from tests.bench.rounds import order
from tests.bench.stage import Stage, cut
from tests.bench.system import System
from tests.bench.table import Row, ratios


@dataclass
class Seconds:
    """Round by round."""

    acknowledged: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    peer_known: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)


def rows(stage: Stage) -> Iterator[Row]:
    took = Seconds()
    for number in range(stage.scale.rounds):
        _round(stage, took, number=number)
    stage.clear()
    count = f"bulk of {stage.scale.bulk:,}"
    for what, against, above, below, target in (
        ("until acknowledged", "peer", took.peer, took.acknowledged, 6),
        ("until acknowledged", "raw COPY", took.copy, took.acknowledged, 0.5),
        ("until all is searchable", "peer", took.peer, took.found, 1.2),
        ("until all is searchable", "plain SQL on as many connections", took.sql, took.found, 0.8),
        ("all of them known", "peer", took.peer_known, took.known, 5),
    ):
        yield Row(
            what=f"{count}: {what}",
            against=against,
            figures=ratios(above, below),
            at_least=target,
            note=f"{_rate(stage, below)} : {_rate(stage, above)} documents a second",
        )


def _rate(stage: Stage, took: list[float]) -> str:
    return f"{stage.scale.bulk / statistics.median(took):.0f}"


def _round(stage: Stage, took: Seconds, *, number: int) -> None:
    """Everybody takes in the same documents, into empty tables; then the two again."""
    samples = stage.fresh(stage.scale.bulk)
    body = b"\n".join(each.line() for each in samples)
    new: dict[str, Callable[[], None]] = {
        "service": partial(_ours_new, stage, body, took),
        "peer": partial(_timed, took.peer, partial(_upload, stage, stage.peer, body)),
        "copy": partial(_copy, stage, samples, took),
        "sql": partial(_sql, stage, samples, took),
    }
    again: dict[str, Callable[[], None]] = {
        "service": partial(_timed, took.known, partial(_again, stage, stage.service, body)),
        "peer": partial(_timed, took.peer_known, partial(_again, stage, stage.peer, body)),
    }
    stage.clear()
    for name in order(list(new), number=number):
        new[name]()
        stage.settle()
    for name in order(list(again), number=number):
        again[name]()
        stage.settle()


def _timed(seconds: list[float], work: Callable[[], Any]) -> None:
    started = time.perf_counter()
    work()
    seconds.append(time.perf_counter() - started)


def _ours_new(stage: Stage, body: bytes, took: Seconds) -> None:
    started = time.perf_counter()
    _upload(stage, stage.service, body)
    took.acknowledged.append(time.perf_counter() - started)
    stage.wait_until_drained()
    took.found.append(time.perf_counter() - started)


def _upload(stage: Stage, system: System, body: bytes) -> None:
    said = clients.upload(system.port, [system.bulk(body)]).json()
    _demand(said, created=stage.scale.bulk, duplicates=0)


def _again(stage: Stage, system: System, body: bytes) -> None:
    said = clients.upload(system.port, [system.bulk(body)]).json()
    _demand(said, created=0, duplicates=stage.scale.bulk)


def _demand(said: dict[str, Any], **wanted: int) -> None:
    found = {name: said[name] for name in wanted}
    if found != wanted:
        raise BenchError(f"A bulk upload gave {found} instead of {wanted}: {said}")


def _copy(stage: Stage, samples: list[Sample], took: Seconds) -> None:
    ready = Ready.of(samples, owner=stage.service.owner)
    _timed(took.copy, partial(copying.load, stage.postgres, ready))
    with stage.postgres.cursor(ours.TWIN) as cursor:
        cursor.execute(f"TRUNCATE {', '.join(ours.TABLES)}")  # the other yardstick's turn


def _sql(stage: Stage, samples: list[Sample], took: Seconds) -> None:
    parts = [
        Ready.of(part, owner=stage.service.owner)
        for part in cut(samples, parts=ours.worker_processes())
    ]
    _timed(took.sql, partial(copying.load_and_index, stage.postgres, parts))
    with stage.postgres.cursor(ours.TWIN) as cursor:
        cursor.execute(f"TRUNCATE {', '.join(ours.TABLES)}")
