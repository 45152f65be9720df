"""Nobody is left behind: the template ends with its worker, a child with either of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from documents.extraction import endings
from documents.extraction.endings import Interrupted
from documents.extraction.launch import TEMPLATE, Launch
from documents.extraction.limits import Limits
from documents.extraction.order import Ending, Order
from documents.extraction.sandbox import sandboxed
from tests.documents.test_sandbox_endings import ends_soon, is_alive, read

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
WORKER = """
import os, sys
from io import BytesIO
from documents.extraction.launch import TEMPLATE
from documents.extraction.sandbox import sandboxed

with sandboxed(
    BytesIO(b"x"), content_type="", filename="", size=1,
    reader="tests.documents.evil:say_its_process_id",
) as extraction:
    print(os.getpid(), TEMPLATE.pid, int(next(extraction.pieces)), flush=True)
    sys.stdin.read()
"""
FORK = """
import os
from io import BytesIO
from documents.extraction.launch import TEMPLATE
from documents.extraction.sandbox import sandboxed

def read():
    with sandboxed(BytesIO(b"x"), content_type="", filename="", size=1) as extraction:
        assert list(extraction.pieces) == ["x"]
    print(TEMPLATE.pid, flush=True)

read()
if os.fork() == 0:
    read()
    os._exit(0)
os.wait()
read()
"""
ORDER = Order(
    size=1,
    content_type="",
    filename="",
    declared_charset="",
    reader="tests.documents.evil:echo",
    memory_bytes=2**30,
    cpu_seconds=60,
)


def template() -> int:
    assert TEMPLATE.pid is not None
    return TEMPLATE.pid


@contextmanager
def worker_at_work() -> Iterator[tuple[int, int, int]]:
    """The process ids of a worker, its template, and a child that reads for ever."""
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        try:
            own, template, child = map(int, worker.stdout.readline().split())
            yield own, template, child
        finally:
            worker.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_killed_takes_all_along(number: signal.Signals) -> None:
    with worker_at_work() as (worker, template, child):
        assert is_alive(template)
        assert is_alive(child)
        os.kill(worker, number)
        assert ends_soon(child)
        assert ends_soon(template)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_all_does_not_end_what_the_worker_still_needs(
    number: signal.Signals,
) -> None:
    with worker_at_work() as (_, template, child):
        os.kill(template, number)
        time.sleep(0.3)
        assert is_alive(template)
        assert is_alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the child ends with its pipe")
def test_a_template_that_is_killed_takes_its_children_along() -> None:
    with worker_at_work() as (_, template, child):
        os.kill(template, signal.SIGKILL)
        assert ends_soon(child)


def test_a_template_that_was_killed_is_started_again() -> None:
    read("echo")
    before = template()
    os.kill(before, signal.SIGKILL)
    psutil.Process(before).wait(10)
    assert read("echo")[0] == ["We met."]
    assert template() != before


def test_a_document_whose_template_is_killed_is_read_another_time() -> None:
    with sandboxed(
        BytesIO(b"x"),
        content_type="",
        filename="",
        size=1,
        reader="tests.documents.evil:say_its_process_id",
    ) as extraction:
        child = int(str(next(extraction.pieces)))
        os.kill(template(), signal.SIGKILL)
        with pytest.raises(Interrupted, match="The template process ended"):
            list(extraction.pieces)
    assert ends_soon(child)
    assert read("echo")[0] == ["We met."]


def test_a_fork_of_the_worker_gets_processes_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    first, of_the_fork, after = done.stdout.split()
    assert first == after
    assert first != of_the_fork
    assert done.stderr == ""
    assert all(ends_soon(int(pid)) for pid in (first, of_the_fork))


@pytest.mark.parametrize("python", ["/bin/false", "/no/such/python"])
def test_it_says_so_where_no_template_can_be_had(python: str) -> None:
    launch = Launch(python=python)
    with pytest.raises(Interrupted, match="did not start"):
        launch.place(ORDER, original=0)
    assert launch.pid is None


def test_a_process_that_cannot_be_had_is_waited_for() -> None:
    error = endings.seen(Ending(not_started="Cannot allocate memory"), limits=Limits())
    assert type(error) is Interrupted
    assert str(error) == "No process could be started to read it: Cannot allocate memory."


def test_it_starts_again_after_it_was_stopped() -> None:
    read("echo")
    TEMPLATE.stop()
    assert TEMPLATE.pid is None
    assert read("echo")[0] == ["We met."]
