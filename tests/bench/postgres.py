"""The one PostgreSQL server that all systems share, with fsync on.

An embedded one of its own, or the one that BENCH_DATABASE_URL names: a role there must be allowed
to create databases and to VACUUM them.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2.extensions import connection, parse_dsn

from ingestion.embedded import server
from tests.bench.errors import BenchError

# No checkpoint by the clock within a round, so that it hits neither of them.
OPTIONS = "-c max_wal_size=8GB -c checkpoint_timeout=30min -c shared_buffers={megabytes}MB"
LOCK_SECONDS = 60
SHOWN = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "gin_pending_list_limit",
    "default_toast_compression",
    "work_mem",
    "jit",
    "autovacuum",
)
GIN_INDEXES = """
    SELECT index.oid::regclass::text
      FROM pg_class AS index JOIN pg_am ON pg_am.oid = index.relam
     WHERE index.relkind = 'i' AND pg_am.amname = 'gin'
"""


@dataclass
class Postgres:
    host: str
    port: int
    user: str
    password: str
    programs: Path
    """Where psql, pgbench and friends lie."""
    made: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """As Django, libpq and asyncpg read it."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        if self.host.startswith("/"):
            at = f"host={self.host}&port={self.port}"
            return f"postgres://{self.user}{secret}@/{database}?{at}"
        return f"postgres://{self.user}{secret}@{self.host}:{self.port}/{database}"

    def environment(self, database: str) -> dict[str, str]:
        """For programs that use libpq."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {
            **kept,
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": database,
        }

    def connect(self, database: str) -> connection:
        link = psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            application_name="bench",
            options=f"-c lock_timeout={LOCK_SECONDS}s",
        )
        link.autocommit = True
        return link

    @contextmanager
    def cursor(self, database: str) -> Iterator[Any]:
        link = self.connect(database)
        try:
            with link.cursor() as cursor:
                yield cursor
        finally:
            link.close()

    def value(self, database: str, statement: str, *values: object) -> Any:
        with self.cursor(database) as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0]

    def create(self, database: str, *, template: str = "template0") -> None:
        self.drop(database)
        with self.cursor("postgres") as cursor:
            cursor.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
        self.made.append(database)

    def drop(self, database: str) -> None:
        with self.cursor("postgres") as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def tidy(self, database: str, tables: Sequence[str]) -> None:
        """What is left to do of the work so far is done now, not within a neighbour's window."""
        with self.cursor(database) as cursor:
            cursor.execute(GIN_INDEXES)
            for (index,) in cursor.fetchall():
                cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [index])
            cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")

    def pgbench(self, database: str, script: Path, *, clients: int, seconds: int) -> "Bursts":
        command = [str(self.programs / "pgbench"), "-n", "-M", "prepared", "-f", str(script)]
        share = ["-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds)]
        done = subprocess.run(
            [*command, *share],
            env=self.environment(database),
            capture_output=True,
            text=True,
            check=False,
        )
        rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        latency = re.search(r"^latency average = ([\d.]+) ms", done.stdout, re.MULTILINE)
        if done.returncode or rate is None or latency is None:
            raise BenchError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return Bursts(per_second=float(rate[1]), latency=float(latency[1]) / 1000)

    def facts(self) -> dict[str, str]:
        with self.cursor("postgres") as cursor:
            cursor.execute("SELECT version()")
            found = {"version": " ".join(cursor.fetchone()[0].split()[:2])}
            cursor.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)",
                [list(SHOWN)],
            )
            return found | dict(sorted(cursor.fetchall()))

    def process(self) -> psutil.Process | None:
        """The postmaster, where the server runs on this machine."""
        with self.cursor("postgres") as cursor, suppress(psutil.Error):
            cursor.execute("SELECT pg_backend_pid()")
            parent = psutil.Process(cursor.fetchone()[0]).parent()
            if parent is not None and parent.name().startswith("postgres"):
                return parent
        return None


@dataclass(frozen=True)
class Bursts:
    """What pgbench says: transactions a second, and seconds for one on average."""

    per_second: float
    latency: float


@contextmanager
def running(folder: Path, *, is_small: bool) -> Iterator[Postgres]:
    chosen = os.environ.get("BENCH_DATABASE_URL")
    if chosen:
        postgres = _named(chosen)
        try:
            yield postgres
        finally:
            for database in postgres.made:
                postgres.drop(database)
        return
    megabytes = 128 if is_small else min(2048, psutil.virtual_memory().total // 2**20 // 4)
    server.ensure(folder, options=OPTIONS.format(megabytes=megabytes))
    try:
        yield Postgres(
            str(server.socket_dir(folder)), 5432, server.USER, "", server.binaries() / "bin"
        )
    finally:
        server.stop(folder)


def _named(url: str) -> Postgres:
    try:
        parts = parse_dsn(url)
        host, user = parts["host"], parts["user"]
    except (psycopg2.Error, KeyError) as error:
        raise BenchError(
            "BENCH_DATABASE_URL cannot be read. It looks like "
            "postgres://user:password@host:5432/postgres"
        ) from error
    return Postgres(
        host,
        int(parts.get("port", 5432)),
        user,
        parts.get("password", ""),
        server.binaries() / "bin",
    )
