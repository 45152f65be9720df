"""A queue of its own for a test, and `manage.py worker` processes that work on it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import psycopg2

from ingestion.embedded import server
from tests.e2e.conftest import clean_environment, copy_to

# Each document takes so many seconds, and leaves a row each time it becomes searchable.
SLOWLY = """
    CREATE TABLE indexings (document uuid NOT NULL, session int DEFAULT pg_backend_pid());
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(NEW.source::float8);
        INSERT INTO indexings (document) VALUES (NEW.id);
        RETURN NEW;
    END $$;
    CREATE TRIGGER noted BEFORE UPDATE OF indexed ON documents FOR EACH ROW
       WHEN (NEW.indexed) EXECUTE FUNCTION note();
"""
DOCUMENTS = """
    WITH owner AS (
        INSERT INTO users (email, password, full_name, is_active, is_staff, is_superuser)
        VALUES ('alice@example.com', '', '', true, false, false)
        ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id),
    kept AS (
        INSERT INTO documents (id, owner_id, content_type, metadata, extracted, size, sha256,
                               state, source)
        SELECT number, owner.id, 'text/plain', '{}', '{}', 1, repeat('0', 64), 'ready', %(seconds)s
          FROM owner, unnest(%(ids)s::uuid[]) AS number
        RETURNING id)
    INSERT INTO passages (document_id, position, text) SELECT id, 0, 'We met ' || id FROM kept
"""
JOB = """
    INSERT INTO jobs (kind, documents, lane, bytes) VALUES ('index', %s::uuid[], %s, %s)
"""
INDEXED_OTHERWISE_THAN_ONCE = """
    SELECT count(*) FROM documents
     WHERE (SELECT count(*) FROM indexings WHERE document = documents.id) <> 1
        OR NOT indexed
"""


class Workplace:
    def __init__(self, folder: Path, database: Path) -> None:
        self.folder, self.database = folder, database
        self.started: list[subprocess.Popen[str]] = []
        self.env = clean_environment(EMBEDDED_POSTGRES_DIR=str(database))
        self.manage("migrate", "--verbosity=0").communicate(timeout=120)
        server.ensure(database)
        self.rows(SLOWLY)

    def manage(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def worker(self, *options: str) -> psutil.Process:
        """Start one, ready to work; what it says is in worker-N.log."""
        with (self.folder / f"worker-{len(self.started)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "worker", *options],
                cwd=self.folder,
                env=self.env,
                text=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.started.append(process)
        return psutil.Process(process.pid)

    def said(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))

    def rows(self, statement: str, values: Any = None) -> list[Any]:
        host = str(server.socket_dir(self.database))
        connection = psycopg2.connect(host=host, user=server.USER, dbname=server.DATABASE)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, statement: str) -> Any:
        return self.rows(statement)[0][0]

    def add(
        self, count: int, *, of_a_job: int = 1, lane: int = 0, size: int = 7, seconds: float = 0
    ) -> list[UUID]:
        """So many documents to index, each of which takes so many seconds."""
        ids = [uuid4() for _ in range(count)]
        texts = [str(each) for each in ids]
        self.rows(DOCUMENTS, {"ids": texts, "seconds": str(seconds)})
        for start in range(0, count, of_a_job):
            self.rows(JOB, [texts[start : start + of_a_job], lane, size])
        return ids

    def indexed(self, *ids: UUID) -> int:
        wanted = [str(each) for each in ids]
        found = self.rows(
            "SELECT count(*) FROM documents WHERE indexed AND id = ANY(%s::uuid[])", [wanted]
        )
        return int(found[0][0])

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float = 60) -> float:
        """How long it took."""
        started = time.monotonic()
        while not is_so():
            assert time.monotonic() < started + seconds, self.said()
            time.sleep(0.02)
        return time.monotonic() - started

    def wait_until_done(self, *, seconds: float = 120) -> None:
        self.wait_until(lambda: self.value("SELECT count(*) FROM jobs") == 0, seconds=seconds)

    def wait_until_connected(self, count: int) -> None:
        mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingestion'"
        self.wait_until(lambda: bool(self.value(mine) >= count))

    def clear(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(60)
        self.started.clear()
        for log in self.folder.glob("worker-*.log"):
            log.unlink()
        self.rows("TRUNCATE indexings, jobs, passages, documents")


@contextmanager
def open_workplace(folder: Path) -> Iterator[Workplace]:
    copy_to(folder)
    place = "/var/tmp" if os.geteuid() == 0 else None
    database = Path(tempfile.mkdtemp(prefix="ingestion-e2e-", dir=place))
    try:
        yield Workplace(folder, database)
    finally:
        server.stop(database)
        shutil.rmtree(database, ignore_errors=True)
