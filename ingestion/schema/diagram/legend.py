"""What the marks and colours of a drawn diagram mean: those that are in it."""

from collections.abc import Iterator

from ingestion.schema.diagram import svg_lines
from ingestion.schema.diagram.letters import width, written
from ingestion.schema.diagram.picture import Change, Picture
from ingestion.schema.diagram.svg_tables import WORDS

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
    changes = _changes(picture)
    for change in (Change.ADDED, Change.REMOVED, Change.CHANGED):
        if change in changes:
            yield _swatch(change), 34, WORDS[change]
    for mark, words in _marks(picture):
        yield f'<text class="mark" y="16">{mark}</text>', 20, words
    for line, words in _lines(picture):
        yield line, SAMPLE + 8, words
    if any(table.is_stub for table in picture.tables):
        shape = '<rect class="border" x="1" y="3" width="30" height="17" rx="4"/>'
        yield f'<g class="stub">{shape}</g>', 40, "only its name"


def _changes(picture: Picture) -> set[Change]:
    changes = {table.change for table in picture.tables}
    for table in picture.tables:
        changes |= {column.change for column in table.columns}
        changes |= {rule.change for rule in table.rules}
    return changes


def _marks(picture: Picture) -> list[tuple[str, str]]:
    columns = [column for table in picture.tables for column in table.columns]
    marks = [
        ("PK", "primary key", any(column.is_primary for column in columns)),
        ("FK", "foreign key", any(column.refers_to for column in columns)),
        ("UQ", "unique", any(column.is_unique for column in columns)),
    ]
    return [(mark, words) for mark, words, is_there in marks if is_there]


def _lines(picture: Picture) -> list[tuple[str, str]]:
    links = picture.links
    lines = [
        (_line(is_unique=False), "many to one", any(not link.is_unique for link in links)),
        (_line(is_unique=True), "one to one", any(link.is_unique for link in links)),
        (_line(kind=" may"), "may be NULL", any(link.is_null for link in links)),
        (_line(kind=" loose"), "no constraint", any(not link.is_enforced for link in links)),
    ]
    return [(line, words) for line, words, is_there in lines if is_there]


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
