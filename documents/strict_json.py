"""JSON as it must be to be kept exactly: what PostgreSQL or Python would bend is refused.

Refused are NUL characters and lone surrogates (PostgreSQL stores neither), duplicate names
(RFC 8259, section 4: what a reader makes of them is unpredictable), numbers beyond 64 bits
and deep nesting.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson

from documents.errors import Invalid

MAX_DEPTH = 33  # an object whose metadata has 32 levels
SMALLEST, LARGEST = -(2**63), 2**64 - 1

Path = tuple[str | int, ...]
# A quote inside of a string has a backslash before it. So has the end of a name that ends with
# one: where there may be such a name, nothing is counted.
_END_OF_NAME = re.compile(rb'"(?<!\\")[ \t\r\n]*:')
_BACKSLASH_AT_END = b'\\\\"'


def loads(raw: bytes) -> Any:
    """The value of a UTF-8 text. Raises Invalid, with a pointer (RFC 6901) where there is one."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        # Checks syntax, UTF-8 and surrogates, and stops at a depth that the stack can bear.
        orjson.loads(raw)
        value = json.loads(
            raw, object_pairs_hook=_object, parse_int=_integer, parse_constant=lambda _: math.inf
        )
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"This is not JSON: {error.msg} at {_place(error)}. Send one JSON object in UTF-8.",
            code="malformed_json",
        ) from error
    except RecursionError as error:  # Python's own parser bears less than orjson
        raise _too_deep() from error
    _check(value)
    return value


def _place(error: json.JSONDecodeError) -> str:
    column = f"column {error.colno}"
    return column if error.lineno == 1 else f"line {error.lineno}, {column}"


def loads_flat(raw: bytes) -> Any:
    """The same as `loads`, three times as quick where the value is an object of plain values.

    One more level is let through, for metadata. Whatever is doubtful goes to `loads`.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return loads(raw)
    if not isinstance(value, dict) or b"\\u0000" in raw or _BACKSLASH_AT_END in raw:
        return loads(raw)
    names = len(value)
    for member in value.values():
        if isinstance(member, dict) and all(map(_is_plain, member.values())):
            names += len(member)
        elif not _is_plain(member):
            return loads(raw)
    # As many ends of names as there are names: so none stands twice.
    return value if len(_END_OF_NAME.findall(raw)) == names else loads(raw)


def _is_plain(value: Any) -> bool:
    """A value that orjson cannot have bent: it makes floats of integers beyond 64 bits."""
    return isinstance(value, str | bool | None) or (
        isinstance(value, int | float) and abs(value) < 2**53
    )


def depth_of(value: Any) -> int:
    """Levels of nesting: 0 for a plain value, 1 for [] and {}."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((depth_of(child) for _, child in _steps(value)), default=0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise Invalid(
            f"The name {twice[:100]!r} stands twice in one object. Keep one.", code="duplicate_name"
        )
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else math.inf


def _steps(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str | int, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _check(part: Any, path: Path = ()) -> None:
    """Raises Invalid for the first thing that cannot be kept, with the way to it."""
    if isinstance(part, str):
        if "\x00" in part:
            raise Invalid(
                "The text has a NUL character, which PostgreSQL cannot keep. Take it out.",
                pointer=pointer(path),
                code="nul_character",
            )
    elif isinstance(part, dict | list):
        if len(path) >= MAX_DEPTH:
            raise _too_deep(path)
        for step, child in _steps(part):
            if isinstance(step, str):
                _check(step, (*path, step))
            _check(child, (*path, step))
    # jsonb gives a large float back as an integer of many digits.
    elif isinstance(part, int | float) and not SMALLEST <= part <= LARGEST:
        raise Invalid(
            "The number does not fit in 64 bits, and would be changed. Send it as a text.",
            pointer=pointer(path),
            code="number_out_of_range",
        )


def _too_deep(path: Path = ()) -> Invalid:
    return Invalid(
        f"This is nested deeper than {MAX_DEPTH} levels. Send a flatter one.",
        pointer=pointer(path) if path else None,
        code="too_deep",
    )


def pointer(path: Path) -> str:
    """The way as RFC 6901 writes it; long names are cut."""
    names = (str(step)[:100].replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{name}" for name in names).replace("\x00", "\\u0000")
