"""Several workers on one machine: a parent that starts them, watches them and stops them.

The parent opens no connection to the database, so that nothing of it is shared by a fork. Each
child writes a line into a common pipe, at least every second: that it lives, and how many jobs
it has done. It ends when the parent is gone: a pipe into which nobody writes is closed then.
"""

import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

TURN_SECONDS = 1.0
BEAT_SECONDS = 1.0
# A child that was silent for so long does nothing any more; others have its jobs by then.
SILENT_SECONDS = 60.0
SHORT_LIFE_SECONDS = 5.0
# Short, because others may have died of a job that is theirs no more.
LONGEST_PAUSE_SECONDS = 3.0
# More than a child grants itself for the job in hand.
EXTRA_SECONDS = 3.0
NOTHING_LEFT = 0


@dataclass(frozen=True)
class Line:
    """What a child holds of the pipes."""

    slot: int
    parent: int
    """Ends with the parent."""
    beats: int

    def beat(self, done: int) -> None:
        with suppress(BlockingIOError, BrokenPipeError):  # the parent does not read just now
            os.write(self.beats, f"{self.slot} {done}\n".encode())


class Beats:
    """Reports at most once in a while, however often it is called."""

    def __init__(self, line: Line, done: Callable[[], int]) -> None:
        self.line, self.done, self.next = line, done, 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + BEAT_SECONDS
            self.line.beat(self.done())


Work = Callable[[Line], None]


@dataclass
class Child:
    """One place in the fleet, and the process that fills it just now."""

    name: str
    work: Work
    pid: int = 0
    started: float = 0.0
    last_beat: float = 0.0
    may_start_at: float = 0.0
    failures: int = 0
    done: int = 0
    """Jobs of the process that runs."""
    done_before: int = 0
    """Jobs of those that ran before."""
    has_finished: bool = False

    def ended(self, status: int) -> str:
        """Note the end of its process; how it ended, in words."""
        self.has_finished = os.WIFEXITED(status) and os.WEXITSTATUS(status) == NOTHING_LEFT
        short = time.monotonic() - self.started < SHORT_LIFE_SECONDS
        self.failures = self.failures + 1 if short else 0
        pause = min(0.2 * 2**self.failures, LONGEST_PAUSE_SECONDS) if self.failures > 1 else 0.0
        self.may_start_at = time.monotonic() + pause
        self.done_before, self.done, self.pid = self.done_before + self.done, 0, 0
        if os.WIFSIGNALED(status):
            return f"was killed by signal {os.WTERMSIG(status)}"
        return f"ended with status {os.WEXITSTATUS(status)}"


@dataclass
class Fleet:
    heartbeat: Path | None = None
    """Touched while all children are alive and report."""
    grace_seconds: float = 10.0
    ends: bool = False
    """Whether children end when nothing is left to do."""
    children: list[Child] = field(default_factory=list)
    failed: bool = False

    def add(self, name: str, work: Work) -> None:
        self.children.append(Child(name, work))

    def run(self) -> int:
        """Until told to stop, or until all have ended; how many jobs they have done."""
        self._stopping = False
        self._open_pipes()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._order_to_stop)
        try:
            while not self._stopping and not self._is_over():
                self._start_missing()
                self._watch(TURN_SECONDS)
        finally:
            self._stop_all()
        return sum(child.done_before + child.done for child in self.children)

    def _open_pipes(self) -> None:
        self._life, self._life_end = os.pipe()
        self._beats, self._beats_end = os.pipe()
        self._signals, self._signals_end = os.pipe()
        for descriptor in (self._beats, self._beats_end, self._signals_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._signals_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only so that it wakes us
        self._unread = b""
        self._last_turn = time.monotonic()

    def _order_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _is_over(self) -> bool:
        return self.failed or (self.ends and all(child.has_finished for child in self.children))

    # --- Starting ----------------------------------------------------------------------------

    def _start_missing(self) -> None:
        now = time.monotonic()
        for slot, child in enumerate(self.children):
            finished = self.ends and child.has_finished
            if not child.pid and not finished and now >= child.may_start_at:
                self._start(slot, child)

    def _start(self, slot: int, child: Child) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # else both processes write what is in it
        child.started = child.last_beat = time.monotonic()
        child.pid = os.fork()
        if child.pid == 0:
            self._be(child, Line(slot, self._life, self._beats_end))

    def _be(self, child: Child, line: Line) -> None:
        """The child's whole life. Nothing of the parent's must run in it afterwards."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for descriptor in (self._life_end, self._beats, self._signals, self._signals_end):
                os.close(descriptor)
            child.work(line)
            status = NOTHING_LEFT
        except BaseException:
            log.exception("The %s ended with an error", child.name)
            raise
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(status)

    # --- Watching ----------------------------------------------------------------------------

    def _watch(self, seconds: float) -> None:
        ready, _, _ = select.select([self._beats, self._signals], [], [], seconds)
        if self._signals in ready:
            os.read(self._signals, 4096)
        self._read_beats()
        self._bury()
        self._end_the_silent()
        if self.heartbeat and all(child.pid for child in self.children):
            self._touch(self.heartbeat)

    def _read_beats(self) -> None:
        with suppress(BlockingIOError):
            while more := os.read(self._beats, 65536):
                self._unread += more
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            slot, done = map(int, line.split())
            self.children[slot].last_beat = time.monotonic()
            self.children[slot].done = done

    def _bury(self) -> None:
        for child in self.children:
            if child.pid:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    self._note_end(child, status)

    def _note_end(self, child: Child, status: int) -> None:
        self._read_beats()  # its last words
        said = child.ended(status)
        if self._stopping or (self.ends and child.has_finished):
            return
        if self.ends and os.WIFEXITED(status):
            self.failed = True
        log.warning("The %s %s", child.name, said)

    def _end_the_silent(self) -> None:
        now, before = time.monotonic(), self._last_turn
        self._last_turn = now
        if now - before > SILENT_SECONDS / 4:  # it was us who slept
            for child in self.children:
                child.last_beat = now
        for child in self.children:
            if child.pid and now - child.last_beat > SILENT_SECONDS:
                log.warning("The %s is frozen; starting another one", child.name)
                os.kill(child.pid, signal.SIGKILL)

    def _touch(self, heartbeat: Path) -> None:
        """One child that does not report is enough for the probe to find out."""
        slowest = min(child.last_beat for child in self.children)
        if time.monotonic() - slowest < SILENT_SECONDS / 4:
            heartbeat.touch()

    # --- Stopping ----------------------------------------------------------------------------

    def _stop_all(self) -> None:
        self._stopping = True
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + self.grace_seconds + EXTRA_SECONDS
        while self._alive() and time.monotonic() < deadline:
            self._watch(0.1)
        self._signal_all(signal.SIGKILL)
        while self._alive():
            self._watch(0.1)
        signal.set_wakeup_fd(-1)
        for descriptor in (
            *(self._life, self._life_end, self._beats, self._beats_end),
            *(self._signals, self._signals_end),
        ):
            os.close(descriptor)

    def _alive(self) -> Sequence[Child]:
        return [child for child in self.children if child.pid]

    def _signal_all(self, number: int) -> None:
        for child in self._alive():
            os.kill(child.pid, number)
