"""How long a statement of a migration may wait for locks, by its kind; always put back.

A statement that blocks others while it waits gets a short `lock_timeout`. One that waits in
nobody's way gets a budget by the clock: CREATE INDEX CONCURRENTLY waits for every older snapshot,
and `lock_timeout` counts that wait, so that the timeout which protects others would end it.
(PostgreSQL manual, 19.11 "Client Connection Defaults" and CREATE INDEX, "Building Indexes
Concurrently".)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, DataError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.sql import Composable

from ingestion.schema.limits import Limits
from ingestion.schema.statements import Kind, kind

# The last one: without it the server finishes a statement whose client has died, lock in hand.
CHANGED = ("lock_timeout", "statement_timeout", "client_connection_check_interval")
CHECK_CLIENT_MS = 2000
# Any lock that conflicts with reading or writing rows (PostgreSQL manual, 13.3.1).
BLOCKS_ALREADY = """
    SELECT EXISTS (
        SELECT FROM pg_locks
         WHERE pid = pg_backend_pid() AND granted AND locktype = 'relation'
           AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                        'AccessExclusiveLock'))
"""


class Timeouts:
    """Settings of one session while it migrates."""

    def __init__(self, connection: BaseDatabaseWrapper, limits: Limits) -> None:
        self.connection = connection
        self.limits = limits
        self._before = self._read()
        self._kind: Kind | None = None
        self.failed = ""
        """The statement that failed last."""

    def of(self, wanted: Kind) -> dict[str, str]:
        """The settings for statements of this kind."""
        if wanted is Kind.WAITS:
            return {"lock_timeout": "0", "statement_timeout": f"{self.limits.budget * 1000}"}
        return {
            "lock_timeout": f"{self.limits.lock_timeout_ms}",
            "statement_timeout": self._before["statement_timeout"],
        }

    def begin(self) -> None:
        """Before each attempt: a rollback has taken back what was set during the last one."""
        self._set(self.of(Kind.BLOCKS))
        self._kind = Kind.BLOCKS

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        """Django's execute wrapper: every statement passes here, those of RunPython as well."""
        text = self._text(sql)
        if self._is_aborted():  # only going back is possible, and takes the settings back
            self._kind = None
        else:
            self._prepare(self._kind_now(text))
        try:
            return execute(sql, params, many, context)
        except DatabaseError:
            self.failed = text
            raise

    def _kind_now(self, text: str) -> Kind:
        """What blocks nobody by itself does, in a transaction that has others wait already."""
        found = _kind_of(text)
        if found is Kind.WAITS and self.connection.in_atomic_block and self._blocks_already():
            return Kind.BLOCKS
        return found

    def _blocks_already(self) -> bool:
        with self._driver() as cursor:
            cursor.execute(BLOCKS_ALREADY)
            return bool(cursor.fetchone()[0])

    def _prepare(self, wanted: Kind) -> None:
        if wanted is not self._kind:
            self._set(self.of(wanted))
            self._kind = wanted

    def _is_aborted(self) -> bool:
        status: int = self.connection.connection.info.transaction_status
        return status == TRANSACTION_STATUS_INERROR

    def _text(self, sql: Any) -> str:
        if isinstance(sql, Composable):
            return sql.as_string(self.connection.connection)
        return f"{sql}"

    def put_back(self) -> None:
        self._set(self._before)

    def _read(self) -> dict[str, str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(CHANGED)]
            )
            return dict(cursor.fetchall())

    def _set(self, values: dict[str, str]) -> None:
        self.connection.ensure_connection()
        with self._driver() as cursor:
            cursor.execute(
                "SELECT " + ", ".join("set_config(%s, %s, false)" for _ in values),
                [word for pair in values.items() for word in pair],
            )

    @contextmanager
    def _driver(self) -> Iterator[Any]:
        """Past Django, or the wrapper would meet its own statements; with Django's errors."""
        with self.connection.wrap_database_errors, self.connection.connection.cursor() as cursor:
            yield cursor


def _kind_of(sql: str) -> Kind:
    text = sql.upper()
    # Reading a statement costs more than most statements of a data migration do.
    if "CONCURRENTLY" in text or "VALIDATE" in text:
        return kind(sql)
    return Kind.BLOCKS


@contextmanager
def short_timeouts(connection: BaseDatabaseWrapper, limits: Limits) -> Iterator[Timeouts]:
    """All statements inside wait no longer than these limits let them."""
    timeouts = Timeouts(connection, limits)
    with suppress(DataError):  # a server on an operating system that cannot tell
        timeouts._set({"client_connection_check_interval": f"{CHECK_CLIENT_MS}"})
    timeouts.begin()
    try:
        with connection.execute_wrapper(timeouts):
            yield timeouts
    finally:
        if connection.is_usable():
            timeouts.put_back()
