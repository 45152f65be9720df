"""The worker's hold on the template process: started at first need, and again when it died."""

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from documents.extraction.endings import Interrupted
from documents.extraction.order import Order, send
from documents.extraction.template import READY

log = logging.getLogger(__name__)

START_SECONDS = 60.0
STOP_SECONDS = 5.0
# Nothing that the worker was told in its environment, least of all passwords and keys.
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "TZ", "TMPDIR")
CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from documents.extraction.template import main; main()"
)


@dataclass(frozen=True)
class Hold:
    """The worker's hold on one child."""

    pipe: int
    """What the document comes through."""
    line: socket.socket
    """Where its end is told; closed, it ends."""
    more: socket.socket
    """Where a shared child gets its next order."""

    def close(self) -> None:
        os.close(self.pipe)
        self.line.close()
        self.more.close()


class Launch:
    """One template process for all threads of this process; a fork of it gets its own."""

    def __init__(self, *, python: str = sys.executable) -> None:
        self.python = python
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def place(self, order: Order, *, original: int) -> Hold:
        """Raises Interrupted where no process can be had."""
        pipe, far_pipe = os.pipe()
        (line, far_line), (more, far_more) = socket.socketpair(), socket.socketpair()
        hold, far = Hold(pipe, line, more), Hold(far_pipe, far_line, far_more)
        try:
            descriptors = [original, far.pipe, far.line.fileno(), far.more.fileno()]
            self._send(order, descriptors=descriptors)
        except BaseException:
            hold.close()
            raise
        finally:
            far.close()
        return hold

    def _send(self, order: Order, *, descriptors: list[int]) -> None:
        with self._lock:
            for is_last in (False, True):
                control = self._running()
                try:
                    send(order, through=control, descriptors=descriptors)
                except OSError as error:
                    self._stop()
                    if is_last:
                        raise Interrupted(
                            f"The template process takes no order: {error}"
                        ) from error
                else:
                    return

    def _running(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            log.warning("The template process had ended (%s).", self._process.returncode)
            self._stop()
        if self._control is None:
            self._start()
        assert self._control is not None  # noqa: S101  (started, or raised)
        return self._control

    def _start(self) -> None:
        near, far = socket.socketpair()
        near.settimeout(START_SECONDS)
        try:
            with far:
                self._process = subprocess.Popen(
                    self._command(far.fileno()),
                    env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[far.fileno()],
                    start_new_session=True,
                )
            self._control = near
            answer = near.recv(len(READY))
        except OSError as error:
            self._stop()
            near.close()
            raise Interrupted(f"The template process did not start: {error}") from error
        if answer != READY:
            self._stop()
            raise Interrupted("The template process did not start; its reason stands above.")

    def _command(self, control: int) -> list[str]:
        path = json.dumps([str(Path(entry).absolute()) for entry in sys.path])
        options = ["-I", "-X", "utf8"]
        return [self.python, *options, "-c", CODE, str(control), str(os.getpid()), path]

    def stop(self) -> None:
        """End it, and what it reads. It starts again when it is needed."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()  # it ends when it sees that
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._control = self._process = None

    def forget(self) -> None:
        """In a fork: it is the child of another, who has its own hold on it."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.returncode = 0  # no child of ours to wait for
        self.__init__(python=self.python)  # type: ignore[misc]


TEMPLATE = Launch()
atexit.register(TEMPLATE.stop)
os.register_at_fork(after_in_child=TEMPLATE.forget)
