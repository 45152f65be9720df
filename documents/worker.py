"""The loop around the queue: claim, extract, index, give up properly."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models.functions import Now

from documents import jobs, search
from documents.extraction import Unreadable
from documents.jobs import Claim, LeaseLost
from documents.models import Document, Kind, State
from documents.reading import extract_document

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
AWAY_SECONDS = 2.0
INTERNAL = (
    "The service failed on it ({}); the worker's log says more. "
    "The original is kept; it can be tried again."
)
WORKER_DIED = (
    f"A worker died {jobs.MAX_ATTEMPTS} times while it worked on this document. "
    "The original is kept; it can be tried again."
)


class Worker:
    """Works on one job after the other until it is told to stop."""

    def __init__(
        self, *, lease_seconds: float = jobs.LEASE_SECONDS, heartbeat: Path | None = None
    ) -> None:
        self.lease_seconds, self.heartbeat = lease_seconds, heartbeat
        self._stop = threading.Event()

    def stop(self) -> None:
        """End after the job in hand."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop; a database that is away is waited for."""
        while not self._stop.is_set():
            self._beat()
            close_old_connections()
            try:
                busy = self.work_once()
            except (OperationalError, InterfaceError) as error:
                log.warning("The database is away, trying again: %s", str(error).split("\n")[0])
                connection.close()
                self._stop.wait(AWAY_SECONDS)
            else:
                if not busy:
                    self._stop.wait(POLL_SECONDS)

    def drain(self) -> int:
        """Work until nothing is due; how many jobs that were."""
        done = 0
        while not self._stop.is_set() and self.work_once():
            done += 1
        return done

    def work_once(self) -> bool:
        """Whether there was a job to work on."""
        claim = jobs.claim(lease_seconds=self.lease_seconds)
        if claim is None:
            return False
        with self._renewed(claim):
            attempt(claim)
        return True

    def _beat(self) -> None:
        if self.heartbeat is not None:
            self.heartbeat.touch()

    @contextmanager
    def _renewed(self, claim: Claim) -> Iterator[None]:
        """The lease is renewed beside the work, so that a slow document is not a dead worker."""
        done = threading.Event()
        beside = threading.Thread(target=self._renew_until, args=(done, claim), daemon=True)
        beside.start()
        try:
            yield
        finally:
            done.set()
            beside.join()

    def _renew_until(self, done: threading.Event, claim: Claim) -> None:
        try:
            while not done.wait(self.lease_seconds / 4):
                self._beat()
                if not jobs.renew(claim, lease_seconds=self.lease_seconds):
                    return
        except (OperationalError, InterfaceError) as error:
            log.warning("The lease of job %s was not renewed: %s", claim.id, error)
        finally:
            connection.close()  # this thread's own


def attempt(claim: Claim) -> None:
    """One try at a job. Whatever happens, it ends done, postponed, given up or somebody else's."""
    try:
        if claim.is_hopeless:
            _give_up(claim, code="worker_died", detail=WORKER_DIED)
        else:
            _do_or_try_later(claim)
    except LeaseLost:
        log.warning("%s was taken over by another worker", claim)


def _do_or_try_later(claim: Claim) -> None:
    started = time.monotonic()
    try:
        _do(claim)
        log.debug("%s done in %.3f s", claim, time.monotonic() - started)
    except LeaseLost:
        raise
    except Exception as error:
        if _is_database_away(error):
            raise  # the lease ends by itself, and the job is claimed again
        log.exception("%s failed at attempt %s", claim, claim.attempts)
        if claim.is_last or len(claim.documents) > 1:
            _give_up(claim, code="internal_error", detail=INTERNAL.format(type(error).__name__))
        else:
            seconds = jobs.postpone(claim)
            log.info("%s waits for %.0f s", claim, seconds)


def _is_database_away(error: Exception) -> bool:
    # An error of a statement has a SQLSTATE, a broken connection has none.
    lost = isinstance(error, OperationalError | InterfaceError)
    return lost and getattr(error.__cause__, "pgcode", None) is None


def _do(claim: Claim) -> None:
    if claim.kind == Kind.INDEX:
        with transaction.atomic():
            search.index(claim.documents)
            jobs.finish(claim)
        return
    for document in claim.documents:
        try:
            extract_document(document, claim)
        except Unreadable as error:
            with transaction.atomic():
                _fail(document, code=error.code, detail=error.detail)
                jobs.assert_held(claim)
    with transaction.atomic():
        jobs.finish(claim)


def _give_up(claim: Claim, *, code: str, detail: str) -> None:
    """The document ends as failed; of several, each is tried by itself, to find the one."""
    log.warning("%s given up: %s", claim, code)
    with transaction.atomic():
        if len(claim.documents) == 1:
            _fail(claim.documents[0], code=code, detail=detail)
        else:
            for document in claim.documents:
                jobs.add(claim.kind, [document], lane=claim.lane)
        jobs.finish(claim)


def _fail(pk: UUID, *, code: str, detail: str) -> None:
    """It waits for a retry by hand, with the reason."""
    Document.objects.filter(pk=pk).update(
        state=State.FAILED,
        indexed=False,
        error_code=code,
        error_detail=_storable(detail),
        updated_at=Now(),
    )


def _storable(text: str) -> str:
    """PostgreSQL keeps neither NUL nor lone surrogates, and an error may quote either."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()[:2000]
