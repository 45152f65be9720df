"""Documents → index jobs, so that search can be built again while it is in use.

What is found already stays found until the worker has indexed it anew.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from documents import jobs, wake
from documents.models import DocumentQuerySet, Kind, Lane, State

PAGE = 1000
# Just loaded, the tables have no statistics yet: then PostgreSQL takes them for small, and goes
# through all jobs once for each document.
NOT_ONE_BY_ONE = "SET LOCAL enable_nestloop = off"
# One that a worker holds may have begun before what has changed since.
WAITS_FOR_ITS_TURN = """
    AND (jobs.lease_expires_at IS NULL OR jobs.lease_expires_at < statement_timestamp())
"""
IS_IN_LINE = """
    EXISTS (SELECT FROM jobs, unnest(jobs.documents) AS line (id)
             WHERE jobs.kind = 'index' AND line.id = documents.id {also})
"""


def forgotten(documents: DocumentQuerySet) -> DocumentQuerySet:
    """Those that should be found, are not, and that no job is about."""
    return _ready(documents).filter(indexed=False).exclude(_is_in_line())


def due_again(documents: DocumentQuerySet) -> DocumentQuerySet:
    """Those that can be indexed, but for those whose turn comes anyway."""
    return _ready(documents).exclude(_is_in_line(also=WAITS_FOR_ITS_TURN))


def _ready(documents: DocumentQuerySet) -> DocumentQuerySet:
    return documents.filter(state=State.READY)


def _is_in_line(*, also: str = "") -> RawSQL:
    return RawSQL(IS_IN_LINE.format(also=also), [], output_field=BooleanField())  # noqa: S611


def queue(documents: DocumentQuerySet) -> Iterator[int]:
    """Queue them behind all other work, all of them or none; how many each job is about."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(NOT_ONE_BY_ONE)
        for ids, size in _batches(documents):
            jobs.add(Kind.INDEX, ids, lane=Lane.BULK, size=size)
            yield len(ids)
        wake.publish()


def _batches(documents: DocumentQuerySet) -> Iterator[tuple[list[UUID], int]]:
    """As much as a worker indexes in one transaction."""
    ids: list[UUID] = []
    total = 0
    rows = documents.order_by("pk").values_list("pk", "size")
    for pk, size in rows.iterator(chunk_size=PAGE):
        if ids and (len(ids) >= jobs.BATCH_DOCUMENTS or total + size > jobs.BATCH_BYTES):
            yield ids, total
            ids, total = [], 0
        ids.append(pk)
        total += size
    if ids:
        yield ids, total
