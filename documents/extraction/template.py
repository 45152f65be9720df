"""The template process: it has the readers loaded, and forks a child for each document.

It never looks at a document itself, has neither Django nor a secret in it, and ends when the
worker that started it does. With an order come four descriptors: the original, the pipe for
what is found, a line on which the end of the child is told, and a socket that brings more
orders to a child that is shared. When the worker lets go of the line, the child is killed.
"""

import contextlib
import errno
import fcntl
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from documents.extraction import READERS, child, landlock, seccomp
from documents.extraction.order import Ending, Order, receive

DESCRIPTORS = 4
READY = b"ready\n"
# Descriptors that the template may hold: three for each child, which has few of its own.
OPEN_FILES = 1024
IDLE_MS = 1
# The end of the worker shows on the socket; this is for one whose copies live on elsewhere.
LOOK_FOR_WORKER_MS = 2000


@dataclass
class Template:
    control: socket.socket
    worker: int
    """Its process id."""
    ruleset: int | None
    lines: dict[int, socket.socket] = field(default_factory=dict)
    """Of each child by its process id; the worker's half may be closed by now."""
    not_loaded: list[str] = field(default_factory=list)

    def serve(self, *, alarm: int) -> None:
        """Until the worker is gone."""
        while os.getppid() == self.worker:
            ready = self._wait(alarm)
            if alarm in ready:
                _empty(alarm)
            self._bury()
            self._kill_where_nobody_waits(ready)
            if self.control.fileno() in ready and not self._take_order():
                break
            if not ready and self.not_loaded:
                _load(self.not_loaded.pop(0))
        for pid in self.lines:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _wait(self, alarm: int) -> set[int]:
        poll = select.poll()
        for descriptor in (alarm, self.control.fileno()):
            poll.register(descriptor, select.POLLIN)
        for line in self.lines.values():
            if line.fileno() >= 0:
                poll.register(line.fileno(), select.POLLIN)
        timeout = IDLE_MS if self.not_loaded else LOOK_FOR_WORKER_MS
        return {descriptor for descriptor, _ in poll.poll(timeout)}

    def _bury(self) -> None:
        for pid, ending in _ended():
            if (line := self.lines.pop(pid, None)) is not None and line.fileno() >= 0:
                _tell(line, ending)

    def _kill_where_nobody_waits(self, ready: set[int]) -> None:
        for pid, line in self.lines.items():
            if line.fileno() in ready:  # nothing is ever said on it from there
                os.kill(pid, signal.SIGKILL)
                line.close()

    def _take_order(self) -> bool:
        """Whether there was one; else the worker is gone."""
        if (received := receive(self.control, descriptors=DESCRIPTORS)) is None:
            return False
        order, (original, pipe, line, more) = received
        self._fork(order, line=line, original=original, pipe=pipe, more=more)
        return True

    def _fork(self, order: Order, *, line: int, **its: int) -> None:
        here = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _tell(socket.socket(fileno=line), Ending(not_started=os.strerror(error.errno or 0)))
        else:
            if pid == 0:
                _forget_the_template(*its.values(), self.ruleset)
                child.run(order, **its, ruleset=self.ruleset, parent=here)
            self.lines[pid] = socket.socket(fileno=line)
        for descriptor in its.values():
            os.close(descriptor)


def _ended() -> Iterator[tuple[int, Ending]]:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            # Linux counts in KiB, macOS in bytes.
            unit = 1 if sys.platform == "darwin" else 1024
            yield pid, Ending(status=status, peak_bytes=usage.ru_maxrss * unit)


def _tell(line: socket.socket, ending: Ending) -> None:
    with line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        line.sendall(ending.to_bytes())


def _forget_the_template(*keep: int | None) -> None:
    """In the child: none of its descriptors, nothing to write to, no handlers."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    start = 3
    for descriptor in sorted(each for each in keep if each is not None):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, OPEN_FILES)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _empty(alarm: int) -> None:
    try:
        while os.read(alarm, 4096):
            pass
    except OSError as error:
        if error.errno != errno.EAGAIN:
            raise


def _load(module: str) -> None:
    """While there is nothing else to do, so that no child has to."""
    with contextlib.suppress(Exception):  # the child that needs it will say what is wrong
        importlib.import_module(module)
    gc.freeze()  # what is there by now is never looked at again, and so stays shared


def _alarm() -> int:
    """A pipe that can be read as soon as a child ended."""
    alarm, ring = os.pipe()
    for end in (alarm, ring):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    return alarm


def _settle() -> None:
    """It ends with the worker, not with what Ctrl-C or a supervisor sends to all at once."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    fewer = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (fewer, most))


def main() -> None:
    """Arguments: the descriptor of the control socket, the worker's process id."""
    _settle()
    control = socket.socket(fileno=int(sys.argv[1]))
    fcntl.fcntl(control, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    template = Template(
        control,
        worker=int(sys.argv[2]),
        ruleset=landlock.ruleset(),
        not_loaded=sorted({reader.at.partition(":")[0] for reader in READERS.values()}),
    )
    alarm = _alarm()
    seccomp.prepare()
    gc.freeze()
    control.sendall(READY)
    template.serve(alarm=alarm)
