"""Columns of a table that have each other's names: they keep their values if they are renamed.

Each could get the type of its name instead, but then the values would stay under the wrong one.
What tells is the order: a column that is renamed stays where it is.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingestion.schema.catalog import Thing, Things
from ingestion.schema.repair.writing import own

Circle = list[tuple[Thing, Thing]]
"""What there is, and what it is to be called: as the next one is now, the last as the first."""


def permuted(have: Things, want: Things) -> Iterator[Circle]:
    tables: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, thing in have.items():
        if thing.kind == "column" and name in want and _is_another(thing, want[name]):
            tables[thing.path[:-1]].append(name)
    for columns in tables.values():
        yield from _circles(sorted(columns), have, want)


def _is_another(one: Thing, other: Thing) -> bool:
    return one.facts.get("type") != other.facts.get("type")


def _circles(columns: list[str], have: Things, want: Things) -> Iterator[Circle]:
    called = _called(columns, have, want)
    ahead = dict(called)
    while ahead:
        start, last = ahead.popitem()
        circle = [start]
        while last in ahead:
            circle.append(last)
            last = ahead.pop(last)
        if last == start and _keep_their_places(circle, called, have, want):
            yield [(have[each], want[called[each]]) for each in circle]


def _called(columns: list[str], have: Things, want: Things) -> Mapping[str, str]:
    """What the column of each name is to be called, if only one can be meant."""
    old, new = _by_definition(columns, have), _by_definition(columns, want)
    return {
        names[0]: new[definition][0]
        for definition, names in old.items()
        if len(names) == len(new[definition]) == 1
    }


def _by_definition(columns: list[str], things: Things) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in columns:
        found[things[name].definition].append(name)
    return found


def _keep_their_places(
    circle: list[str], called: Mapping[str, str], have: Things, want: Things
) -> bool:
    before = [called[each] for each in sorted(circle, key=lambda name: _place(have[name]))]
    return before == sorted(circle, key=lambda name: _place(want[name]))


def _place(column: Thing) -> int:
    return int(column.facts["position"])


def may_have_swapped(column: Thing, have: Things, want: Things) -> list[Thing]:
    """Those with its type, which it has theirs of, and more that is different."""
    one, other = have[column.name], want[column.name]
    return [
        want[name]
        for name, each in have.items()
        if each.kind == "column"
        and each.path[:-1] == column.path[:-1]
        and name in want
        and each.facts["type"] == other.facts["type"] != one.facts["type"]
        and want[name].facts["type"] == one.facts["type"]
        and (_place(one) < _place(each)) is not (_place(other) < _place(want[name]))
    ]


def with_each_name(circle: Circle, have: Things, after: Things) -> Things:
    """What is said of these columns elsewhere, as PostgreSQL prints it when they are renamed.

    `have` is what there was, `after` the same with its new names.
    """
    names = {own(old): own(new) for old, new in circle}
    columns = {old.name for old, _ in circle}
    table = circle[0][0].path[:-1]
    word = re.compile(r'(?<![\w"$])(' + "|".join(map(re.escape, names)) + r')(?![\w"$])')
    found = dict(after)
    for name in after.keys() & have.keys():
        before = have[name].facts
        # The index of a constraint stands on that.
        is_index = have[name].kind == "index" and have[name].path[:-1] == table
        if is_index or columns & {*before["needs"], *before["goes_with"]}:
            kept = {each: after[name].facts[each] for each in _KEPT}
            comment = {each: before[each] for each in before.keys() & {"comment"}}
            worded = {fact: _worded(value, word, names) for fact, value in before.items()}
            found[name] = replace(after[name], facts={**worded, **kept, **comment})
    return found


_KEPT = ("quoted", "needs", "goes_with")


def _worded(value: Any, word: re.Pattern[str], names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return word.sub(lambda match: names[match[1]], value)
    if isinstance(value, list):
        return [_worded(each, word, names) for each in value]
    if isinstance(value, dict):
        return {key: _worded(each, word, names) for key, each in value.items()}
    return value
