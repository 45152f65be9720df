"""What was found on the copy: of each pass through the plan, and of the way back. Only facts."""

from dataclasses import dataclass

from ingestion.schema.catalog import name
from ingestion.schema.drift.differences import Difference
from ingestion.schema.observation.observed import StepObserved
from ingestion.schema.rehearsal.checksums import Changed
from ingestion.schema.units import counted

WAYS = {
    False: ("Applying it", "Undoing it", "Applying it again"),
    True: ("Undoing it", "Applying it again", "Undoing it again"),
}
"""What the passes are called, where the plan goes forwards and where it goes back."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    where: str
    """The migration."""
    statement: str
    """The last one that it began."""
    why: str
    stays: tuple[str, ...]
    """The statements before that which stay done, because not all of it is one transaction."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Once through the plan, or back."""

    backwards: bool
    duration_ms: float
    steps: tuple[StepObserved, ...]
    failure: Failure | None


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What undoing takes away for good."""

    table: str
    column: str | None
    count: int

    def __str__(self) -> str:
        if self.column is None:
            return f"{counted(self.count, 'row')} of {self.table}"
        return f"{counted(self.count, 'value')} of {self.table}.{name(self.column)}"


@dataclass(frozen=True, kw_only=True)
class Irreversible:
    where: str
    """The migration."""
    operation: str
    waived: str | None
    """The reason for which that is meant."""


@dataclass(frozen=True, kw_only=True)
class Heavy:
    """Work on every row of a live table, while others wait for it: empty tables do not show it."""

    where: str
    """The migration."""
    verb: str
    """rewrites, scans"""
    relation: str
    size_bytes: int
    """In the live database, with its indexes."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A database that is no copy, and was used all the same."""

    where: str
    """The migration."""
    alias: str
    database: str
    only_reads: bool
    """It was kept from writing there."""

    def __str__(self) -> str:
        done = "it could only read there" if self.only_reads else "what it did there is done"
        return (
            f"{self.where} used {self.database} (the alias {self.alias}), of which there is no "
            f"copy: {done}"
        )


@dataclass(frozen=True, kw_only=True)
class Copy:
    """What it was rehearsed on."""

    database: str
    """The live one."""
    has_data: bool
    size_bytes: int
    """Of the live one."""
    duration_ms: float
    """To make it."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    copy: Copy
    plan: tuple[str, ...]
    """The migrations, in order."""
    backwards: bool
    """The plan goes back; then it is undone by going forwards."""
    passes: tuple[Pass, ...]
    """The plan, its undoing, and the plan again; as far as it came. What cannot be undone, and what
    came before that, is in the first one only."""
    irreversible: tuple[Irreversible, ...]
    """In order."""
    elsewhere: tuple[Elsewhere, ...]
    heavy: tuple[Heavy, ...]
    """Only of a rehearsal on empty tables."""
    lost: tuple[Lost, ...]
    """By whichever of the two ways goes back."""
    changed: tuple[Changed, ...]
    """What the tables held before, and do not after undoing."""
    not_undone: tuple[Difference, ...]
    """Between the tables before and after undoing, but for those:"""
    stays_valid: tuple[Difference, ...]
    """Its rows are known to fit now, and were not before: nobody need undo that."""
    not_again: tuple[Difference, ...]
    """Between the tables after the plan and after doing it again."""
    left_out: tuple[str, ...]
    """The statements that were not done, since they are for the whole server."""

    @property
    def barrier(self) -> str | None:
        """The last migration that cannot be undone."""
        return self.irreversible[-1].where if self.irreversible else None

    @property
    def ways(self) -> tuple[str, str, str]:
        """What the passes are called."""
        return ways_of(backwards=self.backwards, barrier=self.barrier)

    @property
    def way_back(self) -> str:
        way = self.ways[1]
        return way[0].lower() + way[1:]


def ways_of(*, backwards: bool, barrier: str | None) -> tuple[str, str, str]:
    if barrier is None:
        return WAYS[backwards]
    return WAYS[False][0], f"Undoing what follows {barrier}", "Applying that again"
