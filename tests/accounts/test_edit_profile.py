"""People see who they are, and change their name."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import api

pytestmark = pytest.mark.django_db
URL = "/api/v1/users/me/"


def patch(user: User, body: object) -> Any:
    return api(user).patch(URL, body, content_type="application/json")


def test_it_shows_who_you_are(alice: User) -> None:
    shown = api(alice).get(URL).json()
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "id": alice.pk,
        "email": "alice@example.com",
        "full_name": "Alice",
        "email_verified": False,
        "is_staff": False,
    }


def test_everybody_sees_themselves_only(alice: User, charlie: User) -> None:
    assert api(charlie).get(URL).json()["email"] == "charlie@example.com"


def test_it_changes_the_name(alice: User) -> None:
    answer = patch(alice, {"full_name": "Älice Ørsted 🙂"})
    assert answer.status_code == 200
    assert answer.json()["full_name"] == "Älice Ørsted 🙂"
    alice.refresh_from_db()
    assert alice.full_name == "Älice Ørsted 🙂"


def test_the_name_may_be_taken_away(alice: User) -> None:
    assert patch(alice, {"full_name": ""}).json()["full_name"] == ""


@pytest.mark.parametrize("name", ["email", "email_verified", "is_staff", "is_superuser", "id"])
def test_nothing_else_can_be_set(alice: User, name: str) -> None:
    answer = patch(alice, {"full_name": "Alice", name: True})
    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_field"
    assert answer.json()["pointer"] == f"/{name}"


@pytest.mark.parametrize("value", [7, None, ["Alice"], "a" * 201, "a\x00b"])
def test_a_name_that_cannot_be_kept_is_refused(alice: User, value: object) -> None:
    answer = patch(alice, {"full_name": value})
    assert answer.status_code == 400
    assert answer.json()["pointer"] == "/full_name"


def test_nobody_is_shown_without_a_token(db: None) -> None:
    assert Client().get(URL).status_code == 401
    assert Client().patch(URL, {}, content_type="application/json").status_code == 401
