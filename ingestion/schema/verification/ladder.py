"""A scratch database with rows, on which migrations are done one at a time, and may fail."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.catalog import Catalog, catalog
from ingestion.schema.confined import left_out
from ingestion.schema.errors import DoesNotRun, NoRoomForScratch, SchemaError
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step
from ingestion.schema.project import Project, recorded
from ingestion.schema.replay import Where, alone, perform, saying_where
from ingestion.schema.scratch import scratch
from ingestion.schema.verification.contents import Column, Contents, contents
from ingestion.schema.verification.seeds import Sower

COMMAND = "schema verify"
NOT_OF_THE_MIGRATION = ("53", "57", "58")
"""Classes of errors: no room, the server is stopped, its system fails (manual, appendix A)."""
QUERY_CANCELED = "57014"
"""By a timeout that the migration has set."""


@dataclass(frozen=True)
class Seen:
    """A database at one moment."""

    things: Catalog
    rows: Contents


@contextmanager
def trial(alias: str) -> Iterator[DatabaseWrapper]:
    """A scratch database that may be lost with the server: nobody waits for its disk."""
    with scratch(alias) as copy:
        with copy.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
        with cancelled_by_ctrl_c(copy):
            yield copy


def try_out(
    project: Project, steps: Sequence[Step], *, origin: Origin, limits: Limits
) -> DoesNotRun | SchemaError | None:
    """Do them; why it did not work. What failed as one transaction has changed nothing."""
    connection, where = project.connection, Where()
    try:
        with saying_where(where, DoesNotRun):
            perform(
                project, steps, origin=origin, limits=alone(limits), progress=where, command=COMMAND
            )
    except SchemaError as error:
        _pass_on(error, connection)
        return error
    finally:
        if connection.is_usable():
            project.applied = recorded(connection)
    return None


def reason(error: SchemaError) -> str:
    return error.why if isinstance(error, DoesNotRun) else error.message.rstrip(".")


def _pass_on(error: SchemaError, connection: BaseDatabaseWrapper) -> None:
    """What no migration is to blame for."""
    cause = error.__cause__
    code = getattr(cause.__cause__ if cause else None, "pgcode", None) or ""
    if code == "53100":
        raise NoRoomForScratch from error
    is_elsewhere = code.startswith(NOT_OF_THE_MIGRATION) and code != QUERY_CANCELED
    if cause and (is_elsewhere or not connection.is_usable()):
        raise cause


def see(connection: BaseDatabaseWrapper) -> Seen:
    return Seen(catalog(connection), contents(connection))


@dataclass
class Ladder:
    live: BaseDatabaseWrapper
    origin: Origin
    limits: Limits
    given: Mapping[str, str | Sequence[str]]
    """The project's own rows, as SQL."""
    stack: ExitStack
    parts_of: Collection[str] = ()
    """Apps whose squashed migrations are not there, and what they replace is."""
    done: dict[Key, bool] = field(default_factory=dict)
    """The migrations that are there, and whether the tables had to be empty for them."""
    bare: int = 0
    """How many of these there have to be before any rows are made up."""
    unsown: dict[str, str] = field(default_factory=dict)
    """Tables without rows, and why."""
    left_out: dict[Key, list[str]] = field(default_factory=dict)
    """What a migration says to the whole server."""
    met: set[str] = field(default_factory=set)
    """All tables that there have been."""

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.connection = self.stack.enter_context(trial(self.live.alias))
        self.project = Project.read(self.connection)
        if self.parts_of:
            self.project, _ = self.project.in_parts(self.parts_of)
        self.sower = Sower(self.connection, self.given, self.unsown, self.met)
        self._things: Catalog | None = None
        self.young: dict[str, set[Column]] = {}
        """By app: the columns of its last migration. They stay as it left them until the next
        one, which may be there to fill them, is through."""

    def restart(self, *, is_bare: bool = False) -> None:
        """Another database, brought to where this one was before something went wrong.

        A bare one has no rows but those that the migrations themselves have made.
        """
        self.stack.close()
        self._start()
        bare = len(self.done) if is_bare else self.bare
        for place, (key, was_empty) in enumerate(self.done.items()):
            before = self.things
            if was_empty and place >= bare:
                self.clear()
            self.up(key)
            if place < bare:
                self.young[key[0]] = _added(before, self.things)
            else:
                self.grow(key[0], before)
        if not is_bare:
            self.sow()

    def up(self, key: Key) -> str | None:
        """Why it did not work."""
        return self._do(Step(key))

    def down(self, key: Key) -> str | None:
        return self._do(Step(key, backwards=True))

    def _do(self, step: Step) -> str | None:
        self._things = None
        before = len(left_out(self.connection))
        error = try_out(self.project, [step], origin=self.origin, limits=self.limits)
        if found := left_out(self.connection)[before:]:
            self.left_out.setdefault(step.key, []).extend(found)
        return reason(error) if error else None

    @property
    def things(self) -> Catalog:
        """Which only migrations change."""
        if self._things is None:
            self._things = catalog(self.connection)
        return self._things

    def see(self) -> Seen:
        return Seen(self.things, contents(self.connection))

    def clear(self) -> None:
        """Take the rows away that were made up."""
        self.sower.clear()

    def sow(self) -> None:
        self.sower.sow()

    def grow(self, app: str, before: Catalog) -> None:
        """After a migration: rows for its tables, and values for the columns of the one before."""
        self.sow()
        self.sower.fill(self.young.pop(app, ()))
        self.young[app] = _added(before, self.things)

    @property
    def unripe(self) -> set[Column]:
        return {column for columns in self.young.values() for column in columns}


def _added(before: Catalog, after: Catalog) -> set[Column]:
    """Columns that came to tables that were there."""
    found = set()
    for thing in after.keys() - before.keys():
        kind, _, rest = thing.partition(" ")
        table, _, column = rest.rpartition(".")
        if kind == "column" and f"table {table}" in before:
            found.add((table, column))
    return found
