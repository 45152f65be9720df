"""Boxes never overlap, and no line runs through one, whatever there is to be drawn."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.schema.diagram import svg_lines, svg_tables
from ingestion.schema.diagram.boxes import Box, Layout, Place, Point, Wire
from ingestion.schema.diagram.layout import ASPECT, lay_out
from ingestion.schema.diagram.picture import Picture
from tests.schema.diagram.pictures import rebuilt_shop, shop


def wire(end: tuple[str, str], to: tuple[str, str], lane: int) -> Wire:
    return Wire(*end, *to, lane=lane)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Wire]]:
    """Of any shape: hubs, circles, tables that point to themselves or to nothing."""
    rows = draw(st.lists(st.integers(0, 12), min_size=1, max_size=14))
    boxes = [
        Box(
            f"t{number}",
            draw(st.integers(40, 500)),
            40 + 20 * count,
            {f"c{row}": 40 + 20 * row for row in range(count)},
            is_wide=count > 0,
        )
        for number, count in enumerate(rows)
    ]
    ends = st.sampled_from(boxes).flatmap(
        lambda box: st.tuples(st.just(box.name), st.sampled_from([*box.pins, "c0"]))
    )
    wires = st.builds(wire, ends, ends, st.sampled_from([-1, 0, 1]))
    lists = st.lists(wires, max_size=25, unique_by=lambda wire: (wire.box, wire.pin))
    return boxes, draw(lists)


def overlapping(layout: Layout) -> list[tuple[str, str]]:
    return [
        (name, other)
        for (name, one), (other, two) in combinations(layout.places.items(), 2)
        if one.x < two.right and two.x < one.right and one.y < two.bottom and two.y < one.bottom
    ]


def crosses(one: Point, other: Point, place: Place) -> bool:
    """The line between two points has something inside the box."""
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(one, other, strict=True))
    return left < place.right and right > place.x and top < place.bottom and bottom > place.y


def crossed(layout: Layout) -> list[tuple[Wire, str]]:
    return [
        (wire, name)
        for wire, route in layout.routes.items()
        for one, other in pairwise(route)
        for name, place in layout.places.items()
        if crosses(one, other, place)
    ]


def hidden(layout: Layout) -> list[tuple[Wire, Wire]]:
    """Lines to different places that run over each other for a while."""
    return [
        (one, two)
        for one, two in combinations(layout.routes, 2)
        if (one.to_box, one.to_pin, one.lane) != (two.to_box, two.to_pin, two.lane)
        and any(
            lie_on_each_other(first, second)
            for first in pairwise(layout.routes[one])
            for second in pairwise(layout.routes[two])
        )
    ]


def lie_on_each_other(one: tuple[Point, Point], two: tuple[Point, Point]) -> bool:
    for along, across in ((0, 1), (1, 0)):
        if len({point[across] for point in (*one, *two)}) == 1:
            low = max(min(point[along] for point in line) for line in (one, two))
            high = min(max(point[along] for point in line) for line in (one, two))
            return low < high
    return False


@cache
def drawn(make: Callable[[], Picture]) -> Layout:
    picture = make()
    boxes = [svg_tables.box(table, has_signs=True) for table in picture.tables]
    return lay_out(boxes, map(svg_lines.wire_of, picture.links))


def is_sound(boxes: list[Box], wires: list[Wire]) -> None:
    layout = lay_out(boxes, wires)
    assert layout.places.keys() == {box.name for box in boxes}
    assert layout.routes.keys() == set(wires)
    assert overlapping(layout) == []
    assert crossed(layout) == []
    assert hidden(layout) == []
    assert_on_page(layout)
    pins = {box.name: box.pins for box in boxes}
    for wire, route in layout.routes.items():
        assert_from_row_to_row(wire, route, layout, pins)


def assert_on_page(layout: Layout) -> None:
    places = layout.places.values()
    corners = [(place.x, place.y) for place in places]
    corners += [(place.right, place.bottom) for place in places]
    for x, y in [*corners, *(point for route in layout.routes.values() for point in route)]:
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height


def assert_from_row_to_row(
    wire: Wire, route: tuple[Point, ...], layout: Layout, pins: Mapping[str, Mapping[str, int]]
) -> None:
    """And only upright or level on its way."""
    for name, pin, (x, y), reach in (
        (wire.box, wire.pin, route[0], 0),
        (wire.to_box, wire.to_pin, route[-1], 9),
    ):
        place = layout.places[name]
        assert x in {place.x, place.right}
        assert abs(y - place.y - pins[name].get(pin, 20)) <= reach
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in pairwise(route))


@settings(max_examples=15, deadline=None)
@given(graphs())
def test_boxes_do_not_overlap_and_no_line_runs_through_one_or_on_another(
    graph: tuple[list[Box], list[Wire]],
) -> None:
    is_sound(*graph)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(graphs())
def test_nor_do_they_on_many_pages(graph: tuple[list[Box], list[Wire]]) -> None:
    is_sound(*graph)


@pytest.mark.parametrize("make", [shop, pytest.param(rebuilt_shop, marks=pytest.mark.slow)])
def test_forty_tables_are_drawn_without_a_line_through_one_or_on_another(
    make: Callable[[], Picture],
) -> None:
    layout = drawn(make)
    assert len(layout.places) > 40
    assert overlapping(layout) == []
    assert crossed(layout) == []
    assert hidden(layout) == []


def test_forty_tables_have_about_the_shape_of_a_screen() -> None:
    assert ASPECT / 1.5 < drawn(shop).width / drawn(shop).height < ASPECT * 1.5


def test_lines_are_short() -> None:
    """Most go to a neighbour, and have no more than four corners on the way."""
    corners = sorted(len(route) - 2 for route in drawn(shop).routes.values())
    assert corners[len(corners) * 3 // 4] <= 4


def test_a_table_stands_right_of_the_one_it_points_to() -> None:
    boxes = [Box(name, 200, 400, {"id": 40}) for name in ("a", "b")]
    layout = lay_out(boxes, [Wire("a", "id", "b", "id")])
    assert layout.places["a"].x > layout.places["b"].right


def test_a_straight_line_is_possible() -> None:
    boxes = [Box(name, 200, 600, {"id": 40, "key": 50}) for name in ("a", "b")]
    layout = lay_out(boxes, [Wire("a", "key", "b", "id")])
    assert len(layout.routes[Wire("a", "key", "b", "id")]) <= 4


def test_what_is_linked_to_nothing_fills_the_shortest_columns() -> None:
    boxes = [Box(f"t{number}", 200, 200) for number in range(9)]
    columns = Counter(place.x for place in lay_out(boxes, []).places.values())
    assert max(columns.values()) - min(columns.values()) <= 1


@pytest.mark.slow
def test_the_same_boxes_in_another_order_give_the_same_layout() -> None:
    picture = shop()
    boxes = [svg_tables.box(table, has_signs=True) for table in picture.tables]
    wires = [svg_lines.wire_of(link) for link in picture.links]
    again = lay_out(boxes[::-1], wires[::-1])
    assert (again.places, again.routes) == (drawn(shop).places, drawn(shop).routes)


def test_nothing_takes_no_room() -> None:
    assert lay_out([], []) == Layout()
