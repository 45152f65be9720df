"""An idle worker is woken by new work, and the calls cost the callers next to nothing."""

import os
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from documents import wake
from documents.bulk import Item, load
from documents.label import Label
from documents.wake import Doorbell

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 10


@pytest.fixture
def doorbell(db: None) -> Iterator[Doorbell]:
    doorbell = Doorbell(listens=True)
    doorbell.wait(0)  # it listens from now on
    yield doorbell
    doorbell.close()


@pytest.fixture(autouse=True)
def _nobody_called_just_now() -> None:
    sleep(wake.SECONDS_BETWEEN)


def test_a_call_is_heard_at_once(doorbell: Doorbell) -> None:
    wake.publish()
    started = monotonic()
    assert doorbell.wait(LONG)
    assert monotonic() - started < LONG / 2


def test_without_a_call_time_runs_out(doorbell: Doorbell) -> None:
    assert not doorbell.wait(0.05)


def test_a_call_is_heard_once(doorbell: Doorbell) -> None:
    wake.publish()
    assert doorbell.wait(LONG)
    assert not doorbell.wait(0.05)


def test_a_call_within_a_transaction_goes_out_after_it(doorbell: Doorbell) -> None:
    with transaction.atomic():
        wake.publish()
        assert not doorbell.wait(0.2)
    assert doorbell.wait(LONG)


def test_a_call_that_was_rolled_back_is_not_heard(doorbell: Doorbell) -> None:
    with transaction.atomic():
        wake.publish()
        transaction.set_rollback(True)
    assert not doorbell.wait(0.2)


def test_calls_in_quick_succession_are_one(doorbell: Doorbell) -> None:
    for _ in range(50):
        wake.publish()
    assert doorbell.wait(LONG)
    assert not doorbell.wait(0.05)


def test_calls_ask_for_no_disk(doorbell: Doorbell) -> None:
    wake.publish()
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        before = cursor.fetchone()
        cursor.execute(wake.NOTIFY)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == before


def test_a_call_that_cannot_be_made_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    wake.publish()
    assert "No worker was woken" in caplog.text
    connection.close()


def test_an_order_to_stop_ends_the_wait(doorbell: Doorbell) -> None:
    doorbell.ring_to_stop()
    started = monotonic()
    assert not doorbell.wait(LONG)
    doorbell.rest(LONG)
    assert monotonic() - started < LONG / 2
    assert doorbell.says_stop()


def test_the_end_of_the_parent_is_an_order_to_stop() -> None:
    read, write = os.pipe()
    doorbell = Doorbell(listens=False, parent=read)
    assert not doorbell.says_stop()
    os.close(write)
    assert doorbell.says_stop()
    doorbell.close()
    os.close(read)


def test_it_goes_on_without_ears_when_its_connection_ends(doorbell: Doorbell) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE query = 'LISTEN jobs' AND datname = current_database()"
        )
        assert cursor.rowcount == 1
    doorbell.wait(0.05)
    assert not doorbell.wait(0.05)


@pytest.mark.parametrize("door", ["text", "file", "bulk"])
def test_every_door_calls(
    doorbell: Doorbell, alice: User, keep_text: Any, keep_file: Any, door: str
) -> None:
    if door == "text":
        keep_text(alice, "We met.")
    elif door == "file":
        keep_file(alice, b"We met.")
    else:
        list(load([Item(1, Label(), "We met.")], owner_id=alice.pk))
    assert doorbell.wait(LONG)
