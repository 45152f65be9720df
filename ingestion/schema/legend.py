"""What the marks and colours of a drawn diagram mean: those that are in it."""

from collections.abc import Iterator

from ingestion.schema import svg_lines
from ingestion.schema.letters import width, written
from ingestion.schema.picture import Change, Picture
from ingestion.schema.svg_tables import WORDS

ROW = 24
SAMPLE = 52
"""For a piece of line."""


def legend(picture: Picture, *, wide: int) -> tuple[list[str], int]:
    """The lines of it, and its height."""
    x, y = 0, 0
    drawn: list[str] = []
    for sample, reach, words in _entries(picture):
        needed = reach + width(words, size=12) + 20
        if x and x + needed > wide:
            x, y = 0, y + ROW
        drawn.append(f'<g transform="translate({x} {y})">{sample}')
        drawn.append(f'<text class="note" x="{reach}" y="16">{written(words)}</text></g>')
        x += needed
    return drawn, y + ROW if drawn else 0


def _entries(picture: Picture) -> Iterator[tuple[str, int, str]]:
    """Each with how it looks, how wide that is, and what it means."""
    parts = [part for table in picture.tables for part in [*table.columns, *table.rules]]
    changes = {part.change for part in [*picture.tables, *parts]}
    for change in (Change.ADDED, Change.REMOVED, Change.CHANGED):
        if change in changes:
            yield _swatch(change), 34, WORDS[change]
    columns = [column for table in picture.tables for column in table.columns]
    marks = (
        ("PK", "primary key", any(column.is_primary for column in columns)),
        ("FK", "foreign key", any(column.refers_to for column in columns)),
        ("UQ", "unique", any(column.is_unique for column in columns)),
    )
    for mark, words, is_there in marks:
        if is_there:
            yield f'<text class="mark" y="16">{mark}</text>', 20, words
    if any(not link.is_unique for link in picture.links):
        yield _line(is_unique=False), SAMPLE + 8, "many to one"
    if any(link.is_unique for link in picture.links):
        yield _line(is_unique=True), SAMPLE + 8, "one to one"
    if any(link.is_null for link in picture.links):
        yield _line(kind=" may"), SAMPLE + 8, "may be NULL"
    if any(not link.is_enforced for link in picture.links):
        yield _line(kind=" loose"), SAMPLE + 8, "no constraint in the database"
    if any(table.is_stub for table in picture.tables):
        stub = (
            '<g class="stub"><rect class="border" x="1" y="3" width="30" height="17" rx="4"/></g>'
        )
        yield stub, 40, "only its name"


def _swatch(change: Change) -> str:
    word = WORDS[change]
    shape = 'x="1" y="3" width="26" height="17" rx="4"'
    return (
        f'<rect class="{word} back" {shape}/><rect class="border {word}" {shape}/>'
        f'<text class="sign {word}" x="10" y="16">{change.value}</text>'
    )


def _line(*, is_unique: bool | None = None, kind: str = "") -> str:
    line = f'<path class="line{kind}" d="M0 12H{SAMPLE}"/>'
    if is_unique is None:
        return line
    many = svg_lines.mark_of_many((0, 12), (SAMPLE, 12), is_unique=is_unique)
    return line + many + svg_lines.arrow((SAMPLE, 12), (0, 12))
