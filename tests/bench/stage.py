"""What the workloads share: the server, both systems, and where the numbers of documents go on."""

import sys
import time
from contextlib import ExitStack
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType

import psutil

from tests.bench import clients, corpus, ours, theirs
from tests.bench.corpus import Corpus, Sample
from tests.bench.errors import BenchError
from tests.bench.postgres import Postgres
from tests.bench.programs import cpu_seconds
from tests.bench.scale import Scale
from tests.bench.system import DOCUMENTS, System

PATIENCE_SECONDS = 1_800


class Stage:
    """Starts what is asked for when it is asked for, and stops it in the end."""

    def __init__(self, folder: Path, *, scale: Scale, postgres: Postgres) -> None:
        self.folder, self.scale, self.postgres = folder, scale, postgres
        self._to_close = ExitStack()
        self._next_number = 0
        self._started: list[System] = []

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._to_close.close()

    @cached_property
    def corpus(self) -> Corpus:
        return corpus.load()

    @cached_property
    def service(self) -> System:
        return self._up(ours.start(self.postgres, self.folder / "service"))

    @cached_property
    def peer(self) -> System:
        return self._up(theirs.start(self.postgres, self.folder / "peer"))

    @property
    def systems(self) -> tuple[System, System]:
        return self.service, self.peer

    def _up(self, system: System) -> System:
        self._to_close.callback(system.stop)
        self._started.append(system)
        clients.ask(system.port, system.get("/health/ready"))
        warm_up = [system.get(DOCUMENTS)] * 200  # all processes and threads have imported all
        clients.load(system.port, warm_up, clients=16)
        sys.stderr.write(f"{system}\n")  # for a profiler
        return system

    def fresh(self, count: int) -> list[Sample]:
        """Documents that nobody has seen in this run."""
        return list(self.corpus.samples(self.fresh_numbers(count)))

    def fresh_numbers(self, count: int) -> range:
        start, self._next_number = self._next_number, self._next_number + count
        return range(start, start + count)

    def clear(self) -> None:
        """Both systems, and their twins, without a document."""
        self.settle()
        for system, twin in ((self.service, ours.TWIN), (self.peer, theirs.TWIN)):
            for database in (system.database, twin):
                with self.postgres.cursor(database) as cursor:
                    cursor.execute(f"TRUNCATE {', '.join(system.tables)}")

    def settle(self) -> None:
        """Until nothing is left to do of what came before."""
        self.wait_until_drained()
        self._demand_all_found()
        for system, twin in ((self.service, ours.TWIN), (self.peer, theirs.TWIN)):
            for database in (system.database, twin):
                self.postgres.tidy(database, system.tables)

    def wait_until_drained(self) -> None:
        """Until the service's worker has made everything searchable."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.postgres.cursor(self.service.database) as cursor:
            while True:
                cursor.execute("SELECT EXISTS (SELECT FROM jobs)")
                if not cursor.fetchone()[0]:
                    return
                if time.monotonic() > deadline:
                    raise BenchError(f"The worker has not finished in {PATIENCE_SECONDS} s.")
                time.sleep(0.01)

    def _demand_all_found(self) -> None:
        """A document that no search finds would make the worker look quick."""
        waiting = "SELECT count(*) FROM documents WHERE NOT indexed"
        if left := self.postgres.value(self.service.database, waiting):
            raise BenchError(f"The worker is done, and {left} documents are not indexed.")

    def last_words(self) -> str:
        """What the programs said, which is gone with their folder."""
        said = {
            program.name: program.last_words()
            for system in self._started
            for program in (system.web, system.worker)
            if program is not None
        }
        return "".join(f"\nThe {name} said:\n{words}" for name, words in said.items() if words)

    def cpu(self, system: System) -> "Cpu":
        return Cpu(
            web=cpu_seconds(system.web.processes()),
            worker=cpu_seconds(system.worker.processes()) if system.worker else 0,
            postgres=cpu_seconds(self._backends(), with_ended=True),
        )

    @cached_property
    def _postmaster(self) -> psutil.Process | None:
        return self.postgres.process()

    def _backends(self) -> list[psutil.Process]:
        if self._postmaster is None:
            return []
        return [self._postmaster, *self._postmaster.children()]


class Cpu(dict[str, float]):
    """Seconds of processor time so far."""

    def __init__(self, **seconds: float) -> None:
        super().__init__(seconds)

    def since(self, before: "Cpu", *, each: int) -> dict[str, float]:
        """Milliseconds for each of so many requests."""
        return {name: round((self[name] - before[name]) / each * 1_000, 4) for name in self}


def cut(items: list[Sample], *, parts: int) -> list[list[Sample]]:
    """Into so many parts of the same size."""
    each = iter(items)
    size = -(-len(items) // parts)
    return [list(islice(each, size)) for _ in range(parts)]
