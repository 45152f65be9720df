"""A rehearsal and a budget → what is wrong with the plan. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.schema.differing import apart, told
from ingestion.schema.drift.differences import Difference
from ingestion.schema.errors import listed
from ingestion.schema.observation.observed import Lock, Observed, StepObserved, together
from ingestion.schema.rehearsal.budget import Budget
from ingestion.schema.rehearsal.rehearsed import Failure, Irreversible, Rehearsal
from ingestion.schema.units import brief, counted, size

COSTS = {"lasts": "takes", "writes": "writes WAL of", "grows": "needs more disk:"}
NO_REVERSE = (
    "Give the operation a reverse (reverse_sql, reverse_code), or say why not: lint_waivers = "
    '{"irreversible": "the reason"} in the migration. If that is meant this time, add '
    "--accept-data-loss."
)
MEANT = "If that is meant, add --accept-data-loss."


@dataclass(frozen=True, kw_only=True)
class Finding:
    kind: str
    where: str | None
    """The migration, where it is about one."""
    what: str
    """A sentence without its point."""
    hint: str | None = None
    """Another one, with it: what to do."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The worst that a migration does to those who use what was there."""

    duration_ms: float
    relation: str
    whom: str
    """Who waits: those who read and write, or …"""
    lock: str
    statement: Observed
    """The one that took it."""


def findings(rehearsal: Rehearsal, budget: Budget, *, is_loss_accepted: bool) -> list[Finding]:
    """Nothing: it may go ahead."""
    return [
        *_failed(rehearsal),
        *_over(rehearsal, budget),
        *([] if is_loss_accepted else _no_way_back(rehearsal)),
        *_not_undone(rehearsal),
        *([] if is_loss_accepted else _changed(rehearsal)),
    ]


def block(step: StepObserved) -> Block | None:
    """None when nobody has to wait."""
    found = [each for statement in together(step.statements) for each in _blocks(statement)]
    # Of equals, what the statement names comes first: its table before the indexes of it.
    return max(found, key=lambda each: round(each.duration_ms), default=None)


def _failed(rehearsal: Rehearsal) -> Iterator[Finding]:
    for number, each in enumerate(rehearsal.passes):
        if each.failure:
            can_not = "applied again" if rehearsal.backwards else "undone"
            way = ("fails", f"cannot be {can_not}", "fails the second time")[number]
            on = "on this data" if rehearsal.copy.has_data else "on empty tables"
            yield Finding(
                kind="fails",
                where=each.failure.where,
                what=f"{each.failure.where} {way} {on}: {each.failure.why}",
                hint=_at(each.failure),
            )


def _at(failure: Failure) -> str | None:
    if not failure.statement:
        return None
    at = f"It fails at {one_line(failure.statement)}"
    if not failure.stays:
        return f"{at}."
    before = counted(len(failure.stays), "statement")
    return f"{at}; not being one transaction, it has done {before} before that, which would stay."


# --- What it costs ---------------------------------------------------------------------------


def _over(rehearsal: Rehearsal, budget: Budget) -> Iterator[Finding]:
    """Of the plan itself; on empty tables nothing takes long."""
    if not rehearsal.copy.has_data:
        return
    for step in rehearsal.passes[0].steps:
        where = f"{step.step}"
        worst = block(step)
        if worst and worst.duration_ms > budget.block_ms:
            yield Finding(
                kind="blocks",
                where=where,
                what=f"{where} {blocking(worst)}; at most {brief(budget.block_ms)} is allowed",
            )
        for kind, cost, most, words in (
            ("lasts", step.duration_ms, budget.duration_ms, brief),
            ("writes", step.wal_bytes, budget.wal_bytes, size),
            ("grows", step.peak_bytes, budget.growth_bytes, size),
        ):
            if most is not None and cost > most:
                what = f"{where} {COSTS[kind]} {words(cost)}; at most {words(most)} is allowed"
                yield Finding(kind=kind, where=where, what=what)


def blocking(worst: Block) -> str:
    """Behind the name of its migration."""
    return (
        f"keeps {worst.whom} waiting for up to {brief(worst.duration_ms)} "
        f"({worst.lock}, taken by {one_line(worst.statement.sql)})"
    )


def one_line(sql: str, *, most: int = 120) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _blocks(statement: Observed) -> Iterator[Block]:
    for lock in sorted(statement.locks, key=lambda each: each.kind != "table"):
        if lock.blocks_writes:
            yield Block(
                duration_ms=lock.held_ms,
                relation=lock.relation,
                whom=f"{_whom(lock)} {lock.relation}",
                lock=f"{lock.mode} on {lock.relation}",
                statement=statement,
            )
    for rows in statement.updated:
        yield Block(
            duration_ms=statement.held_ms,
            relation=rows.relation,
            whom=f"whoever writes to the same {counted(rows.count, 'row')} of {rows.relation}",
            lock="locks on rows",
            statement=statement,
        )


def _whom(lock: Lock) -> str:
    verb = "reads or writes" if lock.blocks_reads else "writes to"
    return f"whoever {verb}"


# --- What comes of undoing it ----------------------------------------------------------------


def _no_way_back(rehearsal: Rehearsal) -> Iterator[Finding]:
    for where in dict.fromkeys(each.where for each in rehearsal.irreversible if not each.waived):
        yield Finding(
            kind="irreversible",
            where=where,
            what=cannot_be_undone(where, rehearsal.irreversible),
            hint=NO_REVERSE,
        )


def cannot_be_undone(where: str, irreversible: Sequence[Irreversible]) -> str:
    operations = listed(each.operation for each in irreversible if each.where == where)
    return f"{where} cannot be undone: there is no way back from {operations}"


def _not_undone(rehearsal: Rehearsal) -> Iterator[Finding]:
    if rehearsal.not_undone:
        yield Finding(
            kind="not_undone",
            where=None,
            what=f"{rehearsal.way_back} does not lead back to the same tables: "
            + _listed(rehearsal.not_undone),
        )
    if rehearsal.not_again:
        yield Finding(
            kind="not_again",
            where=None,
            what="the second time it makes other tables than the first time: "
            + _listed(rehearsal.not_again),
        )


def _changed(rehearsal: Rehearsal) -> Iterator[Finding]:
    for number, each in enumerate(rehearsal.changed, 1):
        yield Finding(
            kind="changed",
            where=None,
            what=f"after {rehearsal.way_back}, {each}",
            hint=MEANT if number == len(rehearsal.changed) else None,
        )


def _listed(found: tuple[Difference, ...]) -> str:
    return listed(_difference(each) for each in told(found))


def _difference(each: Difference) -> str:
    if each.found is None:
        return f"{each.thing} is missing"
    if each.expected is None:
        return f"{each.thing} is left over"
    was, now = apart(each.expected, each.found)
    return f"{each.thing} is {now}, and was {was}"
