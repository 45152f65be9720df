"""A picture drawn as SVG that needs nothing else: no script, no font, no file from outside."""

from ingestion.schema.diagram import svg_lines, svg_tables
from ingestion.schema.diagram.colors import stylesheet
from ingestion.schema.diagram.layout import lay_out
from ingestion.schema.diagram.legend import legend
from ingestion.schema.diagram.letters import width, written
from ingestion.schema.diagram.picture import Picture
from ingestion.schema.units import counted

MARGIN = 24
HEAD = 84
"""Where the drawing begins, below the title."""
LEAST = 640
"""No narrower, so that title and legend have room."""


def svg(picture: Picture, *, title: str) -> str:
    has_signs = picture.is_difference
    boxes = [svg_tables.box(table, has_signs=has_signs) for table in picture.tables]
    layout = lay_out(boxes, map(svg_lines.wire_of, picture.links))
    inner = max(layout.width, width(title, size=16), LEAST)
    marks, marks_height = legend(picture, wide=inner)
    wide, high = inner + 2 * MARGIN, HEAD + layout.height + marks_height + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}"'
        f' height="{high}" role="img" aria-labelledby="title">',
        f'<title id="title">{written(title)}</title>',
        f"<style>\n{stylesheet()}\n</style>",
        f'<rect class="page" width="{wide}" height="{high}"/>',
        f'<text class="title" x="{MARGIN}" y="38">{written(title)}</text>',
        f'<text class="note" x="{MARGIN}" y="58">{written(_counts(picture))}</text>',
        f'<g transform="translate({MARGIN} {HEAD})">',
        *svg_lines.draw(layout, picture.links),
    ]
    hues = svg_lines.hues(layout, picture.links)
    for table in picture.tables:
        place, hue = layout.places[table.name], hues.get(table.name, "")
        lines += svg_tables.draw(table, place, has_signs=has_signs, hue=hue)
    below = f"{MARGIN} {HEAD + layout.height + MARGIN}"
    lines += ["</g>", f'<g transform="translate({below})">', *marks, "</g>", "</svg>"]
    return "\n".join(lines) + "\n"


def _counts(picture: Picture) -> str:
    if not picture.tables:
        return ""
    whole = [table for table in picture.tables if not table.is_stub]
    named = len(picture.tables) - len(whole)
    others = f", and {named} more by name" if named else ""
    keys = f", {counted(len(picture.links), 'foreign key')}" if picture.links else ""
    return f"{counted(len(whole), 'table')}{keys}{others}"
