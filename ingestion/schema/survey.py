"""Every migration there is, as far as the files, the record and the journal know of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.journal import adds, entries, removes
from ingestion.schema.models import JournalEntry
from ingestion.schema.plan import Key, full_order
from ingestion.schema.project import Project
from ingestion.schema.resume import FINAL, HalfDone, half_done


class State(StrEnum):
    APPLIED = "applied"
    PENDING = "pending"
    HALF_APPLIED = "half applied"
    HALF_UNDONE = "half undone"
    REPLACED = "replaced"
    """By a squashed migration, which stands in the graph for it."""
    WAITING = "waiting"
    """A squashed one that stands for nothing yet: only some of its parts are applied."""
    NO_FILE = "no file"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """How a migration came to be applied."""

    at: datetime | None
    how: str | None
    """apply, fake or adopt; None, as all that follows, where the journal does not say."""
    by: str | None = None
    role: str | None = None
    host: str | None = None
    duration_ms: int | None = None
    version: str | None = None
    git_commit: str | None = None
    hash: str | None = None
    """Of the file, at that time."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one migration."""

    app: str
    name: str
    state: State
    is_current: bool
    """Applied, and nothing after it in its app; true of several where there are branches."""
    is_head: bool
    """Nothing comes after it in its app."""
    is_edited: bool
    """The file is not what it was when it was applied."""
    parents: tuple[str, ...]
    """What it follows in its own app."""
    needs: tuple[str, ...]
    """What it follows in other apps."""
    replaces: tuple[str, ...]
    applied: Applied | None


class Survey:
    """Of all apps, or of some. Changes nothing, neither here nor in the database."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.graph = project.graph
        self.half_done = half_done(project.connection)
        self.squashed = set(project.unrecorded_replacements(project.applied))
        """Those that are applied because all their parts are; the next run records it."""
        self.applied = project.applied.keys() | self.squashed
        self._halves: dict[Key, HalfDone] = {half.key: half for half in self.half_done}

    @cached_property
    def order(self) -> list[Key]:
        """What stands in the graph, as an empty database would get it."""
        return full_order(self.graph)

    @cached_property
    def remembered(self) -> dict[Key, JournalEntry]:
        """What the journal last said of each migration."""
        return remembered(self.project.connection)

    @cached_property
    def outside(self) -> list[Key]:
        """What does not stand in the graph: replaced, or without a file."""
        known = self.project.loader.disk_migrations.keys() | self.project.applied.keys()
        return sorted(known - self.graph.nodes.keys())

    @cached_property
    def parts(self) -> set[Key]:
        """What squashed migrations replace; some may have no file any more."""
        replacements = self.project.loader.replacements.values()
        return {part for migration in replacements for part in migration.replaces}

    @cached_property
    def apps(self) -> list[str]:
        """Those that have migrations: the project's own, then those of libraries."""
        labels = {app for app, _ in [*self.order, *self.outside]}
        return sorted(labels, key=lambda app: (app not in self.project.own, app))

    def of(self, app: str) -> list[Known]:
        """Oldest first; at the end what is not in the graph."""
        return [self.known(key) for key in [*self.order, *self.outside] if key[0] == app]

    def known(self, key: Key) -> Known:
        node = self.graph.node_map.get(key)
        children = [child.key for child in node.children] if node else []
        parents = sorted(parent.key for parent in node.parents) if node else []
        after = [child for child in children if child[0] == key[0]]
        migration = self.project.loader.disk_migrations.get(key)
        return Known(
            app=key[0],
            name=key[1],
            state=self.state(key),
            is_current=self.is_current(key),
            is_head=node is not None and not after,
            is_edited=self.is_edited(key),
            parents=tuple(name for app, name in parents if app == key[0]),
            needs=tuple(f"{app}.{name}" for app, name in parents if app != key[0]),
            replaces=tuple(f"{app}.{name}" for app, name in migration.replaces)
            if migration
            else (),
            applied=self._how_applied(key),
        )

    def is_current(self, key: Key) -> bool:
        node = self.graph.node_map.get(key)
        if node is None or key not in self.applied:
            return False
        return not any(
            child.key[0] == key[0] and child.key in self.applied for child in node.children
        )

    def state(self, key: Key) -> State:
        if half := self._halves.get(key):
            return State.HALF_UNDONE if half.backwards else State.HALF_APPLIED
        if key not in self.graph.nodes:
            return self._state_outside(key)
        return State.APPLIED if key in self.applied else State.PENDING

    def is_edited(self, key: Key) -> bool:
        entry = self.entry(key)
        if entry is None or entry.hash is None:
            return False
        return self.project.hash(key) not in {None, entry.hash}

    def entry(self, key: Key) -> JournalEntry | None:
        """The one that tells how the migration came to be applied, if the journal does."""
        entry = self.remembered.get(key)
        return entry if entry and adds(entry) and key in self.project.applied else None

    def is_unjournaled(self, key: Key) -> bool:
        """Somebody else has changed the record."""
        entry = self.remembered.get(key)
        if key in self.project.applied:
            return bool(self.remembered) and (entry is None or removes(entry))
        return entry is not None and adds(entry)

    def _state_outside(self, key: Key) -> State:
        if key in self.parts:
            return State.REPLACED
        if key in self.project.loader.replacements:
            return State.WAITING
        return State.NO_FILE

    def _how_applied(self, key: Key) -> Applied | None:
        if key not in self.project.applied:
            return None
        at = getattr(self.project.loader.applied_migrations.get(key), "applied", None)
        entry = self.entry(key)
        if entry is None:
            return Applied(at=at, how=None)
        if entry.action == "adopt":  # by whom and how, nobody knows
            return Applied(at=at, how="adopt", hash=entry.hash)
        return Applied(
            at=at or entry.at,  # Django's loader forgets when a squashed one was
            how=entry.action,
            by=entry.os_user,
            role=entry.role,
            host=entry.host,
            duration_ms=entry.duration_ms,
            version=entry.version,
            git_commit=entry.git_commit,
            hash=entry.hash,
        )


def remembered(connection: BaseDatabaseWrapper) -> dict[Key, JournalEntry]:
    latest: Iterable[JournalEntry] = (
        entries(connection)
        .filter(action__in=FINAL)
        .order_by("app", "migration", "-id")
        .distinct("app", "migration")
        .defer("ddl", "error")
    )
    return {(entry.app or "", entry.migration or ""): entry for entry in latest}
