"""How text, pages, parts and facts come through a pipe: frames of a sort, a length and bytes.

Whoever reads them trusts nothing: by the time they arrive, a hostile document may be writing.
"""

import json
import math
import os
import struct
import time
from collections.abc import Iterator
from enum import Enum
from typing import Any

HEADER = struct.Struct("!cI")
MAX_PAYLOAD = 1024 * 1024
MAX_PAGE = 2**31 - 1
MAX_DEPTH = 50
# A sign of life for the worker's clock, though the buffer is not full.
FLUSH_SECONDS = 1.0


class Sort(Enum):
    TEXT = b"T"
    PAGE = b"P"
    PART = b"A"
    """Its name and type; its bytes follow, then its end."""
    BYTES = b"B"
    PART_END = b"E"
    FACTS = b"F"
    """The last one, when all went well."""
    FAILED = b"X"
    """The last one, when it did not."""
    OTHER = b"O"
    """The last one of a child that reads texts only, for what is none."""
    NOTICE = b"N"
    """What this system could not take away from the child."""


Frame = tuple[Sort, bytes]


class Garbled(Exception):
    """No frame of ours."""


class Writer:
    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "wb", buffering=128 * 1024)
        self._flushed = time.monotonic()

    def send(self, sort: Sort, payload: bytes = b"") -> None:
        """One frame, or for a long text or many bytes several."""
        for start in range(0, len(payload) or 1, MAX_PAYLOAD):
            piece = payload[start : start + MAX_PAYLOAD]
            self._pipe.write(HEADER.pack(sort.value, len(piece)))
            self._pipe.write(piece)
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._pipe.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        self._pipe.close()


class Splitter:
    """Blocks, cut anywhere, into whole frames."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, block: bytes) -> Iterator[Frame]:
        self._waiting += block
        start = 0
        while len(self._waiting) - start >= HEADER.size:
            sort, length = HEADER.unpack_from(self._waiting, start)
            if length > MAX_PAYLOAD:
                raise Garbled(f"a frame of {length} bytes")
            end = start + HEADER.size + length
            if len(self._waiting) < end:
                break
            yield _sort(sort), bytes(self._waiting[start + HEADER.size : end])
            start = end
        del self._waiting[:start]


def _sort(code: bytes) -> Sort:
    try:
        return Sort(code)
    except ValueError as error:
        raise Garbled(f"a frame of the unknown sort {code!r}") from error


# --- what PostgreSQL can store ---------------------------------------------------------------


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL refuses."""
    text = text.replace("\x00", "")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def text_of(payload: bytes) -> str:
    return payload.decode("utf-8", "replace").replace("\x00", "")


def page_of(payload: bytes) -> int:
    number = int(payload) if payload.isdigit() and len(payload) <= 10 else 0
    if not 1 <= number <= MAX_PAGE:
        raise Garbled("a page without a number")
    return number


def object_of(payload: bytes) -> dict[str, Any]:
    """A JSON object that jsonb takes."""
    try:
        found = _plain(json.loads(payload), levels=MAX_DEPTH)
    except (ValueError, RecursionError) as error:
        raise Garbled("what is no JSON") from error
    if not isinstance(found, dict):
        raise Garbled("JSON that is no object")
    return found


def _plain(value: Any, *, levels: int) -> Any:
    if levels == 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(name): _plain(item, levels=levels - 1) for name, item in value.items()}
        case list():
            return [_plain(item, levels=levels - 1) for item in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
