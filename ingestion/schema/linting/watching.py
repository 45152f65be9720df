"""Migrations, each up and down on a scratch database, with all that their statements did there."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

from ingestion.schema.catalog import Catalog, catalog, name
from ingestion.schema.errors import CannotLint
from ingestion.schema.limits import Limits
from ingestion.schema.observation.observe import Observer, StepObserved, observing
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step, full_order, is_reversible
from ingestion.schema.project import Project, recorded
from ingestion.schema.replay import Where, alone, perform, saying_where
from ingestion.schema.scratch import scratch
from ingestion.schema.states import State

COMMAND = "schema lint"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One migration, as it was watched."""

    migration: Migration
    key: Key
    up: StepObserved
    down: StepObserved | None
    """None where there is no way back."""
    before: Catalog
    after: Catalog
    state: State
    """Of the models before it."""


def watch(project: Project, keys: Collection[Key], *, origin: Origin, limits: Limits) -> list[Seen]:
    """In the order in which an empty database gets them; what lies between is replayed."""
    # What migrations print is no part of the answer.
    with redirect_stdout(sys.stderr), scratch(project.connection.alias) as copy:
        return list(_walk(_Scratch(copy, project, origin, alone(limits)), keys))


def _walk(there: "_Scratch", keys: Collection[Key]) -> Iterator[Seen]:
    between: list[Step] = []
    left = set(keys)
    for key in full_order(there.project.graph):
        if not left:
            return
        if key not in left:
            between.append(Step(key))
            continue
        left.remove(key)
        there.replay(between)
        between = []
        yield there.watch(key, again=bool(left))


class _Scratch:
    def __init__(
        self, copy: BaseDatabaseWrapper, project: Project, origin: Origin, limits: Limits
    ) -> None:
        copy.prepare_database()
        self.copy = copy
        self.project = Project(copy, project.loader, {})
        self.origin = origin
        self.limits = limits

    def replay(self, steps: Sequence[Step]) -> None:
        where = Where()
        with saying_where(where, CannotLint):
            if steps:
                self._perform(steps, progress=where)

    def watch(self, key: Key, *, again: bool) -> Seen:
        migration = self.project.migration(key)
        state = self.project.state(self.project.applied)
        before = catalog(self.copy)
        up = self._observe(Step(key))
        after = catalog(self.copy)
        down = None
        if all(map(is_reversible, migration.operations)):
            down = self._observe(Step(key, backwards=True))
            if again:
                self.replay([Step(key)])
        return Seen(
            migration=migration,
            key=key,
            up=up,
            down=down,
            before=before,
            after=after,
            state=state,
        )

    def _observe(self, step: Step) -> StepObserved:
        with (
            observing(self.copy) as observer,
            saying_where(observer, CannotLint.undoing if step.backwards else CannotLint),
        ):
            self._perform([step], progress=observer)
        return observer.steps[-1]

    def _perform(self, steps: Sequence[Step], *, progress: Where | Observer) -> None:
        perform(
            self.project,
            steps,
            origin=self.origin,
            limits=self.limits,
            progress=progress,
            command=COMMAND,
        )
        self.project.applied = recorded(self.copy)


def used(state: State) -> frozenset[str]:
    """The tables and columns that models in this state know, as the catalogue names them."""
    found: set[str] = set()
    for model in state.apps.get_models(include_auto_created=True):
        options = model._meta
        if options.proxy or options.swapped:
            continue
        found.add(f"table {name(options.db_table)}")
        for each in options.local_concrete_fields:
            if each.column:
                found.add(f"column {name(options.db_table, each.column)}")
    return frozenset(found)
