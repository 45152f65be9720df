"""What is noted about a document: called the same in every format, bounded, fit for jsonb."""

import re
from typing import Any

from documents.extraction.dates import iso_date

MAX_FACT = 500

# Controls, lone surrogates and what Unicode says is no character. PDFium sets U+FFFE and U+0002
# where a word was hyphenated at the end of a line; without them the word is whole again.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]+"
)
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85]")


def readable(text: str) -> str:
    """The text without what nobody sees and PostgreSQL refuses; every line end is a line feed."""
    return _LINE_ENDS.sub("\n", _UNWANTED.sub("", text))


def note(facts: dict[str, Any], *, name: str, value: str) -> None:
    """The first value counts; an empty one says nothing."""
    if words := " ".join(readable(value[: 10 * MAX_FACT]).split()):
        facts.setdefault(name, words[:MAX_FACT].rstrip())


def note_date(facts: dict[str, Any], *, name: str, value: str) -> None:
    """Left out unless it is a date."""
    if date := iso_date(value):
        facts.setdefault(name, date)
