"""Staff change what was said about a document, try it again, or delete it; never its content."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.models import User
from documents.models import Document, Job, Kind, Passage, State

pytestmark = pytest.mark.django_db
URL = "/admin/documents/document/"
Keep = Callable[..., Document]


@pytest.fixture
def admin(root: User) -> Client:
    return page(root)


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def document(alice: User, keep_text: Keep, work: Callable[[], int]) -> Document:
    """Ready and indexed."""
    kept = keep_text(alice, "We met and agreed.", title="Minutes", metadata={"room": "7"})
    work()
    return Document.objects.get(pk=kept.pk)


def save(admin: Client, document: Document, **fields: str) -> Any:
    said = '{"room": "7"}'
    body = {"title": document.title, "source": "", "metadata": said, "initial-metadata": said}
    return admin.post(f"{URL}{document.pk}/change/", {**body, **fields})


def act(admin: Client, action: str, *documents: Document, **more: str) -> str:
    selected = [str(document.pk) for document in documents]
    body = {"action": action, "_selected_action": selected, **more}
    return str(admin.post(URL, body, follow=True).content.decode())


def selected_passages(queries: CaptureQueriesContext) -> list[str]:
    sql = [query["sql"] for query in queries]
    return [each for each in sql if each.startswith("SELECT") and '"passages"' in each]


def fail(document: Document) -> None:
    values = {"state": State.FAILED, "indexed": False, "error_code": "encrypted"}
    Document.objects.filter(pk=document.pk).update(**values)


def test_a_new_title_is_indexed_again(admin: Client, document: Document) -> None:
    assert save(admin, document, title="Protocol").status_code == 302
    document.refresh_from_db()
    assert (document.title, document.indexed) == ("Protocol", False)
    assert [(job.kind, job.documents) for job in Job.objects.all()] == [(Kind.INDEX, [document.pk])]


def test_a_new_title_is_found(admin: Client, document: Document, work: Callable[[], int]) -> None:
    save(admin, document, title="Protocol")
    work()
    found = admin.get(URL, {"q": "protocol"}).context["cl"].result_list
    assert list(found) == [document]


def test_a_new_source_is_not_indexed_again(admin: Client, document: Document) -> None:
    save(admin, document, source="letter", metadata='{"room": "8"}')
    document.refresh_from_db()
    assert (document.source, document.metadata) == ("letter", {"room": "8"})
    assert document.indexed
    assert not Job.objects.exists()


def test_a_change_sets_the_time_of_change(admin: Client, document: Document) -> None:
    Document.objects.update(updated_at="2026-01-01T00:00:00Z")
    save(admin, document, source="letter")
    assert Document.objects.get().updated_at > document.created_at


def test_metadata_may_be_taken_away(admin: Client, document: Document) -> None:
    assert save(admin, document, metadata="").status_code == 302
    document.refresh_from_db()
    assert document.metadata == {}


@pytest.mark.parametrize(
    "metadata",
    [
        *("[1]", '"text"', "{", '{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": NaN}'),
        '{"a": 1, "a": 2}',
        '{"a": ' * 40 + "1" + "}" * 40,
    ],
)
def test_metadata_that_cannot_be_kept_is_refused_beside_the_field(
    admin: Client, document: Document, metadata: str
) -> None:
    answer = save(admin, document, metadata=metadata)
    assert answer.status_code == 200
    assert "metadata" in answer.context["adminform"].form.errors
    assert escape(metadata) in answer.content.decode()


@pytest.mark.parametrize("title", ["t" * 501, "a\x00b"])
def test_a_title_that_cannot_be_kept_is_refused(
    admin: Client, document: Document, title: str
) -> None:
    answer = save(admin, document, title=title)
    assert answer.status_code == 200
    assert "title" in answer.context["adminform"].form.errors


def test_the_rest_cannot_be_changed(admin: Client, document: Document, bob: User) -> None:
    before = Document.objects.values().get()
    said = {"state": "failed", "owner": str(bob.pk), "text": "other", "sha256": "0" * 64}
    save(admin, document, **said, content_type="text/html", extracted="{}", error_code="a")
    after = Document.objects.values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert Passage.objects.get().text == "We met and agreed."


def test_the_text_is_not_in_a_field(admin: Client, document: Document) -> None:
    form = admin.get(f"{URL}{document.pk}/change/").context["adminform"].form
    assert list(form.fields) == ["title", "source", "metadata"]


def test_failed_ones_are_tried_again(
    admin: Client, alice: User, document: Document, keep_text: Keep
) -> None:
    failed = keep_text(alice, "We met again.")
    Job.objects.all().delete()
    fail(failed)
    assert "1 failed document(s) queued again." in act(admin, "retry", failed, document)
    failed.refresh_from_db()
    assert (failed.state, failed.error_code) == (State.RECEIVED, "")
    assert Job.objects.get().documents == [failed.pk]


def test_those_that_did_not_fail_are_left(admin: Client, document: Document) -> None:
    assert "0 failed document(s) queued again." in act(admin, "retry", document)
    assert Document.objects.get().state == State.READY


def test_none_can_be_added(admin: Client) -> None:
    assert admin.get(f"{URL}add/").status_code == 403
    assert admin.post(f"{URL}add/", {"title": "a"}).status_code == 403


def test_one_is_deleted_without_loading_its_text(admin: Client, document: Document) -> None:
    url = f"{URL}{document.pk}/delete/"
    with CaptureQueriesContext(connection) as queries:
        assert admin.get(url).status_code == 200
        assert admin.post(url, {"post": "yes"}).status_code == 302
    assert not [
        q["sql"] for q in queries if q["sql"].startswith("SELECT") and "passages" in q["sql"]
    ]
    assert not Document.objects.exists()
    assert not Passage.objects.exists()


def test_those_selected_are_deleted_without_loading_their_text(
    admin: Client, alice: User, document: Document, keep_text: Keep
) -> None:
    other = keep_text(alice, "We met again.")
    with CaptureQueriesContext(connection) as queries:
        assert "Are you sure" in act(admin, "delete_selected", document)
        act(admin, "delete_selected", document, post="yes")
    assert not [
        q["sql"] for q in queries if q["sql"].startswith("SELECT") and "passages" in q["sql"]
    ]
    assert Document.objects.get() == other


def test_what_was_done_stands_in_the_history(admin: Client, document: Document) -> None:
    save(admin, document, title="Protocol")
    shown = admin.get(f"{URL}{document.pk}/history/").content.decode()
    assert "Changed Title." in shown


def test_who_may_only_look_sees_no_field(sam: User, document: Document) -> None:
    answer = page(sam).get(f"{URL}{document.pk}/change/")
    assert answer.status_code == 200
    assert not answer.context["adminform"].form.fields
    assert 'name="_save"' not in answer.content.decode()


def test_who_may_only_look_changes_nothing(sam: User, document: Document) -> None:
    fail(document)
    assert save(page(sam), document, title="Sam was here").status_code == 403
    assert page(sam).post(f"{URL}{document.pk}/delete/", {"post": "yes"}).status_code == 403
    act(page(sam), "retry", document)
    act(page(sam), "delete_selected", document, post="yes")
    document.refresh_from_db()
    assert (document.title, document.state) == ("Minutes", State.FAILED)
