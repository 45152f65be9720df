"""The models, the migrations and the database: where one of them is not what another one says.

the lock ─► what is applied, catalogue(live) ─► the lock is given back
what is applied ─► kept from before | replay on a scratch database ─► catalogue(expected)
catalogue(expected) | catalogue(live) ─► differences ─► statements, either way
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.drift.differences import Comparison, Difference, compare, role_of
from ingestion.schema.drift.expected import expected
from ingestion.schema.drift.ignoring import ignored
from ingestion.schema.drift.kept import Kept, kept
from ingestion.schema.drift.live import read
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin, origin
from ingestion.schema.plan import Key, full_order
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project
from ingestion.schema.repair import Statement, repairs
from ingestion.schema.sources import own_apps
from ingestion.schema.status import Server, server_of
from ingestion.schema.unmade import unmade, without_any


@dataclass(frozen=True, kw_only=True)
class Drift:
    server: Server
    alias: str
    """Of the database in Django's settings."""
    applied: int
    is_cached: bool
    """What the migrations make was known from an earlier time."""
    comparison: Comparison
    repair: Sequence[Statement]
    """Makes the database what the migrations say, in this order."""
    keep: Sequence[Statement]
    """Makes of what the migrations say what the database has; in a migration, elsewhere too."""
    keep_undone: Sequence[Statement]
    """The way back from there, on a database where the DBA has granted nothing besides."""
    unmade: Mapping[str, Sequence[str]]
    """Apps of the project with what `makemigrations` would write for each."""
    pending: Sequence[Key]
    leaves: Mapping[str, str]
    """Apps with the last migration of each."""
    absent: frozenset[str]
    """Roles that the migrations give rights to, and that the server does not have."""
    own: frozenset[str]
    """Those that are the project's, and not a library's."""
    project: Project

    @property
    def is_clean(self) -> bool:
        return not (self.comparison.groups or self.unmade)


def look(
    connection: BaseDatabaseWrapper,
    *,
    ignore: Mapping[str, str],
    cache: Kept | None,
    by: Origin,
    limits: Limits,
    progress: Progress,
) -> Drift:
    """Changes nothing."""
    live = read(connection, lock_wait=limits.lock_wait, say=progress.waits)
    project = live.project
    known = expected(project, kept=cache, origin=by, limits=limits)
    compared = compare(known.things, live.things, ignore=ignore)
    return Drift(
        server=server_of(connection),
        alias=connection.alias,
        applied=len(project.applied),
        is_cached=known.is_cached,
        comparison=compared,
        repair=repairs(compared.found | compared.others, compared.expected | compared.others),
        keep=repairs(compared.expected, compared.found),
        keep_undone=repairs(compared.found, compared.expected),
        unmade=_unmade(project),
        pending=_pending(project),
        leaves=dict(project.graph.leaf_nodes()),
        absent=_absent(connection, compared),
        own=project.own,
        project=project,
    )


def drifted(
    connection: BaseDatabaseWrapper, *, limits: Limits, progress: Progress
) -> list[Difference]:
    """Where the database is not what its migrations make, but for what the settings ignore."""
    live = read(connection, lock_wait=limits.lock_wait, say=progress.waits)
    known = expected(live.project, kept=kept(), origin=origin(), limits=limits)
    compared = compare(known.things, live.things, ignore=ignored())
    return [group.difference for group in compared.groups]


def _absent(connection: BaseDatabaseWrapper, compared: Comparison) -> frozenset[str]:
    """Asked where rights are missing only."""
    missing = compared.expected.keys() - compared.found.keys()
    roles = {to for each in missing if (to := role_of(compared.expected[each]))} - {"public"}
    if not roles:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role FROM unnest(%s) AS role WHERE to_regrole(role) IS NULL", [sorted(roles)]
        )
        return frozenset(role for (role,) in cursor.fetchall())


def _pending(project: Project) -> list[Key]:
    there = project.visible()
    return [key for key in full_order(project.graph) if key not in there]


def _unmade(project: Project) -> dict[str, list[str]]:
    """Models of libraries are not the project's to write migrations for."""
    own = own_apps()
    made = {app: words for app, words in unmade(project).items() if app in own}
    return made | {app: ["Create its first migration"] for app in sorted(without_any(project))}
