"""Which line of a stream had a content first: the numbers are in a table, not in memory.

A temporary one, which only this connection sees and which is gone with it.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from documents import copying
from documents.loading import Arrival

CREATE = "CREATE TEMPORARY TABLE first_lines (id uuid PRIMARY KEY, line bigint NOT NULL)"
FIND = "SELECT id, line FROM first_lines WHERE id = ANY(%s::uuid[])"
DROP = "DROP TABLE IF EXISTS first_lines"


class FirstLines:
    """The lines of one stream. The table is made when a second batch comes."""

    def __init__(self) -> None:
        self._latest: dict[UUID, int] = {}
        self._is_table_there = False

    def repeated(self, arrivals: Sequence[Arrival]) -> dict[int, int]:
        """The lines of these that repeat an earlier one, and which; the others are remembered."""
        if self._latest:
            self._store(self._latest)
        earlier = self._find(arrival.id for arrival in arrivals) if self._is_table_there else {}
        repeats: dict[int, int] = {}
        firsts: dict[UUID, int] = {}
        for arrival in arrivals:
            first = earlier.get(arrival.id) or firsts.setdefault(arrival.id, arrival.line)
            if first != arrival.line:
                repeats[arrival.line] = first
        self._latest = firsts
        return repeats

    def _find(self, ids: Iterable[UUID]) -> dict[UUID, int]:
        with connection.cursor() as cursor:
            cursor.execute(FIND, [copying.array(ids)])
            return dict(cursor.fetchall())

    def _store(self, lines: dict[UUID, int]) -> None:
        if not self._is_table_there:
            with connection.cursor() as cursor:
                cursor.execute(DROP)
                cursor.execute(CREATE)
            self._is_table_there = True
        rows = ((copying.uuid(pk), copying.bigint(line)) for pk, line in lines.items())
        copying.copy("first_lines", ("id", "line"), rows)

    def close(self) -> None:
        # A transaction that failed takes the table along, and a lost connection too.
        if self._is_table_there and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(DROP)
