"""Part of a file: one byte range (RFC 9110, section 14); several are answered with all of it."""

import re
import sys
from dataclasses import dataclass

from documents.errors import RangeNotSatisfiable

SINGLE = re.compile(r"bytes=([0-9]*)-([0-9]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def part_of(header: str, *, size: int) -> Part | None:
    """The part that a Range header asks for, None for the whole.

    Raises RangeNotSatisfiable for one that lies outside.
    """
    match = SINGLE.fullmatch(header.strip().replace(" ", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(0, size - _number(match[2])), size - 1
    else:
        start, end = _number(match[1]), _number(match[2] or str(size - 1))
        if match[2] and end < start:
            return None  # not a range at all: the header is ignored
        end = min(end, size - 1)
    if start >= size:
        raise RangeNotSatisfiable(size)
    return Part(start, end - start + 1)


def _number(digits: str) -> int:
    # Python refuses to read a number of 4,301 digits.
    return int(digits) if len(digits) < 19 else sys.maxsize
