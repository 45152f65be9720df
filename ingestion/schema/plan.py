"""A target, the graph of migrations and what is applied → the steps, in order. No database.

A step down is only taken when nothing that stays depends on it: a target by number refuses and
names what does, a target by name takes it along, listed first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ingestion.schema.errors import (
    Ambiguous,
    FileIsMissing,
    HasDependents,
    Irreversible,
    NeedsOthers,
    NoSuchMigration,
    StepsRunOut,
    UnknownApp,
    UnreadableState,
)
from ingestion.schema.targets import Head, Named, Relative, Target, Zero

Key = tuple[str, str]
"""App label and name of a migration."""


@dataclass(frozen=True)
class Step:
    key: Key
    backwards: bool = False
    fake: bool = False
    """Only the record changes."""

    def __str__(self) -> str:
        return ".".join(self.key)


def resolve(
    target: Target, *, graph: MigrationGraph, applied: Mapping[Key, int], own: Collection[str]
) -> list[Step]:
    """What has to happen to get there.

    `applied` gives each applied migration the number under which it was recorded; `own` are the
    labels of the project's own apps, in which a relative target without an app counts.
    """
    match target.place:
        case Head():
            return _up(_leaves(graph, target.app), graph=graph, applied=applied)
        case Zero():
            return _down(_roots(graph, target.app), graph=graph, applied=applied)
        case Named(prefix):
            return _to(_named(graph, target.app or "", prefix), graph=graph, applied=applied)
        case Relative(steps):
            scope = {target.app} if target.app else set(own)
            if steps > 0:
                return _further(steps, target=target, graph=graph, applied=applied, scope=scope)
            return _back(-steps, target=target, graph=graph, applied=applied, scope=scope)


def read_state(text: str, *, graph: MigrationGraph) -> set[Key]:
    """What is applied in a state that somebody names: zero, head, or APP:NAME with commas.

    APP:NAME holds that app back at that migration, and others only where they need what follows.
    """
    if text in {"zero", "head"}:
        return set(full_order(graph)) if text == "head" else set()
    needed: dict[str, set[Key]] = {}
    for word in text.split(","):
        app, _, name = word.strip().partition(":" if ":" in word else ".")
        if not (app and name):
            raise UnreadableState(text, f"'{word}' has no app and name")
        labels = {label for label, _ in graph.nodes}
        if app not in labels:
            raise UnknownApp(app, sorted(labels))
        held = needed.setdefault(app, set())
        if name != "zero":
            held.update(graph.forwards_plan(_named(graph, app, name)))
    found = set(full_order(graph))
    for key in list(found):
        if key[0] in needed and key not in needed[key[0]]:
            found.difference_update(graph.backwards_plan(key))
    for missing in sorted(set().union(*needed.values()) - found):
        raise UnreadableState(text, f"it needs {'.'.join(missing)}, and leaves it out")
    return found


def full_order(graph: MigrationGraph) -> list[Key]:
    """All migrations in the order in which an empty database gets them.

    The plan of each leaf in turn, without what is in an earlier one: in one walk, since those of
    many apps that depend on each other are long and nearly the same.
    """
    order: dict[Key, None] = {}
    stack = [(graph.node_map[leaf], False) for leaf in reversed(graph.leaf_nodes())]
    while stack:
        node, is_ready = stack.pop()
        if is_ready:
            order.setdefault(node.key)
        elif node.key not in order:
            stack.append((node, True))
            stack.extend((parent, False) for parent in sorted(node.parents))
    return list(order)


def dependents(key: Key, *, graph: MigrationGraph, applied: Collection[Key]) -> list[Key]:
    """What is applied and needs this one, in the order in which it has to be undone."""
    return [other for other in graph.backwards_plan(key) if other in applied and other != key]


def steps_down(keys: Sequence[Key], *, graph: MigrationGraph, applied: Collection[Key]) -> None:
    """Refuse unless these can be undone, in this order, with nothing that stays needing them."""
    going = set(keys)
    for key in keys:
        needing = dependents(key, graph=graph, applied=applied)
        if staying := [each for each in needing if each not in going]:
            raise HasDependents(key, staying, before=_before(key, graph))


def _before(key: Key, graph: MigrationGraph) -> str:
    """The target at which this one is not there any more."""
    parents = sorted(parent.key for parent in graph.node_map[key].parents)
    return next((name for app, name in parents if app == key[0]), "zero")


def steps_up(keys: Sequence[Key], *, graph: MigrationGraph, applied: Collection[Key]) -> None:
    """Refuse unless these can be applied, in this order, with all they need there."""
    there = set(applied)
    for key in keys:
        if missing := [each for each in graph.forwards_plan(key)[:-1] if each not in there]:
            raise NeedsOthers(key, missing)
        there.add(key)


def refuse_irreversible(migrations: Iterable[Migration]) -> None:
    """Name what has no way back before anything is touched."""
    stuck = [(f"{each}", what) for each in migrations for what in without_reverse(each)]
    if stuck:
        raise Irreversible(stuck)


def without_reverse(migration: Migration) -> list[str]:
    """What the operations do from which there is no way back."""
    return [operation.describe() for operation in _irreversible(migration.operations)]


def is_reversible(operation: Operation) -> bool:
    return not any(_irreversible([operation]))


def _irreversible(operations: Iterable[Operation]) -> Iterator[Operation]:
    for operation in operations:
        # Django calls this one reversible whatever is inside.
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _irreversible(operation.database_operations)
        elif not operation.reversible:
            yield operation


def _leaves(graph: MigrationGraph, app: str | None) -> list[Key]:
    return graph.leaf_nodes(app)


def _roots(graph: MigrationGraph, app: str | None) -> list[Key]:
    return graph.root_nodes(app)


def _up(targets: Iterable[Key], *, graph: MigrationGraph, applied: Collection[Key]) -> list[Step]:
    needed: dict[Key, None] = {}
    for target in targets:
        if target not in applied:
            for key in graph.forwards_plan(target):
                if key not in applied:
                    needed.setdefault(key)
    return [Step(key) for key in needed]


def _down(targets: Iterable[Key], *, graph: MigrationGraph, applied: Collection[Key]) -> list[Step]:
    going: dict[Key, None] = {}
    for target in targets:
        for key in graph.backwards_plan(target):
            if key in applied:
                going.setdefault(key)
    return [Step(key, backwards=True) for key in going]


def _to(target: Key, *, graph: MigrationGraph, applied: Collection[Key]) -> list[Step]:
    """As Django does: forwards to it, or back through what follows it in the same app."""
    if target not in applied:
        return _up([target], graph=graph, applied=applied)
    following = sorted(
        child.key for child in graph.node_map[target].children if child.key[0] == target[0]
    )
    return _down(following, graph=graph, applied=applied)


def _named(graph: MigrationGraph, app: str, prefix: str) -> Key:
    names = sorted(name for label, name in graph.nodes if label == app)
    return app, named(names, app=app, prefix=prefix)


def named(names: list[str], *, app: str, prefix: str) -> str:
    """The one of these that is called so, or whose name alone begins like this."""
    if prefix in names:
        return prefix
    found = [name for name in names if name.startswith(prefix)]
    if not found:
        raise NoSuchMigration(app, prefix, names)
    if len(found) > 1:
        raise Ambiguous(app, prefix, found)
    return found[0]


def _further(
    steps: int,
    *,
    target: Target,
    graph: MigrationGraph,
    applied: Collection[Key],
    scope: Collection[str],
) -> list[Step]:
    pending = [key for key in full_order(graph) if key[0] in scope and key not in applied]
    if steps > len(pending):
        raise StepsRunOut(target.app, asked=steps, available=len(pending), forwards=True)
    return _up(pending[:steps], graph=graph, applied=applied)


def _back(
    steps: int,
    *,
    target: Target,
    graph: MigrationGraph,
    applied: Mapping[Key, int],
    scope: Collection[str],
) -> list[Step]:
    inside = {key: number for key, number in applied.items() if key[0] in scope}
    chosen: list[Key] = []
    for key in _latest_first(inside, graph=graph, applied=applied):
        if len(chosen) == steps:
            break
        if key not in graph.nodes:
            raise FileIsMissing(key)
        chosen.append(key)
    if steps > len(chosen):
        raise StepsRunOut(target.app, asked=steps, available=len(chosen), forwards=False)
    steps_down(chosen, graph=graph, applied=applied)
    return [Step(key, backwards=True) for key in chosen]


def _latest_first(
    inside: Mapping[Key, int], *, graph: MigrationGraph, applied: Collection[Key]
) -> Iterator[Key]:
    """The last recorded first; but what needs one comes before it, whatever the record says."""
    given: set[Key] = set()
    for key in sorted(inside, key=inside.__getitem__, reverse=True):
        if key in given:
            continue
        if key in graph.nodes:
            for other in dependents(key, graph=graph, applied=applied):
                if other in inside and other not in given:
                    given.add(other)
                    yield other
        given.add(key)
        yield key
