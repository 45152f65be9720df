"""What a migration changes that the release which is still running cannot live with. Pure.

Judged by the tables and columns before and after, and by those that the release knows.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingestion.schema.catalog import Catalog, name, table_of
from ingestion.schema.linting.hazards import (
    COLUMN_DROPPED,
    COLUMN_RENAMED,
    NOT_NULL,
    RUNNING_RELEASE,
    TABLE_DROPPED,
    TABLE_RENAMED,
    TYPE_CHANGED,
    Hazard,
)
from ingestion.schema.observation.observe import Observed
from ingestion.schema.statements import NAME, QUALIFIED, drops, names, statements

_RENAMES = re.compile(
    rf"ALTER (?:TABLE|VIEW|FOREIGN TABLE|MATERIALIZED VIEW) (?:IF EXISTS )?(?:ONLY )?"
    rf"(?P<table>{QUALIFIED})(?:\* )?RENAME (?:(?:COLUMN )?(?P<column>(?!TO ){NAME}))?TO "
    rf"(?P<new>{NAME})$"
)
_TYPE = re.compile(
    r"(?P<type>.*?)(?: (?:COLLATE|STORAGE|COMPRESSION|NOT|NO|GENERATED|DEFAULT|STATISTICS|WITH"
    r"(?! TIME| LOCAL)|OPTIONS|--) .*)?",
    re.DOTALL | re.IGNORECASE,
)
_FAMILIES = {
    "a number": ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    "text": ("text", "character", "citext"),
    "a time": ("timestamp",),
    "JSON": ("json",),
    "an address": ("inet", "cidr"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A migration in one direction, by what it leaves."""

    before: Catalog
    after: Catalog
    statements: Sequence[Observed]
    used: Collection[str]
    """Tables and columns that the running release knows, as the catalogue names them."""


def breaking(change: Change) -> Iterator[Hazard]:
    renamed = _renamed(change.statements)
    for thing in sorted(change.before.keys() | change.after.keys()):
        if found := _broken(thing, change, renamed):
            yield found


def _broken(thing: str, change: Change, renamed: Mapping[str, Observed]) -> Hazard | None:
    kind, _, path = thing.partition(" ")
    table = table_of(thing)
    if kind == "table" and _is_gone(thing, change):
        return _gone_table(path, change, renamed)
    if kind != "column" or f"table {table}" not in change.before.keys() & change.after.keys():
        return None
    if _is_gone(thing, change):
        return _gone_column(thing, change, renamed)
    if thing not in change.before and f"table {table}" in change.used and thing not in renamed:
        return _required(thing, change)
    if thing in change.used and thing in change.before:
        return _changed_type(thing, change)
    return None


def _is_gone(thing: str, change: Change) -> bool:
    """A view in the place of a table serves as well."""
    stands_in = f"view {thing.partition(' ')[2]}"
    return (
        thing in change.used
        and thing in change.before
        and not {thing, stands_in} & change.after.keys()
    )


def _gone_table(table: str, change: Change, renamed: Mapping[str, Observed]) -> Hazard:
    by = renamed.get(f"table {table}")
    return _for_release(
        TABLE_RENAMED if by else TABLE_DROPPED,
        by or _dropping(change, table, None),
        table,
        f"reads and writes of {table}",
        f"It goes on asking for {table} until it has been replaced everywhere, and fails.",
    )


def _gone_column(thing: str, change: Change, renamed: Mapping[str, Observed]) -> Hazard:
    table, column = _table(thing), _column(thing)
    by = renamed.get(thing)
    return _for_release(
        COLUMN_RENAMED if by else COLUMN_DROPPED,
        by or _dropping(change, table, column),
        table,
        f"reads and writes of {table}",
        f"Django names every column in its queries: those on {table} fail for want of {column} "
        "until that release has been replaced everywhere.",
    )


def _required(thing: str, change: Change) -> Hazard | None:
    definition = _without_comment(change.after[thing])
    if " NOT NULL" not in definition or re.search(" (?:DEFAULT|GENERATED) ", definition):
        return None
    table, column = _table(thing), _column(thing)
    return _for_release(
        NOT_NULL,
        _mentioning(change, column),
        table,
        f"new rows of {table}",
        f"It does not know {column}, and the database has no default for it: every INSERT into "
        f"{table} fails until that release has been replaced everywhere.",
    )


def _changed_type(thing: str, change: Change) -> Hazard | None:
    was, became = (type_of(each[thing]) for each in (change.before, change.after))
    if _family(was) == _family(became):
        return None
    table, column = _table(thing), _column(thing)
    return _for_release(
        TYPE_CHANGED,
        _mentioning(change, column),
        table,
        f"reads and writes of {thing.partition(' ')[2]}",
        f"It takes {column} for {was}, and finds {became}: comparisons and writes fail until that "
        "release has been replaced everywhere.",
    )


def _for_release(rule: str, by: Observed | None, relation: str, blocks: str, why: str) -> Hazard:
    return Hazard(
        rule=rule,
        statement=by.sql if by else "",
        operation=by.operation if by else None,
        relation=relation,
        blocks=blocks,
        for_whom=RUNNING_RELEASE,
        why=why,
    )


def type_of(definition: str) -> str:
    """The type at the beginning of a column's definition."""
    match = _TYPE.fullmatch(definition)
    return match["type"] if match else definition


def _family(of: str) -> str:
    for family, beginnings in _FAMILIES.items():
        if of.startswith(beginnings) and of.endswith("[]") is False:
            return family
    return of.partition("(")[0]


def _without_comment(definition: str) -> str:
    return definition.partition(" -- ")[0]


def _table(thing: str) -> str:
    return table_of(thing) or thing


def _column(thing: str) -> str:
    return thing.removeprefix(f"column {table_of(thing)}.")


def _renamed(observed: Iterable[Observed]) -> dict[str, Observed]:
    """Things under their old names and under their new ones, with the statement."""
    found: dict[str, Observed] = {}
    for each in observed:
        for statement in statements(each.sql):
            if match := _RENAMES.match(statement.shape):
                table = names(statement.name(match, "table"))
                new = names(statement.name(match, "new"))
                if match["column"]:
                    old = names(statement.name(match, "column"))
                    found |= {f"column {name(*table, *old)}": each}
                    found |= {f"column {name(*table, *new)}": each}
                else:
                    found |= {f"table {name(*table)}": each}
    return found


def _dropping(change: Change, table: str, column: str | None) -> Observed | None:
    for each in change.statements:
        for dropped_table, dropped_column in drops(each.sql):
            if name(*dropped_table) == table and (
                dropped_column is None or column is None or name(dropped_column) == column
            ):
                return each
    return _mentioning(change, column or table)


def _mentioning(change: Change, word: str) -> Observed | None:
    plain = word.strip('"')
    return next((each for each in change.statements if plain in each.sql), None)
