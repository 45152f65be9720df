"""The journal, run by run: who did what, when, and what came of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.journal import entries
from ingestion.schema.locks import Holder, holder
from ingestion.schema.models import JournalEntry


@dataclass(frozen=True, kw_only=True)
class Event:
    """One entry of a run."""

    action: str
    at: datetime
    app: str | None
    migration: str | None
    duration_ms: int | None
    error: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """Everything that one command wrote, oldest first."""

    run: UUID
    command: str | None
    """None where nothing was run: the journal was made, with what it found."""
    at: datetime
    by: str | None
    role: str
    host: str | None
    process: int | None
    version: str | None
    git_commit: str | None
    outcome: str | None
    """done, failed or interrupted; None where the run has no end."""
    duration_ms: int | None
    undoes: UUID | None
    events: tuple[Event, ...] = field(default=(), repr=False)

    @property
    def error(self) -> str | None:
        """Why it failed."""
        return next((each.error for each in self.events if each.action == "fail"), None)


def runs(
    connection: BaseDatabaseWrapper, *, app: str | None = None, most: int | None = None
) -> list[PastRun]:
    """Newest first; with an app those that touched it, and of the others' work nothing."""
    found = entries(connection)
    wanted = found.filter(app=app) if app else found
    newest = wanted.order_by("run", "-id").distinct("run").values_list("id", "run")
    chosen = [run for _, run in sorted(newest, reverse=True)[:most]]
    written: dict[UUID, list[JournalEntry]] = {run: [] for run in chosen}
    for entry in found.filter(run__in=chosen).defer("ddl"):
        if app in {None, entry.app} or entry.app is None:
            written[entry.run].append(entry)
    return [past(written[run]) for run in chosen]


def last_run(connection: BaseDatabaseWrapper) -> PastRun | None:
    found = entries(connection)
    begun = found.filter(action="begin").order_by("-id").first()
    if begun is None:
        return None
    return past(found.filter(run=begun.run, action__in=("begin", "undo", "fail", "end")))


def unfinished(
    connection: BaseDatabaseWrapper,
) -> tuple[list[PastRun], Holder | None]:
    """Runs that were stopped before they could write their end, and who migrates at this moment.

    A later run that came to its end has gone on where they stopped.
    """
    without_end = _without_end(connection)
    running = holder(connection)
    # It may have written its end before it let the lock go, after we had looked for one.
    ended = _ended(connection, without_end)
    stopped = [
        past([begun])
        for run, begun in without_end.items()
        if run not in ended and not (running and running.run == run)
    ]
    return stopped, running


def past(found: Iterable[JournalEntry]) -> PastRun:
    """The run that these are the entries of."""
    written = list(found)
    begun = next((entry for entry in written if entry.action == "begin"), None)
    end = next((entry for entry in written if entry.action == "end"), None)
    undo = next((entry for entry in written if entry.action == "undo"), None)
    first = begun or written[0]
    return PastRun(
        run=first.run,
        command=str(begun.detail.get("command", "migrate")) if begun else None,
        at=first.at,
        by=first.os_user,
        role=first.role,
        host=first.host,
        process=first.process,
        version=first.version,
        git_commit=first.git_commit,
        outcome=str(end.detail.get("outcome")) if end else None,
        duration_ms=end.duration_ms if end else None,
        undoes=UUID(undo.detail["of"]) if undo else None,
        events=tuple(_event(each) for each in written if each.action not in {"begin", "end"}),
    )


def _without_end(connection: BaseDatabaseWrapper) -> dict[UUID, JournalEntry]:
    found = entries(connection)
    done = found.filter(action="end", detail__outcome="done").order_by("-id").first()
    begun = found.filter(action="begin", id__gt=done.id if done else 0)
    without = {entry.run: entry for entry in begun}
    ended = _ended(connection, without)
    return {run: entry for run, entry in without.items() if run not in ended}


def _ended(connection: BaseDatabaseWrapper, begun: Collection[UUID]) -> set[UUID]:
    if not begun:
        return set()
    ends = entries(connection).filter(action="end", run__in=list(begun))
    return set(ends.values_list("run", flat=True))


def _event(entry: JournalEntry) -> Event:
    return Event(
        action=entry.action,
        at=entry.at,
        app=entry.app,
        migration=entry.migration,
        duration_ms=entry.duration_ms,
        error=entry.error,
        detail=entry.detail,
    )
