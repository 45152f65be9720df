"""Which table stands in which column of a diagram, and in what order. Pure, and deterministic.

Tables that others point to stand on the left. Columns are about equally high, and tables move
from one to another as long as that makes the lines shorter.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise, product

from ingestion.schema.diagram.cost import GAP, Pair, Plan

MANY = 60
"""With more tables than this less is tried: it would take too long."""
PATIENCE = 4_000_000
"""So many tables and lines are looked at in all, a few seconds long."""


def arrange(heights: Mapping[str, int], pairs: Sequence[Pair], *, count: int) -> list[list[str]]:
    """This many columns at most, from left to right, each from top to bottom."""
    linked = {name for pair in pairs for name in pair if pair[0] != pair[1]}
    weights = _weights(pairs)
    high = (sum(heights.values()) + GAP * len(heights)) / count
    high = max(high, *heights.values())
    order = _order([name for name in heights if name in linked], weights)
    plan = Plan(_chopped(order, heights, high, count=count), heights, weights, high)
    _improve(plan)
    for name in sorted(heights.keys() - linked, key=lambda each: (-heights[each], each)):
        plan.shortest().append(name)
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


def _improve(plan: Plan) -> None:
    """Move, and exchange, as long as it helps."""
    names = sorted(name for column in plan.columns for name in column)
    for _ in range(12):
        saved = 0.0
        for name in names:
            if plan.looked_at < PATIENCE:
                saved += plan.move(name)
        if len(names) <= MANY:
            saved += _exchanged(plan)
        if saved < 1 or plan.looked_at >= PATIENCE:
            break


def _exchanged(plan: Plan) -> float:
    """What it saves to exchange tables in one column, or in two that stand side by side."""
    saved = 0.0
    for column in plan.columns:
        for here, there in combinations(range(len(column)), 2):
            saved += plan.exchange(column[here], column[there])
    for left, right in pairwise(plan.columns):
        for here, there in product(range(len(left)), range(len(right))):
            saved += plan.exchange(left[here], right[there])
    return saved
