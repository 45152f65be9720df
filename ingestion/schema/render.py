"""The script of a plan: a scratch database is brought to the start state, and the plan run there.

the state ─► scratch ─┬─► catalog(scratch) | catalog(live) ─► refused if they differ
                      └─► run the plan, and write down what it executes ─► the script
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema import frame, journal, sql
from ingestion.schema.catalog import Catalog, catalog, table_of
from ingestion.schema.drift.differences import differences
from ingestion.schema.drift.live import waiting_for_tables
from ingestion.schema.errors import NoScript, NotAsMigrated, PlanChanged
from ingestion.schema.limits import Limits
from ingestion.schema.losses import Candidate
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Step
from ingestion.schema.project import Project, recorded
from ingestion.schema.replay import add_renames, alone, perform, replay, saying_where
from ingestion.schema.resume import refuse_elsewhere
from ingestion.schema.scratch import scratch

OTHERWISE = "say what the script is to start from with --from STATE"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a script is to do."""

    steps: Sequence[Step]
    command: str
    state: str | None
    """What it starts from, if that is not what the live database has."""
    undoes: UUID | None = None
    at_stake: Sequence[Candidate] = ()
    """What goes."""
    is_loss_accepted: bool = False


def script(project: Project, wish: Wish, *, origin: Origin, limits: Limits) -> str:
    """The plan as text. `project` is as it is where the script will run."""
    is_live = wish.state is None
    live = project.connection
    if is_live:
        refuse_elsewhere(live)
    # What migrations print is no part of the script.
    with redirect_stdout(sys.stderr), scratch(live.alias) as copy:
        there = replay(
            copy,
            project,
            origin=origin,
            limits=limits,
            fake=_is_fake(wish.steps),
            refusal=NoScript,
        )
        before = catalog(copy)
        written = sql.Script(
            copy,
            wish.steps,
            origin=origin,
            limits=limits,
            at_stake=wish.at_stake,
            is_loss_accepted=wish.is_loss_accepted,
        )
        _perform(there, wish, script=written, origin=origin, limits=limits)
        if is_live:
            with waiting_for_tables(live, seconds=limits.lock_wait, otherwise=OTHERWISE):
                found = catalog(live)
            _refuse_change(project)
            if not _is_fake(wish.steps):
                _refuse_drift(before, after=catalog(copy), found=found)
        start = frame.Start(
            words=_named(live) if is_live else f"the state {wish.state}",
            applied=list(project.applied if is_live else there.applied),
            hashes=project.hashes() if is_live else there.hashes(),
            has_journal=is_live and journal.exists(live),
        )
        head = frame.head(written, start, command=wish.command)
        return "\n".join([*head, *written.lines, *frame.tail(written)])


def _perform(
    there: Project, wish: Wish, *, script: sql.Script, origin: Origin, limits: Limits
) -> None:
    """The plan, with what Django adds to it, heard by the script."""
    add_renames(there, wish.steps)
    for step in wish.steps:
        if not step.fake:
            sql.open_up(there.migration(step.key), step=step, script=script)
    with saying_where(script, NoScript), there.connection.execute_wrapper(script.watch):
        perform(
            there,
            wish.steps,
            origin=origin,
            limits=alone(limits),
            progress=script,
            command=wish.command,
            undoes=wish.undoes,
            before_step=script.looks_for_losses,
        )


# --- What makes a script wrong --------------------------------------------------------------------


def _is_fake(steps: Sequence[Step]) -> bool:
    """Nothing but the record changes, and tables do not matter."""
    return all(step.fake for step in steps)


def _refuse_change(project: Project) -> None:
    """The catalogue was read after the record; somebody may have migrated in between."""
    if recorded(project.connection).keys() != project.applied.keys():
        raise PlanChanged


def _refuse_drift(before: Catalog, *, after: Catalog, found: Catalog) -> None:
    """A script made from the migrations fits neither tables that are not as the migrations say
    nor a database that has already what it makes."""
    ours = _tables(before)
    wrong = [
        each.thing
        for each in differences(before, found)
        if (table_of(each.thing) in ours or (each.found is None and table_of(each.thing) is None))
        and not each.thing.startswith("grant ")
    ]
    made = _tables(after) - ours
    wrong += sorted(f"table {table}" for table in made & _tables(found))
    if wrong:
        raise NotAsMigrated(wrong)


def _tables(things: Catalog) -> set[str]:
    return {table for thing in things if (table := table_of(thing))}


def _named(live: BaseDatabaseWrapper) -> str:
    return f"what the database {live.settings_dict['NAME']} has"
