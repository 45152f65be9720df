"""The locks of a statement that cannot be in a transaction, as a second session sees them.

When the statement is over its locks are gone, and it may take no longer than a moment. So the
second session holds a lock on its tables first. CREATE INDEX CONCURRENTLY and its like wait for
whoever may be writing, with their own locks in hand, which can be read then; VACUUM waits for
whoever does the like, and tells what it wants.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.locks import names_in
from ingestion.schema.observation.footprint import Held

# LOCK TABLE takes no other kinds.
TABLES = """
    SELECT DISTINCT t.oid::regclass::text
      FROM pg_class c
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
      JOIN pg_class t ON t.oid = coalesce(i.indrelid, c.oid) AND t.relkind IN ('r', 'p')
      JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE c.relname = ANY (%s) AND n.nspname !~ '^pg_'
"""
# Also what it waits for: it would hold that in a moment.
LOOK = """
    SELECT pg_backend_pid() = ANY (pg_blocking_pids(%(pid)s)),
           (SELECT json_agg(json_build_array(relation::bigint, mode))
              FROM pg_locks
             WHERE pid = %(pid)s AND locktype = 'relation'
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
SOON, LATER = 0.001, 0.01


@dataclass
class Seen:
    locks: dict[Held, float] = field(default_factory=dict)
    """Each with the second of the statement in which it was seen first."""
    gone: dict[Held, float] = field(default_factory=dict)
    """And in which it was not seen any more: VACUUM has one table at a time."""
    held_up: float = 0.0
    """Seconds for which the statement waited for us."""


@contextmanager
def beside(connection: BaseDatabaseWrapper, statement: str) -> Iterator[Seen]:
    """Watch what this session does in the block, which is this statement."""
    seen, is_over, is_ready = Seen(), threading.Event(), threading.Event()
    pid = connection.connection.info.backend_pid

    def watch() -> None:
        try:
            with closing(connection.copy()) as other:
                other.ensure_connection()
                _watch(other.connection, pid, statement, seen, is_ready, is_over)
        finally:
            is_ready.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    is_ready.wait()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()


def _watch(
    session: Any,
    pid: int,
    statement: str,
    seen: Seen,
    is_ready: threading.Event,
    is_over: threading.Event,
) -> None:
    with session.cursor() as cursor:
        is_holding = _hold_tables(cursor, statement)
        began = time.perf_counter()
        is_ready.set()
        while not is_over.wait(SOON if is_holding else LATER):
            started = time.perf_counter()
            cursor.execute(LOOK, {"pid": pid})
            is_waiting, locks = cursor.fetchone()
            # What it holds while it waits for us it has taken at its beginning.
            at = 0.0 if is_holding else started - began - seen.held_up
            held = {(oid, mode) for oid, mode in locks or ()}
            for key in held:
                seen.locks.setdefault(key, at)
                seen.gone.pop(key, None)
            for key in seen.locks.keys() - held:
                seen.gone.setdefault(key, at)
            if is_holding and is_waiting:
                cursor.execute("COMMIT")
                is_holding = False
                seen.held_up += time.perf_counter() - started


def _hold_tables(cursor: Any, statement: str) -> bool:
    mode = "ROW EXCLUSIVE" if "CONCURRENTLY" in statement.upper() else "SHARE UPDATE EXCLUSIVE"
    cursor.execute(TABLES, [names_in(statement)])
    tables = ", ".join(name for (name,) in cursor.fetchall())
    if not tables:
        return False
    cursor.execute("BEGIN")
    with suppress(psycopg2.Error):  # a table that we may not write to: then only look
        cursor.execute(f"LOCK TABLE {tables} IN {mode} MODE")
        return True
    cursor.execute("ROLLBACK")
    return False
