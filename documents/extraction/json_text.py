"""JSON and NDJSON as the text a person would search: "path.to.key: value", a line per value.

Numbers keep their spelling and a name that stands twice keeps both values. What is no JSON,
or too large or too deep to be held in memory, is read as plain text: no word gets lost.
"""

import json
from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

from documents.extraction import encodings
from documents.extraction.dates import iso_date
from documents.extraction.facts import note
from documents.extraction.original import Original

MAX_BYTES = 64 * 1024 * 1024
# Parsed, "[]," takes 25 times its length: this many values stay below a gigabyte.
MAX_VALUES = 8_000_000
# A path beyond this is written out once, not in front of every value below it.
MAX_PATH = 100
LINES_AT_ONCE = 1_000
PIECE_CHARACTERS = 64 * 1024

_FACTS = {
    **dict.fromkeys(("title", "headline"), "title"),
    **dict.fromkeys(("author", "creator"), "author"),
    **dict.fromkeys(("language", "lang", "inlanguage"), "language"),
    **dict.fromkeys(("created", "created_at", "datecreated", "datepublished"), "created"),
    **dict.fromkeys(("modified", "updated_at", "datemodified"), "modified"),
}
_DATES = {"created", "modified"}


def read_json(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    chunks = encodings.decode(original, facts=facts)
    if original.size > MAX_BYTES:
        facts["format"] = "plain"
        return chunks
    text = "".join(chunks)
    try:
        values = values_of(text)
    except (ValueError, RecursionError):
        facts["format"] = "plain"
        return (text[at : at + PIECE_CHARACTERS] for at in range(0, len(text), PIECE_CHARACTERS))
    if len(values) == 1 and isinstance(values[0], tuple):
        _note(values[0], facts=facts)
    return _storable(_records(values), facts=facts)


def _note(members: tuple[tuple[str, Any], ...], *, facts: dict[str, Any]) -> None:
    """What the one object says of itself."""
    for name, value in members:
        fact = _FACTS.get(name.lower())
        if fact and isinstance(value, str):
            note(facts, name=fact, value=iso_date(value) if fact in _DATES else value)


def values_of(text: str, *, most: int = MAX_VALUES) -> list[Any]:
    """The one value of JSON, or the values of NDJSON. Objects are tuples of pairs."""
    if sum(map(text.count, ",[{")) > most:
        raise ValueError("too many values")
    try:
        return [_loads(text)]
    except ValueError:
        values = [_loads(line) for line in text.split("\n") if line.strip()]
    if not values:
        raise ValueError("no value")
    return values


def _loads(text: str) -> Any:
    return json.loads(
        text, object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
    )


def _records(values: list[Any]) -> Iterator[str]:
    """A blank line between the records of NDJSON."""
    for position, value in enumerate(values):
        if position:
            yield ""
        yield from lines(value)


def lines(value: Any) -> Iterator[str]:
    """A line per value, in order; a stack of our own, since nesting may be deep."""
    levels: list[Iterator[tuple[str, Any]]] = [iter([("", value)])]
    while levels:
        if (member := next(levels[-1], None)) is None:
            levels.pop()
            continue
        path, item = member
        if not _is_full(item):
            yield _line(item, path=path)
            continue
        if len(path) > MAX_PATH:
            yield f"{path}:"
            path = "…"
        levels.append(_members(item, path=path))


def _is_full(value: Any) -> bool:
    return isinstance(value, tuple | list) and bool(value)


def _members(value: tuple[Any, ...] | list[Any], *, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        return zip(repeat(path), value)
    return ((f"{path}.{name}" if path else name, item) for name, item in value)


def _line(value: Any, *, path: str) -> str:
    match value:
        case str():
            text = value
        case None:
            text = "null"
        case bool():
            text = str(value).lower()
        case _:
            text = ""
    if not path:
        return text
    return f"{path}: {text}" if text else f"{path}:"


def _storable(lines: Iterator[str], *, facts: dict[str, Any]) -> Iterator[str]:
    r"""In pieces, without what \u0000 and \ud800 stand for, which PostgreSQL refuses."""
    is_first = True
    while batch := list(islice(lines, LINES_AT_ONCE)):
        text = ("" if is_first else "\n") + "\n".join(batch)
        is_first = False
        if nuls := text.count("\x00"):
            facts["nul_removed"] = facts.get("nul_removed", 0) + nuls
            text = text.replace("\x00", "")
        if text:
            yield text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
