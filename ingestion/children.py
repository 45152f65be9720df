"""Programs that run beside this process and end with it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

GRACE_SECONDS = 15
# One that lives shorter has failed; so many failures in a row are too many.
SHORT_LIFE_SECONDS = 5
FAILURES = 5
PR_SET_PDEATHSIG = 1  # prctl(2), Linux only


class Child:
    """One program, which is started again when it ends by itself."""

    def __init__(self, name: str, command: Sequence[str], *, folder: Path) -> None:
        self.name, self.command, self.folder = name, command, folder
        self.failures = 0
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        # A session of its own: Ctrl-C reaches our process only, which stops them in order.
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  (called before there are threads)
        )

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def clear(self) -> None:
        """End what it left behind: a killed server's own children keep its port."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def start_again(self) -> bool:
        """False when it ends again and again."""
        self.clear()
        short = time.monotonic() - self.started < SHORT_LIFE_SECONDS
        self.failures = self.failures + 1 if short else 0
        if self.failures >= FAILURES:
            return False
        time.sleep(self.failures * 0.2)
        self.start()
        return True

    def stop(self, *, deadline: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.1, deadline - time.monotonic()))
        self.clear()
        self.process.wait()


@dataclass
class Children:
    """Starts programs, keeps them up, stops all of them."""

    running: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str], *, folder: Path) -> None:
        self.running.append(Child(name, command, folder=folder))

    def ended(self) -> list[Child]:
        """Those that have ended by themselves."""
        return [child for child in self.running if child.has_ended()]

    def stop(self) -> None:
        for child in self.running:
            if not child.has_ended():
                child.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.running:
            child.stop(deadline=deadline)


def _end_with_parent() -> None:
    """A killed parent takes its children along, so that no server keeps the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
