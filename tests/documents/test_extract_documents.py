"""What was taken in becomes text that is found, whatever happens to the workers on the way."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from documents import jobs
from documents.attempt import attempt
from documents.jobs import MAX_ATTEMPTS, Claim
from documents.models import Document, Job, Kind, Lane, Passage, State
from documents.worker import Worker
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]
PICTURE = b"\x89PNG\r\n\x1a\n"  # a start is enough to tell what it is
LONG = "".join(f"Line {n} of a long text about herons.\n" for n in range(50_000))  # 2 MB


def text_of(document: Document) -> str:
    rows = Passage.objects.filter(document=document).order_by("position")
    return "".join(rows.values_list("text", flat=True))


def due_now() -> None:
    Job.objects.update(not_before=timezone.now() - timedelta(hours=1))


def claim(*, lease_seconds: float = 60) -> Claim:
    claimed = jobs.claim(lease_seconds=lease_seconds)
    assert claimed is not None
    return claimed


def state_of(document: Document) -> tuple[str, bool, str]:
    document.refresh_from_db()
    return document.state, document.indexed, document.error_code


def test_it_becomes_text_that_is_found(alice: User, keep_file: Keep, work: Work) -> None:
    document = keep_file(alice, b"We met and agreed.\n")
    assert work() == 2  # extract, index
    assert state_of(document) == (State.READY, True, "")
    assert text_of(document) == "We met and agreed.\n"
    assert not Job.objects.exists()


def test_it_writes_down_what_was_found(alice: User, keep_file: Keep, work: Work) -> None:
    document = keep_file(alice, b"\xef\xbb\xbfWe met.", filename="minutes.txt")
    before = document.updated_at
    work()
    document.refresh_from_db()
    said = {name: document.extracted[name] for name in ("encoding", "encoding_basis", "filename")}
    assert said == {"encoding": "utf-8", "encoding_basis": "bom", "filename": "minutes.txt"}
    assert document.updated_at > before


@pytest.mark.parametrize("raw", [b" ", b"\r\n\t \n", "\u00a0\u2003".encode(), b"\xef\xbb\xbf"])
def test_it_is_empty_where_there_are_no_words(
    alice: User, keep_file: Keep, work: Work, raw: bytes
) -> None:
    document = keep_file(alice, raw)
    work()
    assert state_of(document) == (State.EMPTY, False, "")


def test_it_cuts_a_long_text_into_passages_that_join_exactly(
    alice: User, keep_file: Keep, work: Work
) -> None:
    document = keep_file(alice, LONG.encode())
    work()
    assert Passage.objects.filter(document=document, search__isnull=False).count() > 20
    assert text_of(document) == LONG


def test_it_fails_at_once_for_what_it_cannot_read(
    alice: User, keep_file: Keep, work: Work, storage: Path
) -> None:
    document = keep_file(alice, PICTURE, filename="a.png")
    assert work() == 1
    assert state_of(document) == (State.FAILED, False, "unsupported_type")
    assert (storage / document.blob).read_bytes() == PICTURE
    assert not Job.objects.exists()


def test_it_fails_alone_among_those_of_one_job(alice: User, keep_file: Keep, work: Work) -> None:
    documents = [keep_file(alice, raw) for raw in (b"We met.", PICTURE, b"We left.")]
    Job.objects.all().delete()
    jobs.add(Kind.EXTRACT, [document.pk for document in documents], lane=Lane.BULK)
    work()
    states = [state_of(document)[0] for document in documents]
    assert states == [State.READY, State.FAILED, State.READY]


def spoil(blob: Path) -> Callable[[], None]:
    """Let reading it fail as it does on a bad day of the disk; the answer mends it."""
    away = blob.with_suffix(".away")
    blob.rename(away)
    blob.mkdir()

    def mend() -> None:
        blob.rmdir()
        away.rename(blob)

    return mend


def test_lost_bytes_fail_at_once_with_what_to_do(
    alice: User, keep_file: Keep, work: Work, storage: Path
) -> None:
    document = keep_file(alice, b"We met.")
    (storage / document.blob).unlink()
    work()
    assert state_of(document) == (State.FAILED, False, "blob_missing")
    assert "Send the file again" in document.error_detail


def test_it_is_tried_again_later_when_something_went_wrong(
    alice: User, keep_file: Keep, work: Work, storage: Path
) -> None:
    document = keep_file(alice, b"We met.")
    mend = spoil(storage / document.blob)
    assert work() == 1
    assert state_of(document) == (State.EXTRACTING, False, "")
    mend()
    due_now()
    work()
    assert state_of(document) == (State.READY, True, "")


def test_it_is_given_up_after_the_last_attempt(
    alice: User, keep_file: Keep, work: Work, storage: Path
) -> None:
    document = keep_file(alice, b"We met.")
    spoil(storage / document.blob)
    for _ in range(MAX_ATTEMPTS):
        due_now()
        assert work() == 1
    assert state_of(document) == (State.FAILED, False, "internal_error")
    assert "IsADirectoryError" in document.error_detail
    assert str(storage) not in document.error_detail
    assert not Job.objects.exists()


def test_it_is_given_up_when_workers_died_of_it(alice: User, keep_file: Keep, work: Work) -> None:
    document = keep_file(alice, b"We met.")
    for _ in range(MAX_ATTEMPTS):
        claim(lease_seconds=-1)
    work()
    assert state_of(document) == (State.FAILED, False, "worker_died")
    assert not Job.objects.exists()


def test_each_is_tried_by_itself_when_workers_died_of_several(
    alice: User, keep_text: Keep, work: Work
) -> None:
    documents = [keep_text(alice, text) for text in ("We met.", "We left.")]
    Job.objects.all().delete()
    jobs.add(Kind.INDEX, [document.pk for document in documents], lane=Lane.BULK)
    Job.objects.update(attempts=MAX_ATTEMPTS)
    Worker().work_once()
    assert list(Job.objects.values_list("attempts", "lane")) == [(0, Lane.BULK)] * 2
    work()
    assert [state_of(document)[:2] for document in documents] == [(State.READY, True)] * 2


def test_each_is_tried_by_itself_when_one_of_several_goes_wrong(
    alice: User, keep_file: Keep, work: Work, storage: Path
) -> None:
    good, bad = keep_file(alice, b"We met."), keep_file(alice, b"We left.")
    Job.objects.all().delete()
    spoil(storage / bad.blob)
    jobs.add(Kind.EXTRACT, [bad.pk, good.pk], lane=Lane.BULK)
    work()
    assert state_of(good) == (State.READY, True, "")
    assert Job.objects.get().documents == [bad.pk]


def test_the_index_of_a_bulk_load_waits_in_its_lane(alice: User, keep_file: Keep) -> None:
    document = keep_file(alice, b"We met.")
    Job.objects.all().delete()
    jobs.add(Kind.EXTRACT, [document.pk], lane=Lane.BULK)
    Worker().work_once()
    assert Job.objects.get().lane == Lane.BULK


@pytest.mark.parametrize("raw", [b"We met.", PICTURE])
def test_who_lost_the_job_changes_nothing(alice: User, keep_file: Keep, raw: bytes) -> None:
    document = keep_file(alice, raw)
    lost, held = claim(lease_seconds=-1), claim()
    attempt(lost)
    assert state_of(document) == (State.EXTRACTING, False, "")
    assert not Passage.objects.exists()
    assert Job.objects.get().fence == held.fence


def test_who_lost_the_last_attempt_does_not_give_up(
    alice: User, keep_file: Keep, storage: Path
) -> None:
    document = keep_file(alice, b"We met.")
    spoil(storage / document.blob)
    Job.objects.update(attempts=MAX_ATTEMPTS - 1)
    lost = claim(lease_seconds=-1)
    claim()
    attempt(lost)
    assert state_of(document) == (State.EXTRACTING, False, "")


def test_who_lost_an_index_job_marks_nothing(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    lost, _ = claim(lease_seconds=-1), claim()
    attempt(lost)
    assert state_of(document) == (State.READY, False, "")


def test_who_takes_over_does_the_work(alice: User, keep_file: Keep, work: Work) -> None:
    document = keep_file(alice, b"We met.")
    lost, held = claim(lease_seconds=-1), claim()
    attempt(held)
    attempt(lost)
    work()
    assert state_of(document) == (State.READY, True, "")
    assert text_of(document) == "We met."


def test_it_is_done_once_though_its_worker_died_before_it_could_say_so(
    alice: User, keep_file: Keep, work: Work
) -> None:
    document = keep_file(alice, b"We met.")
    work()
    jobs.add(Kind.EXTRACT, [document.pk])
    before = Document.objects.values().get()
    assert work() == 1
    assert Document.objects.values().get() == before


def test_it_replaces_the_passages_of_an_earlier_extraction(
    alice: User, keep_file: Keep, work: Work
) -> None:
    document = keep_file(alice, b"We met.")
    work()
    Passage.objects.update(text="of an older reader")
    Passage.objects.create(document=document, position=1, text="and more of it")
    Document.objects.update(state=State.RECEIVED, indexed=False)
    jobs.add(Kind.EXTRACT, [document.pk])
    work()
    assert text_of(document) == "We met."


@pytest.mark.parametrize("raw", [b"We met.", PICTURE])
def test_it_may_be_deleted_while_it_waits(
    alice: User, keep_file: Keep, work: Work, raw: bytes
) -> None:
    keep_file(alice, raw)
    Document.objects.all().delete()
    assert work() == 1
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_work(alice: User, keep_file: Keep) -> None:
    documents = [keep_file(alice, f"We met {n} times.".encode()) for n in range(20)]
    done = [each.result(timeout=30) for each in beside(Worker().drain, Worker().drain)]
    assert sum(done) == 40
    assert {state_of(document) for document in documents} == {(State.READY, True, "")}


@pytest.mark.django_db(transaction=True)
def test_a_slow_worker_keeps_its_job(alice: User, keep_file: Keep) -> None:
    document = keep_file(alice, b"We met.")
    with transaction.atomic():
        Document.objects.select_for_update().get(pk=document.pk)  # it has to wait for this
        slow = beside(Worker(lease_seconds=0.4).work_once)[0]
        sleep(1)
        assert beside(jobs.claim)[0].result(timeout=5) is None
    assert slow.result(timeout=5)
    assert state_of(document)[0] == State.READY
