"""Wakes an idle worker when there is new work; who misses the call finds the work by polling.

A NOTIFY in the transaction that writes a job would make PostgreSQL commit such transactions
one after the other. So it is sent after the commit, not more often than a worker needs it.
"""

import logging
import os
import select
import time
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)

CHANNEL = "jobs"
# Of one process. A worker that was just woken looks again several times in such a while.
SECONDS_BETWEEN = 0.1
DEAF_SECONDS = 5.0
# Nobody is the poorer if the server crashes and forgets the call, so nobody waits for its disk.
NOTIFY = f"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{CHANNEL}', '')"


class _Throttle:
    """Lets one through, and then none for a while."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.next = seconds, 0.0

    def admits(self) -> bool:
        now = time.monotonic()
        if now < self.next:
            return False
        self.next = now + self.seconds
        return True


_calls = _Throttle(SECONDS_BETWEEN)


def publish() -> None:
    """Say that there is work: at once, or after the commit of the transaction that is open."""
    if _calls.admits():
        transaction.on_commit(_notify)


def _notify() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(NOTIFY)
    except (DatabaseError, InterfaceError) as error:
        # The work is committed, and is found by polling: no reason to fail the request.
        log.warning("No worker was woken: %s", str(error).split("\n")[0])


class Doorbell:
    """Where an idle worker waits: for work, for the order to stop, or until time is up.

    `write_end` takes the order: a byte from a signal handler, or from another thread. `parent`
    is the reading end of a pipe into which nobody writes: it ends with the process that holds
    the other end, and that is an order as well.
    """

    def __init__(self, *, listens: bool, parent: int | None = None) -> None:
        self._order, self.write_end = os.pipe()
        os.set_blocking(self.write_end, False)
        self._orders = [self._order] if parent is None else [self._order, parent]
        self._ear = _Ear() if listens else None

    def ring_to_stop(self) -> None:
        with suppress(BlockingIOError):  # it is full of such orders
            os.write(self.write_end, b"\0")

    def says_stop(self) -> bool:
        """From any thread, also while the first one waits for the database."""
        return bool(select.select(self._orders, [], [], 0)[0])

    def rest(self, seconds: float) -> None:
        """Until time is up or there is an order, whatever work may come."""
        select.select(self._orders, [], [], seconds)

    def wait(self, seconds: float) -> bool:
        """Whether there was a call for work."""
        ears = self._ear.descriptors() if self._ear else []
        ready, _, _ = select.select([*self._orders, *ears], [], [], seconds)
        return bool(self._ear and set(ears) & set(ready) and self._ear.take_calls())

    def close(self) -> None:
        if self._ear:
            self._ear.close()
        for descriptor in (self._order, self.write_end):
            os.close(descriptor)


class _Ear:
    """A connection of its own that listens. Through a pooler in transaction mode it is deaf."""

    def __init__(self) -> None:
        self._wrapper: BaseDatabaseWrapper | None = None
        self._attempts = _Throttle(DEAF_SECONDS)

    def descriptors(self) -> list[int]:
        """What becomes readable at a call; nothing while the database is away."""
        if self._wrapper is None and self._attempts.admits():
            self._open()
        return [self._wrapper.connection.fileno()] if self._wrapper else []

    def _open(self) -> None:
        wrapper = connection.copy()
        try:
            with wrapper.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
        except (DatabaseError, InterfaceError) as error:
            log.debug("Nothing is heard, so work is polled for: %s", error)
            wrapper.close()
        else:
            self._wrapper = wrapper

    def take_calls(self) -> int:
        """How many there were."""
        if self._wrapper is None:
            return 0
        try:
            with self._wrapper.wrap_database_errors:
                self._wrapper.connection.poll()
        except (DatabaseError, InterfaceError) as error:
            log.debug("The connection that listens has ended: %s", error)
            self.close()
            return 0
        calls = self._wrapper.connection.notifies
        self._wrapper.connection.notifies = []
        return len(calls)

    def close(self) -> None:
        if self._wrapper is not None:
            self._wrapper.close()
            self._wrapper = None
