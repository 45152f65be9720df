"""From one type of a column to another: the expression that it takes, and whether values suffer."""

import re

_WHOLE = frozenset({"smallint", "integer", "bigint"})
_FLOATS = frozenset({"real", "double precision"})
NUMBERS = _WHOLE | _FLOATS | {"numeric", "money"}
MOMENTS = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
_TIMES = frozenset({"time without time zone", "time with time zone"})
TEXTS = frozenset({"text", "character varying", "character", "name"})
WORDS = NUMBERS | MOMENTS | _TIMES | {"boolean", "uuid", "interval"}
"""Whose values are never those of a row or a range."""
_CAST_AMONG = (NUMBERS, MOMENTS, TEXTS, frozenset({"json", "jsonb"}))
_CAST_BETWEEN = frozenset({("boolean", "integer"), ("integer", "boolean")})
_EXACT = frozenset(
    {
        *((before, after) for before in _WHOLE for after in (*_WHOLE, "numeric")),
        ("smallint", "real"),
        ("smallint", "double precision"),
        ("integer", "double precision"),
        ("real", "double precision"),
        ("date", "timestamp without time zone"),
        ("date", "timestamp with time zone"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("timestamp with time zone", "timestamp without time zone"),
    }
)
_MODIFIER = re.compile(r"\(([^)]*)\)")


def base(written_type: str) -> str:
    """numeric(8,2) → numeric; timestamp(3) with time zone → timestamp with time zone."""
    return _MODIFIER.sub("", written_type)


def cast(column: str, before: str, after: str) -> str | None:
    """What USING says; None if PostgreSQL finds its way.

    A text is not cast to its length: then it would be cut, and so PostgreSQL refuses it.
    """
    old, new = base(before), base(after)
    is_widened = old in TEXTS - {"character"} and new in TEXTS
    if old == new or is_widened or (old in NUMBERS and new in NUMBERS):
        return None
    if new in TEXTS - {"name"}:
        return f"{column}::text"
    if new.removesuffix("[]") in TEXTS - {"name"}:
        return f"{column}::text::text[]"
    return f"{column}::{after}" if _casts(old, new) else f"{column}::text::{after}"


def _casts(before: str, after: str) -> bool:
    between = (before, after) in _CAST_BETWEEN or before in TEXTS or after in TEXTS
    return between or any(before in group and after in group for group in _CAST_AMONG)


def is_lossy(before: str, after: str) -> bool:
    """Values may become others, and PostgreSQL says nothing: it rounds, and leaves out the time."""
    old, new = (base(each).removesuffix("[]") for each in (before, after))
    if old == new:
        return _is_coarser(before, after, old)
    if old.startswith("interval"):
        return new.startswith("interval ")  # some of its fields
    if old in TEXTS:
        return new in _FLOATS | MOMENTS | _TIMES or (new == "numeric" and "(" in after)
    if old in NUMBERS:
        return new in NUMBERS | {"boolean"} and (old, new) not in _EXACT
    if old in MOMENTS | _TIMES:
        is_exact = (old, new) in _EXACT and not _is_coarser(before, after, new)
        return new in MOMENTS | _TIMES and not is_exact
    return False


def _is_coarser(before: str, after: str, kind: str) -> bool:
    """Has fewer digits behind the point than before, or than all of them."""
    if kind not in {"numeric", "interval"} | MOMENTS | _TIMES:
        return False
    most = 1000 if kind == "numeric" else 6
    return _digits(after, most=most) < _digits(before, most=most)


def _digits(written_type: str, *, most: int) -> int:
    """(8,2) → 2; (3) → 3."""
    found = _MODIFIER.search(written_type)
    return int(found[1].rpartition(",")[2]) if found else most
