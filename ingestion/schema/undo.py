"""Exactly what the last run did, taken back: told by the journal."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ingestion.schema.errors import ChangedSince, NothingToUndo
from ingestion.schema.journal import adds, removes
from ingestion.schema.models import JournalEntry
from ingestion.schema.plan import Key, Step


@dataclass
class Past:
    """A run, as far as it can be undone."""

    run: UUID
    at: datetime
    command: str
    who: str
    undoes: UUID | None = None
    did: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        return f"`{self.command}` by {self.who} on {self.at:%Y-%m-%d %H:%M:%S} UTC"


def last_run(found: Iterable[JournalEntry]) -> tuple[Past, list[Step]]:
    """The last run of which something is left, and the steps that take that back.

    A run that undid another one is not a run of its own: it is what made the other one smaller.
    """
    runs = _runs(found)
    for past in reversed(runs):
        if past.undoes is None:
            undone = [step for each in runs if each.undoes == past.run for step in each.did]
            if left := _without(past.did, undone):
                return past, [_reverse(step) for step in reversed(left)]
    raise NothingToUndo


def refuse_if_changed(steps: Sequence[Step], applied: Collection[Key]) -> None:
    """Somebody may have changed the record without the journal."""
    odd = [str(step) for step in steps if (step.key in applied) != step.backwards]
    if odd:
        raise ChangedSince(odd)


def _runs(found: Iterable[JournalEntry]) -> list[Past]:
    runs: dict[UUID, Past] = {}
    for entry in found:
        if entry.action == "begin":
            command = f"{entry.detail.get('command', 'migrate')}"
            runs[entry.run] = Past(entry.run, entry.at, command, entry.os_user or entry.role)
        elif past := runs.get(entry.run):
            _add(entry, past)
    return list(runs.values())


def _add(entry: JournalEntry, past: Past) -> None:
    if entry.action == "undo":
        past.undoes = UUID(entry.detail["of"])
    # What was adopted was there before; what came with a squashed migration goes with it.
    elif (
        entry.action != "adopt"
        and "because" not in entry.detail
        and (adds(entry) or removes(entry))
    ):
        key = (entry.app or "", entry.migration or "")
        past.did.append(Step(key, backwards=removes(entry), fake=entry.action == "fake"))


def _without(did: Sequence[Step], undone: Sequence[Step]) -> list[Step]:
    taken_back = {step.key for step in undone}
    return [step for step in did if step.key not in taken_back]


def _reverse(step: Step) -> Step:
    return Step(step.key, backwards=not step.backwards, fake=step.fake)
