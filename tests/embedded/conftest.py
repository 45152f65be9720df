"""A real server per test session, and other processes that come to use it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from ingestion.embedded import locks, server
from ingestion.embedded.cluster import find
from ingestion.embedded.programs import programs

PROJECT = Path(server.__file__).parents[2]
HURRY = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"

VISITOR = """
import os, sys
from pathlib import Path
from ingestion.embedded import server

folder, options, then = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
server.ensure(folder, options=options)
exec(then)
print("in", os.getpid(), flush=True)
sys.stdin.read()
"""

Visitor = subprocess.Popen[str]
Visit = Callable[..., Visitor]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A folder where no server has ever been."""
    yield from _folder(server.home(tmp_path))


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Path]:
    """The same, with a path that is too long for the address of a socket."""
    yield from _folder(server.home(tmp_path / ("long" * 25)))


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield from _folder(server.home(tmp_path_factory.mktemp("made")))


@pytest.fixture
def folder(_made: Path) -> Iterator[Path]:
    """A folder with a cluster in it; nobody uses its server yet."""
    if not _made.exists():
        server.ensure(_made, options=HURRY)
    server.stop(_made)
    yield _made
    server.stop(_made)


def _folder(path: Path) -> Iterator[Path]:
    yield path
    server.stop(path)
    shutil.rmtree(path, ignore_errors=True)
    if server.socket_dir(path).parent != path:
        shutil.rmtree(server.socket_dir(path).parent, ignore_errors=True)


@pytest.fixture
def send() -> Iterator[Visit]:
    """Send another process to use a server. It leaves at the end of its input."""
    sent: list[Visitor] = []

    def send(folder: Path, *, options: str = HURRY, then: str = "") -> Visitor:
        command = [sys.executable, "-c", VISITOR, str(folder), options, then]
        pipe = subprocess.PIPE
        sent.append(subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, text=True))
        return sent[-1]

    yield send
    for visitor in sent:
        visitor.kill()
        visitor.communicate()


@pytest.fixture
def visit(send: Visit) -> Visit:
    """The same, and wait until it is in."""

    def visit(folder: Path, *, options: str = HURRY, then: str = "") -> Visitor:
        visitor: Visitor = send(folder, options=options, then=then)
        assert visitor.stdout is not None
        assert visitor.stdout.readline() == f"in {visitor.pid}\n"
        return visitor

    return visit


@pytest.fixture
def ask() -> Callable[[Path, str], object]:
    """Ask the server a question with one answer."""

    def ask(folder: Path, sql: str) -> object:
        socket = str(server.socket_dir(folder))
        connection = psycopg2.connect(
            host=socket, port=5432, user=server.USER, dbname=server.DATABASE
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                (answer,) = cursor.fetchone() or (None,)
                return answer
        finally:
            connection.close()

    return ask


@pytest.fixture
def processes() -> Callable[[Path], list[psutil.Process]]:
    """The processes of the server in a folder, found without its help."""

    def processes(folder: Path) -> list[psutil.Process]:
        cluster = find(folder, programs(folder))
        return cluster.processes() if cluster else []

    return processes


@pytest.fixture
def is_gone(processes: Callable[[Path], list[psutil.Process]]) -> Callable[[Path], bool]:
    """Whether neither server nor watchdog is left, now or within ten seconds."""

    def is_gone(folder: Path) -> bool:
        deadline = time.monotonic() + 10
        while locks.is_taken(folder / "watchdog") or processes(folder):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    return is_gone


@pytest.fixture
def kill() -> Callable[[psutil.Process], None]:
    """kill -9, and wait until the kernel has taken back what the process held."""

    def kill(process: psutil.Process) -> None:
        process.kill()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)

    return kill


@pytest.fixture
def postmaster() -> Callable[[Path], psutil.Process]:
    def postmaster(folder: Path) -> psutil.Process:
        text = next(folder.glob("*/postmaster.pid")).read_text()
        return psutil.Process(int(text.split()[0]))

    return postmaster


@pytest.fixture
def watchdog() -> Callable[[Path], psutil.Process | None]:
    def watchdog(folder: Path) -> psutil.Process | None:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if str(folder) in words and any(word.endswith("watchdog.py") for word in words):
                return process
        return None

    return watchdog
