"""A plan → done: each step, its deferred statements, its record and its entry as one transaction.

A migration that cannot be one (atomic = False) is done piece by piece: see `pieces`.
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema import resume
from ingestion.schema.editor import Editor, editor
from ingestion.schema.errors import (
    BreaksTransaction,
    GroupNotAtomic,
    LockLost,
    SchemaError,
    StillBlocked,
)
from ingestion.schema.journal import PARTS_APPLIED, Entry, Journal
from ingestion.schema.limits import Limits
from ingestion.schema.locks import blockers, still_held
from ingestion.schema.operations import backwards, forwards, is_noop, state_after
from ingestion.schema.pieces import Pieces
from ingestion.schema.plan import Key, Step
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project
from ingestion.schema.statements import for_the_record, split, transaction_control
from ingestion.schema.states import State
from ingestion.schema.timeouts import Timeouts

LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"
ENDS = re.compile(
    r"(?:COMMIT|END|ABORT|PREPARE|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\s))\b", re.IGNORECASE
)
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
REASONS = {LOCK_NOT_AVAILABLE: "lock timeout", DEADLOCK_DETECTED: "deadlock"}


class Run:
    """The doing of one plan, under the lock, with the timeouts set."""

    def __init__(
        self,
        project: Project,
        *,
        journal: Journal,
        timeouts: Timeouts,
        limits: Limits,
        progress: Progress,
        before_step: Callable[[Step], None] = lambda step: None,
        is_locked: bool = True,
    ) -> None:
        self.project = project
        self.connection = project.connection
        self.journal = journal
        self.timeouts = timeouts
        self.limits = limits
        self.progress = progress
        self.before_step = before_step
        self.is_locked = is_locked
        """False on a database that nobody else knows of."""
        self.recorder = MigrationRecorder(self.connection)
        self.applied: set[Key] = set(project.applied)
        self.grouped = False
        self.done: list[Step] = []
        self.current: Step | None = None
        self.committed = False
        """The transaction of the current step: what fails now takes nothing of it back."""

    # --- The whole plan ----------------------------------------------------------------------

    def perform(
        self,
        steps: Sequence[Step],
        *,
        command: str,
        group: bool = False,
        undoes: UUID | None = None,
        forget: Sequence[Key] = (),
        lost: Sequence[str] = (),
    ) -> None:
        """Do it, with `begin` and `end` around it in the journal.

        `undoes` is the run that this one takes back, `forget` what is to go from the record alone,
        `lost` what data goes with it, for the journal.
        """
        resume.refuse_elsewhere(self.connection, steps)
        self.grouped = group
        if group:
            self._refuse_non_atomic(steps)
        self.recorder.ensure_schema()
        self.journal.ensure(self.project.hashes())
        detail = {"command": command, "plan": _words(steps), **({"lost": [*lost]} if lost else {})}
        self.append(Entry(action="begin", detail=detail))
        if undoes:
            self.append(Entry(action="undo", detail={"of": str(undoes)}))
        started = time.monotonic()
        try:
            self._record_squashed()
            (self._as_one if group else self._one_by_one)(steps)
            self._fake_all(forget, backwards=True, because="there is no file for it any more")
            self._record_squashed()
        except BaseException as error:
            self._failed(error, started)
            raise
        self.append(self._end("done", started))

    def _one_by_one(self, steps: Sequence[Step]) -> None:
        for down, some in groupby(steps, key=lambda step: step.backwards):
            (self._down if down else self._up)(list(some))
        self.current = None

    def _as_one(self, steps: Sequence[Step]) -> None:
        def attempt() -> None:
            self.done = []
            with transaction.atomic(using=self.connection.alias):
                transaction.on_commit(self._has_committed, using=self.connection.alias)
                self._one_by_one(steps)

        self._retrying(attempt)

    def _up(self, steps: Sequence[Step]) -> None:
        state = self.project.state(self.applied)
        for step in steps:
            state = self._step(step, state)

    def _down(self, steps: Sequence[Step]) -> None:
        before = self.project.states_before([step.key for step in steps], self.applied)
        for step in steps:
            self._step(step, before.pop(step.key))

    def _step(self, step: Step, state: State) -> State:
        self.current, self.committed = step, False
        migration = self.project.migration(step.key)
        self.progress.starts(step)
        started = time.monotonic()
        if migration.atomic or step.fake:
            state = self._whole(step, migration, state)
        else:
            state = self._piecewise(step, migration, state)
        self.progress.ends(step, time.monotonic() - started)
        self.done.append(step)
        self.applied ^= {step.key}
        return state

    # --- One migration -----------------------------------------------------------------------

    def _whole(self, step: Step, migration: Migration, state: State) -> State:
        """As one transaction."""
        reached = state
        before = frozenset(self.applied)

        def attempt() -> None:
            nonlocal reached
            self.applied = set(before)
            started = time.monotonic()
            statements: list[str] = []
            with self._transaction():
                made = editor(self.connection, atomic=True)
                made.sink = lambda text: self._execute(made, text, statements, step)
                if not step.fake:
                    reached = self._operate(step, migration, state, made)
                else:
                    reached = state_after(migration, state)
                self._record(step, migration, statements, started)

        if self.connection.in_atomic_block:
            attempt()
        else:
            self._retrying(attempt)
        return reached

    def _operate(self, step: Step, migration: Migration, state: State, made: Editor) -> State:
        def around(operation: Operation, work: Callable[[], None]) -> None:
            self.progress.operates(step, operation)
            if not is_noop(operation, backwards=step.backwards):
                work()
            self.progress.operated()

        reached = state
        with made:
            self.before_step(step)
            if step.backwards:
                backwards(migration, state, made, around=around)
            else:
                reached = forwards(migration, state, made, around=around)
            made.run_deferred()
        return reached

    def _piecewise(self, step: Step, migration: Migration, state: State) -> State:
        """In as many transactions as it takes, going on after those that are done."""
        started = time.monotonic()
        found = resume.done(self.connection, step)
        if found:
            self.progress.goes_on(step)
        digest = self.project.hash(step.key)
        done: list[str] = []

        def note(piece: str, statements: list[str]) -> None:
            detail = {"backwards": step.backwards, "piece": piece}
            ddl = for_the_journal(statements)
            self.append(Entry(action="step", key=step.key, hash=digest, ddl=ddl, detail=detail))
            done.extend(statements)

        reached = state
        made = editor(self.connection, atomic=False)
        pieces = Pieces(
            made,
            step,
            done=found,
            note=note,
            transaction=lambda: self._transaction_of(step),
            retrying=self._retrying,
            progress=self.progress,
        )
        self.timeouts.begin()
        with made:
            self.before_step(step)
            if step.backwards:
                backwards(migration, state, made, around=pieces, in_parts=True)
            else:
                reached = forwards(migration, state, made, around=pieces, in_parts=True)

        def record() -> None:
            with self._transaction():
                self._record(step, migration, done, started)

        self._retrying(record)
        return reached

    def _execute(self, made: Editor, text: str, statements: list[str], step: Step) -> None:
        if transaction_control(text) and (ending := next(filter(_ends, split(text)), None)):
            raise BreaksTransaction(str(step), ending)
        statements.append(text)
        self.progress.executes(text)
        made.execute_now(text)

    # --- The record --------------------------------------------------------------------------

    def _record(
        self, step: Step, migration: Migration, statements: list[str], started: float
    ) -> None:
        """The row in `django_migrations` and the entry, in the transaction that is open."""
        action = "fake" if step.fake else "unapply" if step.backwards else "apply"
        detail = {"direction": "unapply" if step.backwards else "apply"} if step.fake else {}
        for part in migration.replaces:
            self._part(part, of=step)
        if step.backwards:
            self._wholes(step)
        self._row(step.key, added=not step.backwards)
        self.append(
            Entry(
                action=action,
                key=step.key,
                duration_ms=round((time.monotonic() - started) * 1000),
                hash=self.project.hash(step.key),
                ddl=for_the_journal(statements),
                detail=detail,
            )
        )

    def is_piecewise(self, step: Step) -> bool:
        return not (step.fake or self.project.migration(step.key).atomic)

    def _part(self, part: Key, *, of: Step) -> None:
        """A migration that a squashed one replaces has a row of its own."""
        if (part in self.applied) is of.backwards:
            self._fake(part, backwards=of.backwards, because=f"replaced by {of}")
            self.applied ^= {part}

    def _record_squashed(self) -> None:
        found = self.project.unrecorded_replacements(self.applied)
        self._fake_all(found, backwards=False, because=PARTS_APPLIED)
        self.applied.update(found)

    def _wholes(self, part: Step) -> None:
        """A squashed migration is not applied any more when one of its parts is not."""
        for whole in self.project.replacements_of([part.key]):
            if whole in self.applied:
                self._fake(whole, backwards=True, because=f"its part {part} is undone")
                self.applied.discard(whole)

    def _fake_all(self, keys: Sequence[Key], *, backwards: bool, because: str) -> None:
        with transaction.atomic(using=self.connection.alias):
            for key in keys:
                self._fake(key, backwards=backwards, because=because)

    def _fake(self, key: Key, *, backwards: bool, because: str) -> None:
        """A change of the record alone."""
        self._row(key, added=not backwards)
        direction = "unapply" if backwards else "apply"
        detail = {"direction": direction, "because": because}
        self.append(Entry(action="fake", key=key, hash=self.project.hash(key), detail=detail))

    def append(self, entry: Entry) -> None:
        self.journal.append(entry)
        self.progress.notes(entry)

    def _row(self, key: Key, *, added: bool) -> None:
        if added:
            self.recorder.record_applied(*key)
        else:
            self.recorder.record_unapplied(*key)
        self.progress.records(key, added=added)

    # --- What may go wrong -------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction, that only commits while the lock is ours."""
        grouped = self.connection.in_atomic_block
        with transaction.atomic(using=self.connection.alias):
            # Before any that the migration asks for: those are part of it no more.
            transaction.on_commit(self._has_committed, using=self.connection.alias)
            if self.is_locked:
                still_held(self.connection)
            try:
                yield
                if grouped:
                    self._check_constraints()
            except (DatabaseError, InterfaceError) as error:
                if self.connection.closed_in_transaction:  # by the migration, not by the server
                    raise LockLost from error
                raise

    @contextmanager
    def _transaction_of(self, step: Step) -> Iterator[None]:
        """One for a piece: what is lost with it is looked for again, where nobody can add to it."""
        with self._transaction():
            self.before_step(step)
            yield

    def _has_committed(self) -> None:
        self.committed, self.grouped = True, False

    def _check_constraints(self) -> None:
        """What is deferred is checked now; an ALTER TABLE that follows refuses to wait for it."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT format('%I.%I', n.nspname, c.conname) FROM pg_constraint c "
                "JOIN pg_namespace n ON n.oid = c.connamespace "
                "WHERE c.condeferred AND NOT pg_is_other_temp_schema(n.oid) "
                "AND has_schema_privilege(n.oid, 'USAGE')"
            )
            names = [name for (name,) in cursor.fetchall()]
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            if names:
                cursor.execute(f"SET CONSTRAINTS {', '.join(names)} DEFERRED")

    def _retrying(self, attempt: Callable[[], None]) -> None:
        """Until it succeeds, or the time for it is up."""
        deadline = time.monotonic() + self.limits.retry
        applied = set(self.applied)
        tries = 0
        while True:
            self.timeouts.begin()
            self.committed = False
            try:
                return attempt()
            except OperationalError as error:
                code = getattr(error.__cause__, "pgcode", None)
                if self.committed or code not in REASONS:
                    raise
                self.applied = set(applied)
                tries += 1
                self._pause(REASONS[code], tries, deadline=deadline, error=error)

    def _pause(self, reason: str, tries: int, *, deadline: float, error: OperationalError) -> None:
        pause = min(SHORTEST_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE)
        pause *= random.uniform(0.5, 1.5)  # noqa: S311
        waited_ms = self.limits.lock_timeout_ms
        found = blockers(self.connection, self.timeouts.failed, waited_ms=waited_ms)
        where = str(self.current)
        if time.monotonic() + pause > deadline:
            raise StillBlocked(where, reason, found, seconds=self.limits.retry) from error
        self.append(
            Entry(
                action="retry",
                key=self.current.key if self.current else None,
                error=_said(error),
                detail={"try": tries, "reason": reason, "blockers": found},
            )
        )
        self.progress.retries(reason, found, tries, pause)
        time.sleep(pause)

    def _failed(self, error: BaseException, started: float) -> None:
        """Written after the rollback, in transactions of their own."""
        interrupted = isinstance(error, KeyboardInterrupt)
        try:
            # Ctrl-C also cancels what the session does, a moment later: that may be this.
            if interrupted or not self.connection.is_usable():
                self.connection.close()
            self.append(
                Entry(
                    action="fail",
                    key=self.current.key if self.current else None,
                    error="interrupted" if interrupted else _said(error),
                )
            )
            self.append(self._end("interrupted" if interrupted else "failed", started))
        except (DatabaseError, InterfaceError) as away:
            # The error itself matters more. That the run has no end tells the rest.
            error.add_note(f"The journal could not be written: {away}")

    def _end(self, outcome: str, started: float) -> Entry:
        return Entry(
            action="end",
            duration_ms=round((time.monotonic() - started) * 1000),
            detail={"outcome": outcome, "steps": 0 if self.grouped else len(self.done)},
        )

    def _refuse_non_atomic(self, steps: Sequence[Step]) -> None:
        found = [str(s) for s in steps if not s.fake and not self.project.migration(s.key).atomic]
        if found:
            raise GroupNotAtomic(found)


def _ends(statement: str) -> bool:
    """The transaction; savepoints do not, and BEGIN is only warned of."""
    return transaction_control(statement) and ENDS.match(statement) is not None


def _said(error: BaseException) -> str:
    """Without data: the server quotes it in some messages, and Python's may hold anything."""
    if isinstance(error, SchemaError):
        return f"{error}"
    diagnostics = getattr(error.__cause__, "diag", None)
    message = getattr(diagnostics, "message_primary", None)
    if message is None:
        return type(error).__name__
    code = getattr(diagnostics, "sqlstate", None) or ""
    if code.startswith("P0"):  # RAISE: the message is the author's own
        return f"an error raised by a function ({code})"
    if code.startswith("22") or code == "42601":  # data exceptions, syntax errors
        message = QUOTED.sub("…", message)
    return f"{message}"


def _words(steps: Sequence[Step]) -> list[str]:
    return [f"{'-' if step.backwards else '+'}{step}" for step in steps]


def for_the_journal(statements: list[str]) -> str | None:
    kept = [text for statement in statements if (text := for_the_record(statement))]
    return ";\n".join(kept) + ";" if kept else None
