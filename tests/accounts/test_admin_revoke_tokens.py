"""Staff see whose tokens there are, and revoke them."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Token, User, new_token

pytestmark = pytest.mark.django_db
URL = "/admin/accounts/token/"


@pytest.fixture
def admin(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def token(alice: User) -> Token:
    return new_token(alice, name="laptop", days=1)[0]


def save_user(admin: Client, user: User, **inline: object) -> Any:
    body = {"email": user.email, "full_name": user.full_name, "is_active": "on"}
    forms = {"tokens-TOTAL_FORMS": "1", "tokens-INITIAL_FORMS": "1", **inline}
    return admin.post(f"/admin/accounts/user/{user.pk}/change/", {**body, **forms})


def test_the_list_shows_what_recognises_a_token(admin: Client, token: Token) -> None:
    shown = admin.get(URL).content.decode()
    assert token.prefix in shown
    assert "alice@example.com" in shown


@pytest.mark.parametrize("page", ["", "{pk}/change/"])
def test_no_page_shows_its_digest(admin: Client, token: Token, page: str) -> None:
    answer = admin.get(URL + page.format(pk=token.pk))
    assert answer.status_code == 200
    assert token.digest not in answer.content.decode()


@pytest.mark.parametrize("words", ["laptop", "alice@"])
def test_the_search_finds_by_name_and_user(admin: Client, token: Token, words: str) -> None:
    assert token.prefix in admin.get(URL, {"q": words}).content.decode()


def test_none_can_be_added(admin: Client) -> None:
    assert admin.get(f"{URL}add/").status_code == 403


def test_none_can_be_changed(admin: Client, token: Token) -> None:
    answer = admin.post(f"{URL}{token.pk}/change/", {"name": "another"})
    assert answer.status_code == 403


def test_those_selected_are_revoked(admin: Client, token: Token, bob: User) -> None:
    other, _ = new_token(bob, days=1)
    body = {"action": "revoke", "_selected_action": [token.pk]}
    assert "1 token(s) revoked." in admin.post(URL, body, follow=True).content.decode()
    assert Token.objects.get() == other


def test_one_is_revoked_on_the_page_of_its_user(admin: Client, alice: User, token: Token) -> None:
    inline = {"tokens-0-id": token.pk, "tokens-0-user": alice.pk, "tokens-0-DELETE": "on"}
    assert save_user(admin, alice, **inline).status_code == 302
    assert not Token.objects.exists()


def test_saving_a_user_leaves_the_tokens(admin: Client, alice: User, token: Token) -> None:
    inline = {"tokens-0-id": token.pk, "tokens-0-user": alice.pk, "tokens-0-name": "another"}
    assert save_user(admin, alice, **inline).status_code == 302
    assert Token.objects.get().name == "laptop"


def test_staff_without_the_permission_see_none(sam: User, token: Token) -> None:
    client = Client()
    client.force_login(sam)
    assert client.get(URL).status_code == 403
    client.post(URL, {"action": "revoke", "_selected_action": [token.pk]})
    assert Token.objects.exists()
