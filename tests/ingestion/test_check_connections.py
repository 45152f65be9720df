"""A connection that the server has ended is noticed before it is used."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from ingestion.postgresql import base


@pytest.fixture
def checked(transactional_db: None) -> Any:
    """A connection at the start of a request, checked just before."""
    wrapper = connection.copy()
    wrapper.settings_dict["CONN_HEALTH_CHECKS"] = True
    wrapper.ensure_connection()
    next_request(wrapper)
    wrapper.ensure_connection()
    yield wrapper
    wrapper.close()


def next_request(wrapper: Any) -> None:
    wrapper.close_if_unusable_or_obsolete()
    wrapper.health_check_enabled, wrapper.health_check_done = True, False


def backend(wrapper: Any) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(process: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        assert cursor.fetchone() == (True,)


def test_a_session_that_was_ended_is_replaced(checked: Any) -> None:
    before = backend(checked)
    next_request(checked)
    end(before)
    assert backend(checked) != before


def test_a_fresh_one_is_not_asked(checked: Any) -> None:
    next_request(checked)
    with CaptureQueriesContext(checked) as asked:
        backend(checked)
    assert [query["sql"] for query in asked] == ["SELECT pg_backend_pid()"]


def test_after_a_pause_it_is_asked(checked: Any) -> None:
    before = backend(checked)
    next_request(checked)
    checked._last_check -= 2 * base.PAUSE_SECONDS
    assert backend(checked) == before
    assert checked.health_check_done


def test_one_that_ends_in_the_middle_is_an_error(checked: Any) -> None:
    process = backend(checked)
    end(process)
    with pytest.raises(OperationalError):
        backend(checked)
