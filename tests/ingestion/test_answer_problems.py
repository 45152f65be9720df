"""Whatever fails under /api/ is application/problem+json, with DEBUG on and off."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.utils import load_backend
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from ingestion.urls import urlpatterns as real
from tests.conftest import api

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/token/"
ME = "/api/v1/users/me/"


class Broken(APIView):
    authentication_classes = []
    permission_classes = []

    def get(self, request: Any) -> Response:
        raise ZeroDivisionError("a secret in a message")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret in a message")


urlpatterns = [
    path("api/v1/broken/view/", Broken.as_view()),
    path("api/v1/broken/function/", broken),
    *real,
]


@pytest.fixture(params=[True, False], ids=["debug", "production"], autouse=True)
def debug(request: pytest.FixtureRequest, settings: Any) -> None:
    settings.DEBUG = request.param


@pytest.fixture(params=["django.db.backends.postgresql", "ingestion.embedded"])
def database_away(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    """The database is where nobody listens, or the embedded one where no folder can be."""
    here = connections["default"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        place = {
            "HOST": "127.0.0.1",
            "PORT": taken.getsockname()[1],
            "EMBEDDED_FOLDER": "/dev/null/a",
        }
        engine = load_backend(request.param)
        connections["default"] = engine.DatabaseWrapper({**here.settings_dict, **place}, "default")
        yield
        connections["default"] = here


def problem(answer: Any, *, status: int) -> dict[str, Any]:
    """The problem, which has all that a problem must have, and nothing of a page."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(said)
    assert said["status"] == status
    assert "<" not in said["detail"].replace("<token>", "")
    return said


@pytest.mark.parametrize(
    "path", ["v1/nothing/", "nothing", "v1/documents/no-uuid/", "v1/%00/", "v1/%FF/", "v1/ü/?a=%FF"]
)
def test_an_unknown_url_is_404(path: str) -> None:
    assert problem(Client().get(f"/api/{path}"), status=404)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/api/v1/documents", "/api/v1/users/me", "/api/docs"])
def test_a_missing_slash_is_named(path: str) -> None:
    said = problem(Client().post(path), status=404)
    assert said["detail"] == f"URLs end with a slash here: {path}/"


def test_what_is_not_there_is_404(alice: User) -> None:
    path = "/api/v1/documents/5f0c7a52-9d1e-8b43-a1c2-3d4e5f607182/"
    assert problem(api(alice).get(path), status=404)["code"] == "not_found"


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "BREW"])
def test_another_method_is_405_with_those_that_exist(alice: User, method: str) -> None:
    answer = api(alice).generic(method, ME)
    assert problem(answer, status=405)["code"] == "method_not_allowed"
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", ["/api/docs/", "/api/openapi.json"])
def test_another_method_is_405_where_no_json_is_made(path: str) -> None:
    assert problem(Client().post(path), status=405)["code"] == "method_not_allowed"


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/plain;q=0.5", "nonsense"])
def test_a_format_that_is_not_made_is_406(alice: User, accept: str) -> None:
    said = problem(api(alice).get(ME, headers={"accept": accept}), status=406)
    assert said["code"] == "not_acceptable"


def test_a_page_that_is_asked_for_as_json_is_406() -> None:
    answer = Client().get("/api/docs/", headers={"accept": "application/json"})
    assert problem(answer, status=406)["code"] == "not_acceptable"


def test_who_accepts_problems_only_gets_them(alice: User) -> None:
    answer = api(alice).get(ME, headers={"accept": "application/problem+json"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "x"],
)
def test_a_body_of_another_type_is_415(content_type: str) -> None:
    answer = Client().post(LOGIN, b"{}", content_type=content_type)
    assert problem(answer, status=415)["code"] == "unsupported_media_type"


def test_a_body_without_a_length_is_411() -> None:
    headers = {"transfer-encoding": "chunked", "content-type": "application/json"}
    answer = Client().generic("POST", LOGIN, headers=headers)
    assert problem(answer, status=411)["code"] == "length_required"


def test_a_body_that_is_announced_too_large_is_413() -> None:
    answer = Client().generic(
        "POST", LOGIN, b"{}", content_type="application/json", CONTENT_LENGTH="10000001"
    )
    assert problem(answer, status=413)["code"] == "too_large"


def test_another_host_is_400(settings: Any) -> None:
    answer = Client().get("/api/docs/", headers={"host": "evil.example.com"})
    assert problem(answer, status=400)["code"] == "bad_request"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", ["view", "function"])
def test_a_bug_is_500_and_says_nothing_about_it(kind: str) -> None:
    answer = Client().get(f"/api/v1/broken/{kind}/")
    assert problem(answer, status=500)["code"] == "internal_error"
    assert "secret" not in answer.content.decode()


@pytest.mark.urls(__name__)
def test_a_bug_is_logged_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    Client().get("/api/v1/broken/view/")
    assert "GET /api/v1/broken/view/" in caplog.text
    assert "ZeroDivisionError: a secret in a message" in caplog.text


@pytest.mark.usefixtures("database_away")
def test_a_database_that_is_away_is_503_with_the_time_to_wait() -> None:
    body = {"email": "alice@example.com", "password": "a"}
    answer = Client().post(LOGIN, body, content_type="application/json")
    assert problem(answer, status=503)["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("database_away")
def test_it_is_not_ready_while_the_database_is_away() -> None:
    answer = Client().get("/health/ready")
    assert problem(answer, status=503)["code"] == "database_away"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("database_away")
def test_it_is_alive_while_the_database_is_away() -> None:
    assert Client().get("/health/live").status_code == 200
