"""Which table stands in which column of a diagram, and in what order. Pure, and deterministic.

Tables that others point to stand on the left. Columns are about equally high, and tables move
from one to another as long as that makes the lines shorter.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

Pair = tuple[str, str]
"""A table, and the one that it points to."""

GAP = 40
"""Between one table and the next below it."""
PITCH = 420
"""From one column to the next, about."""
BESIDE = 60
"""What it costs to stand in the same column, or on the wrong side."""
MANY = 60
"""With more tables than this less is tried: it would take too long."""
PATIENCE = 4_000_000
"""So many tables and lines are looked at in all, a few seconds long."""


class _Plan:
    """The columns while tables are moved, and what they cost."""

    def __init__(
        self,
        columns: list[list[str]],
        heights: Mapping[str, int],
        weights: Mapping[Pair, float],
        high: float,
    ) -> None:
        self.columns, self.heights, self.weights = columns, heights, weights
        self.high = high
        """How high a column should be at most."""
        self.patience = PATIENCE
        self._middles = {name: min(height // 2, 120) for name, height in heights.items()}
        self._lines = [(table, to_table, weight) for (table, to_table), weight in weights.items()]
        self._across = {far: _across(far) for far in range(-len(columns), len(columns) + 1)}

    def cost(self) -> float:
        self.patience -= len(self.heights) + len(self._lines)
        column_of: dict[str, int] = {}
        middle_of: dict[str, int] = {}
        across_of = self._across
        total = 0.0
        for number, column in enumerate(self.columns):
            y = 0
            for name in column:
                column_of[name] = number
                middle_of[name] = y + self._middles[name]
                y += self.heights[name] + GAP
            total += 3 * max(0.0, y - GAP - self.high)
        for table, to_table, weight in self._lines:
            across = column_of[table] - column_of[to_table]
            apart = abs(middle_of[table] - middle_of[to_table])
            total += weight * (across_of[across] + apart)
        return total


def _across(columns: int) -> int:
    """What it costs to go so many columns to the right, or to the left."""
    return PITCH * max(abs(columns), 2 * abs(columns) - 1) + BESIDE * (columns <= 0)


def arrange(heights: Mapping[str, int], pairs: Sequence[Pair], *, count: int) -> list[list[str]]:
    """This many columns at most, from left to right, each from top to bottom."""
    linked = {name for pair in pairs for name in pair if pair[0] != pair[1]}
    weights = _weights(pairs)
    high = (sum(heights.values()) + GAP * len(heights)) / count
    high = max(high, *heights.values())
    order = _order([name for name in heights if name in linked], weights)
    plan = _Plan(_chopped(order, heights, high, count=count), heights, weights, high)
    _improve(plan)
    for name in sorted(heights.keys() - linked, key=lambda each: (-heights[each], each)):
        _shortest(plan).append(name)
    return [column for column in plan.columns if column]


def _weights(pairs: Sequence[Pair]) -> dict[Pair, float]:
    """Lines to a table that many point to run together, and count less each."""
    real = [pair for pair in pairs if pair[0] != pair[1]]
    pointing: defaultdict[str, set[str]] = defaultdict(set)
    for table, to_table in real:
        pointing[to_table].add(table)
    return {pair: 1 / math.sqrt(len(pointing[pair[1]])) for pair in real}


def _order(names: Sequence[str], weights: Mapping[Pair, float]) -> list[str]:
    """Part by part of what hangs together, the largest first; in it what is pointed to first."""
    ranks = _ranks(names, weights)
    order: list[str] = []
    for part in sorted(_parts(names, weights), key=lambda part: (-len(part), min(part))):
        for rank in sorted({ranks[name] for name in part}):
            layer = [name for name in part if ranks[name] == rank]
            order += sorted(layer, key=lambda name: (_barycentre(name, order, weights), name))
    return order


def _ranks(names: Sequence[str], weights: Mapping[Pair, float]) -> dict[str, int]:
    """0 for what points to nothing, else one more than the highest that it points to.

    Of tables in a circle the one that waits for the fewest others goes first.
    """
    targets: dict[str, set[str]] = {name: set() for name in names}
    for table, to_table in weights:
        targets[table].add(to_table)
    ranks: dict[str, int] = {}
    waiting = sorted(names)
    while waiting:
        ready = [name for name in waiting if targets[name] <= ranks.keys()]
        for name in ready or [min(waiting, key=lambda each: len(targets[each] - ranks.keys()))]:
            known = [ranks[each] for each in targets[name] if each in ranks]
            ranks[name] = 1 + max(known, default=-1)
        waiting = [name for name in waiting if name not in ranks]
    return ranks


def _parts(names: Sequence[str], weights: Mapping[Pair, float]) -> list[set[str]]:
    part = {name: {name} for name in names}
    for one, other in weights:
        if part[one] is not part[other]:
            joined = part[one] | part[other]
            part.update(dict.fromkeys(joined, joined))
    return list({id(each): each for each in part.values()}.values())


def _barycentre(name: str, order: Sequence[str], weights: Mapping[Pair, float]) -> float:
    place = {each: number for number, each in enumerate(order)}
    known = [place[to] for table, to in weights if table == name and to in place]
    return sum(known) / len(known) if known else 0.0


def _chopped(
    order: Sequence[str], heights: Mapping[str, int], high: float, *, count: int
) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(count)]
    number, y = 0, 0
    for name in order:
        if y and y + heights[name] / 2 > high and number < count - 1:
            number, y = number + 1, 0
        columns[number].append(name)
        y += heights[name] + GAP
    return columns


def _shortest(plan: _Plan) -> list[str]:
    return min(plan.columns, key=lambda column: sum(plan.heights[each] + GAP for each in column))


def _improve(plan: _Plan) -> None:
    """Move, and exchange, as long as it helps."""
    names = sorted(name for column in plan.columns for name in column)
    best = plan.cost()
    for _ in range(12):
        before = best
        for name in names:
            if plan.patience > 0:
                best = _best_move(plan, name, best)
        if len(names) <= MANY:
            best = _best_exchanges(plan, best)
        if best > before - 1 or plan.patience <= 0:
            break


def _best_move(plan: _Plan, name: str, best: float) -> float:
    home = next(column for column in plan.columns if name in column)
    place, at = home, home.index(name)
    home.remove(name)
    for column, position in _positions(plan, name):
        column.insert(position, name)
        cost = plan.cost()
        column.pop(position)
        if cost < best - 1e-6:
            best, place, at = cost, column, position
    place.insert(at, name)
    return best


def _positions(plan: _Plan, name: str) -> Iterator[tuple[list[str], int]]:
    """Where it could go: beside what it is linked to, in that column and in the next ones."""
    linked = {other for pair in plan.weights if name in pair for other in pair} - {name}
    for number, column in enumerate(plan.columns):
        near = plan.columns[max(0, number - 1) : number + 2]
        spots = {
            spot
            for other in near
            for place, each in enumerate(other)
            if each in linked
            for spot in (place, place + 1)
        }
        for position in sorted({min(spot, len(column)) for spot in spots}):
            yield column, position


def _best_exchanges(plan: _Plan, best: float) -> float:
    """Of tables in one column, or in two that stand side by side."""
    for left, right in [*zip(plan.columns, plan.columns, strict=True), *pairwise(plan.columns)]:
        for one in range(len(left)):
            for other in range(one + 1 if left is right else 0, len(right)):
                left[one], right[other] = right[other], left[one]
                cost = plan.cost()
                if cost < best - 1e-6:
                    best = cost
                else:
                    left[one], right[other] = right[other], left[one]
    return best
