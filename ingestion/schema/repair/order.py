"""Statements in an order that PostgreSQL takes: nothing is dropped before what stands on it, and
nothing made before what it stands on."""

import heapq
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ingestion.schema.catalog import Thing
from ingestion.schema.repair import columns, datatypes, moving, sequences, tables
from ingestion.schema.repair.families import family, rank
from ingestion.schema.repair.fate import Fate
from ingestion.schema.repair.sides import place

Node = tuple[str, str]
"""What is done with a thing: it ends, alters, starts, fills or settles."""

_BEFORE_ROWS = frozenset({"column", "index", "statistics", "sequence", "table"})
"""What may be there before rows come back to a table; its own constraints may, too."""

_OF_FAMILY = ("column", "constraint", "index")
"""What a table may have of its parents."""
_SPOKEN_OF = frozenset(
    {"table", "view", "materialized view", "sequence", "function", "text search configuration"}
)


@dataclass(frozen=True)
class Piece:
    cause: str
    """The difference because of which it is done."""
    lines: list[str]


class Order:
    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.sides = fate.sides
        self.have, self.want = fate.sides.have, fate.sides.want
        self.after: defaultdict[Node, set[Node]] = defaultdict(set)

    def pieces(self) -> list[Piece]:
        self._arrange()
        return [self._piece(node) for node in self._sorted() if not self._is_carried(node)]

    # ── what is done

    @cached_property
    def nodes(self) -> list[Node]:
        return [
            *(("end", name) for name in self.sides.ended),
            *(("end", name) for name in self.sides.detached),
            *(("alter", name) for name in self.fate.altered),
            *(("start", name) for name in self.fate.made),
            *(("start", name) for name in self.sides.detached),
            *(("fill", name) for name in self.fate.made if self._has_rows_to_move(name)),
            *(("settle", name) for name in self._settling()),
        ]

    def _has_rows_to_move(self, name: str) -> bool:
        return moving.has_rows_to_move(name, self.sides)

    def _settling(self) -> Iterator[str]:
        """What has a last word, when what it is for is there."""
        for name in self.fate.made:
            kind = self.want.things[name].kind
            old = self.sides.predecessors.get(name, name)
            if kind in {"table", "sequence"} or self._is_set_aside(old):
                yield name
        for name in self.fate.altered:
            if self.want.things[name].kind == "sequence":
                yield name

    def _piece(self, node: Node) -> Piece:
        act, name = node
        writers: dict[str, Callable[[str], list[str]]] = {
            "end": self._end,
            "alter": self._alter,
            "start": self._start,
            "fill": lambda name: moving.put_back(self.want.things[name], self.sides),
            "settle": self._settle,
        }
        causes = self.fate.made | self.fate.altered | self.sides.detached | self.sides.ended
        return Piece(causes[name], writers[act](name))

    def _end(self, name: str) -> list[str]:
        thing = self.have.things[name]
        if name in self.sides.detached and name not in self.sides.ended:
            return columns.drop_default(thing)
        if self._is_set_aside(name):
            new = self.sides.successors.get(name, name)
            return datatypes.set_aside(thing, self.want.things[new])
        return family(thing.kind).drop(thing, self.sides)

    def _alter(self, name: str) -> list[str]:
        have, want = self.have.things[name], self.want.things[name]
        if self._is_altered_with_parent(have, want):
            return []
        if have.definition == want.definition:
            return columns.retype(have, want, self.sides)
        return family(want.kind).alter(have, want, self.sides) or []

    def _is_altered_with_parent(self, have: Thing, want: Thing) -> bool:
        """ALTER TABLE reaches the tables that inherit, too; COMMENT does not."""
        if have.facts.get("comment") != want.facts.get("comment") or "inherited" not in have.facts:
            return False
        change = (have.definition, want.definition)
        return any(
            other in self.have.things
            and (self.have.things[other].definition, self.want.things[other].definition) == change
            and other in self.fate.altered
            for other in self.want.origins(want)
        )

    def _start(self, name: str) -> list[str]:
        want = self.want.things[name]
        if name in self.sides.detached and name not in self.sides.ended:
            return columns.set_default(want)
        given = self._given_by_parent(want)
        if given is not None:
            return columns.alter(given, want, self.sides) or []
        return family(want.kind).create(want, self.sides)

    def _given_by_parent(self, want: Thing) -> Thing | None:
        """A column as a table gets it when its parent gets one."""
        if want.kind != "column":
            return None
        for other in self.want.origins(want):
            if other in self.fate.made:
                facts = {**self.want.things[other].facts, "inherited": True}
                facts.pop("comment", None)
                return replace(want, facts=facts)
        return None

    def _settle(self, name: str) -> list[str]:
        want = self.want.things[name]
        if want.kind == "table":
            return tables.attach(want)
        if want.kind == "sequence":
            return sequences.give_to_owner(self.have.things.get(name), want, self.sides)
        return datatypes.drop_old(self.have.things[self.sides.predecessors.get(name, name)])

    # ── what comes along with something else

    def _is_carried(self, node: Node) -> bool:
        return self._root(node) != node

    def _root(self, node: Node) -> Node:
        """The statement that does it: a dropped table takes its columns along."""
        if node not in self._roots:
            self._roots[node] = node  # whoever asks in a circle gets this
            if node[0] == "end" and node[1] in self.sides.ended:
                self._roots[node] = self._root_of_end(node)
            elif node[0] == "start" and node[1] in self.fate.made:
                self._roots[node] = self._root_of_start(node)
        return self._roots[node]

    @cached_property
    def _roots(self) -> dict[Node, Node]:
        return {}

    def _root_of_end(self, node: Node) -> Node:
        thing = self.have.things[node[1]]
        carriers = sorted(
            self.have.goes_with(thing) & self.sides.ended.keys(),
            # Its table first, then what it is inherited from, or attached to.
            key=lambda other: (
                self.have.things[other].kind != "table",
                self.have.things[other].kind != thing.kind,
                other,
            ),
        )
        for other in carriers:
            if self._takes_along(("end", other), thing):
                return self._root(("end", other))
        return node

    def _takes_along(self, carrier: Node, thing: Thing) -> bool:
        """Tables may point to each other: no order of them would do, if the keys stay till then."""
        if thing.kind != "constraint" or thing.facts["type"] != "f" or "inherited" in thing.facts:
            return True
        root = self._root(carrier)
        return all(
            self._root(("end", other)) == root
            for other in self.have.needs[thing.name]
            if other in self.sides.ended
        )

    def _is_set_aside(self, name: str) -> bool:
        """There are columns that have to move over to the new one."""
        return (
            self.sides.successors.get(name, name) in self.fate.made
            and name in self.sides.ended
            and _is_datatype(self.have.things[name].kind)
            and any(other in self.sides.retyped for other in self.have.dependents_of(name))
        )

    def _root_of_start(self, node: Node) -> Node:
        thing = self.want.things[node[1]]
        carrier = self._carrier(thing)
        return node if carrier is None else self._root(carrier)

    def _carrier(self, thing: Thing) -> Node | None:
        table = self.want.table_of(thing)
        in_new_table = table is not None and table.name in self.fate.made
        if thing.kind == "column" and table is not None and in_new_table:
            return ("start", table.name)
        if "inherited" not in thing.facts or table is None:
            return None
        is_index_like = thing.kind == "constraint" and thing.facts["type"] in "pux"
        if thing.kind == "constraint" and thing.facts["type"] == "c" and in_new_table:
            return None if "bound" in table.facts else ("start", table.name)
        if in_new_table and not is_index_like:
            # A trigger comes to a partition that is there: rows come back before, and without it.
            carrier = self._carrying_parent(thing, table) if thing.kind == "trigger" else None
            return carrier or ("settle", table.name)
        if is_index_like:
            return None
        return self._carrying_parent(thing, table)

    def _carrying_parent(self, thing: Thing, table: Thing) -> Node | None:
        for other in (*self.want.origins(thing), *sorted(self.want.needs[thing.name])):
            if other in self.fate.made and self.want.things[other].kind == thing.kind:
                given = self._given_by_parent(thing) or thing
                return ("start", other) if given.definition == thing.definition else None
        if table.name in self.fate.altered and thing.kind != "column":
            return ("alter", table.name)  # it becomes a partition, or inherits
        return None

    # ── in which order

    def _arrange(self) -> None:
        present = set(self.nodes)
        for act, name in self.nodes:
            if act in {"end", "alter"}:
                self._let_go_before_what_it_stood_on((act, name), present)
            if act == "end":
                self._identity_goes_first(name, present)
            if act in {"start", "alter"}:
                self._come_after_what_it_stands_on((act, name), present)
            if act == "alter" and self.want.things[name].kind == "table":
                self._come_or_go_with_family((act, name), present)
            if act == "fill":
                self._fill_before_it_is_in_use(name, present)
            if act == "settle":
                self._settle_last((act, name), present)
        self._make_room()
        for name in self.fate.made:
            if "body_is_text" in self.want.things[name].facts:
                self._come_after_what_it_speaks_of(name)

    def _make_room(self) -> None:
        """What goes is gone before something else takes its name."""
        going = {place(self.have.things[name]): name for name in self.sides.ended}
        for name in self.fate.made:
            if name in self.sides.ended:
                self._put(("end", name), ("start", name))
            where = place(self.want.things[name])
            if where and where in going:
                self._put(("end", going[where]), ("start", name))
                for other in self._owners(name):
                    self._put(("end", going[where]), other)

    def _owners(self, name: str) -> Iterator[Node]:
        """Whose statement makes the sequence of an identity."""
        thing = self.want.things[name]
        if "of_identity" in thing.facts:
            for other in self.want.goes_with(thing):
                acts = {"alter": self.fate.altered, "start": self.fate.made}
                yield from ((act, other) for act, names in acts.items() if other in names)

    def _put(self, first: Node, then: Node) -> None:
        first, then = self._root(first), self._root(then)
        if first != then:
            self.after[first].add(then)

    def _let_go_before_what_it_stood_on(self, node: Node, present: set[Node]) -> None:
        for other in self.have.needs.get(node[1], ()):
            is_left_later = node[0] == "alter" and self._is_set_aside(other)
            if ("end", other) in present and not is_left_later:
                self._put(node if self._is_set_aside(other) else self._gone(node), ("end", other))
            if (
                node[0] == "end"
                and ("alter", other) in present
                and self._is_in_its_way(node[1], other)
            ):
                self._put(node, ("alter", other))

    def _joins(self, name: str) -> bool:
        """A table that stands alone gets a parent; its parts are made like that one's before."""
        if name not in self.fate.altered or self.want.things[name].kind != "table":
            return False
        have, want = self.have.things[name], self.want.things[name]
        return "parents" in want.facts and "parents" not in have.facts

    def _leaves(self, name: str) -> bool:
        have, want = self.have.things[name], self.want.things[name]
        return "parents" in have.facts and "parents" not in want.facts

    def _come_or_go_with_family(self, node: Node, present: set[Node]) -> None:
        name = node[1]
        if self._joins(name):
            for other in self._before_it_is_attached(self.want.things[name]):
                acts = ("start",) if other.startswith("index ") else ("start", "alter")
                for act in acts:
                    if (act, other) in present:
                        self._put((act, other), node)
        elif self._leaves(name):
            for part in self.have.parts_of(self.have.things[name], *_OF_FAMILY):
                for act in ("alter", "end"):
                    if (act, part.name) in present:
                        self._put(node, (act, part.name))

    def _gone(self, node: Node) -> Node:
        """When it is gone: what is set aside goes later, and only has another name till then."""
        act, name = node
        if act == "end" and self._is_set_aside(name):
            return ("settle", self.sides.successors.get(name, name))
        return node

    def _identity_goes_first(self, name: str, present: set[Node]) -> None:
        """What goes with an identity is gone when its column has none any more."""
        thing = self.have.things[name]
        if "of_identity" in thing.facts:
            for other in self.have.goes_with(thing):
                if ("alter", other) in present:
                    self._put(("alter", other), ("end", name))

    def _is_in_its_way(self, name: str, other: str) -> bool:
        """Of columns and types only; a sequence and its column stand on each other."""
        kind = self.have.things[other].kind
        is_owner = self.have.things[name].kind == "sequence"
        return (kind == "column" and not is_owner) or _is_datatype(kind)

    def _come_after_what_it_stands_on(self, node: Node, present: set[Node]) -> None:
        for other in self.want.needs.get(node[1], ()):
            if self._is_settled_later(self.want.things[node[1]], other):
                continue
            if (
                self._joins(other)
                and self.want.things[node[1]].path[:-1] == self.want.things[other].path
            ):
                continue
            for act in ("start", "alter"):
                if (act, other) in present:
                    self._put((act, other), node)

    def _is_settled_later(self, thing: Thing, other: str) -> bool:
        """A serial column stands on its sequence, which is given to it afterwards."""
        is_serial = thing.kind == "sequence" and "of_identity" not in thing.facts
        return is_serial and self.want.things[other].kind == "column"

    def _come_after_what_it_speaks_of(self, name: str) -> None:
        """Of a body that is a text PostgreSQL does not say what it needs, but it looks."""
        words = set(re.findall(r"[\w$]+", self.want.things[name].facts["definition"]))
        for other in self.fate.made:
            thing = self.want.things[other]
            if thing.kind in _SPOKEN_OF and thing.path[-1] in words and other != name:
                first, then = self._root(("start", other)), self._root(("start", name))
                if not self._leads(then, first):
                    self._put(first, then)

    def _leads(self, first: Node, then: Node) -> bool:
        seen, waiting = {first}, [first]
        while waiting:
            new = self.after[waiting.pop()] - seen
            seen |= new
            waiting += new
        return then in seen

    def _fill_before_it_is_in_use(self, name: str, present: set[Node]) -> None:
        fill = ("fill", name)
        self._put(("start", name), fill)
        own = self.want.parts_of(self.want.things[name], "column", "constraint", "index")
        for other in set().union(*map(self.want.dependents_of, [name, *(p.name for p in own)])):
            thing = self.want.things[other]
            if thing.kind == "table":
                self._put(("settle", other) if ("settle", other) in present else fill, fill)
            is_own = thing.path[:-1] == self.want.things[name].path or "inherited" in thing.facts
            comes_early = thing.kind in _BEFORE_ROWS or (thing.kind == "constraint" and is_own)
            if ("start", other) in present and not comes_early:
                self._put(fill, ("start", other))

    def _settle_last(self, node: Node, present: set[Node]) -> None:
        thing = self.want.things[node[1]]
        self._put(("start" if node[1] in self.fate.made else "alter", node[1]), node)
        if thing.kind == "sequence":
            others = self.want.goes_with(thing)
        elif thing.kind == "table":
            others = self._before_it_is_attached(thing)
        else:
            old = self.sides.predecessors.get(node[1], node[1])
            there = self.have.dependents_of(old)
            others = there | self.want.dependents_of(node[1])
            others |= frozenset(self.sides.successors.get(other, other) for other in there)
        for other in others:
            for act in ("start", "alter", "settle"):
                if (act, other) in present and (act != "settle" or _is_datatype(thing.kind)):
                    self._put((act, other), node)

    def _before_it_is_attached(self, table: Thing) -> frozenset[str]:
        """Or it would get a second one of each index that it has."""
        own = self.want.parts_of(table, "column", "constraint", "index")
        grounds = set().union(*(self.want.needs[part.name] for part in own))
        of_parents = {
            part.name
            for parent in self.want.parents_of_table(table)
            for part in self.want.parts_of(parent, "column", "constraint", "index")
        }
        for other in self._only_of_parents(of_parents - grounds):
            self._put(("settle", table.name), ("start", other))
        return frozenset({part.name for part in own} | (of_parents & grounds))

    def _only_of_parents(self, parts: set[str]) -> list[str]:
        """Indexes that are to have none in the partition."""
        return [
            part
            for part in sorted(parts)
            if part in self.fate.made and self.want.things[part].kind == "index"
        ]

    def _sorted(self) -> Iterator[Node]:
        """Kahn's, the smallest first; a circle is cut where the smallest of all is."""
        roots = {self._root(node) for node in self.nodes}
        left = dict.fromkeys(roots, 0)
        for first in roots:
            for then in self.after[first]:
                left[then] += 1
        ready = [(self._priority(node), node) for node, count in left.items() if not count]
        heapq.heapify(ready)
        while left:
            _, node = heapq.heappop(ready) if ready else min((self._priority(n), n) for n in left)
            if node not in left:
                continue
            del left[node]
            yield node
            for then in self.after[node]:
                if then in left:
                    left[then] -= 1
                    if not left[then]:
                        heapq.heappush(ready, (self._priority(then), then))

    def _priority(self, node: Node) -> tuple[int, int, str]:
        act, name = node
        if act == "end":
            return (0, -rank(self.have.things[name].kind), name)
        kind = self.want.things[name].kind
        if act == "fill":
            return (1, rank("column"), name)
        if act == "settle":
            return (1, rank("index") if kind == "table" else rank("column"), name)
        return (1, rank(kind), name)


def _is_datatype(kind: str) -> bool:
    return kind in datatypes.KINDS
