"""A table as a box with a row for each column: how large it is, and how it is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingestion.schema.diagram.boxes import Box, Place
from ingestion.schema.diagram.letters import width, written
from ingestion.schema.diagram.picture import Change, Column, Rule, Table
from ingestion.schema.diagram.short_types import short

HEAD = 27
TOP = 30
"""Where the first row begins."""
ROW = 20
INSIDE = 10
"""From the border to the text, and below the last row."""
STUB = 40
SIGN = 14
"""For the sign of a change."""
SPACE = 14
"""Between the stops of a row."""
WORDS = {
    Change.SAME: "",
    Change.ADDED: "added",
    Change.REMOVED: "removed",
    Change.CHANGED: "changed",
}


@dataclass(frozen=True)
class Row:
    """What stands in a line of a table."""

    name: str
    marks: str
    type: str
    null: str
    tooltip: str
    change: Change
    is_key: bool


@dataclass(frozen=True)
class Stops:
    """Where the parts of a row begin, from the left border."""

    marks: int
    name: int
    type: int
    end: int


def box(table: Table, *, has_signs: bool) -> Box:
    sign = SIGN if has_signs else 0
    head = width(table.title, size=13) + width(table.app, size=11) + 2 * INSIDE + SPACE + sign
    if not table.columns:
        return Box(table.name, head, STUB, is_wide=False)
    stops = _stops(table, has_signs=has_signs)
    rules = [stops.marks + width(rule.text, size=11) for rule in table.rules]
    pins = {
        column.name: TOP + ROW // 2 + ROW * number for number, column in enumerate(table.columns)
    }
    height = TOP + ROW * (len(table.columns) + len(table.rules)) + INSIDE
    return Box(table.name, max(head, *rules, stops.end) + INSIDE, height, pins)


def draw(table: Table, place: Place, *, has_signs: bool, hue: str = "") -> Iterator[str]:
    """The hue is that of the lines that point to it."""
    word = WORDS[table.change]
    kind = "table stub" if table.is_stub else "table"
    yield f'<g class="{kind}" transform="translate({place.x} {place.y})">'
    shape = f'width="{place.width}" height="{place.height}" rx="6"'
    yield f'<rect class="box" {shape}/>'
    yield from _head(table, place, has_signs=has_signs, hue=hue)
    if table.columns:
        stops = _stops(table, has_signs=has_signs)
        y = TOP
        for row in map(_row, table.columns):
            yield from _drawn(row, stops, y=y, wide=place.width)
            y += ROW
        for rule in table.rules:
            yield from _rule(rule, stops, y=y, wide=place.width)
            y += ROW
    yield f'<rect class="border {word}" {shape}/>'
    yield "</g>"


def _head(table: Table, place: Place, *, has_signs: bool, hue: str) -> Iterator[str]:
    word = WORDS[table.change]
    high = HEAD if table.columns else place.height
    right = place.width
    yield "<g>"
    yield _title(table.comment)
    yield _head_shape(f"{word} back" if word else "head", right, high, is_whole=not table.columns)
    if table.columns:
        yield f'<path class="border" d="M0 {high}H{right}"/>'
    if hue:
        yield f'<path class="stripe {hue}" d="M0 4Q0 0 4 0H{right - 4}Q{right} 0 {right} 4Z"/>'
    base = high // 2 + 6
    if word:
        yield f'<text class="sign {word}" x="{INSIDE}" y="{base}">{table.change.value}</text>'
    left = INSIDE + (SIGN if has_signs else 0)
    gone = " gone" if table.change is Change.REMOVED else ""
    yield f'<text class="name{gone}" x="{left}" y="{base}">{written(table.title)}</text>'
    yield f'<text class="app" x="{right - INSIDE}" y="{base}">{written(table.app)}</text>'
    yield "</g>"


def _head_shape(kind: str, right: int, high: int, *, is_whole: bool) -> str:
    """Round at its upper corners, and at the lower ones where nothing follows."""
    if is_whole:
        return f'<rect class="{kind}" width="{right}" height="{high}" rx="6"/>'
    top = f"M0 {high}V6Q0 0 6 0H{right - 6}Q{right} 0 {right} 6V{high}Z"
    return f'<path class="{kind}" d="{top}"/>'


def _row(column: Column) -> Row:
    differences = column.differences()
    is_of_type = column.was is not None and column.was.type != column.type
    is_of_null = column.was is not None and column.was.is_null is not column.is_null
    types = differences if is_of_type else [column.type, *differences]
    marks = [
        mark
        for mark, is_there in (
            ("PK", column.is_primary),
            ("FK", column.refers_to),
            ("UQ", column.is_unique),
        )
        if is_there
    ]
    target = f" → {column.refers_to}" if column.refers_to else ""
    null = "NULL" if column.is_null else "NOT NULL"
    said = [f"{column.name} {column.type} {null}{target}", column.comment]
    return Row(
        column.name,
        " ".join(marks),
        short(", ".join(types)),
        "NULL" if column.is_null and not is_of_null else "",
        "\n".join(filter(None, said)),
        column.change,
        column.is_primary,
    )


def _stops(table: Table, *, has_signs: bool) -> Stops:
    rows = [_row(column) for column in table.columns]
    marks = INSIDE + (SIGN if has_signs else 0)
    widest = max(width(row.marks, size=10) for row in rows)
    name = marks + (widest + 8 if widest else 0)
    kind = name + max(width(row.name, size=12) for row in rows) + SPACE
    ends = [
        width(row.type, size=12) + (SPACE + width("NULL", size=10)) * bool(row.null) for row in rows
    ]
    return Stops(marks, name, kind, kind + max(ends))


def _drawn(row: Row, stops: Stops, *, y: int, wide: int) -> Iterator[str]:
    word, base = WORDS[row.change], y + 14
    yield f'<g class="{word}">' if word else "<g>"
    yield _title(row.tooltip)
    yield from _sign(row.change, y=y, wide=wide)
    if row.marks:
        yield f'<text class="mark" x="{stops.marks}" y="{base}">{row.marks}</text>'
    kind = " ".join(filter(None, ["key" * row.is_key, "gone" * (row.change is Change.REMOVED)]))
    name = f' class="{kind}"' if kind else ""
    yield f'<text{name} x="{stops.name}" y="{base}">{written(row.name)}</text>'
    yield f'<text class="type" x="{stops.type}" y="{base}">{written(row.type)}</text>'
    if row.null:
        yield f'<text class="null" x="{wide - INSIDE}" y="{base}">{row.null}</text>'
    yield "</g>"


def _rule(rule: Rule, stops: Stops, *, y: int, wide: int) -> Iterator[str]:
    yield from _sign(rule.change, y=y, wide=wide)
    kind = " ".join(
        filter(None, [WORDS[rule.change], "rule", "gone" * (rule.change is Change.REMOVED)])
    )
    yield f'<text class="{kind}" x="{stops.marks}" y="{y + 14}">{written(rule.text)}</text>'


def _sign(change: Change, *, y: int, wide: int) -> Iterator[str]:
    """Behind and before the text of what changes."""
    if word := WORDS[change]:
        yield f'<rect class="{word} back" x="1" y="{y}" width="{wide - 2}" height="{ROW}"/>'
        yield f'<text class="sign {word}" x="{INSIDE}" y="{y + 14}">{change.value}</text>'


def _title(text: str) -> str:
    return f"<title>{written(text)}</title>" if text else "<title/>"
