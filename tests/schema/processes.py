"""A database, and processes that migrate it: real ones, that can be killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.catalog import Catalog, catalog
from ingestion.schema.journal import entries, replay
from ingestion.schema.models import JournalEntry
from ingestion.schema.plan import Key

PROJECT = Path(__file__).resolve().parents[2]
ALIAS = "tiny"
PLAIN = "django.db.backends.postgresql"


MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [{dependencies}]
    operations = [{operations}]
"""


@dataclass
class Finished:
    code: int
    said: str


@dataclass
class Tiny:
    """A project with a database of its own."""

    database: dict[str, Any]
    apps: list[str]
    folder: Path
    """Of the apps that a test writes."""
    schema: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    _loaded: "subprocess.Popen[str] | None" = None
    _started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def write(self, app: str, *migrations: str, atomic: bool = True) -> None:
        """One migration of each list of operations, the first without dependencies."""
        folder = self.folder / app / "migrations"
        folder.mkdir(parents=True)
        for package in (folder.parent, folder):
            (package / "__init__.py").touch()
        before = ""
        for number, operations in enumerate(migrations, 1):
            dependencies = f'("{app}", "{before}")' if before else ""
            before = f"{number:04}"
            text = MIGRATION.format(dependencies=dependencies, operations=operations, atomic=atomic)
            (folder / f"{before}.py").write_text(text)
        self.apps.append(app)

    # --- Processes

    def start(self, *words: str, **schema: Any) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*self._program(schema), *words],
            cwd=PROJECT,
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *words: str, dies: tuple[str, int] | None = None, **schema: Any) -> Finished:
        """In a fork of a process that has loaded Django already."""
        if self._loaded is None:
            self._loaded = subprocess.Popen(
                self._program({}),
                cwd=PROJECT,
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._loaded.stdin is not None
        assert self._loaded.stdout is not None
        print(json.dumps([words, schema, dies]), file=self._loaded.stdin, flush=True)
        return Finished(*json.loads(self._loaded.stdout.readline()))

    def end(self) -> None:
        for process in self._started:
            process.kill()
        for process in [*self._started, *filter(None, [self._loaded])]:
            if not (process.stdout and process.stdout.closed):
                process.communicate()

    def _program(self, schema: dict[str, Any]) -> list[str]:
        wanted = {
            "database": self.database,
            "apps": self.apps,
            "schema": {**self.schema, **schema},
            "folder": str(self.folder),
        }
        return [sys.executable, "-m", "tests.schema.tiny", json.dumps(wanted)]

    # --- The database

    def connect(self) -> Any:
        """A session beside those of the processes, in autocommit."""
        keys = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
        said = {name: self.database[key] for key, name in keys.items() if self.database.get(key)}
        session = psycopg2.connect(**said, port=self.database["PORT"] or None)
        session.autocommit = True
        return session

    def ask(self, query: str) -> list[Any]:
        with closing(self.connect()) as session, session.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    def wait_for(self, query: str, *, seconds: float = 10) -> None:
        """Until it finds something."""
        until(lambda: bool(self.ask(query)), seconds=seconds)

    def wait_for_statement(self, pattern: str) -> int:
        """Until a session is at such a statement; its process on the server."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            f"AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '{pattern}'"
        )
        self.wait_for(query)
        return int(self.ask(query)[0][0])

    @contextmanager
    def looking(self) -> Iterator[BaseDatabaseWrapper]:
        connections.databases[ALIAS] = {**connections["default"].settings_dict, **self.database}
        try:
            yield connections[ALIAS]
        finally:
            connections[ALIAS].close()
            del connections[ALIAS], connections.databases[ALIAS]

    def journal(self) -> list[JournalEntry]:
        with self.looking() as connection:
            return list(entries(connection))

    def actions(self, *of: str) -> list[str]:
        """The actions of the journal, with the migration they are about."""
        return [
            f"{entry.action} {entry.migration or ''}".strip()
            for entry in self.journal()
            if not of or entry.action in of
        ]

    def applied(self) -> set[Key]:
        with self.looking() as connection:
            return set(MigrationRecorder(connection).applied_migrations())

    def catalog(self) -> Catalog:
        with self.looking() as connection:
            return catalog(connection)

    def is_true_to_its_journal(self) -> bool:
        return replay(self.journal()) == self.applied()


def until(is_so: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def tiny(*apps: str, name: str = "tiny") -> Iterator[Tiny]:
    """On the server of the tests; the database is empty."""
    server = connections["default"]
    name = f"{name}_{os.getpid()}"
    keys = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
    known = {key: server.settings_dict[key] for key in keys}
    dotted = [f"tests.schema.stories.{app}" for app in apps]
    with TemporaryDirectory() as folder:
        project = Tiny({**known, "ENGINE": PLAIN, "NAME": name}, dotted, Path(folder))
        make_database(name)
        try:
            yield project
        finally:
            project.end()
            drop_database(name)


def make_database(name: str, *, like: str = "template0") -> None:
    drop_database(name)
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {like}")


def drop_database(name: str) -> None:
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
