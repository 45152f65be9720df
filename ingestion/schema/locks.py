"""One migrator at a time per database: a session's advisory lock, taken by polling.

The lock lives in the session that migrates, so that it cannot be lost while the work goes on, nor
outlive it. Nothing is open between two polls: a session that waits inside `pg_advisory_lock` holds
a snapshot, for which CREATE INDEX CONCURRENTLY waits, and the two would deadlock.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.errors import AnotherMigrator, BehindPooler, LockLost
from ingestion.schema.journal import entries
from ingestion.schema.statements import names, statements

# Any number will do, as long as it stays the same: "migrate!" read as a big-endian integer.
KEY = int.from_bytes(b"migrate!", "big")
HELD = """
    l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = %(key)s >> 32 AND l.objid::bigint = %(key)s & 4294967295
"""
# A role may not see when others began, nor from where, unless it may read all statistics.
BLOCKERS = """
    SELECT DISTINCT a.xact_start,
           concat('process ', a.pid, ', role ' || a.usename, ' on ' || host(a.client_addr),
                  ', ' || a.state,
                  ' for ' || round(extract(epoch FROM clock_timestamp() - a.xact_start)) || ' s')
      FROM pg_locks l
      JOIN pg_class c ON c.oid = l.relation
      JOIN pg_stat_activity a USING (pid)
     WHERE c.relname = ANY (%s) AND l.granted AND l.pid <> pg_backend_pid()
       AND coalesce(clock_timestamp() - a.xact_start >= %s * interval '1 ms', true)
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     ORDER BY 1 LIMIT 3
"""
LOOKS = 5
"""How often a second connection is tried: a pooler with many sessions may give it another one."""
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 1.0
REMIND_EVERY = 10.0


@dataclass(frozen=True)
class Holder:
    """Who has the lock, as far as this role may know."""

    who: str
    host: str
    process: int
    since: datetime | None
    command: str = ""
    run: UUID | None = None
    """In the journal; None where it has not begun to change anything."""

    def __str__(self) -> str:
        since = f", since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        command = f", with `{self.command}`" if self.command else ""
        return f"{self.who} on {self.host} (process {self.process}{since}{command})"


@contextmanager
def one_migrator(
    connection: BaseDatabaseWrapper, *, wait: float, say: Callable[[Holder, float], None]
) -> Iterator[None]:
    """Hold the lock. `say` hears who holds it, and for how long we have waited, now and then."""
    _refuse_pooler(connection)
    _take(connection, wait=wait, say=say)
    try:
        yield
    finally:
        _release(connection)


def _take(
    connection: BaseDatabaseWrapper, *, wait: float, say: Callable[[Holder, float], None]
) -> None:
    start = time.monotonic()
    pause, reminded = SHORTEST_WAIT, -REMIND_EVERY
    while not _try(connection):
        waited = time.monotonic() - start
        found = holder(connection)
        if waited >= wait:
            raise AnotherMigrator(found, waited=waited)
        if found and waited - reminded >= REMIND_EVERY:
            say(found, waited)
            reminded = waited
        time.sleep(min(pause * random.uniform(0.5, 1.5), max(wait - waited, 0.01)))  # noqa: S311
        pause = min(pause * 2, LONGEST_WAIT)


def _try(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
        return bool(cursor.fetchone()[0])


def _release(connection: BaseDatabaseWrapper) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [KEY])
    except (DatabaseError, InterfaceError):  # the session is gone, and the lock with it
        connection.close()


def still_held(connection: BaseDatabaseWrapper) -> None:
    """Refuse to go on without the lock: the connection was closed and opened again on the way."""
    with connection.cursor() as cursor:
        query = f"SELECT EXISTS (SELECT FROM pg_locks l WHERE {HELD} AND pid = pg_backend_pid())"  # noqa: S608
        cursor.execute(query, {"key": KEY})
        if not cursor.fetchone()[0]:
            raise LockLost


def holder(connection: BaseDatabaseWrapper) -> Holder | None:
    """Who holds the lock: what the journal says of its run, else what the server knows."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT l.pid, a.usename, host(a.client_addr), a.backend_start, a.application_name
              FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
             WHERE {HELD}
            """,  # noqa: S608
            {"key": KEY},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    pid, role, address, started, program = row
    begun = entries(connection).filter(action="begin", backend=pid).order_by("-id").first()
    if begun is not None and (started is None or begun.at >= started):
        who = f"{begun.os_user or '?'} (role {begun.role})"
        command = f"{begun.detail.get('command', '')}"
        began = begun.at.astimezone(UTC)
        return Holder(who, begun.host or "?", begun.process or pid, began, command, begun.run)
    since = started.astimezone(UTC) if started else None
    return Holder(f"role {role or '?'}", address or "this machine", pid, since, program or "")


def _refuse_pooler(connection: BaseDatabaseWrapper) -> None:
    """A pooler that hands the session to somebody else between transactions takes the lock along.

    The server's own process id differs from the one that the client was told when it connected
    (protocol message BackendKeyData) only where something stands between the two.
    """
    told = connection.connection.info.backend_pid
    if told != _process(connection) and _is_shared(connection):
        raise BehindPooler


def _is_shared(connection: BaseDatabaseWrapper) -> bool:
    """Whether a second connection comes out where the first one did, or drives it elsewhere."""
    with closing(connection.copy()) as second:
        second.set_autocommit(False)  # so that it keeps what it was given until its rollback
        try:
            for _ in range(LOOKS):
                first = _process(connection)
                if first == _process(second) or first != _process(connection):
                    return True
                second.rollback()
        except OperationalError:  # one that pools statements takes no transaction at all
            return True
        return False


def _process(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def blockers(connection: BaseDatabaseWrapper, statement: str, *, waited_ms: int) -> list[str]:
    """Who holds a lock on what the statement names, oldest transaction first: a few words each.

    Who came while it waited has waited behind it.
    """
    with connection.cursor() as cursor:
        cursor.execute(BLOCKERS, [names_in(statement), waited_ms])
        return [words for _, words in cursor.fetchall()]


def names_in(sql: str) -> list[str]:
    """All that may be the name of a table or an index."""
    written = (sql[start:end] for each in statements(sql) for _, start, end in each.tokens)
    return sorted(
        {name for text in written if text[0] == '"' or text.isidentifier() for name in names(text)}
    )
