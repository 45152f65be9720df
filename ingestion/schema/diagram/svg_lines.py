"""A foreign key as a line: a foot where many point, an arrow at what they point to."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ingestion.schema.diagram.boxes import Layout, Place, Point, Wire
from ingestion.schema.diagram.colors import HUES
from ingestion.schema.diagram.letters import written
from ingestion.schema.diagram.picture import Change, Link
from ingestion.schema.diagram.svg_tables import WORDS

BEND = 6
"""Radius of a corner."""
FOOT = 11
"""How far the marks at the ends reach from the table."""
LANES = {Change.SAME: 0, Change.ADDED: -1, Change.REMOVED: 1}
FEW = 12
"""So many lines are easy to follow without colours."""


def wire_of(link: Link) -> Wire:
    return Wire(link.table, link.column, link.to_table, link.to_column, LANES[link.change])


def hues(layout: Layout, links: Sequence[Link]) -> dict[str, str]:
    """A colour for each table that is pointed to, so that many lines can be told apart.

    Neighbours get different ones. Few lines need none, and in a difference colours mean
    something else.
    """
    if len(links) <= FEW or any(link.change is not Change.SAME for link in links):
        return {}
    pointing = Counter(link.to_table for link in links)
    chosen: dict[str, int] = {}
    for name in sorted(pointing, key=lambda name: (-pointing[name], name)):
        near = [0.0] * HUES
        for other, hue in chosen.items():
            near[hue] += 1 / (1 + _apart(layout.places[name], layout.places[other]))
        chosen[name] = near.index(min(near))
    return {name: f"hue{hue}" for name, hue in chosen.items()}


def _apart(one: Place, other: Place) -> int:
    return abs(one.x - other.x) + abs(one.y - other.y)


def draw(layout: Layout, links: Sequence[Link]) -> Iterator[str]:
    """Those that run together as one, over those drawn before; what changes comes last."""
    groups: defaultdict[tuple[int, str, str], list[Link]] = defaultdict(list)
    for link in links:
        groups[abs(LANES[link.change]), link.to_table, link.to_column].append(link)
    colors = hues(layout, links)
    for _, group in sorted(groups.items()):
        routes = {link: layout.routes[wire_of(link)] for link in group}
        for route in routes.values():
            yield f'<path class="halo" d="{path(route)}"/>'
        for link, route in routes.items():
            yield from _link(link, route, colors)


def _link(link: Link, route: Sequence[Point], colors: Mapping[str, str]) -> Iterator[str]:
    kinds = ["link", WORDS[link.change], colors.get(link.to_table, "")]
    yield f'<g class="{" ".join(filter(None, kinds))}">'
    yield f"<title>{written(_told(link))}</title>"
    yield f'<path class="line{_dashes(link)}" d="{path(route)}"/>'
    yield mark_of_many(route[0], route[1], is_unique=link.is_unique)
    yield arrow(route[-1], route[-2])
    yield "</g>"


def _told(link: Link) -> str:
    facts = [
        "one to one" if link.is_unique else "",
        "may be NULL" if link.is_null else "",
        "" if link.is_enforced else "no constraint",
    ]
    said = "; ".join(filter(None, facts))
    ends = f"{link.table}.{link.column} → {link.to_table}.{link.to_column}"
    return f"{ends} ({said})" if said else ends


def _dashes(link: Link) -> str:
    return " may" * link.is_null if link.is_enforced else " loose"


def path(points: Sequence[Point]) -> str:
    """With its corners rounded."""
    x, y = points[0]
    parts = [f"M{x} {y}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(BEND, _far(before, corner) // 2, _far(corner, after) // 2)
        start, end = _towards(corner, before, reach), _towards(corner, after, reach)
        parts.append(f"L{start[0]} {start[1]}Q{corner[0]} {corner[1]} {end[0]} {end[1]}")
    return "".join([*parts, f"L{points[-1][0]} {points[-1][1]}"])


def mark_of_many(end: Point, inwards: Point, *, is_unique: bool) -> str:
    x, y = end
    step = 1 if inwards[0] > x else -1
    if is_unique:
        at = x + 7 * step
        return f'<path class="end foot" d="M{at} {y - 6}V{y + 6}"/>'
    tip = x + FOOT * step
    return f'<path class="end foot" d="M{x} {y - 6}L{tip} {y}L{x} {y + 6}"/>'


def arrow(end: Point, inwards: Point) -> str:
    x, y = end
    back = x + (9 if inwards[0] > x else -9)
    return f'<path class="end arrow" d="M{x} {y}L{back} {y - 4}V{y + 4}Z"/>'


def _far(one: Point, other: Point) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(corner: Point, other: Point, reach: int) -> Point:
    far = _far(corner, other) or 1
    return (
        corner[0] + (other[0] - corner[0]) * reach // far,
        corner[1] + (other[1] - corner[1]) * reach // far,
    )
