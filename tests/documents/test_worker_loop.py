"""The worker's loop: what goes together, what goes alone, when it rests, when it ends."""

import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from documents import jobs
from documents.attempt import attempt_all
from documents.jobs import Claim, Share
from documents.models import Document, Job, Kind, Lane, State
from documents.wake import Doorbell
from documents.worker import REST_SECONDS, RESTLESS_SECONDS, Worker, rest_seconds
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]


def state_of(document: Document) -> tuple[str, bool, str]:
    document.refresh_from_db()
    return document.state, document.indexed, document.error_code


@pytest.fixture
def poison(db: None) -> Callable[[str], None]:
    """poison("54000") → indexing a text with "poison" in it fails with this SQLSTATE."""

    def set_up(code: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'no such word' USING ERRCODE = '{code}'; END $$;
                CREATE TRIGGER poisoned BEFORE UPDATE ON passages FOR EACH ROW
                   WHEN (NEW.text LIKE '%poison%') EXECUTE FUNCTION refuse();
                """
            )

    return set_up


def test_single_uploads_are_indexed_together(alice: User, keep_text: Keep) -> None:
    documents = [keep_text(alice, f"We met {n} times.") for n in range(5)]
    assert Worker().work_once(rests=False)
    assert {state_of(document)[1] for document in documents} == {True}
    assert not Job.objects.exists()


def test_one_bad_document_fails_alone_among_many_jobs(
    alice: User, keep_text: Keep, poison: Callable[[str], None], work: Work
) -> None:
    poison("54000")
    good = [keep_text(alice, f"We met {n} times.") for n in range(3)]
    bad = keep_text(alice, "It is poison.")
    good.append(keep_text(alice, "We left."))
    work()
    assert {state_of(document) for document in good} == {(State.READY, True, "")}
    assert state_of(bad) == (State.FAILED, False, "internal_error")
    assert not Job.objects.exists()


def test_one_bad_document_fails_alone_among_many_of_one_job(
    alice: User, keep_text: Keep, poison: Callable[[str], None], work: Work
) -> None:
    poison("54000")
    texts = ["We met.", "It is poison.", "We left.", "We came back."]
    documents = [keep_text(alice, text) for text in texts]
    Job.objects.all().delete()
    jobs.add(Kind.INDEX, [document.pk for document in documents], lane=Lane.BULK)
    work()
    states = [state_of(document)[0] for document in documents]
    assert states == [State.READY, State.FAILED, State.READY, State.READY]


def test_what_may_pass_is_tried_again_later(
    alice: User, keep_text: Keep, poison: Callable[[str], None], work: Work
) -> None:
    poison("P0001")
    bad, good = keep_text(alice, "It is poison."), keep_text(alice, "We met.")
    work()
    assert state_of(good)[1]
    assert state_of(bad) == (State.READY, False, "")
    assert Job.objects.get().not_before > timezone.now()


def test_what_ails_the_server_is_no_attempt(
    alice: User, keep_text: Keep, poison: Callable[[str], None]
) -> None:
    poison("53100")  # the disk is full
    document = keep_text(alice, "It is poison.")
    claims = jobs.claim_batch()
    with pytest.raises(Exception, match="no such word"):
        attempt_all(claims)
    assert state_of(document) == (State.READY, False, "")
    job = Job.objects.get()
    assert (job.attempts, job.lease_expires_at, job.not_before > timezone.now()) == (0, None, True)


def test_many_that_were_taken_over_in_part_are_done_one_by_one(
    alice: User, keep_text: Keep
) -> None:
    taken, ours = keep_text(alice, "We met."), keep_text(alice, "We left.")
    claims = jobs.claim_batch(lease_seconds=-1)
    other = jobs.claim()
    assert other is not None
    assert other.documents == [taken.pk]
    attempt_all(claims)
    assert [state_of(taken)[1], state_of(ours)[1]] == [False, True]
    assert Job.objects.get().fence == other.fence


def test_an_extract_job_of_many_is_shared_out(alice: User, keep_file: Keep) -> None:
    documents = [keep_file(alice, raw) for raw in (b"We met.", b"We left.")]
    Job.objects.all().delete()
    jobs.add(Kind.EXTRACT, [document.pk for document in documents], lane=Lane.BULK)
    Worker().work_once()
    assert {len(job.documents) for job in Job.objects.all()} == {1}
    assert Job.objects.count() == 2


def test_a_bulk_load_gets_a_turn_while_single_uploads_flood_in(
    alice: User, keep_text: Keep
) -> None:
    worker = Worker()
    worker._bulk_turn = 0
    bulk = keep_text(alice, "We met.")
    Job.objects.update(lane=Lane.BULK)
    keep_text(alice, "We left.")
    worker.work_once()
    assert state_of(bulk)[1]


def claim(*, kind: Kind = Kind.INDEX, lane: Lane = Lane.SINGLE, waited: float = 0) -> Claim:
    return Claim(1, kind, [], lane, 1, 1, waited_seconds=waited)


@pytest.mark.parametrize(
    ("claim", "worked", "rest"),
    [
        (claim(), 0.1, 0.3),
        (claim(), 5, REST_SECONDS),
        (claim(waited=RESTLESS_SECONDS), 0.1, 0),
        (claim(lane=Lane.BULK), 0.1, 0),
        (claim(kind=Kind.EXTRACT), 0.1, 0),
    ],
)
def test_it_rests_after_single_uploads_that_are_young(
    claim: Claim, worked: float, rest: float
) -> None:
    assert rest_seconds([claim], worked_seconds=worked) == pytest.approx(rest)


@pytest.mark.django_db(transaction=True)
def test_it_works_until_it_is_told_to_stop(alice: User, keep_file: Keep, tmp_path: Path) -> None:
    worker = Worker(heartbeat=(tmp_path / "alive").touch)
    running = beside(worker.run)[0]
    document = keep_file(alice, b"We met.")
    end = monotonic() + 20
    while not state_of(document)[1] and monotonic() < end:
        sleep(0.05)
    worker.stop()
    running.result(timeout=5)
    assert state_of(document) == (State.READY, True, "")
    assert (tmp_path / "alive").exists()


@pytest.mark.django_db(transaction=True)
def test_draining_waits_for_what_others_do(alice: User, keep_text: Keep) -> None:
    keep_text(alice, "We met.")
    held = jobs.claim()
    assert held is not None
    draining = beside(lambda: Worker().drain(waits_for_others=True))[0]
    sleep(0.3)
    assert not draining.done()
    jobs.give_back(held)
    assert draining.result(timeout=5) == 1


def test_draining_alone_leaves_what_others_hold(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "We met.")
    jobs.claim()
    assert work() == 0


@pytest.fixture
def signals() -> Iterator[None]:
    """The command takes these two over for good."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_the_command_ends_when_nothing_is_due(alice: User, keep_file: Keep) -> None:
    document, out = keep_file(alice, b"We met."), StringIO()
    call_command("worker", "--alone", "--drain", stdout=out)
    assert out.getvalue() == "2 job(s) done\n"
    assert state_of(document) == (State.READY, True, "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("signals")
def test_the_command_ends_when_it_is_told_to() -> None:
    threading.Timer(0.3, signal.raise_signal, [signal.SIGTERM]).start()
    call_command("worker", "--alone")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--processes=0", "0 is not a number from 1 to 128"),
        ("--processes=two", "two is not a number from 1 to 128"),
        ("--lease-seconds=nan", "nan is not a number from 0.2 to 3600"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(option: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("worker", option)


def test_a_patient_worker_leaves_a_small_upload_to_the_express_worker(
    alice: User, keep_text: Keep
) -> None:
    keep_text(alice, "We met.")
    Job.objects.update(bytes=7)
    patient = Worker(share=Share(patience_seconds=60))
    express = Worker(share=jobs.ONLY_SMALL_SINGLE)
    assert [patient.work_once(), express.work_once()] == [False, True]


def test_a_doorbell_passes_the_order_on() -> None:
    doorbell = Doorbell(listens=False)
    try:
        worker = Worker(doorbell=doorbell)
        assert not doorbell.says_stop()
        worker.stop()
        assert doorbell.says_stop()
        worker.run()
    finally:
        doorbell.close()


def test_a_held_job_that_is_due_again_is_worked_on(
    alice: User, keep_text: Keep, work: Work
) -> None:
    document = keep_text(alice, "We met.")
    jobs.claim()
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    work()
    assert state_of(document)[1]
