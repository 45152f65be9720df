"""Who may see and change a document: its owner; staff see it; to all others it does not exist."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from documents.models import Document, State
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
JSON = "application/json"

READ = [("get", ""), ("head", ""), ("get", "text/"), ("get", "file/"), ("head", "file/")]
CHANGE = [("patch", ""), ("delete", ""), ("post", "retry/")]


@pytest.fixture
def document(alice: User, keep_text: Callable[..., Document]) -> Document:
    return keep_text(alice, "We met.", title="Minutes", metadata={"k": "v"})


def ask(client: Client, method: str, place: str) -> Any:
    return getattr(client, method)(URL + place, **({} if method in {"get", "head"} else SENT))


SENT = {"data": {"title": "taken over"}, "content_type": JSON}


@pytest.mark.parametrize(("method", "what"), [p for p in READ if p[0] == "get"] + CHANGE)
def test_it_does_not_exist_for_charlie(
    charlie: User, document: Document, method: str, what: str
) -> None:
    client = api(charlie)
    hidden = ask(client, method, f"{document.pk}/{what}")
    absent = ask(client, method, f"{uuid4()}/{what}")
    refused(hidden, 404, "not_found")
    assert (hidden.content, hidden.headers) == (absent.content, absent.headers)


@pytest.mark.parametrize("what", ["", "text/", "file/"])
def test_it_does_not_exist_for_charlie_who_asks_for_its_head(
    charlie: User, document: Document, what: str
) -> None:
    assert ask(api(charlie), "head", f"{document.pk}/{what}").status_code == 404


def test_it_stays_as_it_was_when_charlie_has_asked(charlie: User, document: Document) -> None:
    for method, what in CHANGE:
        ask(api(charlie), method, f"{document.pk}/{what}")
    document.refresh_from_db()
    assert document.title == "Minutes"


@pytest.mark.parametrize(
    "query", ["", "?q=met", "?state=ready", "?metadata.k=v", "?q=met&metadata.k=v"]
)
def test_it_is_in_no_list_of_charlie(
    charlie: User, document: Document, work: Callable[[], int], query: str
) -> None:
    work()
    page = api(charlie).get(URL + query).json()
    assert (page["results"], page["count"]) == ([], 0)


def test_it_is_not_betrayed_by_sending_the_same_content(charlie: User, document: Document) -> None:
    answer = api(charlie).post(URL, {"content": "We met."}, content_type=JSON)
    assert (answer.status_code, answer.json()["duplicate"]) == (201, False)
    assert answer.json()["id"] != str(document.pk)


@pytest.mark.parametrize(
    ("method", "what"),
    [*((m, f"{{}}/{w}") for m, w in READ[:1] + READ[2:4] + CHANGE), ("get", ""), ("post", "")],
)
def test_it_asks_who_is_there(document: Document, method: str, what: str) -> None:
    answer = ask(Client(), method, what.format(document.pk))
    refused(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_it_asks_a_user_whose_account_was_closed(alice: User, document: Document) -> None:
    client = api(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    refused(client.get(f"{URL}{document.pk}/"), 401, "invalid_token")


@pytest.mark.parametrize(("method", "what"), READ)
def test_it_is_shown_to_staff(sam: User, document: Document, method: str, what: str) -> None:
    assert ask(api(sam), method, f"{document.pk}/{what}").status_code == 200


def test_it_is_in_the_lists_of_staff(
    sam: User, bob: User, document: Document, keep_text: Callable[..., Document], work: Any
) -> None:
    other = keep_text(bob, "We met again.")
    work()
    client, both = api(sam), {str(document.pk), str(other.pk)}
    for query in ("", "?q=met"):
        assert {row["id"] for row in client.get(URL + query).json()["results"]} == both


@pytest.mark.parametrize(("method", "what"), CHANGE)
def test_it_may_not_be_changed_by_who_may_only_see_it(
    sam: User, document: Document, method: str, what: str
) -> None:
    refused(ask(api(sam), method, f"{document.pk}/{what}"), 403, "not_allowed")
    document.refresh_from_db()
    assert (document.title, document.state) == ("Minutes", State.READY)


@pytest.mark.parametrize(
    ("permission", "method", "status"),
    [("change_document", "patch", 200), ("delete_document", "delete", 204)],
)
def test_it_may_be_changed_by_staff_with_that_permission(
    sam: User, document: Document, permission: str, method: str, status: int
) -> None:
    sam.user_permissions.add(Permission.objects.get(codename=permission))
    assert ask(api(sam), method, f"{document.pk}/").status_code == status


def test_it_is_hidden_from_staff_without_the_permission(bob: User, document: Document) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    refused(api(bob).get(f"{URL}{document.pk}/"), 404, "not_found")


def test_it_is_hidden_from_who_has_the_permission_and_is_not_staff(
    bob: User, document: Document
) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="view_document"))
    refused(api(bob).get(f"{URL}{document.pk}/"), 404, "not_found")


@pytest.mark.parametrize("what", ["no-id/", "123/", "{}/texts/", "{}"])
def test_it_answers_404_for_what_is_no_place(alice: User, document: Document, what: str) -> None:
    refused(api(alice).get(URL + what.format(document.pk)), 404, "not_found")
