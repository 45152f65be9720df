"""What it takes to have a server: nothing, whatever was left behind."""

import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ingestion.embedded.programs import binaries, major_version
from ingestion.embedded.server import ensure, socket_dir

pytestmark = pytest.mark.slow

HURRY = "-c fsync=off"

Ask = Callable[[Path, str], object]
Visit = Callable[..., subprocess.Popen[str]]
Kill = Callable[[psutil.Process], None]
Find = Callable[[Path], psutil.Process]


def test_it_starts_where_nothing_is(fresh: Path, ask: Ask) -> None:
    ensure(fresh)
    assert ask(fresh, "SELECT current_database()") == "ingestion"


def test_it_sorts_the_same_everywhere(folder: Path, ask: Ask) -> None:
    ensure(folder)
    sql = "SELECT concat_ws(' ', datlocprovider, datlocale, pg_encoding_to_char(encoding))"
    found = ask(folder, f"{sql} FROM pg_database WHERE datname = current_database()")
    assert found == "b C.UTF-8 UTF8"


def test_it_is_durable(folder: Path, ask: Ask) -> None:
    ensure(folder)
    settings = "fsync", "synchronous_commit", "full_page_writes"
    assert [ask(folder, f"SHOW {name}") for name in settings] == ["on", "on", "on"]


def test_it_takes_options(folder: Path, ask: Ask) -> None:
    ensure(folder, options="-c fsync=off -c work_mem=7MB")
    assert [ask(folder, "SHOW fsync"), ask(folder, "SHOW work_mem")] == ["off", "7MB"]


def test_it_opens_no_port(folder: Path, postmaster: Find) -> None:
    ensure(folder)
    assert postmaster(folder).net_connections(kind="inet") == []


def test_nobody_else_can_reach_its_socket(folder: Path) -> None:
    ensure(folder)
    assert stat.S_IMODE((folder / "socket").stat().st_mode) == 0o700


def test_three_processes_at_once_share_one(fresh: Path, send: Visit, ask: Ask) -> None:
    visitors = [send(fresh) for _ in range(3)]
    said = [visitor.stdout.readline() for visitor in visitors if visitor.stdout]
    assert [line.split()[0] for line in said] == ["in", "in", "in"]
    assert len(list(fresh.glob("*/postmaster.pid"))) == 1


def test_threads_share_one(folder: Path, ask: Ask) -> None:
    threads = [threading.Thread(target=ensure, args=(folder,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(folder, "SELECT 1") == 1


def test_it_asks_no_second_time(folder: Path, postmaster: Find) -> None:
    ensure(folder)
    before = postmaster(folder)
    ensure(folder)
    assert postmaster(folder) == before


def test_it_starts_again_with_all_that_was_committed_before_a_crash(
    folder: Path, postmaster: Find, kill: Kill, ask: Ask
) -> None:
    ensure(folder, options=HURRY)
    sql = (
        "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 7 AS n; COMMIT; SELECT n FROM kept"
    )
    assert ask(folder, sql) == 7
    kill(postmaster(folder))
    ensure(folder, options=HURRY)
    assert ask(folder, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("content", ["", "not a number\n", "{stranger}\n/nowhere\n0\n5432\n"])
def test_a_stale_lock_file_does_not_matter(folder: Path, content: str, ask: Ask) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:  # the pid was given to somebody else
        (data,) = folder.glob("[0-9]*")
        (data / "postmaster.pid").write_text(content.format(stranger=stranger.pid))
        ensure(folder)
        assert stranger.poll() is None
        stranger.kill()
    assert ask(folder, "SELECT 1") == 1


def test_what_an_interrupted_initdb_left_does_not_matter(fresh: Path, ask: Ask) -> None:
    for left in ("initdb-abc/base", f"{major_version(binaries())}-abc/base"):
        (fresh / left).mkdir(parents=True)
    ensure(fresh, options=HURRY)
    assert not (fresh / "initdb-abc").exists()
    assert ask(fresh, "SELECT 1") == 1


def test_it_listens_to_no_variables_of_other_servers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    for name, value in {"PGPORT": "7777", "PGDATA": "/nowhere", "LC_ALL": "xx_YY"}.items():
        monkeypatch.setenv(name, value)
    ensure(folder)
    assert ask(folder, "SHOW port") == "5432"


def test_it_fits_into_a_long_path(far: Path, ask: Ask) -> None:
    ensure(far, options=HURRY)
    assert ask(far, "SELECT 1") == 1
    assert socket_dir(far).parent != far
