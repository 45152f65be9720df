"""One try at jobs in hand. Whatever happens, each ends done, postponed, given up or another's."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models.functions import Now

from documents import jobs, upkeep
from documents.extraction import Unreadable
from documents.indexing import index
from documents.jobs import Claim, LeaseLost
from documents.models import Document, Kind, Passage, State
from documents.reading import extract_document

log = logging.getLogger(__name__)

# SQLSTATEs, or their beginnings. What the data is to blame for comes again at every attempt, but
# a wrong setting is none of its making; what ails the server (no room, too many connections, a
# shutdown, a standby) is no fault of the document.
DATA_ERRORS, WRONG_SETTING = ("22", "54"), "22023"
SERVER_ERRORS = ("08", "53", "57P", "58", "25006")
GIVE_BACK_SECONDS = 5.0
INTERNAL = (
    "The service failed on it ({}); the worker's log says more. "
    "The original is kept; it can be tried again."
)
WORKER_DIED = (
    f"A worker died {jobs.MAX_ATTEMPTS} times while it worked on this document. "
    "The original is kept; it can be tried again."
)


def attempt_all(claims: Sequence[Claim]) -> None:
    """One try at jobs that were claimed together. What fails together is tried one by one."""
    try:
        if len(claims) == 1 or not _index_together(claims):
            for claim in claims:
                attempt(claim)
    except (DatabaseError, InterfaceError) as error:
        if is_servers_fault(error):
            _give_back(claims)
        raise


def _index_together(claims: Sequence[Claim]) -> bool:
    try:
        _index(*claims)
    except LeaseLost:
        log.warning("Some of %s jobs were taken over; trying each of them", len(claims))
    except Exception as error:
        if is_servers_fault(error):
            raise
        log.warning("%s jobs failed together (%s); trying each of them", len(claims), error)
    else:
        return True
    return False


def attempt(claim: Claim) -> None:
    """One try at one job."""
    try:
        if len(claim.documents) > 1 and (claim.kind == Kind.EXTRACT or claim.is_hopeless):
            # So that they are shared out, and one of them never costs the others.
            jobs.split(claim)
        elif claim.is_hopeless:
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
        if is_servers_fault(error):
            raise
        log.exception("%s failed at attempt %s", claim, claim.attempts)
        _end_or_try_later(claim, error)


def _end_or_try_later(claim: Claim, error: Exception) -> None:
    if len(claim.documents) > 1:
        jobs.split(claim)
    elif claim.is_last or _is_datas_fault(error):
        _give_up(claim, code="internal_error", detail=INTERNAL.format(type(error).__name__))
    else:
        seconds = jobs.postpone(claim)
        log.info("%s waits for %.0f s", claim, seconds)


def _sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__, "pgcode", None) or ""


def _is_datas_fault(error: Exception) -> bool:
    return _sqlstate(error).startswith(DATA_ERRORS) and _sqlstate(error) != WRONG_SETTING


def is_servers_fault(error: Exception) -> bool:
    """The database is away or ails, whatever the job is."""
    if not isinstance(error, DatabaseError | InterfaceError):
        return False
    # An error of a statement has a SQLSTATE, a broken connection has none.
    broken = type(error).__name__ in {"OperationalError", "InterfaceError"} and not _sqlstate(error)
    return broken or _sqlstate(error).startswith(SERVER_ERRORS)


def _give_back(claims: Sequence[Claim]) -> None:
    """Where that is not possible either, the leases end by themselves."""
    with suppress(DatabaseError, InterfaceError):
        jobs.give_back(*claims, seconds=GIVE_BACK_SECONDS)


def _do(claim: Claim) -> None:
    if claim.kind == Kind.INDEX:
        _index(claim)
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


def _index(*claims: Claim) -> None:
    with transaction.atomic():
        upkeep.prepare()
        jobs.end_if_frozen(claims[0])
        index([document for claim in claims for document in claim.documents])
        jobs.finish(*claims)


def _give_up(claim: Claim, *, code: str, detail: str) -> None:
    log.warning("%s given up: %s", claim, code)
    with transaction.atomic():
        for document in claim.documents:
            _fail(document, code=code, detail=detail)
        jobs.finish(claim)


def _fail(pk: UUID, *, code: str, detail: str) -> None:
    """It waits for a retry by hand, with the reason; search does not find it meanwhile."""
    Passage.objects.filter(document_id=pk, search__isnull=False).update(search=None)
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
