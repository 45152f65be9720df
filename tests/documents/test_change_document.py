"""What was said about a document can change; what it is cannot."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents import edit
from documents.errors import PreconditionFailed
from documents.models import Document, Job, Kind, State
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]


def patch(client: Client, document: Document, body: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{URL}{document.pk}/"
    return client.patch(url, body, content_type="application/json", headers=named)


def found(client: Client, words: str) -> list[str]:
    return [row["id"] for row in client.get(URL, {"q": words}).json()["results"]]


@pytest.mark.parametrize(
    "said",
    [
        {"title": " Minutes "},
        {"title": ""},
        {"source": "mail"},
        {"metadata": {"n": [1, {"é": None}]}},
        {"metadata": {}},
        {"title": "a", "source": "b", "metadata": {"c": "d"}},
        {},
    ],
)
def test_it_changes_what_was_sent_and_nothing_else(
    alice: User, keep_text: Keep, said: dict[str, Any]
) -> None:
    client = api(alice)
    document = keep_text(alice, "We met.", title="old", source="scan", metadata={"k": "v"})
    before = client.get(f"{URL}{document.pk}/").json()
    after = patch(client, document, said).json()
    assert {**after, "updated_at": ""} == {**before, **said, "updated_at": ""}


def test_it_shows_what_it_answered(alice: User, keep_text: Keep) -> None:
    client, document = api(alice), keep_text(alice, "We met.")
    answer = patch(client, document, {"source": "mail"})
    again = client.get(f"{URL}{document.pk}/")
    assert (again.json(), again.headers["ETag"]) == (answer.json(), answer.headers["ETag"])


@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        ({"content": "other"}, "content_is_immutable", "/content"),
        ({"title": "a", "content": "We met."}, "content_is_immutable", "/content"),
        ({"file": "x"}, "content_is_immutable", "/file"),
        ({"sha256": "x"}, "content_is_immutable", "/sha256"),
        ({"state": "ready"}, "unknown_field", "/state"),
        ({"owner_id": 1}, "unknown_field", "/owner_id"),
        ({"title": 1}, "invalid", "/title"),
        ({"title": None}, "null", "/title"),
        ({"title": "t" * 501}, "max_length", "/title"),
        ({"title": "a\0"}, "nul_character", "/title"),
        ({"metadata": []}, "not_an_object", "/metadata"),
        ({"metadata": "{}"}, "not_an_object", "/metadata"),
        ([], "invalid", ""),
    ],
)
def test_it_refuses_what_cannot_change(
    alice: User, keep_text: Keep, said: Any, code: str, pointer: str
) -> None:
    document = keep_text(alice, "We met.", title="old")
    refused(patch(api(alice), document, said), 400, code, pointer)
    assert Document.objects.get(pk=document.pk).title == "old"


def test_it_takes_no_form(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    kind = "multipart/form-data; boundary=x"
    answer = api(alice).generic("PATCH", f"{URL}{document.pk}/", b"--x--", content_type=kind)
    refused(answer, 415, "unsupported_media_type")


def test_it_changes_what_was_seen_last(alice: User, keep_text: Keep) -> None:
    client, document = api(alice), keep_text(alice, "We met.")
    tag = client.get(f"{URL}{document.pk}/").headers["ETag"]
    assert patch(client, document, {"title": "new"}, if_match=tag).status_code == 200


@pytest.mark.parametrize("header", ["{}", "W/{}", '"x"', "x", ""])
def test_it_leaves_alone_what_has_changed_since(alice: User, keep_text: Keep, header: str) -> None:
    client, document = api(alice), keep_text(alice, "We met.", title="old")
    tag = client.get(f"{URL}{document.pk}/").headers["ETag"]
    patch(client, document, {"source": "mail"})
    answer = patch(client, document, {"title": "new"}, if_match=header.format(tag))
    refused(answer, 412, "precondition_failed")
    assert Document.objects.get(pk=document.pk).title == "old"


def test_it_takes_any_state_for_a_star(alice: User, keep_text: Keep) -> None:
    client, document = api(alice), keep_text(alice, "We met.")
    assert patch(client, document, {"title": "new"}, if_match="*").status_code == 200


def test_it_sees_a_change_between_reading_and_writing(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    seen = document.updated_at
    edit.change(document, fields={"source": "mail"}, unless_changed_since=seen)
    with pytest.raises(PreconditionFailed):
        edit.change(document, fields={"title": "new"}, unless_changed_since=seen)


def test_it_is_found_by_its_new_title_only(alice: User, keep_text: Keep, work: Work) -> None:
    client, document = api(alice), keep_text(alice, "We met.", title="giraffe")
    work()
    patch(client, document, {"title": "elephant"})
    work()
    assert (found(client, "elephant"), found(client, "giraffe")) == ([str(document.pk)], [])


def test_it_is_indexed_again_for_a_new_title_only(alice: User, keep_text: Keep, work: Work) -> None:
    client, document = api(alice), keep_text(alice, "We met.", title="giraffe")
    work()
    patch(client, document, {"title": "giraffe", "source": "mail", "metadata": {"k": 1}})
    assert not Job.objects.exists()
    assert found(client, "giraffe") == [str(document.pk)]


def test_it_is_indexed_again_though_it_became_ready_meanwhile(
    alice: User, keep_file: Keep, work: Work
) -> None:
    read_early = keep_file(alice, b"We met.")
    work()
    edit.change(read_early, fields={"title": "elephant"}, unless_changed_since=None)
    assert Job.objects.get().kind == Kind.INDEX


def test_it_is_indexed_again_though_another_changed_the_title_meanwhile(
    alice: User, keep_text: Keep, work: Work
) -> None:
    read_early = keep_text(alice, "We met.", title="giraffe")
    work()
    Document.objects.filter(pk=read_early.pk).update(title="elephant")
    edit.change(read_early, fields={"title": "giraffe"}, unless_changed_since=None)
    assert Job.objects.get().kind == Kind.INDEX


def test_it_keeps_a_new_title_through_extraction(alice: User, keep_file: Keep, work: Work) -> None:
    client, document = api(alice), keep_file(alice, b"We met.", title="old")
    patch(client, document, {"title": "elephant"})
    work()
    document.refresh_from_db()
    assert (document.title, document.state, document.indexed) == ("elephant", State.READY, True)
    assert found(client, "elephant") == [str(document.pk)]


def test_it_says_that_a_document_is_gone(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    Document.objects.all().delete()
    with pytest.raises(Document.DoesNotExist):
        edit.change(document, fields={"title": "new"}, unless_changed_since=None)
