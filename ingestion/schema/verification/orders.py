"""Orders in which migrations may run, as far as their dependencies say, and other than the usual.

A migration that only runs because something happens to come before it fails in one of them. For
each of the project's, and each other one that neither needs it nor is needed by it, some order has
the one first, and some the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.migrations.graph import MigrationGraph

from ingestion.schema.plan import Key, full_order

Needs = Mapping[Key, set[Key]]
"""What each migration says that it depends on."""


@dataclass(frozen=True)
class Order:
    key: Key
    """The migration for whose sake it is."""
    is_first: bool
    """It comes as early as can be; else as late."""
    keys: Sequence[Key]


def needs_of(graph: MigrationGraph) -> dict[Key, set[Key]]:
    """In the usual order."""
    return {key: {each.key for each in graph.node_map[key].parents} for key in full_order(graph)}


class Pairs:
    """Of migrations that do not need each other, and which of the two was seen first.

    Sets of migrations are the bits of a number: of thousands there are millions of pairs.
    """

    def __init__(self, needs: Needs, own: Collection[str]) -> None:
        self.usual = list(needs)
        self._bits = {key: 1 << place for place, key in enumerate(self.usual)}
        self._above = self._reached(self.usual, needs)
        self._below = self._reached(self.usual[::-1], _turned(needs))
        everything = (1 << len(self.usual)) - 1
        self._first = {
            key: everything & ~(self._above[key] | self._below[key] | bit)
            for key, bit in self._bits.items()
            if key[0] in own
        }
        """For each of the project's: before which ones it still has to be seen."""
        self._last = dict(self._first)
        self.see(self.usual)

    def _reached(self, order: Iterable[Key], needs: Needs) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for key in order:
            found[key] = 0
            for other in needs[key]:
                found[key] |= found[other] | self._bits[other]
        return found

    def see(self, order: Iterable[Key]) -> None:
        """It was tried."""
        before = 0
        for key in order:
            if key in self._first:
                self._first[key] &= before
                self._last[key] &= ~before
            before |= self._bits[key]

    def has_seen(self, other: "Pairs") -> None:
        """What another one, of the same migrations, has seen."""
        for key in self._first:
            self._first[key] &= other._first[key]
            self._last[key] &= other._last[key]

    @property
    def left(self) -> int:
        """Pairs that were not seen both ways."""
        own = sum(self._bits[key] for key in self._first)
        first = sum(bits.bit_count() for bits in self._first.values())
        return first + sum((bits & ~own).bit_count() for bits in self._last.values())

    def next(self) -> Order | None:
        """The order that most of those not seen yet speak for."""
        early = [(bits.bit_count(), key, True) for key, bits in reversed(self._first.items())]
        late = [(bits.bit_count(), key, False) for key, bits in self._last.items()]
        # Of equals the last of a branch goes first, and takes along what it needs; or its first
        # goes last, and keeps back what needs it.
        count, key, is_first = max(early + late, key=lambda each: each[0], default=(0, None, True))
        if not count or key is None:
            return None
        return Order(key, is_first, self._with(key, is_first=is_first))

    def _with(self, key: Key, *, is_first: bool) -> list[Key]:
        if is_first:
            ahead = self._above[key] | self._bits[key]
        else:
            ahead = ~(self._below[key] | self._bits[key])
        chosen = [each for each in self.usual if self._bits[each] & ahead]
        return [*chosen, *(each for each in self.usual if not self._bits[each] & ahead)]

    def are_apart(self, key: Key, other: Key) -> bool:
        """Neither needs the other."""
        bit = self._bits[other]
        return key != other and not (self._above[key] | self._below[key]) & bit

    def above(self, key: Key) -> list[Key]:
        """All that it needs, in the usual order."""
        return [each for each in self.usual if self._bits[each] & self._above[key]]


def _turned(needs: Needs) -> dict[Key, set[Key]]:
    turned: dict[Key, set[Key]] = {key: set() for key in needs}
    for key, others in needs.items():
        for other in others:
            turned[other].add(key)
    return turned
