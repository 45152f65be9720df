"""What there is, or what there should be, with who needs whom."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ingestion.schema.catalog import Thing, Things, name

TYPES = frozenset({"enum", "domain", "type"})
RELATIONS = frozenset({"table", "view", "materialized view", "sequence"})


def place(thing: Thing) -> tuple[str, ...] | None:
    """Where nothing else can be: relations, their indexes and types share their names."""
    if thing.kind == "index" or (thing.kind == "constraint" and thing.facts["type"] in "pux"):
        return (*thing.path[:-2], thing.path[-1])
    return thing.path if thing.kind in TYPES | RELATIONS else None


class Side:
    def __init__(self, things: Things) -> None:
        self.things = things

    @cached_property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """Of each thing, those that it depends on, so far as they are things themselves."""
        return {
            thing.name: frozenset(
                other
                for other in {*thing.facts["needs"], *self._grounds(thing)}
                if other in self.things and other != thing.name
            )
            for thing in self.things.values()
        }

    @cached_property
    def dependents(self) -> Mapping[str, frozenset[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for thing, others in self.needs.items():
            for other in others:
                found[other].add(thing)
        return {thing: frozenset(others) for thing, others in found.items()}

    def dependents_of(self, thing: str) -> frozenset[str]:
        return self.dependents.get(thing, frozenset())

    def goes_with(self, thing: Thing) -> frozenset[str]:
        """Those whose end is its end, too."""
        return frozenset(
            other
            for other in {*thing.facts["goes_with"], *self._grounds(thing)}
            if other in self.things
        )

    def _grounds(self, part: Thing) -> list[str]:
        """What it is inherited from, if it is not the table's own as well."""
        return [] if "is_local" in part.facts else self.origins(part)

    def origins(self, part: Thing) -> list[str]:
        """What a part of a table is inherited from: the same one of each parent."""
        if not part.facts.get("inherited"):
            return []
        inherited = [
            f"{part.kind} {name(*parent.path, part.path[-1])}" for parent in self.parents(part)
        ]
        return [each for each in inherited if each in self.things]

    def parents(self, part: Thing) -> list[Thing]:
        """Of the table that this is a part of."""
        return self.parents_of_table(self.table_of(part))

    def parents_of_table(self, table: Thing | None) -> list[Thing]:
        if table is None:
            return []
        return [
            self.things[other]
            for other in table.facts["needs"]
            if other in self.things and self.things[other].kind == "table"
        ]

    def table_of(self, part: Thing) -> Thing | None:
        return self.things.get(f"table {name(*part.path[:-1])}")

    def parts_of(self, table: Thing, *kinds: str) -> list[Thing]:
        return [part for part in self._parts.get(table.path, ()) if part.kind in kinds]

    @cached_property
    def _parts(self) -> Mapping[tuple[str, ...], list[Thing]]:
        found: defaultdict[tuple[str, ...], list[Thing]] = defaultdict(list)
        for thing in self.things.values():
            if self.table_of(thing) is not None:
                found[thing.path[:-1]].append(thing)
        return found


@dataclass(frozen=True)
class Sides:
    """Both, and what becomes of things. Whoever writes a statement may look around here."""

    have: Side
    want: Side
    ended: dict[str, str] = field(default_factory=dict)
    """What is dropped, though it may be made again: each with the difference that is the cause."""
    retyped: dict[str, str] = field(default_factory=dict)
    """Columns whose type becomes another one."""
    detached: dict[str, str] = field(default_factory=dict)
    """Columns whose default has to be away for a while."""

    @cached_property
    def successors(self) -> Mapping[str, str]:
        """Of types that go, those that are to be there under the same name, of whatever kind.

        In another schema, too: who says just the name means whichever is found.
        """
        types = [thing for thing in self.want.things.values() if thing.kind in TYPES]
        there = {thing.path: thing.name for thing in types}
        made = {thing.path[-1]: thing.name for thing in types if thing.name not in self.have.things}
        found = {
            thing.name: there.get(thing.path) or made.get(thing.path[-1])
            for thing in self.have.things.values()
            if thing.kind in TYPES
        }
        return {old: new for old, new in found.items() if new is not None}

    @cached_property
    def predecessors(self) -> Mapping[str, str]:
        return {new: old for old, new in self.successors.items()}

    def is_new(self, thing: str) -> bool:
        return thing in self.want.things and (thing not in self.have.things or thing in self.ended)

    def is_in_new_table(self, part: Thing) -> bool:
        table = self.want.table_of(part)
        return table is not None and self.is_new(table.name)
