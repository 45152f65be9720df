"""The queue: add, claim, renew, finish, postpone. A job is done when its row is gone.

A worker holds a job by a lease, by the database's clock. Who lost it changes nothing any more:
every claim raises the job's fence, and every later step names the fence it was claimed with.

Index jobs are claimed many at a time, because one transaction for many of them costs a fraction.
Only those that nobody has tried: whoever dies of one takes the others along, so from then on
each of them is claimed alone. A job that is given up had MAX_ATTEMPTS - 1 deaths of its own.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from documents.models import Kind, Lane

LEASE_SECONDS = 60
MAX_ATTEMPTS = 5
# What is indexed in one transaction; a job that is larger goes alone.
BATCH_JOBS = 200
BATCH_DOCUMENTS = 1000
BATCH_BYTES = 4 * 1024**2
# A job of the first lane up to this size is the express worker's. 0 bytes: size unknown.
SMALL_BYTES = 1024**2
LARGEST_BYTES = 2**63 - 1

CLAIM = (Path(__file__).parent / "claim.sql").read_text()
ADD = """
    INSERT INTO jobs (kind, documents, lane, bytes, not_before)
    VALUES (%s, %s::uuid[], %s, %s, statement_timestamp() + make_interval(secs => %s))
 RETURNING id
"""
# Where several rows are changed, locked ones are passed over: two that lock the same rows in
# another order would wait for each other.
RENEW = """
    UPDATE jobs
       SET lease_expires_at = statement_timestamp() + make_interval(secs => %s)
     WHERE id IN (SELECT jobs.id
                    FROM jobs JOIN unnest(%s::bigint[], %s::bigint[]) AS held (id, fence)
                      ON jobs.id = held.id AND jobs.fence = held.fence
                     FOR UPDATE OF jobs SKIP LOCKED)
"""
GIVE_BACK = """
    UPDATE jobs
       SET lease_expires_at = NULL,
           attempts = attempts - 1,
           not_before = greatest(not_before, statement_timestamp() + make_interval(secs => %s))
     WHERE id IN (SELECT jobs.id
                    FROM jobs JOIN unnest(%s::bigint[], %s::bigint[]) AS held (id, fence)
                      ON jobs.id = held.id AND jobs.fence = held.fence
                     FOR UPDATE OF jobs SKIP LOCKED)
"""
ASSERT_HELD = "UPDATE jobs SET fence = fence WHERE id = %s AND fence = %s"
FINISH = """
    DELETE FROM jobs USING unnest(%s::bigint[], %s::bigint[]) AS held (id, fence)
     WHERE jobs.id = held.id AND jobs.fence = held.fence
"""
POSTPONE = """
    UPDATE jobs
       SET lease_expires_at = NULL,
           not_before = statement_timestamp() + make_interval(secs => %s)
     WHERE id = %s AND fence = %s
"""
SPLIT = """
    WITH whole AS (DELETE FROM jobs WHERE id = %s AND fence = %s RETURNING *)
    INSERT INTO jobs (kind, documents, lane, bytes, not_before, created_at)
    SELECT kind, ARRAY[document], lane, ceil(bytes::numeric / cardinality(documents)),
           not_before, created_at
      FROM whole, unnest(documents) AS document
"""
RELEASE = """
    UPDATE jobs
       SET not_before = statement_timestamp()
     WHERE id IN (SELECT id
                    FROM jobs
                   WHERE id = ANY(%s) AND attempts = 0 AND not_before > statement_timestamp()
                     FOR UPDATE SKIP LOCKED)
"""
END_IF_FROZEN = "SELECT set_config('idle_in_transaction_session_timeout', %s, true)"
IS_UNDER_WAY = "SELECT EXISTS (SELECT FROM jobs WHERE lease_expires_at >= statement_timestamp())"


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
    size: int = 0
    """Bytes of the documents, as far as it is known."""
    waited_seconds: float = 0
    """How long it was due."""
    lease_seconds: float = LEASE_SECONDS

    def __str__(self) -> str:
        return f"Job {self.id} ({self.kind}, {len(self.documents)} document(s))"

    @property
    def is_last(self) -> bool:
        return self.attempts >= MAX_ATTEMPTS

    @property
    def is_hopeless(self) -> bool:
        """Claimed before as the last attempt, and never heard of again."""
        return self.attempts > MAX_ATTEMPTS


@dataclass(frozen=True, kw_only=True)
class Share:
    """Which of the due jobs a worker takes."""

    lanes: tuple[Lane, Lane] = (Lane.SINGLE, Lane.BULK)
    """The first and the last."""
    sizes: tuple[int, int] = (0, LARGEST_BYTES)
    """The least and the most bytes."""
    patience_seconds: float = 0
    """For so long it leaves small single index jobs to the express worker."""
    only_index: bool = False
    """Reading a file may take minutes, however small it is."""


ALL = Share()
ONLY_BULK = Share(lanes=(Lane.BULK, Lane.BULK))
ONLY_SMALL_SINGLE = Share(lanes=(Lane.SINGLE, Lane.SINGLE), sizes=(1, SMALL_BYTES), only_index=True)


def add(
    kind: Kind,
    documents: Sequence[UUID],
    *,
    lane: Lane = Lane.SINGLE,
    size: int = 0,
    not_before_seconds: float = 0,
) -> int:
    """Queue work on documents, in the transaction that writes their rows; the job's number.

    `size` is their text or original in bytes: workers share out the work by it.
    """
    with connection.cursor() as cursor:
        cursor.execute(ADD, [kind, list(documents), lane, size, not_before_seconds])
        return int(cursor.fetchone()[0])


def release(ids: Sequence[int]) -> int:
    """Let those begin now that were added for later and nobody has tried yet; how many."""
    return _change(RELEASE, list(ids))


def claim(*, lease_seconds: float = LEASE_SECONDS, share: Share = ALL) -> Claim | None:
    """The next job, or None. Attempts are counted here, so that a killed worker's count too."""
    claims = claim_batch(lease_seconds=lease_seconds, share=share, most_jobs=1)
    return claims[0] if claims else None


def claim_batch(
    *,
    lease_seconds: float = LEASE_SECONDS,
    share: Share = ALL,
    most_jobs: int = BATCH_JOBS,
) -> list[Claim]:
    """The next job with those that can be done in the same transaction, the oldest first."""
    values = {
        "first_lane": share.lanes[0],
        "last_lane": share.lanes[1],
        "least_bytes": share.sizes[0],
        "most_bytes": share.sizes[1],
        "small_bytes": SMALL_BYTES,
        "patience": share.patience_seconds,
        "only_index": share.only_index,
        "batch_jobs": most_jobs,
        "batch_documents": BATCH_DOCUMENTS,
        "batch_bytes": BATCH_BYTES,
        "lease_seconds": lease_seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        rows = cursor.fetchall()
    claims = [_claim(*row, lease_seconds) for row in rows]
    return sorted(claims, key=lambda claim: (-claim.waited_seconds, claim.id))


def _claim(number: int, kind: str, documents: list[UUID], lane: int, *rest: Any) -> Claim:
    return Claim(number, Kind(kind), documents, Lane(lane), *rest)


def renew(*held: Claim, lease_seconds: float = LEASE_SECONDS) -> bool:
    """Whether all of the jobs are still held, now for longer.

    Also false when this worker is just finishing one of them.
    """
    return _change(RENEW, lease_seconds, *_ids_and_fences(held)) == len(held)


def end_if_frozen(held: Claim) -> None:
    """In a transaction that does the work: let the server end it if we freeze in its middle.

    Else its locks would keep the next worker waiting, who has the job when the lease is over.
    """
    with connection.cursor() as cursor:
        cursor.execute(END_IF_FROZEN, [f"{max(math.ceil(held.lease_seconds), 1)}s"])


def assert_held(held: Claim) -> None:
    """The last statement of a transaction that did part of the work. Raises LeaseLost."""
    if not _change(ASSERT_HELD, held.id, held.fence):
        raise LeaseLost


def finish(*held: Claim) -> None:
    """The last statement of the transaction that did the work of all these. Raises LeaseLost."""
    if _change(FINISH, *_ids_and_fences(held)) != len(held):
        raise LeaseLost


def give_back(*held: Claim, seconds: float = 0) -> int:
    """Undo the claims, attempt included, for a start not before so many seconds; how many."""
    return _change(GIVE_BACK, seconds, *_ids_and_fences(held))


def postpone(held: Claim) -> float:
    """Give the job back for later; the seconds until then, doubling and with jitter."""
    seconds: float = 2**held.attempts * random.uniform(0.5, 1.5)  # noqa: S311  (not a secret)
    _change(POSTPONE, seconds, held.id, held.fence)
    return seconds


def split(held: Claim) -> None:
    """Make it one job per document, each at the same place in the line. Raises LeaseLost."""
    if not _change(SPLIT, held.id, held.fence):
        raise LeaseLost


def is_under_way() -> bool:
    """Whether anybody holds a job: there may be more to do when it is done."""
    with connection.cursor() as cursor:
        cursor.execute(IS_UNDER_WAY)
        return bool(cursor.fetchone()[0])


def _ids_and_fences(held: Sequence[Claim]) -> tuple[list[int], list[int]]:
    return [each.id for each in held], [each.fence for each in held]


def _change(statement: str, *values: float | list[int]) -> int:
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
