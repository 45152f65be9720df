"""A token opens the door until it expires, is revoked, or its user is not active."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Token, User, new_token
from tests.conftest import api

pytestmark = pytest.mark.django_db
URL = "/api/v1/users/me/"


def get(authorization: str) -> Any:
    return Client(headers={"authorization": authorization}).get(URL)


def _expire(token: Token) -> None:
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def _revoke(token: Token) -> None:
    token.delete()


def _deactivate(token: Token) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)


def test_it_acts_for_its_user(alice: User) -> None:
    assert api(alice).get(URL).json()["email"] == "alice@example.com"


def test_only_its_digest_is_stored(alice: User) -> None:
    _, text = new_token(alice, name="laptop", days=1)
    assert text.removeprefix("ing_") not in str(list(Token.objects.values()))


def test_its_prefix_recognises_it(alice: User) -> None:
    token, text = new_token(alice, days=1)
    assert text.startswith(token.prefix)
    assert len(token.prefix) == 12


def test_the_scheme_may_be_written_in_any_case(alice: User) -> None:
    _, text = new_token(alice, days=1)
    assert get(f"bearer  {text}").status_code == 200


@pytest.mark.parametrize("end", [_expire, _revoke, _deactivate])
def test_it_stops_opening_the_door(alice: User, end: Callable[[Token], None]) -> None:
    token, text = new_token(alice, days=1)
    end(token)
    answer = get(f"Bearer {text}")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "invalid_token"


@pytest.mark.parametrize("text", ["ing_unknown", "\xff", "a b", "x" * 5000])
def test_an_unknown_one_is_refused(text: str) -> None:
    answer = get(f"Bearer {text}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "ing_8YkQ2wZp"])
def test_a_header_of_another_form_is_named(header: str) -> None:
    answer = get(header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "malformed_authorization"


def test_without_one_the_answer_says_how_to_get_it() -> None:
    answer = Client().get(URL)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"
    assert "/api/v1/auth/token/" in answer.json()["detail"]


def test_the_day_of_use_is_written_once(
    alice: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    client = api(alice)
    with django_assert_num_queries(2):
        client.get(URL)
    with django_assert_num_queries(1):
        client.get(URL)
    assert Token.objects.get().last_used_on == datetime.now(UTC).date()


def test_the_day_of_use_is_written_again_on_another_day(alice: User) -> None:
    client = api(alice)
    Token.objects.update(last_used_on=datetime.now(UTC).date() - timedelta(days=1))
    client.get(URL)
    assert Token.objects.get().last_used_on == datetime.now(UTC).date()


def test_using_it_writes_nothing_to_the_users(alice: User) -> None:
    client = api(alice)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(URL)
    assert not [q["sql"] for q in queries if q["sql"].startswith('UPDATE "users"')]
