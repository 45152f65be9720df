"""What a column may hold: for a type, and for what its CHECK constraints say, texts to try.

Each value is the text that PostgreSQL casts to the type; None is NULL. The first ones are the
most likely, and other ones for each row.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise

from ingestion.schema.verification.matching import like, matching

LITERAL = re.compile(r"(!?~\*?|!?~~\*?)?\s*'((?:[^']|'')*)'")
NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
DAY = date(2001, 2, 3)
A_LIFE = 25_000
"""Days, after which it is later than most that another column may say."""
LONGEST = 100_000
"""Characters of a text that is made to reach a bound."""


@dataclass(frozen=True, kw_only=True)
class Type:
    name: str
    kind: str
    """b: base, c: composite, d: domain, e: enum, m: multirange, r: range."""
    category: str
    element: int
    """Of an array; else 0, as the next ones."""
    base: int
    base_modifier: int
    bounds: int
    labels: Sequence[str]
    checks: Sequence[str]
    parts: Sequence[int]


Types = Mapping[int, Type]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One value, for a row."""

    type: int
    modifier: int
    column: str
    checks: Sequence[str]
    """The texts of the constraints that the column stands in."""
    number: int
    """Of the row, from 1."""
    apart: int = 0
    """How far from the numbers of the columns beside it: or who mixes them up would go unseen."""


def values(wanted: Wanted, types: Types) -> list[str]:
    """Each once, the most likely first."""
    return list(dict.fromkeys(_values(wanted, types)))


def _values(wanted: Wanted, types: Types) -> Iterator[str]:
    known = types.get(wanted.type)
    if known is None:
        return
    if known.kind == "d":
        modifier = known.base_modifier if known.base_modifier >= 0 else wanted.modifier
        checks = [*wanted.checks, *known.checks]
        inner = _other(wanted, known.base, modifier=modifier, checks=checks)
        yield from _values(inner, types)
    elif known.kind == "e":
        yield from _rotated(known.labels, wanted.number)
    elif known.kind == "r":
        yield from (f"[{low},{high})" for low, high in _bounds(wanted, known, types))
    elif known.kind == "m":
        yield from (f"{{[{low},{high})}}" for low, high in _bounds(wanted, known, types))
    elif known.kind == "c":
        parts = [values(_other(wanted, part), types)[:1] or [""] for part in known.parts]
        yield "({})".format(",".join(_quoted(part[0]) for part in parts))
    elif known.element:
        yield from _arrays(wanted, known, types)
    else:
        yield from _of_base(wanted, known)


def _other(
    wanted: Wanted, kind: int, *, modifier: int = -1, checks: Sequence[str] | None = None
) -> Wanted:
    return Wanted(
        type=kind,
        modifier=modifier,
        column=wanted.column,
        checks=wanted.checks if checks is None else checks,
        number=wanted.number,
    )


def _arrays(wanted: Wanted, known: Type, types: Types) -> Iterator[str]:
    elements = values(_other(wanted, known.element, modifier=wanted.modifier), types)
    for element in elements[:8]:
        yield f"{{{_quoted(element)}}}"
    yield "{}"
    for size in _sizes(wanted.checks, most=100):
        if elements:
            yield "{{{}}}".format(",".join([_quoted(elements[0])] * size))


def _bounds(wanted: Wanted, known: Type, types: Types) -> Iterator[tuple[str, str]]:
    lows = values(_other(wanted, known.bounds), types)
    # Apart from those of the other rows, so that no two of them overlap.
    far = Wanted(
        type=known.bounds, modifier=-1, column="", checks=(), number=wanted.number * 1000 + 1
    )
    near = Wanted(type=known.bounds, modifier=-1, column="", checks=(), number=wanted.number * 1000)
    yield from zip(values(near, types)[:1], values(far, types)[:1], strict=False)
    yield from pairwise(lows)


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace("\\", r"\\").replace('"', r"\""))


def _rotated(members: Sequence[str], number: int) -> Iterator[str]:
    """All of them, another one first for each row."""
    first = (number - 1) % max(len(members), 1)
    yield from [*members[first:], *members[:first]]


# --- Base types ----------------------------------------------------------------------------


def _of_base(wanted: Wanted, known: Type) -> Iterator[str]:
    if known.name in NUMBERS:
        yield from _numbers(wanted, known.name)
    elif known.name in TEXTS or known.category == "S":
        yield from _texts(wanted, known.name)
    elif known.category == "D":
        yield from _moments(wanted, known.name)
    elif known.name in {"bit", "varbit"}:
        width = wanted.modifier if wanted.modifier > 0 else 1
        yield f"{wanted.number:b}".zfill(width)[-width:]
    elif made := OTHERS.get(known.name):
        yield from made(wanted)
    else:  # a type that nobody told of: what many of them can read
        yield from ("1", "a", "{}", "")


NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid"}
TEXTS = {"text", "varchar", "bpchar", "char", "name", "citext"}


def _numbers(wanted: Wanted, name: str) -> Iterator[str]:
    number, most = wanted.number, 32_767 if name == "int2" else 10**9
    whole = name not in {"numeric", "float4", "float8", "money"}
    if name == "numeric" and wanted.modifier >= 0:
        precision, scale = (wanted.modifier - 4) >> 16, (wanted.modifier - 4) & 0x7FF
        most = 10 ** max(precision - scale, 0) - 1
        if most == 0:  # nothing but the places behind the point
            yield f"0.{number % 10**scale:0{scale}d}"
    bounds = [float(each) for each in _numbers_in(wanted.checks)]
    own = number + wanted.apart
    tried: Iterable[float] = [
        own,
        number,
        *_beside(bounds, number),
        0,
        1,
        -number,
        50,
        1000 + number,
    ]
    for value in tried:
        if -most <= value <= most:
            yield f"{value:.0f}" if whole or value == int(value) else f"{value}"
    if not whole:
        yield "0.5"


def _beside(bounds: Sequence[float], number: int) -> Iterator[float]:
    for bound in bounds:
        yield from (bound + number, bound, bound - number, bound - 0.1 * number)
    for low, high in pairwise(bounds):
        yield (low + high) / 2


def _texts(wanted: Wanted, name: str) -> Iterator[str]:
    longest = _longest(wanted, name)
    for text in _any_texts(wanted):
        yield text if longest is None else _shortened(text, longest, wanted.number)


def _longest(wanted: Wanted, name: str) -> int | None:
    if name in {"char", "bpchar", "varchar"} and wanted.modifier > 4:
        return wanted.modifier - 4
    return {"char": 1, "bpchar": 1, "name": 63}.get(name)


def _shortened(text: str, longest: int, number: int) -> str:
    """Another one for each row, also where the number would be cut off."""
    if len(text) <= longest or not text.endswith(f"{number}"):
        return text[:longest]
    tail = _in_letters(number)[-longest:] if longest < len(f"{number}") else f"{number}"
    if longest == 1:
        tail = _in_letters(number)[-1]
    return text[: longest - len(tail)] + tail


def _in_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _any_texts(wanted: Wanted) -> Iterator[str]:
    number, column = wanted.number, wanted.column.lower()
    yield from _wanted_texts(wanted)
    if "mail" in column:
        yield f"{column}{number}@example.com"
    yield f"{column}{number}"
    yield ""
    yield from (f"{number}", f"a{number}", f"A{number}", f"{number:02d}")
    yield from (f"{column}{number}@example.com", f"https://example.com/{number}")
    yield from (_uuid(wanted), sha256(f"{column}{number}".encode()).hexdigest())
    yield from (f"{DAY + timedelta(number)}", "{}", f"/{column}{number}")
    for size in _sizes(wanted.checks, most=LONGEST):
        yield f"{number}".rjust(size, "x") if size else ""


def _wanted_texts(wanted: Wanted) -> Iterator[str]:
    """Those that a constraint names, or describes."""
    for check in wanted.checks:
        found = [(mark or "", text.replace("''", "'")) for mark, text in LITERAL.findall(check)]
        for mark, text in found:
            if mark in {"~", "~*"} and (made := matching(text, wanted.number)):
                yield made
            elif mark in {"~~", "~~*"}:
                yield like(text, wanted.number)
        yield from _rotated([text for mark, text in found if not mark], wanted.number)


def _moments(wanted: Wanted, name: str) -> Iterator[str]:
    days = [DAY + timedelta(wanted.number + more) for more in (0, 365, -365, 1)]
    for text in (text for check in wanted.checks for _, text in LITERAL.findall(check)):
        if found := re.match(r"(\d{4})-(\d\d)-(\d\d)", text):
            day = date(*map(int, found.groups()))
            days += [day, day + timedelta(wanted.number), day - timedelta(wanted.number)]
    days.append(DAY + timedelta(wanted.number + A_LIFE))
    for day in days:
        if name == "date":
            yield f"{day}"
        elif name.startswith("timestamp"):
            yield f"{day} 04:05:06.{wanted.number % 1000:03d}+00"
    if name.startswith("time"):
        yield from (f"{hour:02d}:{wanted.number % 60:02d}:06+00" for hour in (4, 12, 20))


def _uuid(wanted: Wanted) -> str:
    digits = sha256(f"{wanted.column}{wanted.number}".encode()).hexdigest()
    return "-".join(
        [digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:32]]
    )


def _bytes(wanted: Wanted) -> Iterator[str]:
    yield from (rf"\x{wanted.number:04x}", "")
    for size in filter(None, _sizes(wanted.checks, most=LONGEST)):
        yield rf"\x{wanted.number:0{2 * size}x}"


def _documents(wanted: Wanted) -> Iterator[str]:
    """JSON."""
    number = wanted.number
    keys = [text for check in wanted.checks for mark, text in LITERAL.findall(check) if not mark]
    yield f'{{"number": {number}}}'
    for key in keys:
        if not re.search(r'["\\{}]', key):
            yield from (f'{{"{key}": {number}}}', f'{{"{key}": "a{number}"}}')
    yield "{{{}}}".format(", ".join(f'"{key}": "a{number}"' for key in dict.fromkeys(keys)))
    yield from (f"[{number}]", f"{number}", f'"a{number}"', "{}", "[]", "true")
    for size in _sizes(wanted.checks, most=100):
        yield "[{}]".format(", ".join([f"{number}"] * size))


OTHERS: Mapping[str, Callable[[Wanted], Iterable[str]]] = {
    "bool": lambda wanted: _rotated(("true", "false"), wanted.number),
    "uuid": lambda wanted: [_uuid(wanted)],
    "json": _documents,
    "jsonb": _documents,
    "bytea": _bytes,
    "xml": lambda wanted: [f"<a>{wanted.number}</a>"],
    "tsvector": lambda wanted: [f"'word{wanted.number}':1"],
    "tsquery": lambda wanted: [f"'word{wanted.number}'"],
    "interval": lambda wanted: [f"{wanted.number} days", "0"],
    "inet": lambda wanted: [f"192.0.2.{wanted.number % 256}", f"2001:db8::{wanted.number:x}"],
    "cidr": lambda wanted: [f"198.51.{wanted.number % 256}.0/24"],
    "macaddr": lambda wanted: [f"08:00:2b:01:02:{wanted.number % 256:02x}"],
    "macaddr8": lambda wanted: [f"08:00:2b:01:02:03:04:{wanted.number % 256:02x}"],
    "point": lambda wanted: [f"({wanted.number},1)"],
    "line": lambda wanted: [f"{{1,2,{wanted.number}}}"],
    "lseg": lambda wanted: [f"(({wanted.number},1),(2,3))"],
    "box": lambda wanted: [f"(({wanted.number},1),(2,3))"],
    "path": lambda wanted: [f"(({wanted.number},1),(2,3))"],
    "polygon": lambda wanted: [f"(({wanted.number},1),(2,3),(3,1))"],
    "circle": lambda wanted: [f"<({wanted.number},1),2>"],
    "hstore": lambda wanted: [f"a=>{wanted.number}"],
    "ltree": lambda wanted: [f"a.b{wanted.number}"],
    "pg_lsn": lambda wanted: [f"0/{wanted.number:X}"],
    "vector": lambda wanted: [f"[{','.join([f'{wanted.number}'] * max(wanted.modifier, 1))}]"],
    "geometry": lambda wanted: [f"POINT({wanted.number} 1)"],
    "geography": lambda wanted: [f"POINT({wanted.number} 1)"],
}


# --- What stands in a constraint -----------------------------------------------------------


def _numbers_in(checks: Iterable[str]) -> Iterator[str]:
    for check in checks:
        yield from NUMBER.findall(LITERAL.sub(" ", check))
        for _, text in LITERAL.findall(check):
            if NUMBER.fullmatch(text):
                yield text


def _sizes(checks: Iterable[str], *, most: int) -> Iterator[int]:
    """Around each whole number."""
    for text in _numbers_in(checks):
        if text.isdecimal():
            for size in (int(text), int(text) - 1, int(text) + 1):
                if 0 <= size <= most:
                    yield size
