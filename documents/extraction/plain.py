"""Plain text and Markdown: the characters exactly as they were written, streamed."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from documents.extraction import encodings
from documents.extraction.original import Original

MAX_TITLE = 500

_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.+)")
_CLOSING_HASHES = re.compile(r"[ \t]#+[ \t]*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")


def read_plain(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    return encodings.decode(original, facts=facts)


def read_markdown(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    """The title is the first heading, if it stands in the first block."""
    chunks = encodings.decode(original, facts=facts)
    start = next(chunks, "")
    if title := first_heading(start):
        facts["title"] = title[:MAX_TITLE]
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
    if lines and lines[0].rstrip() == "---":
        ends = (at for at, line in enumerate(lines) if at and line.rstrip() in {"---", "..."})
        return lines[next(ends, -1) + 1 :]
    return lines


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
