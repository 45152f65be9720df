"""A new password ends the other tokens; the one in use stays."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Token, User, new_token
from tests.conftest import PASSWORD, api

pytestmark = pytest.mark.django_db
URL = "/api/v1/users/me/password/"
NEW = "battery staple 9"


def change(client: Client, *, current: object = PASSWORD, new: object = NEW) -> Any:
    body = {"current_password": current, "new_password": new}
    return client.post(URL, body, content_type="application/json")


def test_it_sets_the_new_password(alice: User) -> None:
    assert change(api(alice)).status_code == 204
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_the_token_in_use_stays(alice: User) -> None:
    client = api(alice)
    change(client)
    assert client.get("/api/v1/users/me/").status_code == 200


def test_the_other_tokens_end(alice: User) -> None:
    _, other = new_token(alice, days=1)
    change(api(alice))
    client = Client(headers={"authorization": f"Bearer {other}"})
    assert client.get("/api/v1/users/me/").status_code == 401


def test_the_tokens_of_others_stay(alice: User, bob: User) -> None:
    token, _ = new_token(bob, days=1)
    change(api(alice))
    assert Token.objects.filter(pk=token.pk).exists()


def test_a_wrong_current_password_changes_nothing(alice: User) -> None:
    new_token(alice, days=1)
    answer = change(api(alice), current="wrong")
    assert answer.status_code == 400
    assert answer.json()["code"] == "wrong_password"
    assert answer.json()["pointer"] == "/current_password"
    assert Token.objects.count() == 2


@pytest.mark.parametrize("weak", ["7 small", "password123", "4815162342", "alice@example.com"])
def test_a_weak_password_is_refused(alice: User, weak: str) -> None:
    answer = change(api(alice), new=weak)
    assert answer.status_code == 400
    assert answer.json()["code"] == "weak_password"
    assert answer.json()["pointer"] == "/new_password"


def test_white_space_belongs_to_the_password(alice: User) -> None:
    change(api(alice), new=f" {NEW} ")
    alice.refresh_from_db()
    assert alice.check_password(f" {NEW} ")


@pytest.mark.parametrize("value", [7, None, "", "a\x00b", "a" * 1001])
def test_a_password_that_cannot_be_kept_is_refused(alice: User, value: object) -> None:
    answer = change(api(alice), new=value)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == "/new_password"


def test_nothing_changes_without_a_token(alice: User) -> None:
    assert change(Client()).status_code == 401
