"""`manage.py reindex` queues documents to be indexed, while they stay findable."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError

from accounts.models import User
from documents import jobs, reindexing
from documents.models import Document, Job, Kind, Lane, Passage, State
from tests.conftest import api
from tests.documents.commands import ALICE, run

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]


def reindex(*words: object) -> tuple[dict[str, Any], int]:
    out, _, code = run("reindex", *words, "--json")
    return json.loads(out), code


def queued(*words: object) -> int:
    told, code = reindex(*words)
    assert (code, told["refused"]) == (0, [])
    return int(told["queued"])


def lose_jobs() -> None:
    """By hand, as a person in psql does."""
    Job.objects.all().delete()


def found(user: User, word: str) -> int:
    return int(api(user).get(f"/api/v1/documents/?q={word}").json()["count"])


def test_it_finds_what_was_forgotten(alice: User, keep_text: Keep, work: Any) -> None:
    keep_text(alice, "pelican one")
    lose_jobs()
    assert reindex() == ({"queued": 1, "jobs": 1, "refused": []}, 0)
    work()
    assert found(alice, "pelican") == 1
    assert not Job.objects.exists()


def test_what_waits_or_is_indexed_is_not_forgotten(
    alice: User, keep_text: Keep, keep_file: Keep, work: Any
) -> None:
    keep_text(alice, "indexed")
    work()
    keep_text(alice, "waits")
    keep_file(alice, b"has no text yet")
    keep_text(alice, "   ")
    assert queued() == queued("--not-indexed") == 0


def test_what_a_worker_holds_is_not_forgotten(alice: User, keep_text: Keep) -> None:
    keep_text(alice, "under way")
    assert jobs.claim() is not None
    assert queued() == 0


def test_all_are_indexed_anew_and_stay_findable(alice: User, keep_text: Keep, work: Any) -> None:
    keep_text(alice, "pelican one")
    keep_text(alice, "pelican two")
    work()
    # As with another configuration: the word of the index is not the word of the text.
    Passage.objects.update(search="heron")
    assert queued("--all") == 2
    assert (found(alice, "heron"), found(alice, "pelican")) == (2, 0)
    assert set(Document.objects.values_list("indexed", flat=True)) == {True}
    work()
    assert (found(alice, "heron"), found(alice, "pelican")) == (0, 2)


def test_twice_queues_once(alice: User, keep_text: Keep, work: Any) -> None:
    keep_text(alice, "one")
    work()
    assert [queued("--all"), queued("--all"), queued()] == [1, 0, 0]


def test_what_a_worker_has_begun_is_queued_for_after_it(
    alice: User, keep_text: Keep, work: Any
) -> None:
    keep_text(alice, "one")
    assert jobs.claim() is not None
    assert queued("--all") == 1


def test_it_goes_behind_single_uploads_in_jobs_of_many(alice: User, keep_text: Keep) -> None:
    for number in range(5):
        keep_text(alice, f"text {number}")
    lose_jobs()
    assert reindex()[0]["jobs"] == 1
    job = Job.objects.get()
    assert (job.kind, job.lane, len(job.documents), job.bytes) == (Kind.INDEX, Lane.BULK, 5, 30)


def test_a_job_is_no_more_than_a_worker_does_at_once(alice: User) -> None:
    owner, sha256 = alice.pk, "0" * 64
    Document.objects.bulk_create(
        Document(id=uuid4(), owner_id=owner, size=1, sha256=sha256, state=State.READY)
        for _ in range(jobs.BATCH_DOCUMENTS + 1)
    )
    assert sorted(reindexing.queue(Document.objects.all())) == [1, jobs.BATCH_DOCUMENTS]
    lose_jobs()
    Document.objects.update(size=jobs.BATCH_BYTES // 2)
    assert set(reindexing.queue(Document.objects.all())) == {1, 2}


def test_one_owner_can_be_chosen(alice: User, bob: User, keep_text: Keep) -> None:
    mine = keep_text(alice, "of Alice")
    keep_text(bob, "of Bob")
    lose_jobs()
    assert queued("--owner", ALICE) == 1
    assert Job.objects.get().documents == [mine.pk]


def test_documents_can_be_named(alice: User, keep_text: Keep, keep_file: Keep, work: Any) -> None:
    ready, other = keep_text(alice, "one"), keep_text(alice, "other")
    work()
    waiting, nobody = keep_file(alice, b"two"), uuid4()
    failed = keep_file(alice, b"three")
    Document.objects.filter(pk=failed.pk).update(state=State.FAILED, error_code="x")
    lose_jobs()
    told, code = reindex("--document", ready.pk, waiting.pk, failed.pk, nobody)
    assert (told["queued"], code) == (1, 1)
    assert [each["id"] for each in told["refused"]] == [
        str(pk) for pk in (waiting.pk, failed.pk, nobody)
    ]
    assert [each["reason"] for each in told["refused"]] == [
        "it is received, and is indexed when its text is there",
        "it has failed; `manage.py retry` tries it again",
        "there is no such document",
    ]
    assert other.pk not in Job.objects.get().documents


def test_it_says_in_words_what_it_did(alice: User, keep_text: Keep) -> None:
    keep_text(alice, "one")
    lose_jobs()
    nobody = uuid4()
    assert run("reindex")[0] == (
        "1 document(s) queued, in 1 job(s). A worker indexes them: manage.py worker\n"
    )
    assert run("reindex", "--document", nobody)[0] == (
        f"not queued: {nobody}: there is no such document\n"
        "Nothing to queue: what is ready is indexed, or waits for its turn.\n"
    )


def test_wishes_that_exclude_each_other_are_refused(db: None) -> None:
    for words in (["--all", "--not-indexed"], ["--document", "no-id"], ["--owner", "nobody"]):
        with pytest.raises(CommandError):
            run("reindex", *words)
