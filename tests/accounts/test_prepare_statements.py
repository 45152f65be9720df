"""Statements that a connection plans once."""

from typing import Any

import pytest
from django.db import connection, transaction

from accounts.prepared import Prepared

DOUBLE = Prepared("test_double", "SELECT 2 * %s, %s", types=("integer", "text"))


@pytest.fixture(autouse=True)
def prepares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prepared, "_works", True)


def prepared_here() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_it_is_prepared_once_for_a_connection() -> None:
    assert DOUBLE.rows(21, "x") == [(42, "x")]
    assert DOUBLE.rows(4, "y") == [(8, "y")]
    assert prepared_here() == ["test_double"]
    assert Prepared._works


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_it_again() -> None:
    DOUBLE.rows(1, "x")
    connection.close()
    assert DOUBLE.rows(21, "x") == [(42, "x")]


@pytest.mark.django_db
def test_in_a_transaction_it_is_sent_as_it_is() -> None:
    with transaction.atomic():
        assert DOUBLE.rows(21, "x") == [(42, "x")]
    assert prepared_here() == []


@pytest.mark.django_db(transaction=True)
def test_where_a_pooler_changes_connections_it_is_sent_as_it_is() -> None:
    DOUBLE.rows(1, "x")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE test_double")  # as on another connection
    assert DOUBLE.rows(21, "x") == [(42, "x")]
    assert not Prepared._works
    assert DOUBLE.rows(21, "y") == [(42, "y")]


@pytest.mark.django_db(transaction=True)
def test_other_errors_are_raised() -> None:
    wrong: Any = "no number"
    with pytest.raises(Exception, match="invalid input syntax"):
        DOUBLE.rows(wrong, "x")
    assert Prepared._works
