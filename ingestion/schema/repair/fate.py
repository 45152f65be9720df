"""What becomes of each thing: changed in place, dropped, made; and what has to give way for it.

Whoever drops something drops first what depends on it, and makes it again afterwards if it should
be there. A column whose type changes does not go, but views, rules, policies and triggers on it do.
"""

from collections import deque
from dataclasses import dataclass, field

from ingestion.schema.catalog import Thing, Things
from ingestion.schema.repair import columns, datatypes
from ingestion.schema.repair.families import family
from ingestion.schema.repair.sides import RELATIONS, Side, Sides

# PostgreSQL changes the type of no column that one of these needs. Indexes and constraints it
# makes again by itself.
_IN_THE_WAY = frozenset({"view", "materialized view", "rule", "policy", "trigger", "function"})


@dataclass(frozen=True)
class Fate:
    sides: Sides
    altered: dict[str, str] = field(default_factory=dict)
    """What is changed in place, each with the difference that is the cause."""
    made: dict[str, str] = field(default_factory=dict)


def fate(have: Things, want: Things) -> Fate:
    found = Fate(Sides(Side(have), Side(want)))
    _Decision(found).decide()
    return found


class _Decision:
    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.sides = fate.sides
        self.have, self.want = fate.sides.have.things, fate.sides.want.things
        self.waiting: deque[str] = deque()

    def decide(self) -> None:
        for name in sorted(self.have.keys() | self.want.keys()):
            if name not in self.have:
                self.fate.made[name] = name
            elif name not in self.want:
                self._end(name, cause=name)
            elif self.have[name].definition != self.want[name].definition:
                self._change(name)
        while self.waiting:
            self._spread(self.waiting.popleft())

    def _change(self, name: str) -> None:
        have, want = self.have[name], self.want[name]
        if family(have.kind).alter(have, want, self.sides) is None:
            self._end(name, cause=name)
            return
        self.fate.altered[name] = name
        if have.kind == "column" and columns.is_retyped(have, want):
            self._retype(name, cause=name)

    def _end(self, name: str, *, cause: str) -> None:
        if name in self.sides.ended:
            return
        self.sides.ended[name] = cause
        self.fate.altered.pop(name, None)
        if name in self.want:
            self.fate.made[name] = cause
        self.waiting.append(name)

    def _retype(self, name: str, *, cause: str) -> None:
        if name in self.sides.retyped or name in self.sides.ended:
            return
        self.sides.retyped[name] = cause
        self.fate.altered.setdefault(name, cause)
        self.waiting.append(name)

    def _spread(self, name: str) -> None:
        """To what depends on it."""
        ended = name in self.sides.ended
        cause = self.sides.ended[name] if ended else self.sides.retyped[name]
        for other in sorted(self.sides.have.dependents_of(name)):
            thing = self.have[other]
            if ended:
                self._lose_ground(thing, name, cause=cause)
            elif thing.kind in _IN_THE_WAY or _is_generated_from(thing):
                self._end(other, cause=cause)
            elif thing.kind == "column":  # of a table that inherits
                self._retype(other, cause=cause)

    def _lose_ground(self, thing: Thing, ground: str, *, cause: str) -> None:
        """What it stands on is going."""
        if self._steps_aside(thing, ground):
            return
        if thing.kind != "column" or self.have[ground].kind in {"table", "column"}:
            self._end(thing.name, cause=cause)
        elif self.have[ground].kind in datatypes.KINDS:
            self._retype(thing.name, cause=cause)
        elif "generated" in thing.facts:
            self._end(thing.name, cause=cause)
        elif thing.name in self.want:
            self.sides.detached[thing.name] = cause

    def _steps_aside(self, thing: Thing, ground: str) -> bool:
        """It is changed in place, and then does not need that any more."""
        if self.fate.altered.get(thing.name) != thing.name:
            return False
        if thing.kind == "view" and self._goes_as_a_whole(ground):
            return False  # what is to stand in that place may have to wait for its end
        grounds = self.sides.want.needs[thing.name]
        return ground not in grounds and self.sides.successors.get(ground) not in grounds

    def _goes_as_a_whole(self, ground: str) -> bool:
        thing = self.have[ground]
        table = self.sides.have.table_of(thing) or thing
        return table.kind in RELATIONS and table.name in self.sides.ended


def _is_generated_from(thing: Thing) -> bool:
    return thing.kind == "column" and "generated" in thing.facts
