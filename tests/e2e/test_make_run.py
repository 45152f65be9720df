"""`make run` as a newcomer finds it: in a fresh copy, with nothing prepared.

Waits for the installation of the requirements (up to a minute or two) and for the servers.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ingestion.embedded import server
from tests.e2e.conftest import UP, clean_environment, copy_to, free_port

INSTALL_SECONDS = 300


class Run:
    """`make run`, with what it prints."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}-{port}.log"
        self.url = f"http://127.0.0.1:{port}"
        self.started = time.monotonic()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["make", "-C", str(folder), "run"],
                cwd="/",
                env=clean_environment(PORT=str(port)),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> str:
        """What it printed until everything was up."""
        deadline = time.monotonic() + INSTALL_SECONDS
        while UP not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self.log.read_text()

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def interrupt(self) -> int:
        """Ctrl-C, as a terminal sends it: to the whole group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_to(tmp_path_factory.mktemp("fresh") / "a clone")


@pytest.fixture(scope="module")
def start(folder: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def run(where: Path = folder, *, port: int = 0) -> Run:
        runs.append(Run(where, port=port or free_port()))
        return runs[-1]

    yield run
    for each in runs:
        each.interrupt()
        server.stop(server.home(each.folder))
        shutil.rmtree(server.home(each.folder), ignore_errors=True)


@pytest.fixture(scope="module")
def first(start: Callable[..., Run]) -> tuple[Run, str]:
    run = start()
    return run, run.wait()


def ask(url: str, token: str) -> dict[str, object]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        read: dict[str, object] = json.load(answer)
        return read


def token_of(panel: str) -> str:
    found = re.search(r"Token +(ing_\S+)", panel)
    assert found, panel
    return found[1]


def test_the_panel_says_what_one_needs_to_know(first: tuple[Run, str]) -> None:
    run, panel = first
    for line in (
        r"Database +PostgreSQL 18\.\d+, embedded, in /\S",
        r"Migrations +\d+ applied: .*accounts\.0002_user_email_verified",
        rf"API docs +{run.url}/api/docs/",
        rf"Admin +{run.url}/admin/",
        r"E-mail +admin@example\.com",
        r"Password +\S{12,}",
        r"Token +ing_\S{40,}",
    ):
        assert re.search(line, panel), (line, panel)


def test_its_curl_line_ingests_a_file_that_is_then_found(
    first: tuple[Run, str], folder: Path
) -> None:
    run, panel = first
    line = next(line for line in panel.splitlines() if line.strip().startswith("curl "))
    said = subprocess.run([*shlex.split(line), "-sS"], cwd=folder, capture_output=True, check=True)
    number = json.loads(said.stdout)["id"]
    deadline = time.monotonic() + 20
    while True:
        answer = ask(f"{run.url}/api/v1/documents/?q=ingestion", token_of(panel))
        if any(hit["id"] == number for hit in answer["results"]):  # type: ignore[attr-defined]
            return
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)


def test_a_second_clone_beside_it_is_another_service(
    first: tuple[Run, str], start: Callable[..., Run], folder: Path
) -> None:
    _, panel = first
    other = copy_to(folder.parent / "another")
    shutil.copytree(folder / ".venv", other / ".venv", symlinks=True)
    run = start(other)
    run.wait()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(f"{run.url}/api/v1/users/me/", token_of(panel))
    run.interrupt()


def test_a_busy_port_is_named(first: tuple[Run, str], start: Callable[..., Run]) -> None:
    run, _ = first
    port = int(run.url.rsplit(":", 1)[1])
    second = start(port=port)
    assert second.process.wait(60) != 0
    assert f"Port {port} on 127.0.0.1 cannot be used" in second.log.read_text()
    assert f"PORT={port + 1} make run" in second.log.read_text()


def test_ctrl_c_stops_all_and_a_second_run_starts_at_once(
    first: tuple[Run, str], start: Callable[..., Run]
) -> None:
    run, panel = first
    family = run.descendants()
    assert len(family) >= 4  # serve, worker, web server and its processes
    run.interrupt()
    assert "Stopped." in run.log.read_text()
    assert "Traceback" not in run.log.read_text()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    again = start()
    panel_again = again.wait()
    assert "Making .venv" not in panel_again
    assert time.monotonic() - again.started < 30
    assert "nothing to apply" in panel_again
    assert "Password" not in panel_again
    me = ask(f"{again.url}/api/v1/users/me/", token_of(panel))
    assert me["email"] == "admin@example.com"
    again.interrupt()
