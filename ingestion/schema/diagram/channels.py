"""The order of the wires that run up and down between two columns of a diagram. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

EDGE = 34
"""From a box to the first wire beside it: room for the marks at its ends."""
NEAR = 8
"""Wires that end so near to each other do not share a track."""


@dataclass(frozen=True, order=True)
class Net:
    """All wires that arrive at one place: they run together."""

    box: str
    pin: str
    is_left: bool
    """They arrive at the left side of the box."""
    lane: int


@dataclass(frozen=True)
class Pin:
    """Where a wire comes into the channel."""

    net: Net
    y: int
    is_at_left: bool


def tracks(pins: Sequence[Pin]) -> dict[Net, int]:
    """The track of each net that bends here, 0 on the left; neighbours on one do not touch."""
    by_net: defaultdict[Net, list[Pin]] = defaultdict(list)
    for pin in pins:
        by_net[pin.net].append(pin)
    bent = {net: each for net, each in sorted(by_net.items()) if len({pin.y for pin in each}) > 1}
    found: dict[Net, int] = {}
    for net in _ordered(bent):
        below = [found[other] for other in found if _touch(bent[net], bent[other])]
        found[net] = 1 + max(below, default=-1)
    return found


def _ordered(nets: Mapping[Net, Sequence[Pin]]) -> list[Net]:
    """From left to right, so that few cross each other."""

    @cache
    def worse(one: Net, other: Net) -> int:
        """By how much it is worse to have the one on the left."""
        return _cost(nets[one], nets[other]) - _cost(nets[other], nets[one])

    order: list[Net] = []
    for net in nets:
        # The place where the sum is the least.
        costs = [
            sum(worse(other, net) for other in order[:place])
            + sum(worse(net, other) for other in order[place:])
            for place in range(len(order) + 1)
        ]
        order.insert(costs.index(min(costs)), net)
    for _ in range(len(order)):
        is_better = False
        for place in range(len(order) - 1):
            if worse(order[place], order[place + 1]) > 0:
                order[place : place + 2] = order[place + 1], order[place]
                is_better = True
        if not is_better:
            break
    return order


def _cost(left: Sequence[Pin], right: Sequence[Pin]) -> int:
    """How often two nets cross, and 50 where they would run over each other."""
    crossings = sum(_low(right) < pin.y < _high(right) for pin in left if not pin.is_at_left)
    crossings += sum(_low(left) < pin.y < _high(left) for pin in right if pin.is_at_left)
    return crossings + 50 * sum(
        abs(one.y - other.y) < 6
        for one in left
        for other in right
        if not one.is_at_left and other.is_at_left
    )


def _touch(one: Sequence[Pin], other: Sequence[Pin]) -> bool:
    return _low(one) - NEAR < _high(other) and _low(other) - NEAR < _high(one)


def _low(pins: Sequence[Pin]) -> int:
    return min(pin.y for pin in pins)


def _high(pins: Sequence[Pin]) -> int:
    return max(pin.y for pin in pins)
