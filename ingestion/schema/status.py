"""Where the schema of a database stands: facts, and which of them somebody should see.

Looks, and changes nothing: a role that may only read is enough.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.journal import missing_protection
from ingestion.schema.locks import Holder
from ingestion.schema.plan import Key
from ingestion.schema.project import Project
from ingestion.schema.resume import HalfDone
from ingestion.schema.runs import PastRun, last_run, unfinished
from ingestion.schema.sources import own_apps
from ingestion.schema.survey import State, Survey
from ingestion.schema.unmade import unmade, without_any


@dataclass(frozen=True, kw_only=True)
class Server:
    database: str
    host: str
    role: str
    version: str


@dataclass(frozen=True, kw_only=True)
class AppStatus:
    app: str
    is_own: bool
    """Part of the project; the other apps come from libraries, and are not its to change."""
    current: tuple[str, ...]
    """The last migration applied; several where branches are."""
    pending: tuple[str, ...]
    conflicting: tuple[str, ...]
    """The last migrations, where there is more than one."""
    without_file: tuple[str, ...]
    edited: tuple[str, ...]
    unjournaled: tuple[str, ...]
    """Applied or undone by something that wrote nothing into the journal."""
    is_unmade: bool
    """Its models say more than its migrations."""


@dataclass(frozen=True, kw_only=True)
class Status:
    server: Server
    apps: tuple[AppStatus, ...]
    """The project's own come first."""
    out_of_order: tuple[tuple[Key, Key], ...]
    """Applied, with what it depends on, which is not."""
    missing_protection: tuple[str, ...]
    """Statements without which entries of the journal can be changed."""
    half_done: tuple[HalfDone, ...]
    unfinished: tuple[PastRun, ...]
    running: Holder | None
    last_run: PastRun | None


def look(connection: BaseDatabaseWrapper) -> Status:
    with _not_collecting():
        survey = Survey(Project.read(connection))
    stopped, running = unfinished(connection)
    conflicts = survey.project.loader.detect_conflicts()
    # Which models a conflict leads to is not known before it is settled; makemigrations asks
    # for that first, too.
    without = _unmade(survey.project) if not conflicts else set()
    return Status(
        server=server_of(connection),
        apps=_apps(survey, conflicts=conflicts, without=without),
        out_of_order=tuple(_out_of_order(survey)),
        missing_protection=tuple(missing_protection(connection)),
        # What a run is in the middle of is not left half done.
        half_done=() if running and running.run else tuple(survey.half_done),
        unfinished=tuple(stopped),
        running=running,
        last_run=last_run(connection),
    )


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Thousands of migrations come to stay: to look for garbage among them takes time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def server_of(connection: BaseDatabaseWrapper) -> Server:
    info = connection.connection.info
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_user, current_setting('server_version')")
        database, role, version = cursor.fetchone()
    return Server(
        database=database, host=f"{info.host}:{info.port}", role=role, version=version.split()[0]
    )


def _apps(
    survey: Survey, *, conflicts: dict[str, list[str]], without: set[str]
) -> tuple[AppStatus, ...]:
    own = own_apps()
    keys: dict[str, list[Key]] = {app: [] for app in survey.apps}
    for key in [*survey.order, *survey.outside]:
        keys[key[0]].append(key)
    # An app whose models have no migrations at all is in neither.
    labels = [*keys, *sorted(without - keys.keys())]
    return tuple(
        _app(
            app,
            keys.get(app, []),
            survey=survey,
            conflicting=conflicts.get(app, []),
            is_own=app in own,
            is_unmade=app in without,
        )
        for app in labels
    )


def _app(
    app: str,
    keys: list[Key],
    *,
    survey: Survey,
    conflicting: list[str],
    is_own: bool,
    is_unmade: bool,
) -> AppStatus:
    states = {key: survey.state(key) for key in keys}
    return AppStatus(
        app=app,
        is_own=is_own,
        current=tuple(name for _, name in filter(survey.is_current, keys)),
        pending=tuple(
            name
            for (_, name), state in states.items()
            if state in {State.PENDING, State.HALF_APPLIED}
        ),
        conflicting=tuple(conflicting),
        without_file=tuple(name for (_, name), state in states.items() if state is State.NO_FILE),
        edited=tuple(name for _, name in filter(survey.is_edited, keys)),
        unjournaled=tuple(name for _, name in filter(survey.is_unjournaled, keys)),
        is_unmade=is_unmade,
    )


def _unmade(project: Project) -> set[str]:
    """Of these apps `makemigrations` would make one, or should be asked to make the first."""
    return {*unmade(project), *without_any(project)}


def _out_of_order(survey: Survey) -> list[tuple[Key, Key]]:
    nodes = survey.graph.node_map
    return [
        (key, parent.key)
        for key in survey.order
        if key in survey.applied
        for parent in sorted(nodes[key].parents)
        if parent.key not in survey.applied
    ]
