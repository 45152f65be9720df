"""Who comes while a commit is under way shares the next one.

A commit costs its wait for the disk and most of its statement's price whether it keeps one
document or ten. PostgreSQL lets commits share the wait (commit_siblings); this shares the rest
among the threads of a process. Nobody waits for company: what comes alone goes alone.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Turn(Generic[Item, Result]):
    """One caller, who sleeps until the result is there, or until it is its turn to lead."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.leads = False
        self._asleep = Lock()
        self._asleep.acquire()

    def sleep(self) -> None:
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


class GroupCommit(Generic[Item, Result]):
    """Calls `work` with the items of several callers, each in a thread of its own.

    `key_of`: items with the same one never are in one group. `weight_of`: a group ends with the
    item that brings it to `most`. The result of an item is what `work` gives under its key, or
    None; what `work` raises, it raises in every caller of the group.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Mapping[Any, Result]],
        *,
        key_of: Callable[[Item], Hashable],
        weight_of: Callable[[Item], int],
        most: int,
    ) -> None:
        self._work, self._key_of, self._weight_of = work, key_of, weight_of
        self._most = most
        self._lock = Lock()
        self._is_led = False
        # Nobody is in it unless somebody leads.
        self._waiting: deque[_Turn[Item, Result]] = deque()

    def __call__(self, item: Item) -> Result | None:
        turn: _Turn[Item, Result] = _Turn(item)
        with self._lock:
            if self._is_led:
                self._waiting.append(turn)
            else:
                self._is_led = turn.leads = True
        if not turn.leads:
            turn.sleep()
        if turn.leads:
            self._lead(turn)
        if turn.error is not None:
            raise turn.error
        return turn.result

    def _lead(self, first: _Turn[Item, Result]) -> None:
        group = [first]
        try:
            self._gather(group)
            results = self._work([turn.item for turn in group])
            for turn in group:
                turn.result = results.get(self._key_of(turn.item))
        except BaseException as error:  # noqa: BLE001  (raised again, in each of their threads)
            for turn in group:
                turn.error = error
        finally:
            self._hand_on()
            for turn in group[1:]:
                turn.wake()

    def _gather(self, group: list[_Turn[Item, Result]]) -> None:
        """Add those who wait; who cannot come along keeps the place."""
        weight = self._weight_of(group[0].item)
        keys = {self._key_of(group[0].item)}
        with self._lock:
            while self._waiting and weight < self._most:
                key = self._key_of(self._waiting[0].item)
                if key in keys:
                    return
                keys.add(key)
                group.append(self._waiting.popleft())
                weight += self._weight_of(group[-1].item)

    def _hand_on(self) -> None:
        with self._lock:
            if not self._waiting:
                self._is_led = False
                return
            successor = self._waiting.popleft()
        successor.leads = True
        successor.wake()
