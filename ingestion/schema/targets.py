"""What the words after `migrate` wish for: "-1", "+2", "head", "zero", "0007".

Knows no graph and no database.

The signs are Alembic's, the names are Django's: `migrate +1`, `migrate documents -1`,
`migrate documents 0007`, `migrate zero`.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from ingestion.schema.errors import UnknownTarget


@dataclass(frozen=True)
class Relative:
    """So many migrations further (above zero) or back (below)."""

    steps: int


@dataclass(frozen=True)
class Head:
    """Everything there is."""


@dataclass(frozen=True)
class Zero:
    """Nothing at all."""


@dataclass(frozen=True)
class Named:
    """The one migration whose name begins like this."""

    prefix: str


@dataclass(frozen=True)
class Target:
    app: str | None
    """None for the whole project."""
    place: Relative | Head | Zero | Named


def read_target(app: str | None, name: str | None, *, apps: Container[str]) -> Target:
    """The wish in the one or two words that were given; `apps` are the labels that exist.

    >>> read_target("-1", None, apps={"documents"})
    Target(app=None, place=Relative(steps=-1))
    """
    if app is None:
        return Target(None, Head())
    if app in apps:
        return Target(app, _place(name, app=app) if name is not None else Head())
    if name is None and (place := _keyword(app)):
        return Target(None, place)
    raise UnknownTarget.app(app, name)


def _place(word: str, *, app: str) -> Relative | Head | Zero | Named:
    if not word:
        raise UnknownTarget.empty(app)
    return _keyword(word) or Named(word)


def _keyword(word: str) -> Relative | Head | Zero | None:
    if word == "head":
        return Head()
    if word == "zero":
        return Zero()
    if re.fullmatch(r"[+-][0-9]{1,6}", word) and int(word):
        return Relative(int(word))
    if re.fullmatch(r"[+-].*", word):
        raise UnknownTarget.steps(word)
    return None
