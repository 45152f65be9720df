"""People see their own tokens, and end them."""

import pytest
from django.test import Client

from accounts.models import Token, User, new_token
from tests.conftest import api

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/tokens/"


def test_the_list_shows_what_recognises_a_token_and_never_the_token(alice: User) -> None:
    (shown,) = api(alice).get(URL).json()
    assert set(shown) == {
        *("id", "name", "prefix", "created_at", "expires_at", "last_used_on", "current")
    }


def test_the_list_is_newest_first_and_marks_the_one_in_use(alice: User) -> None:
    client = api(alice)
    newer, _ = new_token(alice, name="newer", days=1)
    shown = client.get(URL).json()
    assert [token["current"] for token in shown] == [False, True]
    assert shown[0]["id"] == newer.pk


def test_the_list_shows_nobody_elses(alice: User, charlie: User) -> None:
    new_token(alice, days=1)
    (shown,) = api(charlie).get(URL).json()
    assert shown["current"] is True


def test_a_revoked_token_stops_working(alice: User) -> None:
    token, text = new_token(alice, days=1)
    assert api(alice).delete(f"{URL}{token.pk}/").status_code == 204
    assert Client(headers={"authorization": f"Bearer {text}"}).get(URL).status_code == 401


def test_somebody_elses_does_not_exist(alice: User, charlie: User) -> None:
    token, _ = new_token(alice, days=1)
    answer = api(charlie).delete(f"{URL}{token.pk}/")
    assert answer.status_code == 404
    assert Token.objects.filter(pk=token.pk).exists()


def test_somebody_elses_does_not_exist_for_a_superuser_either(alice: User, root: User) -> None:
    token, _ = new_token(alice, days=1)
    assert api(root).delete(f"{URL}{token.pk}/").status_code == 404


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "9" * 30])
def test_a_number_without_a_token_is_404(alice: User, number: str) -> None:
    assert api(alice).delete(f"{URL}{number}/").status_code == 404


def test_logging_out_ends_the_one_in_use_only(alice: User) -> None:
    other, _ = new_token(alice, days=1)
    client = api(alice)
    assert client.delete("/api/v1/auth/token/").status_code == 204
    assert client.get(URL).status_code == 401
    assert Token.objects.get() == other


@pytest.mark.parametrize("path", [URL, f"{URL}1/", "/api/v1/auth/token/"])
def test_nothing_is_shown_or_ended_without_a_token(path: str, db: None) -> None:
    client = Client()
    answer = client.get(path) if path == URL else client.delete(path)
    assert answer.status_code == 401
