"""Boxes and the wires between them → where everything stands. Pure, and deterministic.

Boxes stand in columns. A wire leaves its box sideways, runs up or down in the channel between
two columns, and crosses a column in a gap between two of its boxes: so none runs through a box.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from ingestion.schema.diagram.arrange import MANY, arrange
from ingestion.schema.diagram.boxes import LANE, Box, Layout, Place, Point, Wire
from ingestion.schema.diagram.channels import EDGE, Net, Pin, tracks
from ingestion.schema.diagram.cost import GAP
from ingestion.schema.diagram.stack import Stack

ASPECT = 1.6
"""Width to height, of a screen."""


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
    return _drawn(Stack(boxes, columns, wires))


def _drawn(stack: Stack) -> Layout:
    pins = _pins(stack)
    lanes = [tracks(pins[channel]) for channel in range(len(stack.columns) + 1)]
    starts, lefts, width = _across(stack, lanes)
    lane_x = {
        (channel, net): starts[channel] + EDGE + LANE * lane
        for channel, found in enumerate(lanes)
        for net, lane in found.items()
    }
    tops = [*stack.y.values(), *(y - LANE for y in stack.slots.values())]
    bottoms = [*map(stack.bottom, stack.y), *(y + LANE for y in stack.slots.values())]
    top = min(tops)
    places = {
        name: Place(lefts[number], stack.y[name] - top, stack.width(name), stack.boxes[name].height)
        for name, number in stack.column_of.items()
    }
    routes = {
        wire: tuple((x, y - top) for x, y in _route(wire, stack, places, lane_x))
        for wire in stack.wires
    }
    return Layout(places, routes, width, max(bottoms) - top)


def _across(stack: Stack, lanes: Sequence[Mapping[Net, int]]) -> tuple[list[int], list[int], int]:
    """Where each channel begins, where each column does, and how wide it all is."""
    starts, lefts, x = [0], [], 0
    for number, column in enumerate(stack.columns):
        x += _channel_width(lanes[number], is_outer=number == 0)
        lefts.append(x)
        x += max(stack.boxes[name].width for name in column)
        starts.append(x)
    return starts, lefts, x + _channel_width(lanes[-1], is_outer=True)


def _channel_width(lanes: Mapping[Net, int], *, is_outer: bool) -> int:
    if not lanes:
        return 0 if is_outer else 2 * EDGE
    return (EDGE + 2 * LANE if is_outer else 2 * EDGE) + LANE * max(lanes.values())


def _pins(stack: Stack) -> defaultdict[int, list[Pin]]:
    """Of each channel: where wires come in, from the left or the right. 0 is the first."""
    pins: defaultdict[int, list[Pin]] = defaultdict(list)
    for net, wires in sorted(stack.nets.items()):
        to = stack.column_of[net.box]
        pins[to if net.is_left else to + 1].append(Pin(net, stack.entry(net), not net.is_left))
        for wire in wires:
            number = stack.column_of[wire.box]
            is_left = stack.leaves_left(wire)
            y = stack.pin(wire.box, wire.pin)
            pins[number if is_left else number + 1].append(Pin(net, y, not is_left))
        for number in stack.crossed(net):
            y = stack.slots[net, number]
            pins[number].append(Pin(net, y, False))
            pins[number + 1].append(Pin(net, y, True))
    return pins


def _route(
    wire: Wire, stack: Stack, places: Mapping[str, Place], lane_x: Mapping[tuple[int, Net], int]
) -> list[Point]:
    """From channel to channel, in each along the track of its net."""
    net, is_left = stack.net(wire), stack.leaves_left(wire)
    number, to = stack.column_of[wire.box], stack.column_of[wire.to_box]
    place, to_place = places[wire.box], places[wire.to_box]
    x, y = (place.x if is_left else place.right), stack.pin(wire.box, wire.pin)
    points = [(x, y)]
    last = to if net.is_left else to + 1
    channels = range(number, last - 1, -1) if is_left else range(number + 1, last + 1)
    for channel in channels:
        x = lane_x.get((channel, net), x)
        crossed = channel - 1 if is_left else channel
        y_next = stack.entry(net) if channel == last else stack.slots[net, crossed]
        points += [(x, y), (x, y_next)]
        y = y_next
    return _simple([*points, (to_place.x if net.is_left else to_place.right, y)])


def _simple(points: Sequence[Point]) -> list[Point]:
    """Without points that are no corner."""
    found: list[Point] = []
    for point in points:
        if found and point == found[-1]:
            continue
        if len(found) > 1 and _is_between(found[-2], found[-1], point):
            found[-1] = point
        else:
            found.append(point)
    return found


def _is_between(one: Point, middle: Point, other: Point) -> bool:
    return any(one[axis] == middle[axis] == other[axis] for axis in (0, 1))
