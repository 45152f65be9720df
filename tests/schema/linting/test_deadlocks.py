"""That locks in the wrong order end in a deadlock, and in the right one do not: seen, not said."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

pytestmark = pytest.mark.slow

TABLES = """
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int REFERENCES parent);
    INSERT INTO parent VALUES (1);
"""
WRITE = "INSERT INTO child VALUES (1)"


@contextmanager
def session() -> Iterator[Any]:
    with closing(psycopg2.connect(**connection.get_connection_params())) as other:
        with other.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '100ms'")
            other.commit()
            yield cursor
        other.rollback()


def waits(cursor: Any) -> bool:
    with connection.cursor() as asking:
        pid = cursor.connection.info.backend_pid
        asking.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return bool(asking.fetchone()[0])


@pytest.mark.parametrize(
    ("first", "second", "is_deadlock"), [("parent", "child", True), ("child", "parent", False)]
)
def test_who_writes_to_the_child_meets_who_locked_the_parent_first(
    own_database: DatabaseWrapper, first: str, second: str, is_deadlock: bool
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
    failures: list[str] = []

    def write(cursor: Any) -> None:
        try:
            cursor.execute(WRITE)
            cursor.connection.commit()
        except psycopg2.Error as error:
            failures.append(f"{error}")
            cursor.connection.rollback()

    with session() as migrating, session() as writing:
        migrating.execute(f"ALTER TABLE {first} ADD a int")
        writer = threading.Thread(target=write, args=(writing,))
        writer.start()
        while not waits(writing):
            time.sleep(0.01)
        try:
            migrating.execute(f"ALTER TABLE {second} ADD a int")
            migrating.connection.commit()
        except psycopg2.Error as error:
            failures.append(f"{error}")
            migrating.connection.rollback()
        writer.join()
    assert [each.startswith("deadlock detected") for each in failures] == [True] * is_deadlock
