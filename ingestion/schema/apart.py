"""Databases that other aliases lead to, while a scratch one stands in for the live one: only read.

A migration that writes there has done so when it was applied, or will: a trial of it must not.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

ONLY_READS = re.compile(
    'foreign table ".*" does not allow (inserts|updates|deletes)$|in a read-only transaction$'
)


@contextmanager
def only_reading(aliases: Collection[str]) -> Iterator[None]:
    """Whoever connects, in whatever thread; sessions in a transaction stay as they are."""

    def hear(connection: BaseDatabaseWrapper, **_: Any) -> None:
        if connection.alias in aliases and connection.vendor == "postgresql":
            let_it_only_read(connection)

    _leave(aliases)
    connection_created.connect(hear, weak=False)
    try:
        yield
    finally:
        connection_created.disconnect(hear)
        _leave(aliases)


def _leave(aliases: Collection[str]) -> None:
    """So that the next one to ask connects anew."""
    for connection in connections.all(initialized_only=True):
        is_meant = connection.alias in aliases and connection.vendor == "postgresql"
        if is_meant and not connection.in_atomic_block:
            connection.close()


def let_it_only_read(connection: BaseDatabaseWrapper) -> None:
    """A transaction that is rolled back takes such a setting along."""
    session = connection.connection
    if session.info.transaction_status != TRANSACTION_STATUS_INERROR:
        with session.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on; SET transaction_read_only = on")


def of_only_reading(why: str) -> str:
    """With the reason, where a failure comes of it."""
    return f"{why}; what is not on the copy is only read" if ONLY_READS.search(why) else why
