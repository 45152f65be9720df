"""Ctrl-C, or SIGTERM, while a statement runs: the server is told to stop it, at once.

psycopg2 waits inside libpq, where Python hears no signal until the statement is done: that may be
an hour of CREATE INDEX. A thread hears it through the wakeup file descriptor and cancels.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from django.db.backends.base.base import BaseDatabaseWrapper


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
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    on_term = signal.signal(signal.SIGTERM, signal.default_int_handler)
    watcher = threading.Thread(target=_watch, args=(ours, connection), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, on_term)
        signal.set_wakeup_fd(before)
        os.close(theirs)
        watcher.join()
        os.close(ours)


def _watch(descriptor: int, connection: BaseDatabaseWrapper) -> None:
    while numbers := os.read(descriptor, 64):
        if {signal.SIGINT, signal.SIGTERM} & set(numbers):
            # It may be between two statements, or gone: then there is nothing to cancel.
            with suppress(psycopg2.Error, AttributeError):
                connection.connection.cancel()
