"""What the statements of a run really do, measured while it goes on: locks, rewrites, scans, rows.

    with observing(copy) as observer:
        perform(project, steps, progress=observer, …)
    observer.steps

On a database that nobody else uses. Every statement of a migration is looked at from both sides;
of the many that Python may execute the first ones, and the rest together. The time that looking
takes counts nowhere.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunPython
from django.db.migrations.operations.base import Operation
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.sql import Composable

from ingestion.schema.journal import Entry
from ingestion.schema.observation.beside import beside
from ingestion.schema.observation.drafts import Draft, Holding
from ingestion.schema.observation.footprint import (
    RECORDS,
    Footprint,
    Held,
    Relation,
    Relations,
    driver,
    footprint,
    own_wal,
    rows,
)
from ingestion.schema.observation.observed import Lock, Observed, Rows, StepObserved, longest
from ingestion.schema.pieces import wants_no_transaction
from ingestion.schema.plan import Step
from ingestion.schema.progress import Progress
from ingestion.schema.statements import needs_no_transaction, split, transaction_control

__all__ = ["Lock", "Observed", "Observer", "Rows", "StepObserved", "observing"]

FULLY = 50
"""So many statements of an operation are observed one by one, unless they change the schema."""

_READS = re.compile(
    r"\s*(?:SELECT|SHOW|EXPLAIN|VALUES|TABLE|FETCH|CLOSE|SET|RESET)\b", re.IGNORECASE
)
_ROWS = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|COPY|VALUES|DECLARE)\b", re.IGNORECASE
)
# Of the tool and of Django, in the middle of an operation that is done piece by piece.
_RECORD = re.compile(
    rf"\s*(?:INSERT INTO|DELETE FROM|UPDATE)\s+\"?(?:{'|'.join(sorted(RECORDS))})\b", re.IGNORECASE
)
_SAVEPOINT = re.compile(r"\s*(?:SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)


class Observer(Progress):
    """Hears a run, and stands around each of its statements."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.steps: list[StepObserved] = []
        self.step: Step | None = None
        """At which the run is."""
        self.statement = ""
        """At which it is, or was last: the one that failed, when one did."""
        self._own = 0.0
        self._start: Footprint | None = None
        self._own_wal: int | None = None
        """Of this session, before the step."""
        self._known: dict[int, Relation] = {}
        """As they were at the last look; only what the session locks can become other."""
        self._is_stale = True
        """Something was rolled back: all has to be looked at again."""
        self._size = 0
        self._since = 0.0
        self._peak = 0
        self._is_piecewise = False
        self._operations: list[Operation] = []
        self._announced: str | None = None
        self._seen_fully = 0
        self._drafts: list[Draft] = []
        self._rest: Draft | None = None
        self._open: dict[Held, Holding] = {}
        self._unsettled: list[Draft] = []
        self._transaction: frozenset[int] = frozenset()
        """The relations before the first lock of the one that is open."""

    @property
    def done(self) -> tuple[str, ...]:
        """The statements of this step that stay if the next one fails."""
        return tuple(draft.sql for draft in self._drafts if draft.in_transaction_since is None)

    # --- What the run tells --------------------------------------------------------------------

    def starts(self, step: Step) -> None:
        self.step, self.statement = step, ""
        self._drafts, self._open, self._rest, self._transaction = [], {}, None, frozenset()
        self._unsettled = []
        self._operations, self._is_piecewise, self._seen_fully = [], False, 0
        self._start = self._look()
        self._known, self._is_stale = {**self._start.relations}, False
        self._peak = self._size = self._start.size
        self._own_wal = own_wal(self.connection)
        self._since = self._now()

    def operates(self, step: Step, operation: Operation) -> None:
        self._operations.append(operation)
        self._seen_fully = 0

    def operated(self) -> None:
        self._sum_up()
        self._operations.pop()

    def executes(self, statement: str) -> None:
        self._announced = statement

    def notes(self, entry: Entry) -> None:
        self._is_piecewise |= entry.action == "step"

    def ends(self, step: Step, seconds: float) -> None:
        self._transaction_ended()
        now = self._now()
        before, after = self._start, self._look()
        if before is None:
            return
        wal = self._wal_since()
        statements = tuple(draft.observed(now) for draft in self._drafts)
        self.steps.append(
            StepObserved(
                step=step,
                is_transaction=not self._is_piecewise,
                duration_ms=(now - self._since) * 1000,
                statements=statements,
                locks=longest(lock for each in statements for lock in each.locks),
                rows=rows(before.relations, after.relations),
                wal_bytes=after.wal - before.wal if wal is None else wal,
                is_wal_own=wal is not None,
                growth_bytes=after.size - before.size,
                peak_bytes=max(self._peak - before.size, 0),
            )
        )
        self.step = None

    def _wal_since(self) -> int | None:
        """Written by this session in the step; None where the server does not tell."""
        before, after = self._own_wal, own_wal(self.connection)
        return None if before is None or after is None else after - before

    # --- Around each statement -----------------------------------------------------------------

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        """Django's execute wrapper; the outermost, so that it sees what the timeouts change."""

        def do() -> Any:
            return execute(sql, params, many, context)

        text = self._text(sql)
        announced, self._announced = self._announced == text, None
        if not (announced or self._is_of_migration(text)):
            return do()
        self.statement = text
        if _ROWS.match(text) and self._seen_fully >= FULLY:
            return self._as_rest(text, do)
        self._seen_fully += 1
        self._sum_up()
        parts = split(text) if params is None and not many else []
        if len(parts) > 1 and not transaction_control(text):
            return self._one_by_one(parts, lambda part: execute(part, None, False, context))
        return self._fully(text, do)

    def _is_of_migration(self, text: str) -> bool:
        """And not of the tool or of Django's editor, which look at what there is."""
        if self.step is None or _SAVEPOINT.match(text) or _RECORD.match(text):
            return False
        return any(map(_is_python, self._operations)) or not _READS.match(text)

    def _fully(self, text: str, do: Callable[[], Any]) -> Any:
        if self._is_block():
            return self._within(text, do)
        draft = self._draft(text)
        if needs_no_transaction(text):
            result = self._watched(draft, do)
        else:
            result = self._in_transaction(draft, do)
        self._drafts.append(draft)
        return result

    def _one_by_one(self, parts: Sequence[str], execute: Callable[[str], Any]) -> Any:
        """A script that is sent as one: each of its statements may do something else."""
        if self._is_block():
            return [self._within(part, partial(execute, part)) for part in parts][-1]
        self._drive("BEGIN")  # as the server does around it
        try:
            result = [self._within(part, partial(execute, part)) for part in parts][-1]
        except DatabaseError:
            self._drive("ROLLBACK")
            self._is_stale = True
            raise
        self._drive("COMMIT")
        self._transaction_ended()
        return result

    def _within(self, text: str, do: Callable[[], Any]) -> Any:
        draft = self._draft(text)
        self._is_in_transaction(draft)
        result = self._timed(draft, do)
        self._look_after(draft)
        self._drafts.append(draft)
        return result

    def _in_transaction(self, draft: Draft, do: Callable[[], Any]) -> Any:
        """A statement that is one by itself is the same in a block, where its locks can be read."""
        self._drive("BEGIN")
        self._is_in_transaction(draft)
        try:
            result = self._timed(draft, do)
        except DatabaseError as error:
            self._drive("ROLLBACK")
            self._is_stale = True
            if wants_no_transaction(error):
                draft.lasted, draft.in_transaction_since = 0.0, None
                return self._watched(draft, do)
            raise
        self._look_after(draft)
        committing = self._now()
        self._drive("COMMIT")
        draft.lasted += self._now() - committing
        self._transaction_ended()
        return result

    def _watched(self, draft: Draft, do: Callable[[], Any]) -> Any:
        began = self._now()
        with beside(self.connection, draft.sql) as seen:
            result = self._timed(draft, do)
        draft.lasted -= seen.held_up
        draft.held = draft.lasted
        draft.since = began
        self._own += self._now() - began - draft.lasted
        self._look_after(draft, seen=seen.locks)
        for key, second in seen.gone.items():
            if holding := self._open.pop(key, None):
                holding.until = draft.since + second
        if "CONCURRENTLY" in draft.sql.upper():
            draft.holdings = [each for each in draft.holdings if not _is_of_dead_index(each)]
        self._transaction_ended()
        return result

    def _as_rest(self, text: str, do: Callable[[], Any]) -> Any:
        if self._rest is None:
            self._rest = self._draft(text)
        else:
            self._rest.count += 1
        rest, before = self._rest, self._rest.lasted
        if self._is_idle():
            self._transaction_ended()
        if self._is_block() and rest.in_transaction_since is None:
            self._is_in_transaction(rest)
        try:
            return self._timed(rest, do)
        finally:
            rest.held = max(rest.held, rest.lasted - before)

    def _is_block(self) -> bool:
        """The statement is in a transaction that others end, or begins one."""
        return self.connection.in_atomic_block or not self.connection.autocommit

    def _is_idle(self) -> bool:
        """No transaction is open: of one without autocommit nobody else says that it has ended."""
        status: int = self.connection.connection.info.transaction_status
        return status == TRANSACTION_STATUS_IDLE

    def _is_in_transaction(self, draft: Draft) -> None:
        draft.in_transaction_since = self._now()
        self._unsettled.append(draft)
        if self.connection.in_atomic_block:
            self.connection.on_commit(self._transaction_ended)

    def _sum_up(self) -> None:
        """The rest of an operation is over."""
        draft, self._rest = self._rest, None
        if draft is not None:
            self._is_stale = True  # it may have been in many transactions
            self._look_after(draft)
            self._drafts.append(draft)

    # --- Looking, and the time it takes --------------------------------------------------------

    def _draft(self, text: str) -> Draft:
        operation = self._operations[-1].describe() if self._operations else None
        is_idle = self._is_idle()
        before = self._look_again()
        if is_idle or not self._open:
            self._transaction_ended()
            self._transaction = frozenset(self._known)
        return Draft(text, operation, before.wal, self._size, self._now())

    def _timed(self, draft: Draft, do: Callable[[], Any]) -> Any:
        started = self._now()
        try:
            return do()
        except DatabaseError:
            self._is_stale = True
            raise
        finally:
            draft.lasted += self._now() - started

    def _look_again(self) -> Footprint:
        """Before a statement."""
        everything = self._is_stale
        found = self._look(everything=everything, with_size=False)
        if self._open.keys() - found.locks and not everything:
            # Not by a commit, which was heard of: by a rollback, perhaps to a savepoint.
            everything, found = True, self._look(with_size=False)
        self._known = {**({} if everything else self._known), **found.relations}
        self._is_stale = False
        self._keep_only(found.locks)
        return found

    def _look_after(self, draft: Draft, *, seen: Mapping[Held, float] | None = None) -> None:
        """`seen` are the locks that only another session saw, with the second of each."""
        everything = self._is_stale or seen is not None
        found = self._look(everything=everything, with_size=True)
        there = {oid for oid, _ in found.locks} | found.relations.keys()
        before = {oid: each for oid, each in self._known.items() if everything or oid in there}
        old = {oid: each for oid, each in before.items() if not self._is_new(oid, each)}
        draft.has_done(before, found, old=old)
        self._taken(draft, {**found.relations, **before}, seen or dict.fromkeys(found.locks, 0.0))
        self._is_stale = False
        for gone in before.keys() - found.relations.keys():
            del self._known[gone]
        self._known |= found.relations
        self._size = found.size
        self._peak = max(self._peak, found.size)

    def _look(self, *, everything: bool = True, with_size: bool = True) -> Footprint:
        started = time.perf_counter()
        found = footprint(self.connection, everything=everything, with_size=with_size)
        self._own += time.perf_counter() - started
        return found

    def _now(self) -> float:
        return time.perf_counter() - self._own

    def _drive(self, text: str) -> None:
        with driver(self.connection) as cursor:
            cursor.execute(text)

    def _text(self, sql: Any) -> str:
        if isinstance(sql, Composable):
            return sql.as_string(self.connection.connection)
        return f"{sql}"

    # --- Locks ---------------------------------------------------------------------------------

    def _taken(self, draft: Draft, known: Relations, held: Mapping[Held, float]) -> None:
        """By this statement, each so many seconds after its start."""
        for key in held.keys() - self._open.keys():
            oid, mode = key
            if relation := known.get(oid):
                is_new = self._is_new(oid, relation)
                holding = Holding(relation, mode, is_new, draft.since + held[key])
                self._open[key] = holding
                draft.holdings.append(holding)

    def _is_new(self, oid: int, relation: Relation) -> bool:
        """An index of an older table is used as soon as the transaction that made it ends."""
        of_step = self._start.relations if self._start else {}
        return relation.table not in of_step or (
            relation.kind == "index" and oid not in self._transaction
        )

    def _keep_only(self, held: frozenset[Held]) -> None:
        """The others went with their transaction, or with a savepoint that was rolled back."""
        now = self._now()
        for key in self._open.keys() - held:
            self._open.pop(key).until = now

    def _transaction_ended(self) -> None:
        now = self._now()
        for draft in self._unsettled:
            draft.transaction_ended(now)
        self._unsettled.clear()
        self._keep_only(frozenset())


@contextmanager
def observing(connection: BaseDatabaseWrapper) -> Iterator[Observer]:
    """Hand the observer to the run as its `progress`; afterwards it has `steps`."""
    observer = Observer(connection)
    with driver(connection) as cursor:
        # Else the first look in a transaction would be what all later ones see.
        cursor.execute("SET stats_fetch_consistency = none")
    with connection.execute_wrapper(observer):
        yield observer


def _is_of_dead_index(holding: Holding) -> bool:
    """PostgreSQL drops one concurrently only when nobody knows of it any more."""
    return holding.relation.kind == "index" and holding.mode == "AccessExclusiveLock"


def _is_python(operation: Operation) -> bool:
    return isinstance(operation, RunPython) or not operation.reduces_to_sql
