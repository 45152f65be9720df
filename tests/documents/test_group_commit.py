"""What comes while a commit is under way shares the next one."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore

import pytest

from documents.group_commit import GroupCommit

PATIENCE_SECONDS = 20


class Gate:
    """Work that begins when it is let through, and notes who came together."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.open = Semaphore(0), Semaphore(0)

    def __call__(self, items: Sequence[str]) -> Mapping[str, str]:
        self.groups.append(list(items))
        self.begun.release()
        assert self.open.acquire(timeout=PATIENCE_SECONDS)
        if "poison" in items:
            raise ValueError("poison")
        return {item.lower(): item.upper() for item in items if item != "gone"}


class Callers:
    """Each in a thread of its own."""

    def __init__(self, gate: Gate, *, most: int = 1_000) -> None:
        self.gate = gate
        self.commit = GroupCommit[str, str](gate, key_of=str.lower, weight_of=len, most=most)
        self.pool = ThreadPoolExecutor(20)

    def call(self, item: str) -> "Future[str | None]":
        """While another's work is under way; it waits behind those that were called before."""
        waiting = len(self.commit._waiting)
        future = self.pool.submit(self.commit, item)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.commit._waiting) == waiting:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        return future

    def lead(self, item: str = "first") -> "Future[str | None]":
        """Its work has begun, and goes on."""
        future = self.pool.submit(self.commit, item)
        assert self.gate.begun.acquire(timeout=PATIENCE_SECONDS)
        return future


@pytest.fixture
def gate() -> Gate:
    return Gate()


def results(*futures: "Future[str | None]") -> list[str | None]:
    return [future.result(PATIENCE_SECONDS) for future in futures]


def test_who_comes_alone_goes_alone(gate: Gate) -> None:
    callers = Callers(gate)
    gate.open.release()
    assert results(callers.lead("a")) == ["A"]
    assert gate.groups == [["a"]]


def test_those_who_wait_go_together(gate: Gate) -> None:
    callers = Callers(gate)
    first = callers.lead()
    others = [callers.call(item) for item in "abc"]
    gate.open.release(2)
    assert results(first, *others) == ["FIRST", "A", "B", "C"]
    assert gate.groups == [["first"], ["a", "b", "c"]]


def test_a_group_ends_at_its_weight(gate: Gate) -> None:
    callers = Callers(gate, most=6)
    first = callers.lead()
    others = [callers.call(item) for item in ("aaaa", "bbbb", "cc", "d")]
    gate.open.release(3)
    assert results(first, *others) == ["FIRST", "AAAA", "BBBB", "CC", "D"]
    assert gate.groups == [["first"], ["aaaa", "bbbb"], ["cc", "d"]]


def test_two_with_one_key_never_go_together(gate: Gate) -> None:
    callers = Callers(gate)
    first = callers.lead()
    others = [callers.call(item) for item in ("a", "A", "b")]
    gate.open.release(3)
    assert results(first, *others) == ["FIRST", "A", "A", "B"]
    assert gate.groups == [["first"], ["a"], ["A", "b"]]


def test_an_error_reaches_everybody_of_the_group_and_nobody_else(gate: Gate) -> None:
    callers = Callers(gate)
    first = callers.lead()
    bad, beside = callers.call("poison"), callers.call("a")
    gate.open.release(2)
    assert results(first) == ["FIRST"]
    for future in (bad, beside):
        with pytest.raises(ValueError, match="poison"):
            future.result(PATIENCE_SECONDS)
    gate.open.release()
    assert results(callers.lead("b")) == ["B"]


def test_what_the_work_does_not_name_has_no_result(gate: Gate) -> None:
    gate.open.release()
    assert results(Callers(gate).lead("gone")) == [None]


def test_nobody_is_left_behind(gate: Gate) -> None:
    callers = Callers(gate, most=10)
    gate.open.release(2_000)
    items = [f"item{number}" for number in range(1_000)]
    assert results(*(callers.pool.submit(callers.commit, item) for item in items)) == [
        item.upper() for item in items
    ]
    assert sorted(item for group in gate.groups for item in group) == sorted(items)
