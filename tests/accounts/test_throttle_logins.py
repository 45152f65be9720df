"""Ten failed logins a minute for an e-mail address from a network address, and no more."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import LoginFailure, User
from tests.conftest import PASSWORD, api

pytestmark = pytest.mark.django_db
ALICE = "alice@example.com"
SLOW_COMMITS = """
    CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(0.02 * random()); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER nap AFTER INSERT ON login_failures DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION nap();
"""


def log_in(*, email: str = ALICE, password: str = "wrong", address: str = "192.0.2.1") -> Any:
    body = {"email": email, "password": password}
    client = Client(REMOTE_ADDR=address)
    return client.post("/api/v1/auth/token/", body, content_type="application/json")


def fail(times: int, *, email: str = ALICE) -> None:
    assert [log_in(email=email).status_code for _ in range(times)] == [401] * times


def test_the_eleventh_is_refused_with_the_time_to_wait(alice: User) -> None:
    fail(10)
    answer = log_in()
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_failed_logins"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_the_right_password_is_refused_as_well(alice: User) -> None:
    fail(10)
    assert log_in(password=PASSWORD).status_code == 429


def test_the_address_counts_in_any_case(alice: User) -> None:
    fail(10, email=" ALICE@example.com")
    assert log_in().status_code == 429


def test_an_address_that_nobody_has_is_throttled_too() -> None:
    fail(10, email="nobody@example.com")
    assert log_in(email="nobody@example.com").status_code == 429


def test_another_network_address_is_free(alice: User) -> None:
    fail(10)
    assert log_in(password=PASSWORD, address="192.0.2.2").status_code == 201


def test_another_e_mail_address_is_free(alice: User, bob: User) -> None:
    fail(10)
    assert log_in(email="bob@example.com", password=PASSWORD).status_code == 201


def test_a_success_does_not_count(alice: User) -> None:
    fail(9)
    assert [log_in(password=PASSWORD).status_code for _ in range(3)] == [201] * 3
    fail(1)
    assert log_in().status_code == 429


def test_what_was_refused_does_not_count(alice: User) -> None:
    fail(10)
    log_in()
    assert LoginFailure.objects.count() == 10


def test_a_minute_later_it_is_free_again(alice: User) -> None:
    fail(10)
    LoginFailure.objects.update(failed_at=timezone.now() - timedelta(seconds=61))
    assert log_in(password=PASSWORD).status_code == 201


def test_it_forgets_what_is_older_than_a_minute(alice: User) -> None:
    fail(3)
    LoginFailure.objects.update(failed_at=timezone.now() - timedelta(seconds=61))
    fail(1)
    assert LoginFailure.objects.count() == 1


def test_a_wrong_current_password_counts_too(alice: User) -> None:
    client = api(alice)
    body = {"current_password": "wrong", "new_password": "battery staple 9"}
    for _ in range(10):
        client.post("/api/v1/users/me/password/", body, content_type="application/json")
    answer = client.post("/api/v1/users/me/password/", body, content_type="application/json")
    assert answer.status_code == 429


@pytest.fixture
def slow_commits(transactional_db: None) -> Iterator[None]:
    """A commit takes its time, as on a disk; the tests' server does not wait for one."""
    with connection.cursor() as cursor:
        cursor.execute(SLOW_COMMITS)
        yield
        cursor.execute("DROP FUNCTION nap CASCADE")


@pytest.mark.usefixtures("slow_commits")
def test_thirty_at_the_same_moment_are_no_way_around_it(alice: User) -> None:
    together = Barrier(30)

    def attempt(_: int) -> int:
        together.wait()
        try:
            return int(log_in().status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(30) as pool:
        assert Counter(pool.map(attempt, range(30))) == {401: 10, 429: 20}


def test_the_admin_page_says_it_beside_its_form(root: User) -> None:
    page, body = Client(), {"username": "root@example.com", "password": "wrong"}
    for _ in range(10):
        page.post("/admin/login/", body)
    answer = page.post("/admin/login/", {**body, "password": PASSWORD})
    assert answer.status_code == 200
    assert "Too many failed logins for this e-mail address." in answer.content.decode()
