"""A database whose history is lost or foreign: which state its tables are in, marked as applied.

the whole plan on a scratch database ─► what each migration changes ─┐
catalog(live) ───────────────────────────────────────────────────────┴─► the nearest state
exactly that state on another scratch database | catalog(live) ─► no difference: it is marked
"""

import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.catalog import Catalog, catalog, table_of
from ingestion.schema.drift.differences import Difference, differences
from ingestion.schema.errors import CannotReplay, ChangedMeanwhile, FitsNoState
from ingestion.schema.failures import refusal
from ingestion.schema.journal import Entry, Journal, entries, exists, replay
from ingestion.schema.limits import Limits
from ingestion.schema.locks import one_migrator, still_held
from ingestion.schema.nearest import Changes, changes, nearest
from ingestion.schema.operations import is_noop
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step, full_order
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project, recorded
from ingestion.schema.replay import perform
from ingestion.schema.scratch import scratch
from ingestion.schema.supposed import SupposingLoader

COMMAND = "schema adopt"


@dataclass(frozen=True)
class State:
    """Some of the migrations, and what a database has that was given exactly these."""

    applied: tuple[Key, ...]
    things: Catalog
    later: frozenset[str]
    """What the other migrations make: a database in this state does not have it yet."""

    @cached_property
    def tables(self) -> set[str | None]:
        return {table_of(thing) for thing in [*self.things, *self.later]} - {None}

    def is_about(self, thing: str) -> bool:
        table = table_of(thing)
        return table in self.tables if table else thing in self.things or thing in self.later

    def differences(self, found: Catalog) -> list[Difference]:
        """On the tables of the migrations; other tables are not judged."""
        return differences(
            self.things,
            {thing: definition for thing, definition in found.items() if self.is_about(thing)},
        )

    def others(self, found: Catalog) -> list[str]:
        """What is none of ours: tables by their names, and what belongs to no table."""
        strange = {thing: what for thing, what in found.items() if not self.is_about(thing)}
        tables = {table for thing in strange if (table := table_of(thing))}
        return [
            thing.removeprefix("table ")
            for thing, definition in sorted(strange.items())
            if (table_of(thing) is None or thing.startswith("table "))
            and not thing.startswith("extension ")
            and owner_of(definition) not in tables
        ]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The state that a database is in, or the nearest one."""

    state: State
    reached: Mapping[str, tuple[str, ...]]
    """Each app of the project with its last migrations in that state."""
    rows: Mapping[Key, str | None]
    """What `django_migrations` holds then, and the hashes of the files."""
    unseen: Mapping[Key, tuple[str, ...]]
    """Migrations in that state that run Python or SQL of which no table tells."""
    differences: Sequence[Difference]
    """None: the database is in that state."""
    others: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What it takes for the record, and for the journal, to say what was found."""

    add: Sequence[Key]
    remove: Sequence[Key]
    adopt: Sequence[Key]
    """In the journal: what it does not count as applied, and what is added."""
    withdraw: Sequence[Key]
    """In the journal: what is not so, whoever said it."""

    def __bool__(self) -> bool:
        return bool(self.add or self.remove or self.withdraw or self.adopt)


# --- Looking -------------------------------------------------------------------------------


def look(live: BaseDatabaseWrapper, *, origin: Origin, limits: Limits) -> Finding:
    """Which state the database is in, or which is the nearest. Changes nothing of it."""
    found = comparable(catalog(live))
    with _refusing():
        first = _look(live, found, begun=(), origin=origin, limits=limits)
        begun = _first_parts(MigrationLoader(None))
        if not (first.differences and begun):
            return first
        # It may be in the middle of what was squashed since.
        second = _look(live, found, begun=begun, origin=origin, limits=limits)
    return min(first, second, key=lambda finding: len(finding.differences))


def comparable(things: Catalog) -> Catalog:
    """Without what differs between servers: privileges, and versions of extensions."""
    return {
        thing: "" if thing.startswith("extension ") else definition
        for thing, definition in things.items()
        if not thing.startswith("grant ")
    }


def owner_of(definition: str) -> str | None:
    """Of a sequence: the table whose rows it numbers; else nothing."""
    column = definition.partition(" OWNED BY ")[2].partition(" -- ")[0]
    return column.rpartition(".")[0] or None


def correction(live: BaseDatabaseWrapper, finding: Finding) -> Correction:
    rows, wanted = recorded(live), finding.rows
    known = replay(entries(live).defer("ddl", "error"))
    add = [key for key in wanted if key not in rows]
    remove = [key for key in sorted(rows, key=rows.__getitem__, reverse=True) if key not in wanted]
    if not (add or remove or exists(live)):  # all is well, without a journal
        return Correction(add=[], remove=[], adopt=[], withdraw=[])
    return Correction(
        add=add,
        remove=remove,
        adopt=[key for key in wanted if key not in rows or key not in known],
        withdraw=[*remove, *sorted(known - wanted.keys() - rows.keys())],
    )


def _look(
    live: BaseDatabaseWrapper,
    found: Catalog,
    *,
    begun: Collection[Key],
    origin: Origin,
    limits: Limits,
) -> Finding:
    whole = trail(live, begun=begun, origin=origin, limits=limits)
    project, made = whole.project, whole.made
    chosen = nearest_to(found, whole)
    shown = whole  # what was run first of all is shown already
    if not whole.begins_with(chosen):
        shown = trail(live, chosen, begun=begun, origin=origin, limits=limits)
    state = State(
        applied=tuple(key for key in made if key in chosen),
        things=shown.things(len(chosen)),
        later=_made_by([each for key, each in made.items() if key not in chosen]),
    )
    return Finding(
        state=state,
        reached=_reached(project, chosen),
        rows={key: project.hash(key) for key in _rows(project, state.applied)},
        unseen={key: said for key in state.applied if (said := _untold(project.migration(key)))},
        differences=state.differences(found),
        others=state.others(found),
    )


@dataclass(frozen=True)
class Trail:
    """Migrations on an empty database, in order, and what each of them changed."""

    project: Project
    made: Mapping[Key, Changes]

    def begins_with(self, keys: Collection[Key]) -> bool:
        return set(list(self.made)[: len(keys)]) == set(keys)

    def things(self, steps: int) -> Catalog:
        """The catalogue after so many of them."""
        after = {
            thing: definition
            for each in list(self.made.values())[:steps]
            for thing, (_, definition) in each.items()
        }
        return {thing: definition for thing, definition in after.items() if definition is not None}


def trail(
    live: BaseDatabaseWrapper,
    wanted: Collection[Key] | None = None,
    *,
    begun: Collection[Key] = (),
    origin: Origin,
    limits: Limits,
) -> Trail:
    """All migrations, or these alone, run on a scratch database.

    Squashed migrations stand for their parts, but for those of which a part is in `begun`.
    """
    # What migrations print is no part of the answer.
    with redirect_stdout(sys.stderr), scratch(live.alias) as copy:
        project = Project.read(copy)
        if begun:
            project = Project(copy, SupposingLoader(begun), {})
        keys = [key for key in full_order(project.graph) if wanted is None or key in wanted]
        watch = Watch(copy)
        with watch.refusing():
            perform(
                project,
                [Step(key) for key in keys],
                origin=origin,
                limits=limits,
                progress=watch,
                command=COMMAND,
            )
    return Trail(project, watch.made)


class Watch(Progress):
    """Reads the catalogue after each migration."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.made: dict[Key, Changes] = {}
        self._things: Catalog = {}
        self._current: Step | None = None

    def starts(self, step: Step) -> None:
        self._current = step

    def ends(self, step: Step, seconds: float) -> None:
        before, self._things = self._things, comparable(catalog(self.connection))
        self.made[step.key] = changes(before, self._things)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            why = f"{error}".strip().partition("\n")[0].rstrip(".") or type(error).__name__
            raise CannotReplay(f"{self._current}", why) from error


def nearest_to(found: Catalog, whole: Trail) -> set[Key]:
    """What seems to be applied where these things were found."""
    # An extension may be there for other reasons; only that it is missing tells something.
    telling = {
        key: {
            thing: change
            for thing, change in each.items()
            if not (thing.startswith("extension ") and thing in found)
        }
        for key, each in whole.made.items()
    }
    nodes = whole.project.graph.node_map
    needs = {key: [parent.key for parent in nodes[key].parents] for key in telling}
    return nearest(telling, needs, found)


def _made_by(rest: Sequence[Changes]) -> frozenset[str]:
    return frozenset(
        thing
        for each in rest
        for thing, (_, after) in each.items()
        if after is not None and not thing.startswith("extension ")
    )


def _first_parts(loader: MigrationLoader) -> list[Key]:
    """Of each squashed migration whose parts still have their files."""
    return [
        _key(migration.replaces[0])
        for migration in loader.replacements.values()
        if all(part in loader.disk_migrations for part in migration.replaces)
    ]


def _rows(project: Project, applied: Sequence[Key]) -> list[Key]:
    """And what goes with them: the parts of a squashed one, or it with the last of its parts."""
    rows: dict[Key, None] = {}
    for key in applied:
        rows.update(dict.fromkeys([*map(_key, project.migration(key).replaces), key]))
    rows.update(dict.fromkeys(project.unrecorded_replacements(rows)))
    return list(rows)


def _key(part: Sequence[str]) -> Key:
    app, name = part  # in `replaces`, which may as well be a list
    return app, name


def _reached(project: Project, chosen: Collection[Key]) -> dict[str, tuple[str, ...]]:
    followed = {
        parent.key
        for key in chosen
        for parent in project.graph.node_map[key].parents
        if parent.key[0] == key[0]
    }
    return {
        app: tuple(sorted(name for label, name in set(chosen) - followed if label == app))
        for app in sorted({label for label, _ in project.graph.nodes})
    }


def _untold(migration: Migration) -> tuple[str, ...]:
    """Its operations that may have done something that a catalogue does not show."""
    return tuple(
        words for operation in _inside(migration.operations) if (words := _words(operation))
    )


def _inside(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _inside(operation.database_operations)
        else:
            yield operation


def _words(operation: Operation) -> str | None:
    if isinstance(operation, RunPython) and not is_noop(operation, backwards=False):
        return f"RunPython {getattr(operation.code, '__name__', '')}".strip()
    if isinstance(operation, RunSQL) and operation.sql != RunSQL.noop:
        return "RunSQL"
    return None


# --- Marking -------------------------------------------------------------------------------


def mark(
    live: BaseDatabaseWrapper,
    finding: Finding,
    *,
    origin: Origin,
    limits: Limits,
    progress: Progress,
) -> Correction:
    """Make `django_migrations` and the journal say what was found; what that took."""
    if finding.differences:
        raise FitsNoState(len(finding.differences))
    with (
        one_migrator(live, wait=limits.lock_wait, say=progress.waits),
        _refusing(),
        transaction.atomic(using=live.alias),
    ):
        still_held(live)
        return _mark(live, finding, Journal(live, origin))


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise refusal(error, None) from error


def _mark(live: BaseDatabaseWrapper, finding: Finding, book: Journal) -> Correction:
    # Somebody may have migrated since it was looked at.
    if changed := finding.state.differences(comparable(catalog(live))):
        raise ChangedMeanwhile([each.thing for each in changed])
    needed = correction(live, finding)
    if not needed:
        return needed
    started = time.monotonic()
    recorder = MigrationRecorder(live)
    recorder.ensure_schema()
    book.ensure([])
    plan = [f"-{'.'.join(key)}" for key in needed.remove]
    plan += [f"+{'.'.join(key)}" for key in needed.add]
    book.append(Entry(action="begin", detail={"command": COMMAND, "plan": plan}))
    for key in needed.remove:
        recorder.record_unapplied(*key)
    for key in needed.withdraw:
        book.append(
            Entry(action="fake", key=key, detail={"direction": "unapply", "because": COMMAND})
        )
    for key in needed.add:
        recorder.record_applied(*key)
    for key in needed.adopt:
        book.append(Entry(action="adopt", key=key, hash=finding.rows[key]))
    took = round((time.monotonic() - started) * 1000)
    detail = {"outcome": "done", "steps": len(plan)}
    book.append(Entry(action="end", duration_ms=took, detail=detail))
    return needed
