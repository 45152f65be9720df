"""Boxes and the wires between them → where everything stands. Pure, and deterministic.

Boxes stand in columns. A wire leaves its box sideways, runs up or down in the channel between
two columns, and crosses a column in a gap between two of its boxes: so none runs through a box.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingestion.schema.arrange import GAP, MANY, arrange
from ingestion.schema.channels import EDGE, Net, Pin, tracks

GRID = 20
"""Boxes stand on it, every second column half a step lower: so do the rows, where wires begin."""
LANE = 10
"""From one wire to the next beside it."""
ASPECT = 1.6
"""Width to height, of a screen."""


@dataclass(frozen=True)
class Box:
    name: str
    width: int
    height: int
    pins: Mapping[str, int] = field(default_factory=dict)
    """From the top to the middle of each row, in steps of the grid."""
    is_wide: bool = True
    """May be as wide as its column."""


@dataclass(frozen=True, order=True)
class Wire:
    box: str
    pin: str
    to_box: str
    to_pin: str
    lane: int = 0
    """Wires to one place run together if this is the same, else side by side: -1, 0 or 1."""


@dataclass(frozen=True)
class Place:
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height


Point = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    places: Mapping[str, Place] = field(default_factory=dict)
    routes: Mapping[Wire, tuple[Point, ...]] = field(default_factory=dict)
    """The corners of each wire, from the box that it leaves to the one that it points to."""
    width: int = 0
    height: int = 0


def lay_out(boxes: Sequence[Box], wires: Iterable[Wire]) -> Layout:
    """The best of some numbers of columns: short wires, on a page of a readable shape."""
    known = {box.name: box for box in boxes}
    ordered = sorted({wire for wire in wires if {wire.box, wire.to_box} <= known.keys()})
    if not known:
        return Layout()
    layouts = [_lay_out(known, ordered, count=count) for count in _counts(boxes)]
    return min(layouts, key=_badness)


def _counts(boxes: Sequence[Box]) -> list[int]:
    """The numbers of columns with which the page has about the shape of a screen."""
    high = sum(box.height + GAP for box in boxes)
    wide = sum(box.width for box in boxes) / len(boxes) + 2 * EDGE + 3 * LANE
    ideal = math.sqrt(high * ASPECT / wide)
    near = {math.floor(ideal), math.ceil(ideal)} if len(boxes) <= MANY else {round(ideal)}
    return sorted({min(max(count, 1), len(boxes)) for count in near})


def _badness(layout: Layout) -> float:
    length = sum(
        abs(x - to_x) + abs(y - to_y)
        for route in layout.routes.values()
        for (x, y), (to_x, to_y) in pairwise(route)
    )
    corners = sum(len(route) for route in layout.routes.values())
    shape = abs(math.log(layout.width / layout.height / ASPECT))
    area = math.sqrt(layout.width * layout.height)
    return (length + 40 * corners + 4 * area) * (1 + shape)


def _lay_out(boxes: Mapping[str, Box], wires: Sequence[Wire], *, count: int) -> Layout:
    heights = {name: box.height for name, box in boxes.items()}
    columns = arrange(heights, [(wire.box, wire.to_box) for wire in wires], count=count)
    stack = _Stack(boxes, columns, wires)
    stack.choose_gaps()
    stack.align()
    stack.place_slots()
    return stack.layout()


class _Stack:
    """The columns while they are being placed."""

    def __init__(
        self, boxes: Mapping[str, Box], columns: list[list[str]], wires: Sequence[Wire]
    ) -> None:
        self.boxes, self.columns, self.wires = boxes, columns, wires
        self.heights = {name: math.ceil(box.height / GRID) * GRID for name, box in boxes.items()}
        self.column_of = {name: number for number, each in enumerate(columns) for name in each}
        self.nets: defaultdict[Net, list[Wire]] = defaultdict(list)
        for wire in wires:
            self.nets[self._net(wire)].append(wire)
        self.gaps: dict[tuple[int, int], list[Net]] = {}
        """Of a column and a place in it: the nets that cross the column above that box."""
        self.slots: dict[tuple[Net, int], int] = {}
        """How high a net crosses a column."""
        self.y: dict[str, int] = {}
        for number, column in enumerate(columns):
            self._set(number, self._stacked(column, dict.fromkeys(range(len(column)), GAP)))

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

    def pin(self, box: str, pin: str) -> int:
        return self.y[box] + self.boxes[box].pins.get(pin, GRID)

    def entry(self, net: Net) -> int:
        """Where its wires arrive; beside the middle where one of that very row leaves."""
        leaves = any(
            (wire.box, wire.pin) == (net.box, net.pin) and self._is_left(wire) is net.is_left
            for wire in self.wires
        )
        # With the steps of rows and of crossings none of these meets one from the other side.
        apart = {-1: -9, 0: -5, 1: 6} if leaves else {-1: -6, 0: 0, 1: 6}
        return self.pin(net.box, net.pin) + apart[net.lane]

    def _is_left(self, wire: Wire) -> bool:
        """It leaves its box to the left."""
        return self.column_of[wire.box] > self.column_of[wire.to_box]

    def crossed(self, net: Net) -> range:
        """The columns that it crosses."""
        there = self.column_of[net.box]
        others = [self.column_of[wire.box] for wire in self.nets[net]]
        return range(min(others) + 1, there) if net.is_left else range(there + 1, max(others))

    def beyond(self, net: Net, number: int) -> list[Wire]:
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

    def choose_gaps(self) -> None:
        for net in sorted(self.nets):
            for number in self.crossed(net):
                wanted = self._wanted(net, number)
                middles = self._middles(number)
                place = min(range(len(middles)), key=lambda each: abs(middles[each] - wanted))
                self.gaps.setdefault((number, place), []).append(net)

    def _wanted(self, net: Net, number: int) -> float:
        """The height at which it should cross: between where it comes from and where it goes."""
        heights = [self.pin(wire.box, wire.pin) for wire in self.beyond(net, number)]
        return (sum(heights) / len(heights) + self.entry(net)) / 2

    def _middles(self, number: int) -> list[float]:
        """Of the gaps: above each box, and below the last one."""
        column = self.columns[number]
        last = column[-1]
        below = self._bottom(last) + GAP / 2
        return [*(self.y[name] - GAP / 2 for name in column), below]

    def _widths(self, number: int) -> dict[int, int]:
        """How far the boxes of a column are apart at least, for all that crosses it there."""
        return {
            place: GAP + GRID * max(0, math.ceil((len(self.gaps.get((number, place), [])) - 2) / 2))
            for place in range(len(self.columns[number]))
        }

    def place_slots(self) -> None:
        """Give each wire that crosses a column a height of its own there."""
        for (number, place), nets in sorted(self.gaps.items()):
            column = self.columns[number]
            low = self._bottom(column[place - 1]) if place else -math.inf
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

    def _bottom(self, name: str) -> int:
        return self.y[name] + self.heights[name]

    # --- Straight wires -------------------------------------------------------------------

    def align(self) -> None:
        """Move boxes up and down, within the height that is needed anyway, to where they pull."""
        widths = {number: self._widths(number) for number in range(len(self.columns))}
        for number, column in enumerate(self.columns):
            self._set(number, self._stacked(column, widths[number]))
        full = max(self._bottom(column[-1]) for column in self.columns)
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
            for wire in self.wires
            for box, pin, other, other_pin in (
                (wire.box, wire.pin, wire.to_box, wire.to_pin),
                (wire.to_box, wire.to_pin, wire.box, wire.pin),
            )
            if box == name and self.column_of[other] != self.column_of[name]
        ]
        return sorted(pulls)[len(pulls) // 2] if pulls else self.y[name]

    # --- The whole ------------------------------------------------------------------------

    def layout(self) -> Layout:
        pins = self._pins()
        lanes = [tracks(pins[channel]) for channel in range(len(self.columns) + 1)]
        xs, x = [], 0
        starts = []
        for number, column in enumerate(self.columns):
            starts.append(x)
            x += _channel_width(lanes[number], is_outer=number == 0)
            xs.append(x)
            x += max(self.boxes[name].width for name in column)
        starts.append(x)
        width = x + _channel_width(lanes[-1], is_outer=True)
        top = min([*self.y.values(), *(slot - LANE for slot in self.slots.values())])
        bottom = max([*map(self._bottom, self.y), *(slot + LANE for slot in self.slots.values())])
        places = {
            name: Place(xs[number], self.y[name] - top, self._width(name), self.boxes[name].height)
            for number, column in enumerate(self.columns)
            for name in column
        }
        lane_x = {
            (channel, net): starts[channel] + EDGE + LANE * lane
            for channel, found in enumerate(lanes)
            for net, lane in found.items()
        }
        routes = {wire: self._route(wire, places, lane_x, top) for wire in self.wires}
        return Layout(places, routes, width, bottom - top)

    def _width(self, name: str) -> int:
        column = self.columns[self.column_of[name]]
        box = self.boxes[name]
        return max(self.boxes[each].width for each in column) if box.is_wide else box.width

    def _net(self, wire: Wire) -> Net:
        is_left = self.column_of[wire.box] < self.column_of[wire.to_box]
        return Net(wire.to_box, wire.to_pin, is_left, wire.lane)

    def _pins(self) -> defaultdict[int, list[Pin]]:
        """Of each channel: where wires come in, from the left or the right. 0 is the first."""
        pins: defaultdict[int, list[Pin]] = defaultdict(list)
        for net, wires in sorted(self.nets.items()):
            to = self.column_of[net.box]
            pins[to if net.is_left else to + 1].append(Pin(net, self.entry(net), not net.is_left))
            for wire in wires:
                number = self.column_of[wire.box]
                is_left = self._is_left(wire)
                y = self.pin(wire.box, wire.pin)
                pins[number if is_left else number + 1].append(Pin(net, y, not is_left))
            for number in self.crossed(net):
                y = self.slots[net, number]
                pins[number].append(Pin(net, y, False))
                pins[number + 1].append(Pin(net, y, True))
        return pins

    def _route(
        self,
        wire: Wire,
        places: Mapping[str, Place],
        lane_x: Mapping[tuple[int, Net], int],
        top: int,
    ) -> tuple[Point, ...]:
        net = self._net(wire)
        number, to = self.column_of[wire.box], self.column_of[wire.to_box]
        place, to_place = places[wire.box], places[wire.to_box]
        y = self.pin(wire.box, wire.pin) - top
        points = [(place.x if self._is_left(wire) else place.right, y)]
        step = -1 if self._is_left(wire) else 1
        channel = number if self._is_left(wire) else number + 1
        last = to if net.is_left else to + 1
        while channel != last:
            crossed = channel - 1 if step < 0 else channel
            x, y_next = lane_x.get((channel, net), points[-1][0]), self.slots[net, crossed] - top
            points += [(x, y), (x, y_next)]
            y, channel = y_next, channel + step
        end = self.entry(net) - top
        x = lane_x.get((channel, net), points[-1][0])
        points += [(x, y), (x, end)]
        return _simple([*points, (to_place.x if net.is_left else to_place.right, end)])


def _channel_width(lanes: Mapping[Net, int], *, is_outer: bool) -> int:
    if not lanes:
        return 0 if is_outer else 2 * EDGE
    return (EDGE + 2 * LANE if is_outer else 2 * EDGE) + LANE * max(lanes.values())


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


def _simple(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without points that are no corner."""
    found: list[Point] = []
    for point in points:
        if found and point == found[-1]:
            continue
        if len(found) > 1 and _is_between(found[-2], found[-1], point):
            found[-1] = point
        else:
            found.append(point)
    return tuple(found)


def _is_between(one: Point, middle: Point, other: Point) -> bool:
    return any(one[axis] == middle[axis] == other[axis] for axis in (0, 1))
