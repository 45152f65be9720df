"""What a change is said to save is what the whole plan costs less after it."""

import random
from itertools import combinations, product

import pytest

from ingestion.schema.diagram.cost import BESIDE, GAP, PITCH, TOO_HIGH, Pair, Plan

HIGH = 600


def a_plan(seed: int) -> tuple[Plan, dict[Pair, float]]:
    """Fourteen tables of all heights in four columns, with circles among their lines."""
    draw = random.Random(seed)
    names = [f"t{number}" for number in range(14)]
    heights = {name: draw.randrange(40, 400) for name in names}
    pairs = draw.sample([pair for pair in product(names, names) if pair[0] != pair[1]], 25)
    columns: list[list[str]] = [[] for _ in range(4)]
    for name in names:
        draw.choice(columns).append(name)
    weights = {pair: draw.random() for pair in pairs}
    return Plan(columns, heights, weights, HIGH), weights


def whole(plan: Plan, weights: dict[Pair, float]) -> float:
    """Counted anew, table by table and line by line."""
    found: dict[str, tuple[int, int]] = {}
    cost = 0.0
    for number, column in enumerate(plan.columns):
        y = 0
        for name in column:
            found[name] = number, y + min(plan.heights[name] // 2, 120)
            y += plan.heights[name] + GAP
        cost += TOO_HIGH * max(0.0, y - GAP - HIGH)
    for (table, to_table), weight in weights.items():
        (number, middle), (to_number, to_middle) = found[table], found[to_table]
        far = number - to_number
        across = PITCH * max(abs(far), 2 * abs(far) - 1) + BESIDE * (far <= 0)
        cost += weight * (across + abs(middle - to_middle))
    return cost


@pytest.mark.parametrize("seed", range(8))
def test_a_move_saves_what_it_says(seed: int) -> None:
    plan, weights = a_plan(seed)
    cost = whole(plan, weights)
    saved = sum(plan.move(name) for name in sorted(plan.heights))
    assert saved > 0
    assert whole(plan, weights) == pytest.approx(cost - saved)


@pytest.mark.parametrize("seed", range(8))
def test_an_exchange_saves_what_it_says(seed: int) -> None:
    plan, weights = a_plan(seed)
    cost, saved = whole(plan, weights), 0.0
    for number, column in enumerate(plan.columns):
        for here, there in combinations(range(len(column)), 2):
            saved += plan.exchange(column[here], column[there])
        for other in plan.columns[number + 1 :]:
            for here, there in product(range(len(column)), range(len(other))):
                saved += plan.exchange(column[here], other[there])
    assert saved > 0
    assert whole(plan, weights) == pytest.approx(cost - saved)


def test_a_move_looks_at_little_of_many_tables() -> None:
    names = [f"t{number:03}" for number in range(150)]
    heights = dict.fromkeys(names, 200)
    weights = {(name, names[number // 2]): 1.0 for number, name in enumerate(names) if number}
    plan = Plan([names[start : start + 15] for start in range(0, 150, 15)], heights, weights, HIGH)
    for name in names:
        plan.move(name)
    assert plan.looked_at < len(names) * 300
