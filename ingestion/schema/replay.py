"""A database that nobody else knows of, brought to a state by running its migrations there."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from django.apps import apps
from django.contrib.contenttypes.management import inject_rename_contenttypes_operations
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.apart import of_only_reading
from ingestion.schema.errors import CannotReplay, SchemaError
from ingestion.schema.journal import Journal
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step, full_order
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project, recorded
from ingestion.schema.run import Run
from ingestion.schema.signals import plan_of
from ingestion.schema.timeouts import short_timeouts

Refusal = Callable[[str, str], SchemaError]
"""Given the migration that does not run, and why."""


def replay(
    copy: BaseDatabaseWrapper,
    project: Project,
    *,
    origin: Origin,
    limits: Limits,
    fake: bool = False,
    refusal: Refusal = CannotReplay,
) -> Project:
    """An empty scratch database, brought to the state that the project is in, and its project."""
    there = Project(copy, project.loader, {})
    steps = steps_of(project, fake=fake)
    copy.prepare_database()
    where = Where()
    with saying_where(where, refusal):
        if steps:
            perform(there, steps, origin=origin, limits=alone(limits), progress=where, command="")
    if project.is_supposed:
        there.applied = recorded(copy)
    else:
        _record_as(project.applied, copy)
        there.applied = project.applied
    return there


def steps_of(project: Project, *, fake: bool = False) -> list[Step]:
    """All that is applied, in the order in which an empty database gets it.

    A squashed migration may be applied without a record of its own, because all its parts are; if
    its parts are in the graph, they make the tables.
    """
    wanted = {*project.applied, *project.unrecorded_replacements(project.applied.keys())}
    graph = project.graph
    return [
        Step(key, fake=fake or any(part in graph.nodes for part in project.migration(key).replaces))
        for key in full_order(graph)
        if key in wanted
    ]


def perform(
    project: Project,
    steps: Sequence[Step],
    *,
    origin: Origin,
    limits: Limits,
    progress: Progress,
    command: str,
    undoes: UUID | None = None,
    before_step: Callable[[Step], None] = lambda step: None,
) -> None:
    """A run on a database that nobody else knows of."""
    connection = project.connection
    with short_timeouts(connection, limits) as timeouts:
        Run(
            project,
            journal=Journal(connection, origin),
            timeouts=timeouts,
            limits=limits,
            progress=progress,
            before_step=before_step,
            is_locked=False,
        ).perform(steps, command=command, undoes=undoes)


def add_renames(project: Project, steps: Sequence[Step]) -> None:
    """What Django adds to a plan: content types are renamed with their models."""
    if apps.is_installed("django.contrib.contenttypes"):
        inject_rename_contenttypes_operations(
            plan=plan_of(project, steps),
            apps=project.state(project.applied).apps,
            using=project.connection.alias,
        )


def alone(limits: Limits) -> Limits:
    """There is nobody to wait for: a retry would do again what is being observed."""
    return replace(limits, lock_timeout_ms=0)


class Located(Protocol):
    """Knows which step a run is at."""

    step: Step | None


class Where(Progress):
    """Keeps that to itself."""

    step: Step | None = None

    def starts(self, step: Step) -> None:
        self.step = step


@contextmanager
def saying_where(heard: Located, refusal: Refusal) -> Iterator[None]:
    """Whatever a migration raises becomes a refusal that names it."""
    try:
        yield
    except SchemaError:
        raise
    except (Exception, SystemExit) as error:
        where = f"{heard.step or 'the record of migrations'}"
        raise refusal(where, of_only_reading(why(error))) from error


def why(error: BaseException) -> str:
    said = f"{error}".strip().partition("\n")[0].rstrip(".")
    return said if isinstance(error, DatabaseError) else f"{type(error).__name__}: {said}"


def _record_as(applied: Collection[Key], copy: BaseDatabaseWrapper) -> None:
    recorder = MigrationRecorder(copy)
    recorder.ensure_schema()
    found = recorded(copy)
    for key in found.keys() - applied:
        recorder.record_unapplied(*key)
    for key in applied - found.keys():
        recorder.record_applied(*key)
