"""Live: the process answers. Ready: it can serve."""

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_is_live_and_ready() -> None:
    for path in ("/health/live", "/health/ready"):
        answer = Client().get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_not_ready_while_a_migration_is_pending() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'documents'")
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "migrations_pending"
    assert "documents.0001_initial first" in answer.json()["detail"]


def test_it_is_not_ready_before_the_first_migration() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_migrations")
    assert Client().get("/health/ready").json()["code"] == "migrations_pending"


def test_a_migration_of_a_newer_release_does_no_harm() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('documents', '9999_from_the_future', now())"
        )
    assert Client().get("/health/ready").status_code == 200


def test_it_asks_one_question(django_assert_max_num_queries: object) -> None:
    client = Client()
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        client.get("/health/ready")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_it_is_only_read(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path)
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
