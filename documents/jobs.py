"""The queue: add, claim, renew, finish, postpone. A job is done when its row is gone.

A worker holds a job by a lease, by the database's clock. Who lost it changes nothing any more:
every claim raises the job's fence, and every later step names the fence it was claimed with.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from documents.models import Job, Kind, Lane

LEASE_SECONDS = 60
MAX_ATTEMPTS = 5

CLAIM = """
    UPDATE jobs
       SET attempts = attempts + 1,
           fence = fence + 1,
           lease_expires_at = statement_timestamp() + make_interval(secs => %s)
     WHERE id = (SELECT id
                   FROM jobs
                  WHERE not_before <= statement_timestamp()
                    AND (lease_expires_at IS NULL OR lease_expires_at < statement_timestamp())
                  ORDER BY lane, not_before, id
                  LIMIT 1
                    FOR UPDATE SKIP LOCKED)
 RETURNING id, kind, documents, lane, attempts, fence
"""
RENEW = """
    UPDATE jobs SET lease_expires_at = statement_timestamp() + make_interval(secs => %s)
     WHERE id = %s AND fence = %s
"""
ASSERT_HELD = "UPDATE jobs SET fence = fence WHERE id = %s AND fence = %s"
FINISH = "DELETE FROM jobs WHERE id = %s AND fence = %s"
POSTPONE = """
    UPDATE jobs
       SET lease_expires_at = NULL,
           not_before = statement_timestamp() + make_interval(secs => %s)
     WHERE id = %s AND fence = %s
"""


class LeaseLost(Exception):
    """Somebody else has the job by now: roll back, and leave it to them."""


@dataclass(frozen=True)
class Claim:
    id: int
    kind: Kind
    documents: list[UUID]
    lane: Lane
    attempts: int
    fence: int

    def __str__(self) -> str:
        return f"Job {self.id} ({self.kind}, {len(self.documents)} document(s))"

    @property
    def is_last(self) -> bool:
        return self.attempts >= MAX_ATTEMPTS

    @property
    def is_hopeless(self) -> bool:
        """Claimed before as the last attempt, and never heard of again."""
        return self.attempts > MAX_ATTEMPTS


def add(kind: Kind, documents: Sequence[UUID], *, lane: Lane = Lane.SINGLE) -> None:
    """Queue work on documents, in the transaction that writes their rows."""
    Job.objects.create(kind=kind, documents=list(documents), lane=lane)


def claim(*, lease_seconds: float = LEASE_SECONDS) -> Claim | None:
    """The next job, or None. Attempts are counted here, so that a killed worker's count too."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [lease_seconds])
        row = cursor.fetchone()
    if row is None:
        return None
    number, kind, documents, lane, attempts, fence = row
    return Claim(number, Kind(kind), documents, Lane(lane), attempts, fence)


def renew(held: Claim, *, lease_seconds: float = LEASE_SECONDS) -> bool:
    """Whether the job is still held, now for longer."""
    return _changed(RENEW, lease_seconds, held.id, held.fence)


def assert_held(held: Claim) -> None:
    """The last statement of a transaction that did part of the work. Raises LeaseLost."""
    if not _changed(ASSERT_HELD, held.id, held.fence):
        raise LeaseLost


def finish(held: Claim) -> None:
    """The last statement of the transaction that did the work. Raises LeaseLost."""
    if not _changed(FINISH, held.id, held.fence):
        raise LeaseLost


def _changed(statement: str, *values: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount == 1)


def postpone(held: Claim) -> float:
    """Give the job back for later; the seconds until then, doubling and with jitter."""
    seconds: float = 2**held.attempts * random.uniform(0.5, 1.5)  # noqa: S311  (not a secret)
    _changed(POSTPONE, seconds, held.id, held.fence)
    return seconds
