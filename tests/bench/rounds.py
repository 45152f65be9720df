"""Turn by turn: whatever the machine does besides hits all contestants alike."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

Result = TypeVar("Result")


def in_turn(
    contestants: Mapping[str, Callable[[], Result]], *, rounds: int
) -> dict[str, list[Result]]:
    """What each of them gave, round by round. Each round another one goes first."""
    results: dict[str, list[Result]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name in order(list(contestants), number=number):
            results[name].append(contestants[name]())
    return results


def order(names: list[str], *, number: int) -> Iterator[str]:
    first = number % len(names)
    yield from names[first:]
    yield from names[:first]
