"""Index jobs that nobody has tried are claimed many at a time; whatever has failed goes alone."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from documents import jobs
from documents.jobs import BATCH_BYTES, BATCH_DOCUMENTS, BATCH_JOBS, SMALL_BYTES, LeaseLost, Share
from documents.models import Job, Kind, Lane
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db


def add(
    *,
    kind: Kind = Kind.INDEX,
    lane: Lane = Lane.SINGLE,
    documents: int = 1,
    size: int = 0,
    later: float = 0,
) -> int:
    numbers = [uuid4() for _ in range(documents)]
    return jobs.add(kind, numbers, lane=lane, size=size, not_before_seconds=later)


def claimed(share: Share = jobs.ALL) -> list[int]:
    return [claim.id for claim in jobs.claim_batch(share=share)]


def tried(*ids: int) -> None:
    Job.objects.filter(id__in=ids).update(attempts=1)


def test_index_jobs_come_together_in_their_order() -> None:
    numbers = [add() for _ in range(5)]
    assert claimed() == numbers
    assert claimed() == []


def test_only_so_many_come_together() -> None:
    for _ in range(BATCH_JOBS + 1):
        add()
    assert [len(claimed()), len(claimed())] == [BATCH_JOBS, 1]


@pytest.mark.parametrize(
    ("sizes", "together"),
    [([BATCH_BYTES // 2] * 3, 2), ([BATCH_BYTES * 9, 1], 1), ([1, BATCH_BYTES], 1)],
)
def test_so_many_bytes_come_together(sizes: list[int], together: int) -> None:
    numbers = [add(size=size) for size in sizes]
    assert claimed() == numbers[:together]


@pytest.mark.parametrize(
    ("documents", "together"),
    [([BATCH_DOCUMENTS // 2] * 3, 2), ([BATCH_DOCUMENTS * 2, 1], 1), ([1, BATCH_DOCUMENTS], 1)],
)
def test_so_many_documents_come_together(documents: list[int], together: int) -> None:
    numbers = [add(documents=count) for count in documents]
    assert claimed() == numbers[:together]


def test_those_of_another_kind_or_lane_do_not_come_along() -> None:
    first = add()
    extract, bulk = add(kind=Kind.EXTRACT), add(lane=Lane.BULK)
    second = add()
    assert [claimed(), claimed(), claimed()] == [[first, second], [extract], [bulk]]


def test_extract_jobs_come_alone() -> None:
    first, second = add(kind=Kind.EXTRACT), add(kind=Kind.EXTRACT)
    assert [claimed(), claimed()] == [[first], [second]]


def test_those_that_are_not_due_or_held_do_not_come_along() -> None:
    held = add()
    assert claimed() == [held]
    add(later=60)
    due = add()
    assert claimed() == [due]


def test_what_was_tried_before_comes_alone() -> None:
    numbers = [add() for _ in range(4)]
    tried(*numbers[:2])
    assert [claimed(), claimed(), claimed()] == [[numbers[0]], [numbers[1]], numbers[2:]]


def test_what_shared_the_death_of_its_worker_comes_alone() -> None:
    numbers = [add() for _ in range(3)]
    assert len(jobs.claim_batch(lease_seconds=-1)) == 3
    assert [claimed() for _ in range(3)] == [[number] for number in numbers]


def test_it_says_how_long_the_oldest_has_waited() -> None:
    add(), add()
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=7))
    assert [7 <= claim.waited_seconds < 60 for claim in jobs.claim_batch()] == [True, True]


def test_the_express_worker_takes_small_single_jobs_only() -> None:
    add(size=SMALL_BYTES + 1), add(size=0), add(size=5, lane=Lane.BULK)
    add(size=5, kind=Kind.EXTRACT)  # which may take minutes
    small = add(size=5)
    express = jobs.ONLY_SMALL_SINGLE
    assert [claimed(express) for _ in range(2)] == [[small], []]


def test_the_others_leave_small_single_jobs_to_it_for_a_while() -> None:
    patient = Share(patience_seconds=1)
    small = add(size=5)
    large, bulk = add(size=SMALL_BYTES + 1, kind=Kind.EXTRACT), add(size=5, lane=Lane.BULK)
    assert [claimed(patient) for _ in range(3)] == [[large], [bulk], []]
    Job.objects.filter(id=small).update(not_before=timezone.now() - timedelta(seconds=2))
    assert claimed(patient) == [small]


def test_those_that_work_on_the_bulk_lane_take_nothing_else() -> None:
    add()
    bulk = add(lane=Lane.BULK)
    assert claimed(jobs.ONLY_BULK) == [bulk]
    assert claimed(jobs.ONLY_BULK) == []


def test_they_are_finished_together() -> None:
    add(), add()
    other = add(later=60)
    jobs.finish(*jobs.claim_batch())
    assert [job.id for job in Job.objects.all()] == [other]


def test_none_is_finished_when_one_was_lost() -> None:
    add(), add()
    held = jobs.claim_batch(lease_seconds=-1)
    lost = jobs.claim()
    with pytest.raises(LeaseLost), transaction.atomic():
        jobs.finish(*held)
    assert lost is not None
    assert Job.objects.count() == 2


def test_they_are_renewed_together() -> None:
    add(), add()
    held = jobs.claim_batch(lease_seconds=1)
    assert jobs.renew(*held, lease_seconds=1000)
    soon = timezone.now() + timedelta(seconds=900)
    assert Job.objects.filter(lease_expires_at__gt=soon).count() == 2


def test_those_given_back_are_as_if_nobody_had_tried() -> None:
    numbers = [add() for _ in range(2)]
    assert jobs.give_back(*jobs.claim_batch()) == 2
    assert claimed() == numbers


def test_who_lost_them_gives_nothing_back() -> None:
    add()
    lost, held = jobs.claim_batch(lease_seconds=-1), jobs.claim_batch()
    assert jobs.give_back(*lost) == 0
    assert Job.objects.get().fence == held[0].fence


def documents_of(found: Iterable[Job]) -> list[list[UUID]]:
    return [job.documents for job in found]


def test_a_job_is_split_into_one_for_each_document() -> None:
    add(documents=3, size=100, lane=Lane.BULK)
    before = Job.objects.get()
    held = jobs.claim()
    assert held is not None
    jobs.split(held)
    after = list(Job.objects.order_by("id"))
    assert sorted(documents_of(after)) == sorted([each] for each in before.documents)
    kept = {(job.lane, job.not_before, job.created_at, job.bytes, job.attempts) for job in after}
    assert kept == {(Lane.BULK, before.not_before, before.created_at, 34, 0)}


def test_who_lost_a_job_does_not_split_it() -> None:
    add(documents=3)
    lost = jobs.claim(lease_seconds=-1)
    assert lost is not None
    assert jobs.claim() is not None
    with pytest.raises(LeaseLost):
        jobs.split(lost)
    assert Job.objects.count() == 1


def test_a_job_for_later_is_released() -> None:
    number, other = add(later=60), add(later=60)
    assert claimed() == []
    assert jobs.release([number]) == 1
    assert claimed() == [number]
    assert Job.objects.filter(id=other, attempts=0).exists()


def test_a_job_that_waits_for_its_next_attempt_is_not_released() -> None:
    number = add()
    held = jobs.claim()
    assert held is not None
    jobs.postpone(held)
    assert jobs.release([number]) == 0
    assert claimed() == []


@pytest.mark.django_db(transaction=True)
def test_renewing_passes_over_what_is_being_finished() -> None:
    add(), add()
    held = jobs.claim_batch()
    with transaction.atomic():
        jobs.finish(held[1])
        renewed = beside(lambda: jobs.renew(*held, lease_seconds=1000))[0]
        assert renewed.result(timeout=5) is False
    soon = timezone.now() + timedelta(seconds=900)
    assert Job.objects.filter(lease_expires_at__gt=soon).count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_job_goes_to_two_workers_in_batches() -> None:
    numbers = {add(documents=40) for _ in range(200)}

    def take_all() -> list[int]:
        return [claim.id for batch in iter(jobs.claim_batch, []) for claim in batch]

    taken = [pk for each in beside(*[take_all] * 4) for pk in each.result(timeout=30)]
    taken += take_all()  # what was locked by another at just that moment
    assert (len(taken), set(taken)) == (200, numbers)
