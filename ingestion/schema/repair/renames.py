"""What only has another name: it keeps its rows, its values and its place if it is renamed.

A thing that should not be there and one that is missing, in the same place and the same but for
the name, are taken for one. Nothing is lost if they were two, but values are in another place then:
`schema drift` says how to tell it so.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ingestion.schema.catalog import Thing, Things
from ingestion.schema.repair.permuted import Circle, permuted, with_each_name
from ingestion.schema.repair.sides import place
from ingestion.schema.repair.writing import aside, beside, own, quoted_aside, table, whole

_PARTS_OF_TABLES = frozenset(
    {"column", "constraint", "index", "trigger", "rule", "policy", "statistics"}
)
_STANDALONE = ("sequence", "enum", "domain", "type", "view", "materialized view")


@dataclass(frozen=True)
class Rename:
    old: Thing
    new: Thing
    is_aside: bool = False
    """It goes afterwards: its name is that of something else."""

    @property
    def cause(self) -> str:
        return self.old.name if self.is_aside else self.new.name

    @property
    def sql(self) -> str:
        match self.old.kind:
            case "column" | "constraint" as kind:
                what = f"TABLE {table(self.old)} RENAME {kind.upper()} {own(self.old)}"
            case "index":
                what = f"INDEX {beside(self.old)} RENAME"
            case "enum":
                what = f"TYPE {whole(self.old)} RENAME"
            case kind:
                what = f"{kind.upper()} {whole(self.old)} RENAME"
        return f"ALTER {what} TO {own(self.new)};"

    def reaches(self, thing: Thing) -> bool:
        """Its name has the renamed one in it."""
        old = self.old
        if thing.path[: len(old.path)] != old.path:
            return False
        kind = thing.kind.removeprefix("grant").strip() or "table"
        if len(thing.path) == len(old.path):
            # The index of a constraint has its name.
            return kind == old.kind or (old.kind == "constraint" and kind == "index")
        return old.kind in {"table", "view", "materialized view"} and (
            thing.kind in _PARTS_OF_TABLES or kind == "column"
        )


def renames(have: Things, want: Things) -> tuple[list[Rename], Things]:
    """From the outside inwards; and what there is after them."""
    found = []
    for kinds in (("table",), _STANDALONE, ("column",), ("constraint",), ("index",)):
        if kinds == ("column",):
            for circle in permuted(have, want):
                done, have = _in_a_circle(circle, have, want)
                found += done
        for each in list(_found(have, want, kinds)):
            in_the_way = _at(have, each.new)
            if in_the_way and not _may_be_put_aside(in_the_way, each):
                continue
            if in_the_way:
                away = _aside(in_the_way)
                have = _after(away, have, want)
                found.append(away)
            have = _after(each, have, want)
            if "inherited" not in each.old.facts:  # the parent's rename reaches it
                found.append(each)
    return found, have


def _in_a_circle(circle: Circle, have: Things, want: Things) -> tuple[list[Rename], Things]:
    """One makes way, the next ones follow, and in the end it gets the name that is free."""
    *rest, (first, last) = circle
    away = _aside(first)
    steps = [away, *(Rename(old, new) for old, new in reversed(rest)), Rename(away.new, last)]
    after = have
    for each in steps:
        after = _after(each, after, want)
    told = [each for each in steps if "inherited" not in first.facts]
    return told, with_each_name(circle, have, after)


def _at(have: Things, new: Thing) -> Thing | None:
    """What has that name now, and is something else."""
    where = place(new)
    if where is None:
        return None
    return next((each for each in have.values() if place(each) == where), None)


def _may_be_put_aside(thing: Thing, each: Rename) -> bool:
    return each.old.kind != "index" and "constraint" not in thing.facts


def _aside(thing: Thing) -> Rename:
    quoted = [*thing.facts["quoted"][:-1], quoted_aside(thing)]
    path = (*thing.path[:-1], aside(thing))
    after = replace(thing, path=path, facts={**thing.facts, "quoted": quoted})
    return Rename(thing, after, is_aside=True)


def _found(have: Things, want: Things, kinds: tuple[str, ...]) -> Iterator[Rename]:
    old = _by_place([thing for key, thing in have.items() if key not in want], kinds, have)
    new = _by_place([thing for key, thing in want.items() if key not in have], kinds, want)
    for where in old.keys() & new.keys():
        if len(old[where]) == len(new[where]) == 1:
            yield Rename(old[where][0], new[where][0])


Place = tuple[str, tuple[str, ...], str]


def _by_place(
    candidates: list[Thing], kinds: tuple[str, ...], all_things: Things
) -> Mapping[Place, list[Thing]]:
    found: defaultdict[Place, list[Thing]] = defaultdict(list)
    columns = _columns(all_things) if kinds == ("table",) else {}
    for thing in candidates:
        if thing.kind in kinds:
            shape = columns.get(thing.path, "") + _without_name(thing)
            found[thing.kind, thing.path[:-1], shape].append(thing)
    return found


def _columns(things: Things) -> Mapping[tuple[str, ...], str]:
    """Of each table, in one text."""
    found: defaultdict[tuple[str, ...], str] = defaultdict(str)
    for key in sorted(things):
        thing = things[key]
        if thing.kind == "column":
            found[thing.path[:-1]] += f"{own(thing)} {thing.definition}\n"
    return found


def _without_name(thing: Thing) -> str:
    if thing.kind == "index":
        return thing.definition.replace(f" INDEX {own(thing)} ON ", " INDEX ON ", 1)
    return thing.definition


def _after(rename: Rename, have: Things, want: Things) -> Things:
    moved = {thing.name: _moved(thing, rename) for thing in have.values() if rename.reaches(thing)}
    names = {old: new.name for old, new in moved.items()}
    found = {}
    for key, thing in have.items():
        after = moved.get(key, thing)
        related = {fact: after.facts[fact] for fact in ("needs", "goes_with")}
        if any(names.keys() & {*others} for others in related.values()):
            renamed = {
                fact: [names.get(other, other) for other in others]
                for fact, others in related.items()
            }
            after = replace(after, facts={**after.facts, **renamed})
        after = _reworded(after, rename, want)
        found[after.name] = after
    return found


def _moved(thing: Thing, rename: Rename) -> Thing:
    at = len(rename.old.path) - 1
    path, quoted = list(thing.path), list(thing.facts["quoted"])
    path[at], quoted[at] = rename.new.path[-1], own(rename.new)
    return replace(thing, path=tuple(path), facts={**thing.facts, "quoted": quoted})


def _reworded(thing: Thing, rename: Rename, want: Things) -> Thing:
    """What PostgreSQL would print of it, if that is what should be there."""
    wanted = want.get(thing.name)
    if wanted is None or wanted.definition == thing.definition or "body_is_text" in thing.facts:
        return thing
    kept = ("quoted", "needs", "goes_with", "comment")
    facts = {
        fact: value if fact in kept else _worded(value, rename)
        for fact, value in thing.facts.items()
    }
    reworded = replace(thing, facts=facts)
    return reworded if reworded.definition == wanted.definition else thing


def _worded(value: Any, rename: Rename) -> Any:
    if isinstance(value, str):
        return _with_new_name(value, own(rename.old), own(rename.new))
    if isinstance(value, list):
        return [_worded(each, rename) for each in value]
    if isinstance(value, dict):
        return {key: _worded(each, rename) for key, each in value.items()}
    return value


def _with_new_name(text: str, old: str, new: str) -> str:
    word = rf'(?<![\w"$]){re.escape(old)}(?![\w"$])'
    found = re.sub(word, new.replace("\\", r"\\"), text)
    # A view went on to show it by the other name, and now need not say so.
    return re.sub(rf"(?<={re.escape(new)}) AS {re.escape(new)}(?![\w\"$])", "", found)
