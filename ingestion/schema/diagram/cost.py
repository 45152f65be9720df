"""What it costs to have tables in these columns, and what a change of that would save. Pure.

Only what a change moves is looked at, so that a diagram of many tables is drawn soon.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate

Pair = tuple[str, str]
"""A table, and the one that it points to."""

GAP = 40
"""Between one table and the next below it."""
PITCH = 420
"""From one column to the next, about."""
BESIDE = 60
"""What it costs to stand in the same column, or on the wrong side."""
TOO_HIGH = 3
"""What it costs that a column is higher than the others."""


class Plan:
    """The columns while tables are moved."""

    def __init__(
        self,
        columns: list[list[str]],
        heights: Mapping[str, int],
        weights: Mapping[Pair, float],
        high: float,
    ) -> None:
        self.columns, self.heights = columns, heights
        self.high = high
        """How high a column should be at most."""
        self.lines: defaultdict[str, list[tuple[str, float, bool]]] = defaultdict(list)
        """Of each table: the other one, how much that counts, and whether it points there."""
        for (table, to_table), weight in weights.items():
            self.lines[table].append((to_table, weight, True))
            self.lines[to_table].append((table, weight, False))
        self.looked_at = 0
        """Tables and lines, in all: how long it has taken."""
        self._column_of: dict[str, int] = {}
        self._place_of: dict[str, int] = {}
        self._ends = [0] * len(columns)
        self._middle_of: dict[str, int] = {}
        self._middles = {name: min(height // 2, 120) for name, height in heights.items()}
        self._across = {far: _across(far) for far in range(-len(columns), len(columns) + 1)}
        for number in range(len(columns)):
            self._stack(number)

    # --- One table elsewhere --------------------------------------------------------------

    def move(self, name: str) -> float:
        """Put it where it costs least, and tell what that saves."""
        home, at = self._column_of[name], self._place_of[name]
        self._take(home, at)
        at_home = best = self._costs(name, home, [at])[0]
        to, place = home, at
        for number, positions in sorted(self._positions(name).items()):
            for position, cost in zip(positions, self._costs(name, number, positions), strict=True):
                if cost < best - 1e-6:
                    best, to, place = cost, number, position
        self.columns[to].insert(place, name)
        self._stack(to)
        return at_home - best

    def _take(self, number: int, at: int) -> None:
        del self.columns[number][at]
        self._stack(number)

    def _positions(self, name: str) -> dict[int, list[int]]:
        """Where it could go: beside what it is linked to, in that column and in the next ones."""
        spots: defaultdict[int, set[int]] = defaultdict(set)
        for other, _, _ in self.lines[name]:
            number, place = self._column_of[other], self._place_of[other]
            for each in range(max(0, number - 1), min(number + 2, len(self.columns))):
                spots[each].update((place, place + 1))
        return {
            number: sorted({min(place, len(self.columns[number])) for place in places})
            for number, places in spots.items()
        }

    def _costs(self, name: str, number: int, positions: Sequence[int]) -> list[float]:
        """What it costs more to have the table, which stands nowhere, at each of these."""
        column = self.columns[number]
        tops = [*accumulate((self.heights[each] + GAP for each in column), initial=0)]
        down = self.heights[name] + GAP
        higher = self._too_high(tops[-1] + down) - self._too_high(tops[-1])
        pushed = self._pushed(name, number, down, least=positions[0])
        return [
            higher + pushed[position] + self._own(name, number, tops[position], down)
            for position in positions
        ]

    def _pushed(self, name: str, number: int, down: int, *, least: int) -> dict[int, float]:
        """For each place in a column, what it costs more that the tables from there on go down."""
        column, middle_of, column_of = self.columns[number], self._middle_of, self._column_of
        cost = 0.0
        found = {len(column): cost}
        for place in range(len(column) - 1, least - 1, -1):
            each = column[place]
            lines = self.lines[each]
            middle = middle_of[each]
            lower = middle + down
            self.looked_at += 1 + len(lines)
            for other, weight, _ in lines:
                if other == name:
                    continue
                other_middle = middle_of[other]
                if other_middle <= middle:
                    # It goes away from the other, unless that has gone down before.
                    cost += weight * down
                elif column_of[other] == number:
                    cost -= weight * down
                else:
                    cost += weight * (abs(lower - other_middle) + middle - other_middle)
            found[place] = cost
        return found

    def _own(self, name: str, number: int, top: int, down: int) -> float:
        """What its own lines cost where it stands so high."""
        middle = top + self._middles[name]
        self.looked_at += len(self.lines[name])
        cost = 0.0
        for other, weight, is_from in self.lines[name]:
            far = number - self._column_of[other]
            other_middle = self._middle_of[other]
            if not far and other_middle >= top:
                other_middle += down
            across = self._across[far if is_from else -far]
            cost += weight * (across + abs(middle - other_middle))
        return cost

    # --- Two tables in each other's place -------------------------------------------------

    def exchange(self, one: str, other: str) -> float:
        """If that saves anything, which is told; else nothing is changed."""
        left, right = self._column_of[one], self._column_of[other]
        here, there = self._place_of[one], self._place_of[other]
        middles = self._exchanged(one, other)
        columns = {one: right, other: left}
        saved = self._saved(middles, columns)
        if left != right:
            down = self.heights[other] - self.heights[one]
            saved -= self._higher(left, down) + self._higher(right, -down)
        if saved <= 1e-6:
            return 0.0
        self.columns[left][here], self.columns[right][there] = other, one
        self._stack(left)
        self._stack(right)
        return saved

    def _exchanged(self, one: str, other: str) -> dict[str, int]:
        """The middles of those that it moves; `one` is the upper one if they share a column."""
        left, right = (self.columns[self._column_of[each]] for each in (one, other))
        here, there = self._place_of[one], self._place_of[other]
        down = self.heights[other] - self.heights[one]
        by = down if left is right else 0  # as `other` goes up in its own column
        middles = {
            one: self._top(other) + by + self._middles[one],
            other: self._top(one) + self._middles[other],
        }
        if down:
            ends = there if left is right else len(left)
            below = [(each, down) for each in left[here + 1 : ends]]
            if left is not right:
                below += [(each, -down) for each in right[there + 1 :]]
            middles.update((each, self._middle_of[each] + by) for each, by in below)
        return middles

    def _saved(self, middles: Mapping[str, int], columns: Mapping[str, int]) -> float:
        """By the lines of the tables with these new middles, some of them in other columns."""
        saved = 0.0
        for name, middle in middles.items():
            old_middle, old_number = self._middle_of[name], self._column_of[name]
            number = columns.get(name, old_number)
            self.looked_at += 1 + len(self.lines[name])
            for other, weight, is_from in self.lines[name]:
                other_middle, other_number = self._middle_of[other], self._column_of[other]
                away = abs(old_middle - other_middle)
                far = old_number - other_number
                share = weight
                if other in middles:  # it is looked at from there, too
                    share /= 2
                    other_middle = middles[other]
                    other_number = columns.get(other, other_number)
                away -= abs(middle - other_middle)
                to = number - other_number
                if far != to:
                    across = self._across
                    away += across[far if is_from else -far] - across[to if is_from else -to]
                saved += share * away
        return saved

    def _higher(self, number: int, by: int) -> float:
        return self._too_high(self._ends[number] + by) - self._too_high(self._ends[number])

    # --- Columns ---------------------------------------------------------------------------

    def shortest(self) -> list[str]:
        return min(
            self.columns, key=lambda column: sum(self.heights[each] + GAP for each in column)
        )

    def _top(self, name: str) -> int:
        return self._middle_of[name] - self._middles[name]

    def _too_high(self, end: int) -> float:
        return TOO_HIGH * max(0.0, end - GAP - self.high)

    def _stack(self, number: int) -> None:
        y = 0
        for place, name in enumerate(self.columns[number]):
            self._column_of[name], self._place_of[name] = number, place
            self._middle_of[name] = y + self._middles[name]
            y += self.heights[name] + GAP
        self._ends[number] = y


def _across(columns: int) -> int:
    """What it costs to go so many columns to the right, or to the left."""
    return PITCH * max(abs(columns), 2 * abs(columns) - 1) + BESIDE * (columns <= 0)
