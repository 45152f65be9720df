"""Boxes with wires between them, before and after each has its place. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

GRID = 20
"""Boxes stand on it, every second column half a step lower: so do the rows, where wires begin."""
LANE = 10
"""From one wire to the next beside it."""


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
