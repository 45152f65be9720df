"""What the schema of a database is, as PostgreSQL prints it: {thing: definition}.

    table documents                      TABLE -- What was handed in.
    column documents.title               text NOT NULL DEFAULT ''::text
    constraint documents.title_is_short  CHECK ((length(title) < 500))
    grant documents to reader            SELECT

A thing is a kind and a name. The search path says which schemas count; names in the first of
them stand alone, in the others they follow their schema's. Whatever belongs to a table or view
begins with its name. What keeps the books of migrations itself is left out, and so is all that
says nothing about the schema: object ids, the order of columns, members of extensions.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema import definitions
from ingestion.schema.printing import plainly

Catalog = dict[str, str]

_QUERY = Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8")

_BARE = r"[\w$]+"
_NAME = rf'(?:{_BARE}|"(?:[^"]|"")+")'
_TABLE = rf"({_NAME}(?:\.{_NAME})?)"
_WHOLE = re.compile(rf"table {_TABLE}|grant {_TABLE} to .+", re.DOTALL)
_PART = re.compile(
    rf"(?:column|constraint|index|trigger|rule|policy|statistics) {_TABLE}\.{_NAME}"
    rf"|grant column {_TABLE}\.{_NAME} to .+",
    re.DOTALL,
)


@dataclass(frozen=True)
class Thing:
    kind: str
    """"column\""""
    path: tuple[str, ...]
    """Its names from the outermost inwards, a schema first if it is not the first that counts."""
    rest: str
    """What follows them: "(integer)" of a function, " to reader" of a grant."""
    facts: Mapping[str, Any] = field(repr=False)
    """What a repair needs to know, as JSON: more than the definition shows."""

    @cached_property
    def name(self) -> str:
        return f"{self.kind} {name(*self.path)}{self.rest}"

    @cached_property
    def definition(self) -> str:
        """Two things with one name are the same if this is."""
        return definitions.definition(self.kind, self.facts)


Things = dict[str, Thing]
"""By name."""


def things(connection: BaseDatabaseWrapper) -> Things:
    """All in the schemas of this connection's search path, by one query besides settings."""
    with connection.cursor() as cursor, plainly(cursor):
        cursor.execute(_QUERY)
        rows = [_Row(*row) for row in cursor.fetchall()]
    return _related(rows)


def catalog(connection: BaseDatabaseWrapper) -> Catalog:
    """Their definitions."""
    return {name: thing.definition for name, thing in things(connection).items()}


@dataclass(frozen=True)
class _Row:
    kind: str
    path: list[str]
    quoted: list[str]
    rest: str
    facts: dict[str, Any]
    address: str
    needs: list[tuple[str, str]] | None

    @cached_property
    def name(self) -> str:
        return f"{self.kind} {name(*self.path)}{self.rest}"

    @property
    def is_grant(self) -> bool:
        return self.kind.startswith("grant")


_PARTS = frozenset({"column", "constraint", "index", "trigger", "rule", "policy", "statistics"})
_RELATIONS = frozenset({"table", "view", "materialized view"})


def _related(rows: Iterable[_Row]) -> Things:
    """With the names of what each thing depends on, and of those with which it is dropped, too."""
    named = {row.address: row.name for row in rows if not row.is_grant and row.kind != "schema"}
    relations = {tuple(row.path): row.name for row in rows if row.kind in _RELATIONS}
    found = {}
    for row in rows:
        needs = _needs(row, named)
        if row.kind in _PARTS:
            needs[relations[tuple(row.path[:-1])]] = True
        needs.pop(row.name, None)
        facts = {
            **row.facts,
            "quoted": row.quoted,
            "needs": sorted(needs),
            "goes_with": sorted(name for name, goes_with in needs.items() if goes_with),
        }
        found[row.name] = Thing(row.kind, tuple(row.path), row.rest, facts)
    return found


def _needs(row: _Row, named: Mapping[str, str]) -> dict[str, bool]:
    """Whether it is dropped with each thing that it depends on."""
    needs: dict[str, bool] = {}
    for address, sort in [(row.address, "a")] if row.is_grant else row.needs or []:
        other = named.get(address) or named.get(f"{address.rpartition(' ')[0]} 0")
        if other is not None:
            needs[other] = needs.get(other, False) or sort != "n"
    return needs


def name(*path: str) -> str:
    """As things are named: documents.title, or "odd name".title."""
    return ".".join(
        part if re.fullmatch(_BARE, part) else '"{}"'.format(part.replace('"', '""'))
        for part in path
    )


def table_of(thing: str) -> str | None:
    """The table or view that a thing is or belongs to, as things name it."""
    found = _WHOLE.fullmatch(thing) or _PART.fullmatch(thing)
    return next(filter(None, found.groups())) if found else None
