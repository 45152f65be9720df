"""A job is held by one worker at a time, and done by the one who holds it last."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from documents import jobs
from documents.jobs import Claim, LeaseLost
from documents.models import Job, Kind, Lane
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db


def add(*, lane: Lane = Lane.SINGLE, kind: Kind = Kind.INDEX) -> UUID:
    number = uuid4()
    jobs.add(kind, [number], lane=lane)
    return number


def claim(*, lease_seconds: float = 60) -> Claim:
    claimed = jobs.claim(lease_seconds=lease_seconds)
    assert claimed is not None
    return claimed


def expired() -> tuple[Claim, Claim]:
    """The claim of a worker whose lease ran out, and that of the one who has the job now."""
    add()
    return claim(lease_seconds=-1), claim()


def test_it_says_what_to_do() -> None:
    document = add(kind=Kind.EXTRACT, lane=Lane.BULK)
    held = claim()
    found = (held.kind, held.documents, held.lane, held.attempts)
    assert found == (Kind.EXTRACT, [document], Lane.BULK, 1)


def test_there_is_nothing_to_claim_in_an_empty_queue() -> None:
    assert jobs.claim() is None


def test_the_first_to_come_is_the_first_to_go() -> None:
    documents = [add() for _ in range(3)]
    assert [claim().documents for _ in range(3)] == [[document] for document in documents]


def test_a_single_upload_goes_before_a_bulk_load() -> None:
    bulk, single = add(lane=Lane.BULK), add(lane=Lane.SINGLE)
    assert [claim().documents for _ in range(2)] == [[single], [bulk]]


def test_a_bulk_load_goes_before_a_single_upload_that_has_to_wait() -> None:
    add(lane=Lane.SINGLE)
    Job.objects.update(not_before=timezone.now() + timedelta(hours=1))
    bulk = add(lane=Lane.BULK)
    assert claim().documents == [bulk]
    assert jobs.claim() is None


def test_a_held_job_is_not_to_be_had() -> None:
    add()
    claim()
    assert jobs.claim() is None


def test_a_job_whose_lease_ran_out_goes_to_the_next() -> None:
    first, second = expired()
    assert (second.id, second.fence, second.attempts) == (first.id, first.fence + 1, 2)


@pytest.mark.parametrize("change", [jobs.finish, jobs.assert_held])
def test_who_lost_a_job_changes_nothing(change: Callable[[Claim], None]) -> None:
    first, second = expired()
    with pytest.raises(LeaseLost):
        change(first)
    jobs.assert_held(second)


def test_who_lost_a_job_neither_renews_nor_postpones_it() -> None:
    first, second = expired()
    before = Job.objects.values().get()
    assert not jobs.renew(first)
    jobs.postpone(first)
    assert Job.objects.values().get() == before
    jobs.finish(second)


def test_a_finished_job_is_gone() -> None:
    add()
    held = claim()
    jobs.finish(held)
    assert not Job.objects.exists()
    with pytest.raises(LeaseLost):
        jobs.finish(held)


def test_a_renewed_lease_ends_later() -> None:
    add()
    held = claim(lease_seconds=1)
    assert jobs.renew(held, lease_seconds=1000)
    assert Job.objects.filter(lease_expires_at__gt=Now() + timedelta(seconds=900)).exists()


@pytest.mark.parametrize("attempts", [1, 2, 3, 4])
def test_a_postponed_job_waits_twice_as_long_each_time(attempts: int) -> None:
    add()
    Job.objects.update(attempts=attempts - 1)
    seconds = jobs.postpone(claim())
    assert 0.5 * 2**attempts <= seconds <= 1.5 * 2**attempts
    assert jobs.claim() is None


def test_a_postponed_job_comes_back_when_its_time_has_come() -> None:
    add()
    jobs.postpone(claim())
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert claim().attempts == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_just_being_claimed_is_passed_over() -> None:
    documents = [add(), add()]
    with transaction.atomic():
        first = claim()
        second = beside(jobs.claim)[0].result(timeout=5)
        third = beside(jobs.claim)[0].result(timeout=5)
    assert second is not None
    assert [first.documents, second.documents] == [[document] for document in documents]
    assert third is None


@pytest.mark.django_db(transaction=True)
def test_no_job_goes_to_two_workers() -> None:
    documents = {add() for _ in range(40)}

    def take_all() -> list[UUID]:
        return [held.documents[0] for held in iter(jobs.claim, None)]

    taken = [pk for each in beside(*[take_all] * 4) for pk in each.result(timeout=20)]
    assert (len(taken), set(taken)) == (40, documents)
