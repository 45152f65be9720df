"""Several workers under one parent: who goes first, how they stop, what the probe sees."""

import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.workplace import INDEXED_OTHERWISE_THAN_ONCE, Workplace, open_workplace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with open_workplace(tmp_path_factory.mktemp("worker") / "project") as place:
        yield place


@pytest.fixture(autouse=True)
def _clear(place: Workplace) -> Iterator[None]:
    yield
    place.clear()


def stop(process: psutil.Process) -> float:
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return time.monotonic() - started


def test_draining_with_two_processes_does_all_and_says_how_many(place: Workplace) -> None:
    place.add(300)
    place.add(300, of_a_job=100, lane=1)
    drain = place.manage("worker", "--drain", "--processes=2")
    said, _ = drain.communicate(timeout=60)
    assert (drain.returncode, said.strip().splitlines()[-1]) == (0, "303 job(s) done")
    assert place.value(INDEXED_OTHERWISE_THAN_ONCE) == 0


def test_an_idle_service_finds_a_single_document_at_once(place: Workplace) -> None:
    place.worker("--processes=1")
    place.wait_until_connected(3)  # two workers, and the ear of one
    seconds = []
    for _ in range(5):
        time.sleep(1)
        (document,) = place.add(1)
        place.rows("NOTIFY jobs")
        seconds.append(place.wait_until(lambda one=document: place.indexed(one) == 1))  # type: ignore[misc]
    assert sorted(seconds)[2] < 0.3


def test_no_bulk_load_delays_a_small_single_document(place: Workplace) -> None:
    bulk = place.add(4, lane=1, size=2**30, seconds=6)
    place.worker("--processes=2")
    held = "SELECT count(*) FROM jobs WHERE lease_expires_at IS NOT NULL"
    place.wait_until(lambda: place.value(held) == 2)
    (document,) = place.add(1)
    place.rows("NOTIFY jobs")
    assert place.wait_until(lambda: place.indexed(document) == 1) < 2
    assert place.indexed(*bulk) == 0


def test_an_order_to_stop_waits_for_the_job_in_hand(place: Workplace) -> None:
    place.add(1, seconds=1)
    place.add(1, seconds=1, lane=1)
    worker = place.worker("--alone")
    place.wait_until(lambda: place.value("SELECT count(*) FROM jobs WHERE attempts = 1") == 1)
    assert stop(worker) < 5
    assert place.value("SELECT count(*) FROM jobs") == 1
    assert place.value("SELECT attempts FROM jobs") == 0


def test_what_takes_too_long_to_finish_is_given_back(place: Workplace) -> None:
    place.add(1, seconds=20)
    worker = place.worker("--processes=1", "--grace-seconds=1")
    place.wait_until(lambda: place.value("SELECT count(*) FROM jobs WHERE attempts = 1") == 1)
    assert 1 < stop(worker) < 6
    assert place.rows("SELECT attempts, lease_expires_at FROM jobs") == [(0, None)]
    assert "given back" in place.said()


def test_one_that_dies_is_started_again(place: Workplace) -> None:
    parent = place.worker("--processes=1")
    place.wait_until_connected(3)
    first = parent.children()
    for child in first:
        child.kill()
    place.wait_until(lambda: len(set(parent.children()) - set(first)) == 2)
    place.add(3)
    place.wait_until_done()
    assert "was killed by signal 9" in place.said()


def test_the_probe_sees_a_worker_that_is_frozen(place: Workplace) -> None:
    alive = place.folder / "alive"
    parent = place.worker("--processes=1", f"--heartbeat={alive}")
    place.wait_until(alive.exists)
    frozen = parent.children()[0]
    frozen.suspend()
    place.wait_until(lambda: time.time() - alive.stat().st_mtime > 5)
    frozen.resume()
    place.wait_until(lambda: time.time() - alive.stat().st_mtime < 2)
