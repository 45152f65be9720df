"""A failed document is tried again when somebody asks for it, and only a failed one."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from documents.models import Document, Job, State
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]


@pytest.fixture
def failed(alice: User, keep_file: Keep, work: Work) -> Document:
    document = keep_file(alice, b"\x89PNG\r\n\x1a\n", filename="a.png", content_type="image/png")
    work()
    document.refresh_from_db()
    assert document.state == State.FAILED
    return document


def retry(user: User, document: Document) -> Any:
    return api(user).post(f"{URL}{document.pk}/retry/")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("retry", *arguments, stdout=out)
    return out.getvalue()


def test_it_is_received_again(alice: User, failed: Document) -> None:
    answer = retry(alice, failed)
    assert answer.status_code == 202
    found = {name: answer.json()[name] for name in ("state", "error_code", "error_detail")}
    assert found == {"state": "received", "error_code": "", "error_detail": ""}
    assert Job.objects.count() == 1


def test_it_fails_again_for_the_same_reason(alice: User, failed: Document, work: Work) -> None:
    retry(alice, failed)
    assert work() == 1
    failed.refresh_from_db()
    assert failed.error_code == "unsupported_type"


def test_it_is_ready_once_the_reason_is_gone(alice: User, keep_text: Keep, work: Work) -> None:
    document = keep_text(alice, "We met.")
    Document.objects.update(state=State.FAILED, error_code="worker_died")
    Job.objects.all().delete()
    retry(alice, document)
    work()
    document.refresh_from_db()
    assert (document.state, document.indexed) == (State.READY, True)


def test_it_is_queued_once_however_often_it_is_asked_for(alice: User, failed: Document) -> None:
    retry(alice, failed)
    refused(retry(alice, failed), 409, "not_failed")
    assert Job.objects.count() == 1


def test_it_refuses_one_that_has_not_failed(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    assert "ready" in refused(retry(alice, document), 409, "not_failed")["detail"]


def test_the_command_queues_those_with_one_code(failed: Document) -> None:
    assert run("--code", "unsupported_type") == "1 document(s) queued again\n"
    failed.refresh_from_db()
    assert failed.state == State.RECEIVED


def test_the_command_leaves_those_with_another_code(
    alice: User, failed: Document, keep_text: Keep
) -> None:
    other = keep_text(alice, "We met.")
    Document.objects.filter(pk=other.pk).update(state=State.FAILED, error_code="internal_error")
    assert json.loads(run("--code", "unsupported_type", "--json")) == {"queued": 1}
    other.refresh_from_db()
    assert other.state == State.FAILED


def test_the_command_queues_all_of_them(failed: Document) -> None:
    assert json.loads(run("--all", "--json")) == {"queued": 1}


def test_the_command_has_nothing_to_do_where_all_went_well() -> None:
    assert json.loads(run("--all", "--json")) == {"queued": 0}


def test_the_command_names_the_codes_that_there_are(failed: Document) -> None:
    said = run("--code", "typo")
    assert "No document failed with this code." in said
    assert "unsupported_type (1)" in said
