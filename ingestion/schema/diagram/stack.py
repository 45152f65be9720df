"""How high each box stands in its column, and each wire that crosses one. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ingestion.schema.diagram.boxes import GRID, LANE, Box, Wire
from ingestion.schema.diagram.channels import Net
from ingestion.schema.diagram.cost import GAP


class Stack:
    """First where wires cross columns, then where boxes stand, then the wires between them."""

    def __init__(
        self, boxes: Mapping[str, Box], columns: list[list[str]], wires: Sequence[Wire]
    ) -> None:
        self.boxes, self.columns, self.wires = boxes, columns, wires
        self.heights = {name: math.ceil(box.height / GRID) * GRID for name, box in boxes.items()}
        self.column_of = {name: number for number, each in enumerate(columns) for name in each}
        self.nets: defaultdict[Net, list[Wire]] = defaultdict(list)
        for wire in wires:
            self.nets[self.net(wire)].append(wire)
        self.ends: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
        """Of each box: the pins with a wire, with the box and the pin at the other end."""
        for wire in wires:
            self.ends[wire.box].append((wire.pin, wire.to_box, wire.to_pin))
            self.ends[wire.to_box].append((wire.to_pin, wire.box, wire.pin))
        self.leaving = {(wire.box, wire.pin, self.leaves_left(wire)) for wire in wires}
        self.gaps: dict[tuple[int, int], list[Net]] = {}
        """Of a column and a place in it: the nets that cross the column above that box."""
        self.slots: dict[tuple[Net, int], int] = {}
        """How high a net crosses a column."""
        self.y: dict[str, int] = {}
        for number, column in enumerate(columns):
            self._set(number, self._stacked(column, dict.fromkeys(range(len(column)), GAP)))
        self._choose_gaps()
        self._align()
        self._place_slots()

    # --- How high -------------------------------------------------------------------------

    def _stacked(self, column: list[str], gaps: Mapping[int, int]) -> list[int]:
        found, y = [], 0
        for place, name in enumerate(column):
            y += gaps[place] if place else 0
            found.append(y)
            y += self.heights[name]
        return found

    def _set(self, number: int, heights: Sequence[float]) -> None:
        """On the grid, each at least as far below the one above it as it was."""
        offset = GRID // 2 * (number % 2)
        for name, y in zip(self.columns[number], heights, strict=True):
            self.y[name] = round(y / GRID) * GRID + offset

    def width(self, name: str) -> int:
        column = self.columns[self.column_of[name]]
        box = self.boxes[name]
        return max(self.boxes[each].width for each in column) if box.is_wide else box.width

    def bottom(self, name: str) -> int:
        return self.y[name] + self.heights[name]

    def pin(self, box: str, pin: str) -> int:
        return self.y[box] + self.boxes[box].pins.get(pin, GRID)

    def entry(self, net: Net) -> int:
        """Where its wires arrive; beside the middle where one of that very row leaves."""
        leaves = (net.box, net.pin, net.is_left) in self.leaving
        # With the steps of rows and of crossings none of these meets one from the other side.
        apart = {-1: -9, 0: -5, 1: 6} if leaves else {-1: -6, 0: 0, 1: 6}
        return self.pin(net.box, net.pin) + apart[net.lane]

    def net(self, wire: Wire) -> Net:
        is_left = self.column_of[wire.box] < self.column_of[wire.to_box]
        return Net(wire.to_box, wire.to_pin, is_left, wire.lane)

    def leaves_left(self, wire: Wire) -> bool:
        return self.column_of[wire.box] > self.column_of[wire.to_box]

    def crossed(self, net: Net) -> range:
        """The columns that it crosses."""
        there = self.column_of[net.box]
        others = [self.column_of[wire.box] for wire in self.nets[net]]
        return range(min(others) + 1, there) if net.is_left else range(there + 1, max(others))

    def _beyond(self, net: Net, number: int) -> list[Wire]:
        """Those that come from the other side of this column."""
        return [
            wire
            for wire in self.nets[net]
            if (
                self.column_of[wire.box] < number
                if net.is_left
                else self.column_of[wire.box] > number
            )
        ]

    # --- Where wires cross columns --------------------------------------------------------

    def _choose_gaps(self) -> None:
        for net in sorted(self.nets):
            for number in self.crossed(net):
                wanted = self._wanted(net, number)
                middles = self._middles(number)
                place = min(range(len(middles)), key=lambda each: abs(middles[each] - wanted))
                self.gaps.setdefault((number, place), []).append(net)

    def _wanted(self, net: Net, number: int) -> float:
        """The height at which it should cross: between where it comes from and where it goes."""
        heights = [self.pin(wire.box, wire.pin) for wire in self._beyond(net, number)]
        return (sum(heights) / len(heights) + self.entry(net)) / 2

    def _middles(self, number: int) -> list[float]:
        """Of the gaps: above each box, and below the last one."""
        column = self.columns[number]
        last = column[-1]
        below = self.bottom(last) + GAP / 2
        return [*(self.y[name] - GAP / 2 for name in column), below]

    def _widths(self, number: int) -> dict[int, int]:
        """How far the boxes of a column are apart at least, for all that crosses it there."""
        return {
            place: GAP + GRID * max(0, math.ceil((len(self.gaps.get((number, place), [])) - 2) / 2))
            for place in range(len(self.columns[number]))
        }

    def _place_slots(self) -> None:
        """Give each wire that crosses a column a height of its own there."""
        for (number, place), nets in sorted(self.gaps.items()):
            column = self.columns[number]
            low = self.bottom(column[place - 1]) if place else -math.inf
            high = self.y[column[place]] if place < len(column) else math.inf
            # Where rows are not: those of this column and the next are multiples of 10.
            shift = 3 if number % 2 else 7
            ordered = sorted(nets, key=lambda net: (self._wanted(net, number), net))
            lowest = low + LANE if place else high - LANE * (len(nets) + 1)
            y = -math.inf
            for left, net in zip(range(len(nets), 0, -1), ordered, strict=True):
                wanted = min(self._wanted(net, number), high - LANE * left - shift)
                slot = math.floor(max(wanted, lowest) / LANE) * LANE + shift
                y = max(slot, y + LANE)
                self.slots[net, number] = int(y)

    # --- Straight wires -------------------------------------------------------------------

    def _align(self) -> None:
        """Move boxes up and down, within the height that is needed anyway, to where they pull."""
        widths = {number: self._widths(number) for number in range(len(self.columns))}
        for number, column in enumerate(self.columns):
            self._set(number, self._stacked(column, widths[number]))
        full = max(self.bottom(column[-1]) for column in self.columns)
        numbers = list(range(len(self.columns)))
        for sweep in (numbers[1:], numbers[::-1], numbers[1:], numbers):
            for number in sweep:
                self._pull(number, widths[number], full)

    def _pull(self, number: int, widths: Mapping[int, int], full: int) -> None:
        column = self.columns[number]
        stacked = self._stacked(column, widths)
        room = full - GRID // 2 * (number % 2) - stacked[-1] - self.heights[column[-1]]
        wanted = [self._pulled(name) - base for name, base in zip(column, stacked, strict=True)]
        shifts = [min(max(shift, 0), max(room, 0)) for shift in _rising(wanted)]
        steps = [math.floor(shift / GRID + 0.5) * GRID for shift in shifts]
        self._set(number, [base + step for base, step in zip(stacked, steps, strict=True)])

    def _pulled(self, name: str) -> float:
        """Where its wires would be straight; if it has none, where it is."""
        pulls = [
            self.pin(other, other_pin) - self.boxes[name].pins.get(pin, GRID)
            for pin, other, other_pin in self.ends[name]
            if self.column_of[other] != self.column_of[name]
        ]
        return sorted(pulls)[len(pulls) // 2] if pulls else self.y[name]


def _rising(wanted: Sequence[float]) -> list[float]:
    """The nearest numbers, none of which is less than the one before it."""
    blocks: list[tuple[float, int]] = []
    for value in wanted:
        mean, count = value, 1
        while blocks and blocks[-1][0] > mean:
            before, number = blocks.pop()
            mean = (before * number + mean * count) / (number + count)
            count += number
        blocks.append((mean, count))
    return [mean for mean, count in blocks for _ in range(count)]
