"""A service of its own for a test: `manage.py serve` in a copy of the project."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

from ingestion.embedded import server

PROJECT = Path(__file__).resolve().parents[2]
UP = "Ctrl-C stops everything."
START_SECONDS = 60


def copy_to(target: Path) -> Path:
    """The files of the project as they are now, without what is ignored."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (PROJECT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, target / name)
    return target


def clean_environment(**more: str) -> dict[str, str]:
    """What a newcomer has: none of the variables that the tests set."""
    dropped = {"DATABASE_URL", "SECRET_KEY", "LAPTOP", "DJANGO_SETTINGS_MODULE"}
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    quiet = {k: v for k, v in kept.items() if not k.startswith(("EMBEDDED_", "PYTEST", "MAKE"))}
    return {**quiet, **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """`serve` with a database and a storage of its own."""

    def __init__(self, folder: Path, *, database: Path) -> None:
        self.folder, self.database = folder, database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "serve.log"
        self.token = ""
        self.env = clean_environment(
            EMBEDDED_POSTGRES_DIR=str(database), PORT=str(self.port), TOKEN=""
        )
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it, and wait until it is up; what it printed."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=self.folder,
                env=self.env,
                text=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while UP not in (said := self.log.read_text()):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        if found := re.search(r"Token +(ing_\S+)", said):
            self.token = self.env["TOKEN"] = found[1]
        return said

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env=self.env,
            text=True,
            capture_output=True,
            check=False,
        )

    def session(self) -> requests.Session:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.token}"
        return session

    def upload(self, raw: bytes, *, session: requests.Session | None = None) -> requests.Response:
        files = {"file": ("a.txt", raw, "text/plain")}
        return (session or self.session()).post(
            f"{self.url}/api/v1/documents/", files=files, timeout=60
        )

    def rows(self, statement: str) -> list[Any]:
        with self._cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def write(self, statement: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        host = str(server.socket_dir(self.database))
        connection = psycopg2.connect(host=host, user=server.USER, dbname=server.DATABASE)
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def blobs(self) -> list[Path]:
        found = (self.folder / ".storage").glob("??/??/*")
        return [path for path in found if path.is_file()]

    def wait_for_state(self, number: str, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while True:
            answer = self.session().get(f"{self.url}/api/v1/documents/{number}/", timeout=10)
            document: dict[str, Any] = json.loads(answer.content)
            if document["state"] == state:
                return document
            assert time.monotonic() < deadline, document
            time.sleep(0.1)


@pytest.fixture(scope="module")
def stopped_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = copy_to(tmp_path_factory.mktemp("service") / "project")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    place = "/var/tmp" if os.geteuid() == 0 else None
    database = Path(tempfile.mkdtemp(prefix="ingestion-e2e-", dir=place))
    service = Service(folder, database=database)
    yield service
    service.stop()
    server.stop(database)
    shutil.rmtree(database, ignore_errors=True)


@pytest.fixture(scope="module")
def service(stopped_service: Service) -> Service:
    stopped_service.start()
    return stopped_service
