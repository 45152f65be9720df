"""The plan on a copy first: up, down and up again, each statement observed.

    live ─► copy ─► up ─► what would be lost ─► down ─► as before? ─► up ─► as after the first?

The facts only; what is wrong with them says `verdict`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import psycopg2.errors
from django.apps import apps
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema import losses
from ingestion.schema.apart import of_only_reading
from ingestion.schema.catalog import Catalog, catalog
from ingestion.schema.confined import left_out
from ingestion.schema.differing import is_validated
from ingestion.schema.drift.differences import Difference, differences
from ingestion.schema.errors import (
    AnotherIndexIsThere,
    BreaksTransaction,
    CannotRehearse,
    CopyOnlyReads,
    LiveTablesLocked,
    LockLost,
    NoRoomForCopy,
    NoSuchMigration,
    RehearsalLost,
    SchemaError,
)
from ingestion.schema.failures import is_lost
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.limits import Limits
from ingestion.schema.observation.observe import observing
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Step, refuse_irreversible, resolve, without_reverse
from ingestion.schema.project import Project
from ingestion.schema.rehearsal.checksums import Checksums, changed, checksums
from ingestion.schema.rehearsal.copies import copied, may_not_read, size_of
from ingestion.schema.rehearsal.elsewhere import (
    children_led_to,
    let_foreign_tables_only_read,
    noticing,
)
from ingestion.schema.rehearsal.rehearsed import (
    Copy,
    Elsewhere,
    Failure,
    Heavy,
    Irreversible,
    Lost,
    Pass,
    Rehearsal,
    ways_of,
)
from ingestion.schema.replay import add_renames, alone, perform, replay, why
from ingestion.schema.resume import refuse_elsewhere
from ingestion.schema.scratch import scratch
from ingestion.schema.targets import Named, Target, read_target
from ingestion.schema.units import brief, counted, size
from ingestion.schema.verification.findings import reason

Say = Callable[[str], None]
Wish = tuple[str | None, str | None]
"""The one or two words that name the target, as `migrate` takes them."""
OF_THE_MIGRATION = (BreaksTransaction, AnotherIndexIsThere, LockLost)
"""The last where it closes the connection: here there is no lock that could be lost otherwise."""


def rehearse(
    live: BaseDatabaseWrapper,
    wish: Wish,
    *,
    has_data: bool,
    origin: Origin,
    limits: Limits,
    say: Say,
) -> Rehearsal | None:
    """None when there is nothing to do."""
    with _saying_what_is_denied(live):
        project, steps = planned(live, wish)
        if not steps:
            return None
        refuse_elsewhere(live)
    _refuse_read_only(live)
    size_bytes = size_of(live)
    started = time.monotonic()
    made = (
        _with_data(live, limits, say)
        if has_data
        else _without_data(live, project, origin, limits, say)
    )
    with _refusals(size_bytes), made as copy:
        duration = (time.monotonic() - started) * 1000
        say(f"{'Copied' if has_data else 'Made'} in {brief(duration)}.")
        facts = Copy(
            database=str(live.settings_dict["NAME"]),
            has_data=has_data,
            size_bytes=size_bytes,
            duration_ms=duration,
        )
        with cancelled_by_ctrl_c(copy), children_led_to(copy, database=facts.database):
            let_foreign_tables_only_read(copy)
            story = _Story(copy, facts, origin=origin, limits=limits, say=say)
            told = story.told(wish)
    if told is None or has_data:
        return told
    with _waiting_at_most(live, limits.lock_wait):
        return replace(told, heavy=tuple(_heavy(live, told.passes[0])))


def planned(connection: BaseDatabaseWrapper, wish: Wish) -> tuple[Project, list[Step]]:
    """What `migrate` would do with these words."""
    target = read_target(*wish, apps={each.label for each in apps.get_app_configs()})
    project = Project.read(connection)
    project.check()
    if target.app and target.app not in project.loader.migrated_apps:
        raise NoSuchMigration(target.app, "", [])
    if isinstance(target.place, Named) and target.app:
        target = Target(target.app, Named(project.see(target.app, target.place.prefix)))
    steps = resolve(target, graph=project.graph, applied=project.visible(), own=project.own)
    refuse_irreversible(project.migration(step.key) for step in steps if step.backwards)
    return project, steps


class _Story:
    """On the copy."""

    def __init__(
        self,
        copy: BaseDatabaseWrapper,
        facts: Copy,
        *,
        origin: Origin,
        limits: Limits,
        say: Say,
    ) -> None:
        self.copy = copy
        self.facts = facts
        self.origin = origin
        self.limits = alone(limits)
        self.say = say
        self.ways = ways_of(backwards=False, barrier=None)
        self.passes: list[Pass] = []
        self.elsewhere: dict[Elsewhere, None] = {}

    def told(self, wish: Wish) -> Rehearsal | None:
        # Somebody may have migrated the live database while it was copied.
        project, steps = planned(self.copy, wish)
        if not steps:
            return None
        before = len(left_out(self.copy))
        backwards = steps[0].backwards
        stuck = tuple(_irreversible(project, steps))
        self.ways = ways_of(backwards=backwards, barrier=stuck[-1].where if stuck else None)
        free = _behind(stuck, steps)
        back = [replace(step, backwards=not step.backwards) for step in reversed(free)]
        lost = self._lost(steps) if backwards else []
        start = self._up_to(free, steps)
        is_read = start is not None and free and self.facts.has_data
        held = self._checksums() if is_read else None
        reached = self._pass(free, self.ways[0]) if start is not None and free else None
        self._join_first(len(steps) - len(free))
        if reached is not None and not backwards:
            lost = self._lost(back)
        returned = self._pass(back, self.ways[1]) if reached is not None else None
        others = changed(held, self._checksums()) if returned is not None and held else []
        again = self._pass(free, self.ways[2]) if returned is not None else None
        left = _differences(start, returned)
        return Rehearsal(
            copy=self.facts,
            plan=tuple(f"{step}" for step in steps),
            backwards=backwards,
            passes=tuple(self.passes),
            irreversible=stuck,
            elsewhere=tuple(self.elsewhere),
            heavy=(),
            lost=tuple(lost),
            changed=tuple(others),
            not_undone=tuple(each for each in left if not is_validated(each)),
            stays_valid=tuple(filter(is_validated, left)),
            not_again=_differences(reached, again),
            left_out=tuple(dict.fromkeys(left_out(self.copy)[before:])),
        )

    def _up_to(self, free: Sequence[Step], steps: Sequence[Step]) -> Catalog | None:
        """What the way back has to lead to; None where what cannot be undone failed."""
        stays = steps[: len(steps) - len(free)]
        return self._pass(stays, self.ways[0]) if stays else catalog(self.copy)

    def _join_first(self, stays: int) -> None:
        """What cannot be undone and what follows it are one pass."""
        if stays and len(self.passes) == 2:
            first, then = self.passes
            duration, steps = first.duration_ms + then.duration_ms, (*first.steps, *then.steps)
            self.passes = [replace(then, duration_ms=duration, steps=steps)]

    def _pass(self, steps: Sequence[Step], what: str) -> Catalog | None:
        """The tables afterwards; None where it failed."""
        self.say(f"{what}: {counted(len(steps), 'migration')} …")
        project = Project.read(self.copy)
        project.see_all([step.key for step in steps])
        add_renames(project, steps)
        started = time.monotonic()
        with (
            observing(self.copy) as observer,
            noticing(self.copy, now=lambda: observer.step) as elsewhere,
        ):
            failure = None
            try:
                perform(
                    project,
                    steps,
                    origin=self.origin,
                    limits=self.limits,
                    progress=observer,
                    command="rehearse",
                )
            # Whatever a migration raises is what it does, sys.exit(0) as well.
            except (Exception, SystemExit) as error:
                if not _is_its_own(error):
                    raise
                failure = Failure(
                    where=f"{observer.step or 'the record of migrations'}",
                    statement=observer.statement,
                    why=of_only_reading(why(error)),
                    stays=observer.done,
                )
        duration = (time.monotonic() - started) * 1000
        self.elsewhere |= dict.fromkeys(elsewhere)
        self.passes.append(
            Pass(
                backwards=steps[0].backwards,
                duration_ms=duration,
                steps=tuple(observer.steps),
                failure=failure,
            )
        )
        if failure:
            return None
        return catalog(self.copy)

    def _checksums(self) -> Checksums:
        self.say("Reading what the tables hold …")
        return checksums(self.copy)

    def _lost(self, back: Sequence[Step]) -> list[Lost]:
        project = Project.read(self.copy)
        project.see_all([step.key for step in back])
        found = losses.losses(self.copy, losses.candidates(project, back))
        return [
            Lost(
                table=f"{replace(loss.candidate.now, column=None)}",
                column=loss.candidate.now.column,
                count=loss.count,
            )
            for loss in found
        ]


def _irreversible(project: Project, steps: Sequence[Step]) -> Iterator[Irreversible]:
    for step in steps:
        migration = project.migration(step.key)
        for operation in [] if step.backwards else without_reverse(migration):
            waived = reason(migration, "irreversible")
            yield Irreversible(where=f"{step}", operation=operation, waived=waived)


def _behind(stuck: Sequence[Irreversible], steps: Sequence[Step]) -> Sequence[Step]:
    """Those that can be undone, because they follow all that cannot."""
    names = {each.where for each in stuck}
    last = max((number for number, step in enumerate(steps, 1) if f"{step}" in names), default=0)
    return steps[last:]


def _heavy(live: BaseDatabaseWrapper, plan: Pass) -> Iterator[Heavy]:
    for step in plan.steps:
        for statement in step.statements:
            if any(lock.blocks_writes for lock in statement.locks):
                scanned = [each for each in statement.scanned if each not in statement.rewritten]
                for verb, relations in (("rewrites", statement.rewritten), ("scans", scanned)):
                    for relation, size_bytes in _tables(live, relations):
                        yield Heavy(
                            where=f"{step.step}",
                            verb=verb,
                            relation=relation,
                            size_bytes=size_bytes,
                        )


def _tables(live: BaseDatabaseWrapper, relations: Sequence[str]) -> list[tuple[str, int]]:
    """Those that are tables of the live database, each with its size."""
    with live.cursor() as cursor:
        cursor.execute(
            "SELECT name, pg_total_relation_size(oid) FROM unnest(%s::text[]) AS name "
            "JOIN pg_class ON oid = to_regclass(name) WHERE relkind IN ('r', 'm')",
            [list(relations)],
        )
        found: list[tuple[str, int]] = cursor.fetchall()
        return found


@contextmanager
def _waiting_at_most(live: BaseDatabaseWrapper, seconds: int) -> Iterator[None]:
    """For tables that somebody holds, of which not even the size can be asked."""
    try:
        with transaction.atomic(using=live.alias), live.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{seconds}s"])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg2.errors.LockNotAvailable):
            raise LiveTablesLocked from error
        raise


def _differences(expected: Catalog | None, found: Catalog | None) -> tuple[Difference, ...]:
    if expected is None or found is None:
        return ()
    return tuple(differences(expected, found))


# --- The copy --------------------------------------------------------------------------------


@contextmanager
def _with_data(
    live: BaseDatabaseWrapper, limits: Limits, say: Say
) -> Iterator[BaseDatabaseWrapper]:
    reminded = time.monotonic()

    def hear(so_far: int, total: int) -> None:
        nonlocal reminded
        if time.monotonic() - reminded > 5:
            reminded = time.monotonic()
            say(f"  {size(so_far)} so far")

    say(f"Copying {live.settings_dict['NAME']} ({size(size_of(live))}) …")
    with copied(live, lock_wait=limits.lock_wait, say=hear) as copy:
        yield copy


@contextmanager
def _without_data(
    live: BaseDatabaseWrapper, project: Project, origin: Origin, limits: Limits, say: Say
) -> Iterator[BaseDatabaseWrapper]:
    say(f"Making the empty tables of {counted(len(project.applied), 'migration')} …")
    with scratch(live.alias) as copy:
        with cancelled_by_ctrl_c(copy):
            replay(copy, project, origin=origin, limits=limits, refusal=CannotRehearse)
        yield copy


# --- What is no fault of a migration ---------------------------------------------------------


def _is_its_own(error: BaseException) -> bool:
    if isinstance(error, SchemaError):
        return isinstance(error, OF_THE_MIGRATION)
    is_of_database = isinstance(error, DatabaseError | InterfaceError)
    is_full = isinstance(error.__cause__, psycopg2.errors.DiskFull)
    return not (is_full or (is_of_database and is_lost(error)))


@contextmanager
def _refusals(size_bytes: int) -> Iterator[None]:
    """What the server cannot do, in our words; a full disk may take it down."""
    refusal: SchemaError
    try:
        yield
        return
    except (DatabaseError, InterfaceError) as error:
        if isinstance(error.__cause__, psycopg2.errors.DiskFull):
            refusal = NoRoomForCopy(size_bytes)
        elif is_lost(error):
            refusal = RehearsalLost()
        else:
            raise
    raise refusal


@contextmanager
def _saying_what_is_denied(live: BaseDatabaseWrapper) -> Iterator[None]:
    """To read what is applied, already."""
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg2.errors.InsufficientPrivilege):
            said = f"{error}".partition("\n")[0]
            raise may_not_read(live, said, is_for_data=False) from error
        raise


def _refuse_read_only(live: BaseDatabaseWrapper) -> None:
    with live.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
        is_replica, reads_only = cursor.fetchone()
    if is_replica or reads_only == "on":
        raise CopyOnlyReads(is_replica=is_replica)
