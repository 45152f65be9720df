"""Whether a squashed migration is what it replaces: each on an empty database, and compared."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stdout

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader

from ingestion.schema.catalog import Catalog
from ingestion.schema.drift.differences import differences
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step, full_order
from ingestion.schema.project import Project
from ingestion.schema.supposed import SupposingLoader
from ingestion.schema.verification import squashes_text as words
from ingestion.schema.verification.contents import Contents, Rows
from ingestion.schema.verification.findings import Finding, Found
from ingestion.schema.verification.ladder import Seen, reason, see, trial, try_out


def squashes(
    live: BaseDatabaseWrapper, *, origin: Origin, limits: Limits, own: Collection[str]
) -> Found:
    findings: list[Finding] = []
    notes: list[str] = []
    loader = SupposingLoader(())
    # What migrations print is no part of the answer.
    with redirect_stdout(sys.stderr):
        for key, migration in sorted(loader.replacements.items()):
            parts = [(app, name) for app, name in migration.replaces]
            if key[0] not in own:
                continue
            if gone := [part for part in parts if part not in loader.disk_migrations]:
                notes.append(words.parts_are_gone(key, gone))
            else:
                findings += _compare(live, key, parts, origin=origin, limits=limits)
    return Found(findings=findings, notes=notes)


def _compare(
    live: BaseDatabaseWrapper, key: Key, parts: Sequence[Key], *, origin: Origin, limits: Limits
) -> Iterator[Finding]:
    whole, apart = SupposingLoader(()), _without(parts)
    # What only one of them says that it needs is there for the other one, too.
    ahead = {
        *_needed(whole.graph, [key]),
        *(each for each in _needed(apart.graph, parts) if each in whole.graph.nodes),
    } - {key}
    seen: list[Seen] = []
    for loader, ends in ((apart, parts), (whole, [key])):
        wanted = _needed(loader.graph, [*ends, *ahead])
        with trial(live.alias) as copy:
            project = Project(copy, loader, {})
            error = try_out(project, [Step(each) for each in wanted], origin=origin, limits=limits)
            if error:
                yield words.does_not_run(key, reason(error), is_whole=loader is whole)
                return
            seen.append(see(copy))
    yield from words.differ(key, differences(*(each.things for each in seen)))
    yield from words.other_rows(key, *(_comparable(each) for each in seen))


def _without(parts: Sequence[Key]) -> MigrationLoader:
    """The migrations laid out with these in the place of what replaces them."""
    if len(parts) == 1:  # to have the first one applied would be to have them all
        return SupposingLoader((), replace=False)
    return SupposingLoader(parts[:1])


def _needed(graph: MigrationGraph, ends: Sequence[Key]) -> list[Key]:
    known = {each for end in ends for each in graph.forwards_plan(end)}
    return [key for key in full_order(graph) if key in known]


def _comparable(seen: Seen) -> Contents:
    """Without numbers that count on, and without moments: they are others each time."""
    return {
        table: Rows(
            rows.count,
            {
                column: values
                for column, values in rows.columns.items()
                if not _changes(seen.things, table, column)
            },
        )
        for table, rows in seen.rows.items()
    }


def _changes(things: Catalog, table: str, column: str) -> bool:
    definition = things.get(f"column {table}.{column}", "")
    return (
        definition.startswith(("timestamp", "date", "time"))
        or " AS IDENTITY" in definition
        or "DEFAULT nextval(" in definition
    )
