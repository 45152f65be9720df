"""JSON as it must be to be kept exactly: what PostgreSQL or Python would bend is refused.

Refused are NUL characters and lone surrogates (PostgreSQL stores neither), duplicate names
(RFC 8259, section 4: what a reader makes of them is unpredictable), numbers beyond 64 bits
and deep nesting.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson

from documents.errors import Invalid

MAX_DEPTH = 33  # an object whose metadata has 32 levels
SMALLEST, LARGEST = -(2**63), 2**64 - 1


def loads(raw: bytes) -> Any:
    """The value of a UTF-8 text. Raises Invalid, with a pointer (RFC 6901) where there is one."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        # Checks syntax, UTF-8 and surrogates, and stops at a depth that the stack can bear.
        orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"The body is not JSON: {error}. Send one JSON object in UTF-8.",
            code="malformed_json",
        ) from error
    value = json.loads(
        raw, object_pairs_hook=_object, parse_int=_integer, parse_constant=lambda _: math.inf
    )
    for pointer, depth, part in _parts(value):
        _check(part, pointer=pointer, depth=depth)
    return value


def depth_of(value: Any) -> int:
    """Levels of nesting: 0 for a plain value, 1 for [] and {}."""
    return max(
        (depth for _, depth, part in _parts(value) if isinstance(part, dict | list)), default=0
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(
            f"The name {twice[:100]!r} stands twice in one object. Keep one.", code="duplicate_name"
        )
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else math.inf


def _parts(value: Any) -> Iterator[tuple[str, int, Any]]:
    """Every value and every name inside, with its pointer and the level it stands on."""
    waiting: list[tuple[str, int, Any]] = [("", 1, value)]
    while waiting:
        pointer, depth, part = waiting.pop()
        yield pointer, depth, part
        if depth > MAX_DEPTH:
            continue
        if isinstance(part, dict):
            for name, child in part.items():
                inner = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
                yield inner, depth, name
                waiting.append((inner, depth + 1, child))
        elif isinstance(part, list):
            waiting += [(f"{pointer}/{n}", depth + 1, child) for n, child in enumerate(part)]


def _check(part: Any, *, pointer: str, depth: int) -> None:
    if isinstance(part, str) and "\x00" in part:
        raise Invalid(
            "The text has a NUL character, which PostgreSQL cannot keep. Take it out.",
            pointer=pointer.replace("\x00", "\\u0000"),
            code="nul_character",
        )
    if isinstance(part, dict | list) and depth > MAX_DEPTH:
        raise Invalid(
            f"The body is nested deeper than {MAX_DEPTH} levels. Send a flatter one.",
            pointer=pointer,
            code="too_deep",
        )
    if _is_out_of_range(part):
        raise Invalid(
            "The number does not fit in 64 bits, and would be changed. Send it as a text.",
            pointer=pointer,
            code="number_out_of_range",
        )


def _is_out_of_range(part: Any) -> bool:
    if isinstance(part, float):
        return not math.isfinite(part)
    return isinstance(part, int) and not SMALLEST <= part <= LARGEST
