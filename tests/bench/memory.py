"""What one upload takes of memory, however long it is."""

import threading
from collections.abc import Iterator
from types import TracebackType

import psutil

from tests.bench import clients
from tests.bench.corpus import Sample
from tests.bench.errors import BenchError
from tests.bench.programs import resident_bytes
from tests.bench.stage import Stage
from tests.bench.system import System
from tests.bench.table import Row

MOST_MB = 30
PIECE = 64
WARM_UP = 1_000


def rows(stage: Stage) -> Iterator[Row]:
    """The worker rests meanwhile: the web processes are looked at, and a million documents
    would be waited for."""
    stage.clear()
    _upload(stage, stage.service, WARM_UP)  # modules, pools and buffers that stay
    stage.clear()
    worker = stage.service.worker
    if worker is not None:
        worker.stop()
    try:
        for lines in stage.scale.memory:
            yield _row(stage, lines)
            _empty(stage, stage.service)
    finally:
        if worker is not None:
            worker.start()


def _row(stage: Stage, lines: int) -> Row:
    return Row(
        what=f"bulk of {lines:,}: memory of the web processes",
        against="over idle",
        figures=[_over_idle(stage, stage.service, lines)],
        at_most=MOST_MB,
        unit="MB",
    )


def _over_idle(stage: Stage, system: System, lines: int) -> float:
    processes = system.web.processes()
    idle = resident_bytes(processes)
    with Peak(processes) as peak:
        _upload(stage, system, lines)
    return max(0.0, (peak.bytes - idle) / 1e6)


def _upload(stage: Stage, system: System, lines: int) -> None:
    said = clients.upload(system.port, system.bulk_in_pieces(_pieces(stage, lines))).json()
    if said["created"] != lines:
        raise BenchError(f"Not all of {lines} lines are new: {said}")


def _pieces(stage: Stage, lines: int) -> Iterator[bytes]:
    """Made while they are sent: a million documents are 2 GB."""
    for start in range(0, lines, PIECE):
        samples: list[Sample] = stage.fresh(min(PIECE, lines - start))
        yield b"".join(each.line() + b"\n" for each in samples)


def _empty(stage: Stage, system: System) -> None:
    with stage.postgres.cursor(system.database) as cursor:
        cursor.execute(f"TRUNCATE {', '.join(system.tables)}")


class Peak:
    """Looks at the processes beside the work, and keeps the highest."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self.bytes = 0
        self._processes = processes
        self._done = threading.Event()
        self._beside = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._done.wait(0.05):
            self.bytes = max(self.bytes, resident_bytes(self._processes))

    def __enter__(self) -> "Peak":
        self._beside.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._beside.join()
        self.bytes = max(self.bytes, resident_bytes(self._processes))
