"""When the server stops: after its last user, however that one went."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ingestion.embedded.server import ensure, stop

pytestmark = pytest.mark.slow

Ask = Callable[[Path, str], object]
Visit = Callable[..., subprocess.Popen[str]]
Find = Callable[[Path], psutil.Process]
Processes = Callable[[Path], list[psutil.Process]]
Kill = Callable[[psutil.Process], None]
IsGone = Callable[[Path], bool]


def test_it_stops_after_its_last_user(folder: Path, visit: Visit, is_gone: IsGone) -> None:
    visit(folder).communicate()
    assert is_gone(folder)


def test_it_stays_while_another_uses_it(folder: Path, visit: Visit, ask: Ask) -> None:
    first, _second = visit(folder), visit(folder)
    first.communicate()
    time.sleep(0.3)
    assert ask(folder, "SELECT 1") == 1


def test_it_stops_after_a_user_that_was_killed(folder: Path, visit: Visit, is_gone: IsGone) -> None:
    visit(folder).kill()
    assert is_gone(folder)


def test_it_stays_for_a_forked_child(folder: Path, visit: Visit, ask: Ask, is_gone: IsGone) -> None:
    then = """
if os.fork() == 0:
    sys.stdin.read()
else:
    print("in", os.getpid(), flush=True)
os._exit(0)
"""
    parent = visit(folder, then=then)
    parent.wait()
    time.sleep(0.3)
    assert ask(folder, "SELECT 1") == 1
    parent.communicate()  # the end of the child's input
    assert is_gone(folder)


def test_a_program_that_a_user_starts_is_no_user(
    folder: Path, visit: Visit, is_gone: IsGone
) -> None:
    then = "import subprocess; subprocess.Popen(['sleep', '20'], stdout=subprocess.DEVNULL)"
    visit(folder, then=then).kill()
    assert is_gone(folder)


def test_a_child_can_be_forked_while_a_thread_starts_it(folder: Path, visit: Visit) -> None:
    then = """
import threading
server.stop(folder)
thread = threading.Thread(target=server.ensure, args=(folder,))
thread.start()
if os.fork() == 0:
    server.ensure(folder)
    os._exit(0)
thread.join()
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
"""
    visit(folder, then=then)


def test_it_stops_when_told_to(folder: Path, visit: Visit, processes: Processes) -> None:
    visit(folder)
    ensure(folder)
    stop(folder)
    assert processes(folder) == []


def test_it_can_be_told_to_stop_when_it_does_not_run(folder: Path, tmp_path: Path) -> None:
    stop(folder)
    stop(folder)
    stop(tmp_path / "never")


def test_one_watchdog_watches_for_all(folder: Path, visit: Visit, watchdog: Find) -> None:
    first = visit(folder)
    before = watchdog(folder)
    visit(folder)
    first.communicate()
    assert watchdog(folder) == before


def test_a_killed_watchdog_is_replaced_by_the_next_user(
    folder: Path, visit: Visit, watchdog: Find, kill: Kill, is_gone: IsGone
) -> None:
    first = visit(folder)
    kill(watchdog(folder))
    visit(folder).communicate()
    first.kill()
    assert is_gone(folder)


def test_a_killed_watchdog_is_replaced_by_the_next_connection(
    folder: Path, watchdog: Find, kill: Kill
) -> None:
    ensure(folder)
    kill(watchdog(folder))
    ensure(folder)
    assert watchdog(folder).is_running()


def test_a_server_left_by_all_is_taken_over(
    folder: Path, visit: Visit, watchdog: Find, kill: Kill, postmaster: Find
) -> None:
    first = visit(folder)
    left = postmaster(folder)
    kill(watchdog(folder))
    first.kill()
    first.wait()
    visit(folder)
    assert postmaster(folder) == left


def test_it_stops_after_a_user_that_was_killed_while_it_started(
    folder: Path, send: Visit, is_gone: IsGone
) -> None:
    for delay_s in (0.2, 0.3, 0.4):
        visitor = send(folder)
        time.sleep(delay_s)
        visitor.kill()
        visitor.wait()
        assert is_gone(folder)
    assert list((folder / "socket").iterdir()) == []
