"""What there is: the migrations on disk, those applied, and whose they are. Changes nothing."""

import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.exceptions import (
    BadMigrationError,
    CircularDependencyError,
    NodeNotFoundError,
)
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader

from ingestion.schema.errors import BrokenFile, FileIsMissing, InconsistentHistory, TwoHeads
from ingestion.schema.operations import state_after
from ingestion.schema.plan import Key, full_order, read_state
from ingestion.schema.sources import file_hash, own_apps
from ingestion.schema.states import State
from ingestion.schema.supposed import SupposingLoader


@dataclass
class Project:
    connection: BaseDatabaseWrapper
    loader: MigrationLoader
    applied: Mapping[Key, int]
    """Each with the number under which it was recorded: what came later has a higher one."""
    is_supposed: bool = False
    """What is applied is not what the database says."""

    @classmethod
    def read(cls, connection: BaseDatabaseWrapper) -> "Project":
        return cls(connection, _load(lambda: MigrationLoader(connection)), recorded(connection))

    @classmethod
    def supposing(cls, connection: BaseDatabaseWrapper, state: str) -> "Project":
        """As on a database in a state that somebody names, whatever this one has."""
        files = _load(lambda: SupposingLoader((), replace=False))
        named = read_state(state, graph=files.graph)
        parts = {part for key in named for part in files.disk_migrations[key].replaces}
        order = [key for key in full_order(files.graph) if key in named | parts]
        applied = {key: number for number, key in enumerate(order)}
        return cls(connection, _load(lambda: SupposingLoader(order)), applied, is_supposed=True)

    @property
    def graph(self) -> MigrationGraph:
        graph: MigrationGraph = self.loader.graph
        return graph

    @property
    def own(self) -> frozenset[str]:
        return own_apps() & self.loader.migrated_apps

    def reread(self) -> bool:
        """Look again, now that nobody else can change it; whether anything did."""
        now = recorded(self.connection)
        if now == self.applied:
            return False
        self.applied = now
        if self.loader.replacements:  # which of them stand for their parts depends on it
            self.loader.build_graph()
        return True

    def check(self) -> None:
        """Refuse a history that contradicts the files, and two last migrations in an app."""
        if gap := self.gap():
            raise InconsistentHistory(*gap)
        if conflicts := self.loader.detect_conflicts():
            raise TwoHeads(conflicts)

    def gap(self) -> tuple[Key, Key] | None:
        """A migration that is applied, and one that it needs and that is not."""
        for key in self.applied:
            for parent in self.graph.node_map[key].parents if key in self.graph.nodes else ():
                if parent.key not in self.applied and not self._stands_for_applied(parent.key):
                    return key, parent.key
        return None

    def _stands_for_applied(self, key: Key) -> bool:
        squashed = self.loader.replacements.get(key)
        return squashed is not None and all(part in self.applied for part in squashed.replaces)

    def migration(self, key: Key) -> Migration:
        migration = self.graph.nodes[key]
        assert migration is not None  # noqa: S101  (only while the graph is being built)
        return migration

    def hash(self, key: Key) -> str | None:
        """Of the file; None where there is none."""
        migration = self.graph.nodes.get(key) or self.loader.disk_migrations.get(key)
        return file_hash(migration) if migration else None

    def hashes(self) -> list[tuple[Key, str | None]]:
        """Of all that is applied, in the order in which it was."""
        return [(key, self.hash(key)) for key in sorted(self.applied, key=self.applied.__getitem__)]

    def in_parts(self, own: Collection[str]) -> tuple["Project", set[Key]]:
        """With the migrations that squashed ones of these apps replace in their place, and which.

        To a database that has only some of them they are what is left to do.
        """
        firsts: set[Key] = set()
        parts: set[Key] = set()
        for (app, _), squashed in self.loader.replacements.items():
            replaced = {(label, name) for label, name in squashed.replaces}
            # To have the only one applied would be to have them all.
            if app in own and len(replaced) > 1 and replaced <= self.loader.disk_migrations.keys():
                firsts.add(squashed.replaces[0])
                parts |= replaced
        loader = _load(lambda: SupposingLoader(firsts))
        return Project(self.connection, loader, self.applied), parts

    def empty_state(self) -> State:
        return State(real_apps=set(self.loader.unmigrated_apps))

    def state(self, applied: Collection[Key]) -> State:
        """What the models are when these are applied, in the order of an empty database."""
        state = self.empty_state()
        for key in full_order(self.graph):
            if key in applied:
                self.migration(key).mutate_state(state, preserve=False)
        return state

    def states_before(self, keys: Collection[Key], applied: Collection[Key]) -> dict[Key, State]:
        """Before each of these was applied, with nothing that comes after it."""
        found: dict[Key, State] = {}
        state = self.empty_state()
        for key in full_order(self.graph):
            if key in keys:
                found[key] = state
            if key in applied:
                state = state_after(self.migration(key), state)
        return found

    def unrecorded_replacements(self, applied: Collection[Key]) -> list[Key]:
        """Squashed migrations all of whose parts are applied, which makes them so too."""
        return [
            key
            for key, migration in self.loader.replacements.items()
            if key not in applied and all(part in applied for part in migration.replaces)
        ]

    def without_file(self, app: str) -> list[Key]:
        """Applied, and not on disk."""
        return sorted(
            key for key in self.applied if key[0] == app and key not in self.loader.disk_migrations
        )

    def replacements_of(self, keys: Collection[Key]) -> list[Key]:
        """Squashed migrations that name one of these as a part."""
        return [
            key
            for key, migration in self.loader.replacements.items()
            if any(part in keys for part in migration.replaces)
        ]

    def visible(self) -> dict[Key, int]:
        """What is applied; of squashed migrations and their parts, those that are in the graph."""
        parts = {part for each in self.loader.replacements.values() for part in each.replaces}
        hidden = (parts | self.loader.replacements.keys()) - self.graph.nodes.keys()
        squashed = {
            key: max(self.applied[part] for part in self.loader.replacements[key].replaces)
            for key in self.unrecorded_replacements(self.applied)
        }
        everything = {**self.applied, **squashed}
        return {key: number for key, number in everything.items() if key not in hidden}

    def see_all(self, keys: Collection[Key]) -> None:
        """Lay out the graph so that these are in it; refuse when there is no file for one."""
        if any(key not in self.graph.nodes for key in keys):
            self._without_replacements()
        for key in keys:
            if key not in self.graph.nodes:
                raise FileIsMissing(key)

    def see(self, app: str, prefix: str) -> str:
        """The name that this stands for, with the graph laid out so that it is in it.

        A migration that a squashed one replaces is not, nor is a squashed one of which only some
        parts are applied: for that one the last part stands.
        """
        names = [name for label, name in self.loader.disk_migrations if label == app]
        found = [prefix] if prefix in names else [n for n in names if n.startswith(prefix)]
        if len(found) != 1 or (app, found[0]) in self.graph.nodes:
            return found[0] if len(found) == 1 else prefix
        if squashed := self.loader.replacements.get((app, found[0])):
            return str(squashed.replaces[-1][1])
        self._without_replacements()
        return found[0]

    def _without_replacements(self) -> None:
        self.loader.replace_migrations = False  # type: ignore[attr-defined]
        self.loader.build_graph()


def recorded(connection: BaseDatabaseWrapper) -> dict[Key, int]:
    """What `django_migrations` says is applied, in order; nothing where the table is missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return {}
        cursor.execute("SELECT app, name, id FROM django_migrations ORDER BY id")
        return {(app, name): number for app, name, number in cursor.fetchall()}


def _load(read: Callable[[], MigrationLoader]) -> MigrationLoader:
    try:
        return read()
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        raise BrokenFile(where, error.msg) from error
    except BadMigrationError as error:
        raise BrokenFile("its class", str(error)) from error
    except (NodeNotFoundError, CircularDependencyError) as error:
        raise BrokenFile("its dependencies", str(error).rstrip(".")) from error
    except DatabaseError:
        raise
    except Exception as error:  # whatever a file does while it is imported
        frames = traceback.extract_tb(error.__traceback__)
        last = [frame for frame in frames if not frame.filename.startswith("<")][-1]
        where = f"{last.filename}, line {last.lineno}"
        raise BrokenFile(where, f"{type(error).__name__}: {error}".rstrip(".")) from error
