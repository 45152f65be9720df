"""CSV and its kin: the text exactly as it was written, and what the columns are called."""

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import chain, islice
from typing import Any

from documents.extraction import encodings
from documents.extraction.original import Original

DELIMITERS = ",;\t|"
MAX_COLUMNS = 100
MAX_NAME = 200
ROWS_TO_COMPARE = 20
SNIFF_CHARACTERS = 64 * 1024


def read_csv(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    chunks = encodings.decode(original, facts=facts)
    start = next(chunks, "")
    if delimiter := delimiter_of(start[:SNIFF_CHARACTERS]):
        facts["delimiter"] = delimiter
        facts["columns"] = _header(start[:SNIFF_CHARACTERS], delimiter=delimiter)
    return chain([start], chunks) if start else chunks


def delimiter_of(text: str) -> str | None:
    """What cuts every row into the same number of cells, two or more; the most if several do."""
    widths = {delimiter: _width(text, delimiter=delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: widths[delimiter])
    return best if widths[best] > 1 else None


def _width(text: str, *, delimiter: str) -> int:
    widths = {len(row) for row in _rows(text, delimiter=delimiter)}
    return widths.pop() if len(widths) == 1 else 0


def _header(text: str, *, delimiter: str) -> list[str]:
    names = _rows(text, delimiter=delimiter)[0][:MAX_COLUMNS]
    return [name.strip()[:MAX_NAME] for name in names]


def _rows(text: str, *, delimiter: str) -> list[list[str]]:
    """The first rows that are not blank, without one that the end of a sample cut in two."""
    found = (row for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter) if row)
    rows = list(islice(found, ROWS_TO_COMPARE + 1))
    is_cut = len(text) == SNIFF_CHARACTERS and 1 < len(rows) <= ROWS_TO_COMPARE
    return rows[:-1] if is_cut else rows
