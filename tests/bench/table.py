"""What is printed and kept: one row for each ratio, with its target."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTHS = (50, 33)


@dataclass(frozen=True, kw_only=True)
class Row:
    what: str
    against: str
    """The yardstick; empty where the figure stands for itself."""
    figures: list[float]
    """Of each round. With a yardstick they are ratios; above 1, ours is the better one, unless
    a target says `at most`."""
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"
    note: str = ""
    """What lies behind it, in units: for orientation, it says something about the machine."""
    details: dict[str, Any] = field(default_factory=dict)
    """More of that, for programs."""

    @property
    def figure(self) -> float:
        return statistics.median(self.figures)

    @property
    def is_met(self) -> bool | None:
        if self.at_least is not None:
            return self.figure >= self.at_least
        if self.at_most is not None:
            return self.figure <= self.at_most
        return None

    def as_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "against": self.against,
            "figure": self.figure,
            "unit": self.unit,
            "rounds": self.figures,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "is_met": self.is_met,
            "note": self.note,
            **self.details,
        }

    def __str__(self) -> str:
        what, against = (
            text.ljust(width) for text, width in zip((self.what, self.against), WIDTHS, strict=True)
        )
        spread = f"{_short(min(self.figures))} - {_short(max(self.figures))}"
        figure = f"{_short(self.figure):>7} {self.unit:<2}"
        return f"{what} {against} {figure} {spread:>15}  {self._verdict():<19} {self.note}".rstrip()

    def _verdict(self) -> str:
        if self.is_met is None:
            return ""
        word = "at least" if self.at_least is not None else "at most"
        target = self.at_least if self.at_least is not None else self.at_most
        return f"{'met' if self.is_met else 'MISSED':<6} {word} {target:g}"


HEAD = (
    f"{'what':<{WIDTHS[0]}} {'against':<{WIDTHS[1]}} {'median':>10} {'spread':>15}  "
    f"{'target':<19} for orientation"
)


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def _short(number: float) -> str:
    if number >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
