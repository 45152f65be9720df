"""Ctrl-C, or SIGTERM, while a statement runs: the server is told to stop it, at once.

psycopg2 waits inside libpq, where Python hears no signal until the statement is done: that may be
an hour of CREATE INDEX. A thread hears it through the wakeup file descriptor and cancels.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psycopg2
from django.db.backends.base.base import BaseDatabaseWrapper

# A request to cancel that reaches the server before the statement does is lost.
AGAIN_SECONDS = 0.2
# The interpreter hears a signal at once, or when the statement is over.
AT_ONCE_SECONDS = 1.0


class _Heard:
    """When the interpreter last heard a signal, and raised KeyboardInterrupt."""

    def __init__(self) -> None:
        self.at = float("-inf")

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.at = time.monotonic()
        signal.default_int_handler(number, frame)


@contextmanager
def cancelled_by_ctrl_c(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """KeyboardInterrupt comes out of the block soon after Ctrl-C, whatever the server is doing.

    After SIGTERM too, which is how a container is asked to stop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    heard = _Heard()
    fd_before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    # In the background of a script Ctrl-C is ignored, and stays so.
    is_ours = signal.getsignal(signal.SIGINT) != signal.SIG_IGN
    numbers = (signal.SIGINT, signal.SIGTERM) if is_ours else (signal.SIGTERM,)
    before = {number: signal.signal(number, heard) for number in numbers}
    watcher = threading.Thread(target=_watch, args=(ours, connection, heard), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd_before)
        os.close(theirs)
        watcher.join()
        os.close(ours)


def _watch(descriptor: int, connection: BaseDatabaseWrapper, heard: _Heard) -> None:
    while numbers := os.read(descriptor, 64):
        if {signal.SIGINT, signal.SIGTERM} & set(numbers):
            read_at = time.monotonic()
            _cancel(connection)
            while heard.at < read_at - AT_ONCE_SECONDS and not _has_more(descriptor):
                _cancel(connection)


def _has_more(descriptor: int) -> bool:
    """Another signal, or the end of the block, within a moment."""
    return bool(select.select([descriptor], [], [], AGAIN_SECONDS)[0])


def _cancel(connection: BaseDatabaseWrapper) -> None:
    # It may be between two statements, or gone: then there is nothing to cancel.
    with suppress(psycopg2.Error, AttributeError):
        connection.connection.cancel()
