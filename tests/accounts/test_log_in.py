"""E-mail and password give a token, which is shown this once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Token, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/token/"


def post(body: object, **headers: str) -> Any:
    return Client(headers=headers).post(URL, body, content_type="application/json")


def log_in(**fields: object) -> Any:
    return post({"email": "alice@example.com", "password": PASSWORD, **fields})


def test_it_answers_201_with_a_token_that_works(alice: User) -> None:
    answer = log_in()
    assert answer.status_code == 201
    client = Client(headers={"authorization": f"Bearer {answer.json()['token']}"})
    assert client.get("/api/v1/users/me/").json()["id"] == alice.pk


def test_it_answers_with_exactly_three_members(alice: User) -> None:
    answer = log_in().json()
    assert set(answer) == {"id", "token", "expires_at"}
    assert answer["id"] == Token.objects.get().pk


def test_it_says_when_the_token_expires(alice: User, settings: Any) -> None:
    settings.TOKEN_DAYS = 3
    expires_at = datetime.fromisoformat(log_in().json()["expires_at"])
    assert abs(expires_at - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)


def test_it_keeps_the_name_of_the_token(alice: User) -> None:
    log_in(name="laptop")
    assert Token.objects.get().name == "laptop"


def test_it_takes_the_address_in_any_case(alice: User) -> None:
    assert log_in(email=" Alice@Example.COM ").status_code == 201


def test_it_writes_nothing_to_the_user(alice: User) -> None:
    log_in()
    alice.refresh_from_db()
    assert alice.last_login is None


@pytest.mark.parametrize(
    "wrong",
    [{"password": "wrong"}, {"password": PASSWORD + " "}, {"email": "nobody@example.com"}],
)
def test_it_refuses_wrong_credentials_without_saying_which(
    alice: User, wrong: dict[str, str]
) -> None:
    answer = log_in(**wrong)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "wrong_credentials"
    assert answer.json()["detail"] == "No active user has this e-mail address and password."


def test_it_refuses_who_is_not_active(alice: User) -> None:
    User.objects.update(is_active=False)
    assert log_in().json()["code"] == "wrong_credentials"


def test_an_expired_token_in_the_header_does_not_stop_it(alice: User) -> None:
    body = {"email": "alice@example.com", "password": PASSWORD}
    assert post(body, authorization="Bearer ing_expired").status_code == 201


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"email": 7}, "invalid", "/email"),
        ({"email": None}, "null", "/email"),
        ({"email": ""}, "blank", "/email"),
        ({"email": "a" * 255}, "max_length", "/email"),
        ({"email": "a\x00@example.com"}, "nul_character", "/email"),
        ({"password": ["a"]}, "invalid", "/password"),
        ({"password": {"a": "b"}}, "invalid", "/password"),
        ({"password": True}, "invalid", "/password"),
        ({"password": "a\x00"}, "nul_character", "/password"),
        ({"name": "n" * 101}, "max_length", "/name"),
        ({"user/name": "a"}, "unknown_field", "/user~1name"),
        ({"a\x00": "b"}, "nul_character", "/a\\u0000"),
    ],
)
def test_it_points_at_what_is_wrong(
    alice: User, fields: dict[str, object], code: str, pointer: str
) -> None:
    answer = log_in(**fields)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["pointer"]) == (code, pointer)


@pytest.mark.parametrize("missing", ["email", "password"])
def test_it_points_at_what_is_missing(missing: str) -> None:
    body = {"email": "alice@example.com", "password": PASSWORD}
    answer = post({name: value for name, value in body.items() if name != missing})
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["pointer"]) == ("required", f"/{missing}")


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]x", b'{"email": "\\ud800"}', b'"\xff"', b'{"email": NaN}', b"\xff\xfe{\x00}"],
)
def test_it_refuses_what_is_no_json(raw: bytes) -> None:
    answer = post(raw)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_it_refuses_json_that_is_no_object(raw: bytes) -> None:
    answer = post(raw)
    assert answer.status_code == 400
    assert answer.json()["pointer"] == ""
