"""Plain text and Markdown: the characters exactly as they were written, streamed."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from documents.extraction import encodings
from documents.extraction.dates import iso_date
from documents.extraction.facts import note
from documents.extraction.original import Original

_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.+)")
_CLOSING_HASHES = re.compile(r"[ \t]#+[ \t]*\Z")
_SETTING = re.compile(r"(\w+):[ \t]+([^\[{|>&*!#\s].*?)[ \t]*")
_SETTINGS = {
    "title": "title",
    "author": "author",
    "lang": "language",
    "language": "language",
    "date": "created",
    "created": "created",
    "updated": "modified",
    "modified": "modified",
}
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")


def read_plain(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    return encodings.decode(original, facts=facts)


def read_markdown(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    """What its front matter says; else the title is the first heading of the first block."""
    chunks = encodings.decode(original, facts=facts)
    start = next(chunks, "")
    _note_front_matter(start.splitlines(), facts=facts)
    if title := first_heading(start):
        note(facts, name="title", value=title)
    return chain([start], chunks) if start else chunks


def first_heading(markdown: str) -> str:
    above = ""
    for line in _outside_code(_after_front_matter(markdown.splitlines())):
        if found := _HEADING.match(line):
            if heading := _CLOSING_HASHES.sub("", found[1]).strip():
                return heading
        elif above and _UNDERLINE.match(line):
            return above
        above = line.strip()
    return ""


def _after_front_matter(lines: list[str]) -> list[str]:
    return lines[_front_matter_ends(lines) :]


def _front_matter_ends(lines: list[str]) -> int:
    """The number of its lines, the two that fence it included."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    ends = (at for at, line in enumerate(lines) if at and line.rstrip() in {"---", "..."})
    return next(ends, -1) + 1


def _note_front_matter(lines: list[str], *, facts: dict[str, Any]) -> None:
    """Plain values only: for the few facts of interest nobody has to understand all of YAML."""
    for line in lines[: _front_matter_ends(lines)]:
        found = _SETTING.fullmatch(line)
        if found and (fact := _SETTINGS.get(found[1].lower())):
            value = found[2].strip("\"'")
            note(
                facts,
                name=fact,
                value=iso_date(value) if fact in {"created", "modified"} else value,
            )


def _outside_code(lines: list[str]) -> Iterator[str]:
    """The lines that are not in a fenced block, where # begins a comment."""
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and found[1] == fence:
            fence = ""
        elif not fence:
            yield line
