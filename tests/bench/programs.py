"""Servers that run beside the benchmark and end with it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from ingestion import children
from tests.bench.errors import BenchError

PROJECT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 30


class Program:
    """One program and what it starts, in a process group of its own; what it says is in a file."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], folder: Path
    ) -> None:
        self.name, self.command, self.env = name, command, env
        self.log = folder / f"{name.replace(' ', '-')}.log"
        self.start()

    def start(self) -> None:
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=children._end_with_parent,  # noqa: PLW1509  (no thread runs then)
            )

    def stop(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def demand_alive(self) -> None:
        if self._process.poll() is not None:
            raise BenchError(f"The {self.name} has ended by itself:\n{self.last_words()}")

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3_000:]

    def processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def wait_for_port(self, port: int, *, patience_seconds: float = 60) -> None:
        deadline = time.monotonic() + patience_seconds
        while True:
            self.demand_alive()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            if time.monotonic() > deadline:
                raise BenchError(f"The {self.name} does not answer:\n{self.last_words()}")
            time.sleep(0.05)


def cpu_seconds(processes: Sequence[psutil.Process], *, with_ended: bool = False) -> float:
    """Processor time of these; `with_ended` adds that of their children that are gone."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
            if with_ended:
                total += times.children_user + times.children_system
    return total


def resident_bytes(processes: Sequence[psutil.Process]) -> int:
    """Memory of these together: a page that two share counts once, where the kernel says so."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            full = process.memory_full_info()
            total += getattr(full, "pss", full.rss)
    return total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
