"""What an applied set of migrations makes: known from an earlier time, or by a replay."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass

from ingestion.schema.catalog import Things, things
from ingestion.schema.drift.grounds import grounds, key_of
from ingestion.schema.drift.kept import Kept
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin
from ingestion.schema.project import Project
from ingestion.schema.replay import replay
from ingestion.schema.scratch import scratch


@dataclass(frozen=True)
class Expected:
    things: Things
    is_cached: bool


def expected(project: Project, *, kept: Kept | None, origin: Origin, limits: Limits) -> Expected:
    """`project` says what is applied; also where nothing is, some things are there."""
    known = grounds(project) if kept else None
    key = key_of(known) if known else ""
    if kept and key and (found := kept.get(key)) is not None:
        return Expected(found, is_cached=True)
    made = _made(project, origin=origin, limits=limits)
    if kept and key:
        kept.put(key, made)
    return Expected(made, is_cached=False)


def _made(project: Project, *, origin: Origin, limits: Limits) -> Things:
    # What migrations print is no part of the answer.
    with redirect_stdout(sys.stderr), scratch(project.connection.alias) as copy:
        with cancelled_by_ctrl_c(copy):
            replay(copy, project, origin=origin, limits=limits)
        return things(copy)
