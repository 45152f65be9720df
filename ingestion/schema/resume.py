"""What a migration that cannot be one transaction has done already, so that it goes on from there.

Each piece of it that may be a transaction commits together with a `step` entry in the journal. The
pieces are known by what they are, not by their place: a file that was mended in between goes on
after the pieces that are the same.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import OperationWriter
from django.db.models import Max

from ingestion.schema.errors import HalfDoneElsewhere
from ingestion.schema.journal import entries
from ingestion.schema.models import JournalEntry
from ingestion.schema.plan import Key, Step

FINAL = ("apply", "unapply", "fake", "adopt")


@dataclass(frozen=True)
class HalfDone:
    """A migration with steps since it was last applied or undone as a whole."""

    key: Key
    backwards: bool
    steps: int
    hash: str | None
    """Of the file when the last step was done."""

    def __str__(self) -> str:
        return ".".join(self.key)

    def goes_on_with(self, step: Step) -> bool:
        return step.key == self.key and (step.fake or step.backwards == self.backwards)


class Done:
    """The pieces that are done, each counted as often as it was."""

    def __init__(self, found: list[JournalEntry]) -> None:
        self._left = Counter(entry.detail["piece"] for entry in found)

    def __bool__(self) -> bool:
        return self._left.total() > 0

    def take(self, piece: str) -> bool:
        """Whether this one is done, once."""
        if self._left[piece] <= 0:
            return False
        self._left[piece] -= 1
        return True


def done(connection: BaseDatabaseWrapper, step: Step) -> Done:
    return Done(
        [e for e in _steps(connection, step.key) if e.detail["backwards"] == step.backwards]
    )


def half_done(connection: BaseDatabaseWrapper) -> list[HalfDone]:
    """All there are, in the order in which they were begun."""
    found = entries(connection)
    stepped = set(found.filter(action="step").values_list("migration", flat=True))
    about = found.filter(action__in=("step", *FINAL), migration__in=stepped).defer("ddl")
    last: dict[Key, list[JournalEntry]] = {}
    for entry in about:
        key = (entry.app or "", entry.migration or "")
        if entry.action == "step":
            last.setdefault(key, []).append(entry)
        else:
            last.pop(key, None)
    return [
        HalfDone(key, bool(found[-1].detail["backwards"]), len(found), found[-1].hash)
        for key, found in last.items()
    ]


def refuse_elsewhere(connection: BaseDatabaseWrapper, steps: Sequence[Step] = ()) -> None:
    """Whatever else is to be done, what is half done has to be settled with it."""
    for half in half_done(connection):
        if not any(half.goes_on_with(step) for step in steps):
            is_gone = half.key not in MigrationLoader(None).disk_migrations
            raise HalfDoneElsewhere(f"{half}", backwards=half.backwards, is_gone=is_gone)


def _steps(connection: BaseDatabaseWrapper, key: Key) -> list[JournalEntry]:
    about = entries(connection).filter(app=key[0], migration=key[1])
    final = about.filter(action__in=FINAL).aggregate(last=Max("id"))["last"] or 0
    return list(about.filter(action="step", id__gt=final))


def piece_of(text: str) -> str:
    """A statement, as the journal names it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def piece_of_operation(operation: Operation) -> str:
    """An operation as a whole: its code as `makemigrations` would write it."""
    try:
        code, _ = OperationWriter(operation, indentation=0).serialize()
    except ValueError:  # a lambda, which cannot be written
        code = f"{type(operation).__name__} {operation.describe()}"
    return piece_of(code)
