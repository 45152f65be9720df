"""Texts that match a regular expression or a LIKE pattern, as CHECK constraints hold them."""

import re
import string
from collections.abc import Iterator, Sequence
from re import _constants as sre
from re import _parser
from typing import Any

# What PostgreSQL's expressions have and Python's have not (manual, 9.7.3.2 and 9.7.3.3).
CLASSES = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:alnum:]": "a-zA-Z0-9",
    "[:lower:]": "a-z",
    "[:upper:]": "A-Z",
    "[:space:]": r"\s",
    "[:punct:]": "!-/",
    "[:xdigit:]": "0-9a-f",
    "[:word:]": r"\w",
}
EDGES = re.compile(r"(?<!\\)\\[yYmM]")
OF_CATEGORY = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": string.ascii_lowercase + string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_lowercase,
    "CATEGORY_NOT_SPACE": string.ascii_lowercase,
    "CATEGORY_NOT_WORD": " -.",
}
ANY = string.ascii_lowercase + string.digits + string.ascii_uppercase + string.punctuation + " "


def matching(pattern: str, number: int) -> str | None:
    """A text that matches; another one for each number, where there are others.

    None where the pattern cannot be read, or wants what this does not know.
    """
    for name, members in CLASSES.items():
        pattern = pattern.replace(name, members)
    try:
        parsed = _parser.parse(EDGES.sub("", pattern))
        text = "".join(_of_all(parsed, number))
        return text if re.search(EDGES.sub("", pattern), text) else None
    except (re.error, KeyError, IndexError, OverflowError):
        return None


def like(pattern: str, number: int) -> str:
    """A text that is LIKE this pattern."""
    return re.sub(r"\\(.)|(%)|(_)", lambda found: _wild(found, number), pattern)


def _wild(found: re.Match[str], number: int) -> str:
    if found[1]:
        return found[1]
    return f"a{number}" if found[2] else ANY[number % 26]


def _of_all(parsed: Any, number: int) -> Iterator[str]:
    for place, (kind, what) in enumerate(parsed):
        yield from _of(kind, what, number + place)


def _of(kind: Any, what: Any, number: int) -> Iterator[str]:
    if kind is sre.LITERAL:
        yield chr(what)
    elif kind is sre.NOT_LITERAL:
        yield _one_of([each for each in ANY if ord(each) != what], number)
    elif kind is sre.ANY:
        yield _one_of(ANY[:36], number)
    elif kind is sre.IN:
        yield _one_of(_members(what), number)
    elif kind is sre.BRANCH:
        yield from _of_all(what[1][number % len(what[1])], number)
    elif kind is sre.SUBPATTERN:
        yield from _of_all(what[-1], number)
    elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
        least, most, inner = what
        for turn in range(min(max(least, 1), most)):
            # Only the first ones differ, so that far numbers still give other texts.
            yield from _of_all(inner, number // 7**turn)
    elif kind not in {sre.AT, sre.ASSERT, sre.ASSERT_NOT}:
        raise KeyError(kind)


def _members(parts: Sequence[Any]) -> Sequence[str]:
    if parts[0][0] is sre.NEGATE:
        without = set(_members(parts[1:]))
        return [each for each in ANY if each not in without]
    found: list[str] = []
    for kind, what in parts:
        if kind is sre.LITERAL:
            found.append(chr(what))
        elif kind is sre.RANGE:
            found += [chr(code) for code in range(what[0], min(what[1], what[0] + 63) + 1)]
        else:
            found += OF_CATEGORY[f"{what}"]
    return found


def _one_of(members: Sequence[str], number: int) -> str:
    return members[number % len(members)]
