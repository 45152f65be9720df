"""The live database, read while others may be at work on it: what is applied, and what is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.db import DatabaseError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg2.errors import LockNotAvailable

from ingestion.schema.catalog import Things, things
from ingestion.schema.errors import (
    FileIsMissing,
    KeepsChanging,
    TablesLocked,
)
from ingestion.schema.locks import Holder, one_migrator
from ingestion.schema.project import Project, recorded
from ingestion.schema.resume import refuse_elsewhere

LOOKS = 3
"""How often it is read again when the record has changed meanwhile, without the lock."""


@dataclass(frozen=True)
class Live:
    """One moment of it."""

    project: Project
    """With what was applied then."""
    things: Things


def read(
    connection: BaseDatabaseWrapper, *, lock_wait: int, say: Callable[[Holder, float], None]
) -> Live:
    """Under the lock on migrations, so that what one of them has half made is not seen.

    Refuses a state of which nobody can say what tables it has.
    """
    project = Project.read(connection)
    with one_migrator(connection, wait=lock_wait, say=say):
        for _ in range(LOOKS):
            project.reread()
            with waiting_for_tables(connection, seconds=lock_wait):
                found = things(connection)
            if recorded(connection) == project.applied:
                break
        else:
            raise KeepsChanging
        refuse_elsewhere(connection)
    project.check()
    _refuse_without_file(project)
    return Live(project, found)


@contextmanager
def waiting_for_tables(
    connection: BaseDatabaseWrapper, *, seconds: int, otherwise: str = ""
) -> Iterator[None]:
    """PostgreSQL reads some of a catalogue only when nobody is changing the table."""
    try:
        with connection.cursor() as cursor, _lock_timeout(cursor, milliseconds=seconds * 1000):
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise TablesLocked(waited=seconds, otherwise=otherwise) from error
        raise


@contextmanager
def _lock_timeout(cursor: CursorWrapper, *, milliseconds: int) -> Iterator[None]:
    """0 would wait for ever."""
    cursor.execute(
        "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, false)",
        [f"{max(milliseconds, 1)}"],
    )
    (before, _) = cursor.fetchone()
    try:
        yield
    finally:
        with suppress(DatabaseError):  # inside a transaction that has failed it goes back by itself
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])


def _refuse_without_file(project: Project) -> None:
    """The rows of apps that are not installed any more, and of what was squashed, say nothing."""
    loader = project.loader
    squashed = {tuple(part) for each in loader.replacements.values() for part in each.replaces}
    for key in project.applied:
        if (
            key[0] in loader.migrated_apps
            and key not in loader.disk_migrations
            and key not in squashed
        ):
            raise FileIsMissing(key)
