"""A worker that dies or freezes costs nothing. Waits for leases to end."""

import os
import random
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from documents.jobs import MAX_ATTEMPTS
from tests.e2e.workplace import INDEXED_OTHERWISE_THAN_ONCE, Workplace, open_workplace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with open_workplace(tmp_path_factory.mktemp("worker") / "project") as place:
        yield place


@pytest.fixture(autouse=True)
def _clear(place: Workplace) -> Iterator[None]:
    yield
    place.clear()


def test_killing_workers_20_times_in_2000_jobs_loses_and_repeats_nothing(place: Workplace) -> None:
    place.add(2000, lane=1, seconds=0.004)
    parent = place.worker("--processes=2", "--lease-seconds=1")
    numbers, killed, most = random.Random(1), 0, 0
    while killed < 20:
        time.sleep(numbers.uniform(0.05, 0.4))
        if children := parent.children():
            numbers.choice(children).kill()
            killed += 1
        most = max(most, place.value("SELECT coalesce(max(attempts), 0) FROM jobs"))
    assert place.value("SELECT count(*) FROM jobs") > 0, "the last kill came too late"
    place.wait_until_done()
    assert place.value(INDEXED_OTHERWISE_THAN_ONCE) == 0
    assert 1 < most <= MAX_ATTEMPTS
    assert parent.is_running()


def test_killing_the_parent_ends_all(place: Workplace) -> None:
    parent = place.worker("--processes=2", "--lease-seconds=1")
    place.wait_until(lambda: len(parent.children()) == 3)
    children = parent.children()
    parent.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_a_frozen_worker_changes_nothing_when_it_thaws(place: Workplace) -> None:
    """Its transaction is open all the time, and must not keep others from the documents."""
    place.add(100, of_a_job=100, seconds=0.01)
    frozen = place.worker("--alone", "--lease-seconds=1")
    place.wait_until(lambda: place.value("SELECT count(*) FROM jobs WHERE attempts = 1") == 1)
    frozen.suspend()
    other = place.worker("--alone", "--lease-seconds=1")
    place.wait_until_done()
    before = place.rows("SELECT id, indexed, updated_at FROM documents ORDER BY id")
    os.kill(frozen.pid, signal.SIGCONT)
    later = place.add(1)
    other.suspend()
    place.wait_until(lambda: place.indexed(*later) == 1)  # it works on, on what is its own
    assert place.value(INDEXED_OTHERWISE_THAN_ONCE) == 0
    after = place.rows("SELECT id, indexed, updated_at FROM documents ORDER BY id")
    assert set(before) < set(after)
    other.resume()


def test_two_machines_share_the_queue(place: Workplace) -> None:
    place.add(600, of_a_job=20, lane=1, size=2**20, seconds=0.02)
    for _ in range(2):
        place.worker("--alone")
    place.wait_until_done()
    assert place.value(INDEXED_OTHERWISE_THAN_ONCE) == 0
    assert place.value("SELECT count(DISTINCT session) FROM indexings") == 2
