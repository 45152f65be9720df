"""A text that comes as JSON is kept once, exactly as it was sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents.models import Document, Passage, State
from tests.conftest import api

pytestmark = pytest.mark.django_db
URL = "/api/v1/documents/"


def post(client: Client, body: dict[str, Any], query: str = "") -> Any:
    return client.post(URL + query, body, content_type="application/json")


def test_it_answers_201_with_the_place_of_the_document(alice: User) -> None:
    answer = post(api(alice), {"title": "Minutes", "content": "We met."})
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"{URL}{answer.json()['id']}/")
    assert answer.json()["duplicate"] is False


def test_it_is_ready_at_once(alice: User) -> None:
    assert post(api(alice), {"content": "We met."}).json()["state"] == "ready"


def test_it_answers_200_for_the_same_content_again(alice: User) -> None:
    client = api(alice)
    first = post(client, {"title": "one", "content": "We met."})
    again = post(client, {"title": "two", "content": "We met."})
    assert again.status_code == 200
    assert again.json() == {**first.json(), "duplicate": True}


def test_it_keeps_white_space_around_the_content(alice: User) -> None:
    number = post(api(alice), {"content": "  We met. \n"}).json()["id"]
    assert Passage.objects.get(document_id=number).text == "  We met. \n"


def test_it_tells_apart_what_differs_in_white_space_only(alice: User) -> None:
    client = api(alice)
    post(client, {"content": "We met."})
    assert post(client, {"content": "We met. "}).status_code == 201


def test_it_makes_another_document_for_another_owner(alice: User, bob: User) -> None:
    first = post(api(alice), {"content": "We met."})
    second = post(api(bob), {"content": "We met."})
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


def test_it_is_empty_when_there_are_no_words(
    alice: User, keep_text: Callable[..., Document]
) -> None:
    assert keep_text(alice, " \n\t ").state == State.EMPTY
