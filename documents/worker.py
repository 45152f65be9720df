"""The loop around the queue: claim, work, rest, wait.

Single uploads go before bulk loads, but every BULK_TURN_SECONDS a worker looks at the bulk lane
first, so that a flood of single uploads does not keep a bulk load waiting for ever.

Indexing shares the processors with requests. After it indexed single uploads a worker rests for
REST_FACTOR times as long, REST_SECONDS at most: what comes in meanwhile makes one cheaper batch,
and nothing delays the first upload after a pause. When the oldest has waited RESTLESS_SECONDS,
the worker goes on without rest. Bulk loads are indexed at full speed.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from documents import jobs
from documents.attempt import attempt_all
from documents.jobs import Claim, Share
from documents.models import Kind, Lane
from documents.upkeep import Upkeep
from documents.wake import Doorbell

log = logging.getLogger(__name__)

# After the last job the worker looks again soon, then ever less often.
FIRST_POLL_SECONDS = 0.01
POLL_SECONDS = 0.4
AWAY_SECONDS = 2.0
BULK_TURN_SECONDS = 5.0
REST_FACTOR = 3
REST_SECONDS = 2.0
RESTLESS_SECONDS = 10.0
# A job in hand may be finished after the order to stop; else it is given back.
GRACE_SECONDS = 10.0
TICK_SECONDS = 0.5


class Worker:
    """Works on one job after the other until it is told to stop."""

    def __init__(
        self,
        *,
        lease_seconds: float = jobs.LEASE_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
        share: Share = jobs.ALL,
        doorbell: Doorbell | None = None,
        heartbeat: Callable[[], object] = lambda: None,
    ) -> None:
        """`heartbeat` is called often, from two threads. With a `doorbell` the process is ours."""
        self.lease_seconds, self.grace_seconds, self.share = lease_seconds, grace_seconds, share
        self.doorbell, self.heartbeat = doorbell, heartbeat
        self.done = 0
        self._stop = threading.Event()
        self._upkeep = Upkeep()
        self._bulk_turn = time.monotonic() + BULK_TURN_SECONDS

    def stop(self) -> None:
        """End after the job in hand."""
        self._stop.set()
        if self.doorbell:
            self.doorbell.ring_to_stop()

    def _is_stopping(self) -> bool:
        return self._stop.is_set() or bool(self.doorbell and self.doorbell.says_stop())

    def run(self) -> None:
        """Work until told to stop; a database that is away is waited for."""
        seconds = FIRST_POLL_SECONDS
        while not self._is_stopping():
            self.heartbeat()
            close_old_connections()
            try:
                busy = self.work_once()
                self._upkeep.do_if_due(idle=not busy)
            except (DatabaseError, InterfaceError) as error:
                log.warning("The database is away, trying again: %s", str(error).split("\n")[0])
                connection.close()
                self._rest(AWAY_SECONDS)
            else:
                called = not busy and self._wait(seconds)
                again = busy or called
                seconds = FIRST_POLL_SECONDS if again else min(2 * seconds, POLL_SECONDS)

    def drain(self, *, waits_for_others: bool = False) -> int:
        """Work until nothing is due, and if wanted nothing under way; how many jobs that were."""
        while not self._is_stopping():
            self.heartbeat()
            # Asked first: what is under way now may be due the moment after.
            is_last_look = not (waits_for_others and jobs.is_under_way())
            if self.work_once(rests=False):
                continue
            if is_last_look:
                break
            self._wait(FIRST_POLL_SECONDS)
        if self.done:
            self._upkeep.do()
        return self.done

    def work_once(self, *, rests: bool = True) -> bool:
        """Whether there was work."""
        claims = self._claim()
        if not claims:
            return False
        started = time.monotonic()
        with self._renewed(claims):
            attempt_all(claims)
        self._note(claims)
        if rests:
            self._rest(rest_seconds(claims, worked_seconds=time.monotonic() - started))
        return True

    def _claim(self) -> list[Claim]:
        if time.monotonic() >= self._bulk_turn and self.share.lanes[1] == Lane.BULK:
            self._bulk_turn = time.monotonic() + BULK_TURN_SECONDS
            found = jobs.claim_batch(lease_seconds=self.lease_seconds, share=jobs.ONLY_BULK)
            if found:
                return found
        return jobs.claim_batch(lease_seconds=self.lease_seconds, share=self.share)

    def _note(self, claims: Sequence[Claim]) -> None:
        self.done += len(claims)
        if claims[0].kind == Kind.INDEX:
            self._upkeep.note(sum(len(claim.documents) for claim in claims))

    def _wait(self, seconds: float) -> bool:
        """Whether there was a call for work."""
        if self.doorbell:
            return self.doorbell.wait(seconds)
        self._stop.wait(seconds)
        return False

    def _rest(self, seconds: float) -> None:
        if self.doorbell:
            self.doorbell.rest(seconds)
        else:
            self._stop.wait(seconds)

    @contextmanager
    def _renewed(self, claims: Sequence[Claim]) -> Iterator[None]:
        """The lease is renewed beside the work, so that a slow document is not a dead worker."""
        done = threading.Event()
        beside = threading.Thread(target=self._stand_by, args=(done, claims), daemon=True)
        beside.start()
        try:
            yield
        finally:
            done.set()
            beside.join()

    def _stand_by(self, done: threading.Event, claims: Sequence[Claim]) -> None:
        every = self.lease_seconds / 4
        renew_at, leave_at = time.monotonic() + every, float("inf")
        try:
            while not done.wait(min(TICK_SECONDS, every)):
                self.heartbeat()
                if self.doorbell and self.doorbell.says_stop():
                    leave_at = min(leave_at, time.monotonic() + self.grace_seconds)
                if time.monotonic() >= leave_at:
                    leave(claims)
                if time.monotonic() >= renew_at:
                    renew_at = time.monotonic() + every
                    self._renew(claims)
        finally:
            connection.close()  # this thread's own

    def _renew(self, claims: Sequence[Claim]) -> None:
        try:
            jobs.renew(*claims, lease_seconds=self.lease_seconds)
        except (DatabaseError, InterfaceError) as error:
            log.warning("The lease of %s was not renewed: %s", claims[0], error)
            connection.close()


def rest_seconds(claims: Sequence[Claim], *, worked_seconds: float) -> float:
    """How long a worker rests after these jobs, the oldest of them first."""
    first = claims[0]
    if first.kind != Kind.INDEX or first.lane != Lane.SINGLE:
        return 0
    if first.waited_seconds + worked_seconds >= RESTLESS_SECONDS:
        return 0
    return min(REST_FACTOR * worked_seconds, REST_SECONDS)


def leave(claims: Sequence[Claim]) -> None:
    """End this process in the middle of its work, which the next worker starts anew."""
    try:
        jobs.give_back(*claims)
        log.warning("Told to stop: %s job(s) given back unfinished", len(claims))
    except (DatabaseError, InterfaceError) as error:
        log.warning("%s job(s) left unfinished; their leases end soon: %s", len(claims), error)
    finally:
        os._exit(0)
