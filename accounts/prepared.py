"""Statements that a connection parses and plans once, for what every request asks.

See the PostgreSQL manual, PREPARE. Where that cannot work, behind a pooler that hands out
another connection for each transaction, the statement is sent as it is.
"""

import logging
from typing import Any

from django.db import DatabaseError, connection

log = logging.getLogger(__name__)

# The connection is another one than it seems to be: SQLSTATE invalid_sql_statement_name,
# duplicate_prepared_statement.
_FOREIGN = {"26000", "42P05"}


class Prepared:
    """One statement, with a `%s` for each parameter. Make one of each, when modules load.

    `settings` are statements that come right before it, for its transaction only.
    """

    _works = True

    def __init__(self, name: str, sql: str, *, types: tuple[str, ...], settings: str = "") -> None:
        self.name, self.sql = name, settings + sql
        numbered = sql
        for number in range(1, len(types) + 1):
            numbered = numbered.replace("%s", f"${number}", 1)
        self._prepare = f"PREPARE {name} ({', '.join(types)}) AS {numbered}"
        self._execute = f"{settings}EXECUTE {name} ({', '.join(['%s'] * len(types))})"

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """The rows for these parameters."""
        # In a transaction a failed EXECUTE could not be made good.
        if connection.in_atomic_block or not Prepared._works:
            return self._sent(self.sql, values)
        try:
            return self._executed(values)
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) not in _FOREIGN:
                raise
            log.info("No prepared statements, since connections are pooled: %s", error)
            Prepared._works = False
            return self._sent(self.sql, values)

    def _executed(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        connection.ensure_connection()
        names = _prepared_on(connection)
        if self.name not in names:
            with connection.cursor() as cursor:
                cursor.execute(self._prepare)
            names.add(self.name)
        if connection.queries_logged:
            return self._sent(self._execute, values)
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            cursor.execute(self._execute, values)
            return list(cursor.fetchall())

    def _sent(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())


def _prepared_on(wrapper: Any) -> set[str]:
    """The names of what this very connection has prepared; a new one has nothing."""
    known = getattr(wrapper, "prepared_statements", None)
    if known is None or known[0] is not wrapper.connection:
        known = wrapper.prepared_statements = (wrapper.connection, set())
    names: set[str] = known[1]
    return names
