"""The search index in a worker's hands: its transactions' settings, and its list of new words.

GIN takes new words into a list first, which makes indexing quick, and every search reads that
list from end to end. Whoever fills it up has to empty it, in the middle of a transaction. So
workers make it large, and empty it themselves when they have time.
"""

import logging
import time

from django.db import DatabaseError, connection, transaction

log = logging.getLogger(__name__)

INDEX = "passages_words"
# Emptied after so many documents or seconds under load, and when there is nothing else to do.
# A list of 20,000 takes half as much work again for each document as one of 5,000.
DOCUMENTS = 5_000
BUSY_SECONDS = 5.0
IDLE_SECONDS = 1.0
# For one transaction only: through a pooler, what is set for a session is set for strangers.
# A crash of the server may undo what was not yet on the disk, and the job is there again.
INDEXING = {
    "gin_pending_list_limit": "128MB",
    "synchronous_commit": "off",
    "jit": "off",
}
EMPTYING = {"maintenance_work_mem": "256MB", "synchronous_commit": "off"}
# The lock is for one worker at a time: a second one would only wait for the first.
EMPTY = """
    SELECT CASE WHEN pg_try_advisory_xact_lock(hashtext(%(index)s))
                THEN gin_clean_pending_list(%(index)s::regclass)
            END
"""


def prepare() -> None:
    """Settings for the open transaction, which is about to index."""
    _set(INDEXING)


def _set(values: dict[str, str]) -> None:
    calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [word for pair in values.items() for word in pair])


class Upkeep:
    """When one worker empties the list of new words."""

    def __init__(self) -> None:
        # Whoever was here before may have died with the list full.
        self._documents, self._since = 1, time.monotonic()
        self._may = True

    def note(self, documents: int) -> None:
        """So many documents were indexed."""
        self._documents += documents

    def is_due(self, *, idle: bool) -> bool:
        if not (self._may and self._documents):
            return False
        seconds = time.monotonic() - self._since
        full = self._documents >= DOCUMENTS and seconds >= IDLE_SECONDS
        return full or seconds >= (IDLE_SECONDS if idle else BUSY_SECONDS)

    def do_if_due(self, *, idle: bool) -> None:
        if self.is_due(idle=idle):
            self.do()

    def do(self) -> None:
        """Empty the list, unless another worker is at it. Outside of any transaction."""
        self._since = time.monotonic()
        try:
            if empty():
                self._documents = 0
        except DatabaseError as error:
            if not _is_refused(error):
                raise
            self._may = False
            log.warning(
                "PostgreSQL does not let this role empty the list of new words of %s, so "
                "autovacuum will, and searches are slower until then. Let the worker's role "
                "own the table passages: %s",
                INDEX,
                str(error).split("\n")[0],
            )


def empty() -> bool:
    """False if another worker is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        _set(EMPTYING)
        cursor.execute(EMPTY, {"index": INDEX})
        return cursor.fetchone()[0] is not None


def _is_refused(error: DatabaseError) -> bool:
    # No privilege; no such index (yet); the server is a standby by now.
    return getattr(error.__cause__, "pgcode", None) in {"42501", "42P01", "42704", "42809"}
