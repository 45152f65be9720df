"""`POST documents/bulk/?atomic=true`, and a body that is verified before anything is kept."""

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test.client import FakePayload

from accounts.models import User
from documents.bulk import BATCH_DOCUMENTS
from documents.models import Document, Job, Passage
from tests.conftest import api
from tests.documents.answers import nothing_is_kept, problem
from tests.documents.test_take_many import BULK, LINES, ndjson, results, send


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def test_all_are_kept(alice: User) -> None:
    lines = [{"content": f"text {number}"} for number in range(BATCH_DOCUMENTS + 1)]
    told = send(alice, ndjson(*lines), query="?atomic=true").json()
    assert told["created"] == BATCH_DOCUMENTS + 1
    assert Document.objects.count() == BATCH_DOCUMENTS + 1
    assert sum(len(job.documents) for job in Job.objects.all()) == BATCH_DOCUMENTS + 1


def test_one_bad_line_means_nothing(alice: User, storage: Path) -> None:
    lines = [{"content": f"text {number}"} for number in range(BATCH_DOCUMENTS + 1)]
    body = ndjson(*lines, {"content": ""}, lines[0])
    told = problem(send(alice, body, query="?atomic=true"), status=422)
    assert (told["created"], told["duplicates"], told["failed"]) == (0, 0, 1003)
    assert [error["line"] for error in told["errors"]] == [1002]
    assert nothing_is_kept(storage)


def test_line_by_line_nothing_was_kept_either(alice: User) -> None:
    body = ndjson({"content": "good"}, {"content": ""}, {"content": "good"})
    answer = send(alice, body, query="?atomic=true", accept=LINES)
    assert answer.status_code == 422
    *each, last = results(answer)
    assert [(line["status"], line["code"]) for line in each] == [
        ("failed", "not_kept"),
        ("failed", "empty_content"),
        ("failed", "not_kept"),
    ]
    assert (last["complete"], last["created"], last["failed"]) == (True, 0, 3)


def test_it_may_be_tried_with_a_dry_run(alice: User) -> None:
    body = ndjson({"content": "good"})
    assert send(alice, body, query="?atomic=true&dry_run=true").json()["created"] == 1
    assert not Document.objects.exists()


def test_gzip_is_read_too(alice: User) -> None:
    body = gzip.compress(ndjson({"content": "one"}))
    answer = send(alice, body, query="?atomic=true", content_encoding="gzip")
    assert answer.json()["created"] == 1


def test_a_wrong_digest_keeps_nothing(alice: User, storage: Path) -> None:
    body = ndjson({"content": "one"})
    answer = send(alice, body, content_digest=digest(b"another"))
    assert problem(answer, status=400)["code"] == "digest_mismatch"
    assert nothing_is_kept(storage)


def test_the_digest_is_that_of_the_body_as_sent(alice: User) -> None:
    body = gzip.compress(ndjson({"content": "one"}))
    headers = {"content_encoding": "gzip", "content_digest": digest(body)}
    assert send(alice, body, **headers).json()["created"] == 1


def cut_off(user: User, body: bytes, *, query: str = "", missing: int = 10) -> Any:
    """A client that dies: the server says that the body is at its end."""

    # Reads like the server: nothing at the end, however much is asked for.
    class Stream(FakePayload):
        def read(self, size: int = -1) -> bytes:
            left = len(self)
            return bytes(super().read(min(size, left) if size >= 0 else left)) if left else b""

    extra: dict[str, Any] = {"wsgi.input": Stream(body), "CONTENT_LENGTH": str(len(body) + missing)}
    return api(user).generic("POST", f"{BULK}{query}", body, content_type=LINES, **extra)


@pytest.mark.django_db(transaction=True)
def test_a_body_that_is_cut_off_keeps_its_whole_lines_and_says_so(alice: User) -> None:
    many = [{"content": f"text {number}"} for number in range(2 * BATCH_DOCUMENTS)]
    told = problem(cut_off(alice, ndjson(*many) + b'{"content": "ha'), status=400)
    assert told["code"] == "incomplete_body"
    assert told["created"] == Document.objects.count() == 2 * BATCH_DOCUMENTS
    assert "2,000 lines before that are kept" in told["detail"]
    assert not Job.objects.filter(not_before__gt=Now()).exists()


def test_a_body_that_is_cut_off_keeps_nothing_of_all_or_nothing(alice: User) -> None:
    told = problem(cut_off(alice, ndjson({"content": "x"}), query="?atomic=true"), status=400)
    assert told["code"] == "incomplete_body"
    assert "created" not in told
    assert not Document.objects.exists()


def test_without_a_length_all_or_nothing_is_refused(alice: User) -> None:
    answer = api(alice).generic(
        "POST", f"{BULK}?atomic=true", b"x", content_type=LINES, CONTENT_LENGTH=""
    )
    assert problem(answer, status=411)["code"] == "length_required"


def test_files_of_nothing_leave_no_row(alice: User) -> None:
    lines = [{"content_base64": base64.b64encode(b"bytes").decode()}, {"content": ""}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    assert send(alice, body, query="?atomic=true").status_code == 422
    assert [model.objects.count() for model in (Document, Passage, Job)] == [0, 0, 0]
