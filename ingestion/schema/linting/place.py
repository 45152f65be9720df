"""An operation with hazards, where it stands, and the files that take its place."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.models import Field

from ingestion.schema.catalog import Catalog
from ingestion.schema.linting import hazards
from ingestion.schema.linting.migration_files import File, called, new_file, slug
from ingestion.schema.linting.safe_sql import added
from ingestion.schema.linting.tables import Tables
from ingestion.schema.states import State


@dataclass(frozen=True)
class SafeForm:
    advice: str
    """A sentence or two."""
    files: tuple[File, ...] = ()
    """In their order."""

    def waiving(self, waivers: Mapping[str, str]) -> "SafeForm":
        return replace(self, files=tuple(each.waiving(waivers) for each in self.files))


@dataclass(frozen=True, kw_only=True)
class Place:
    """An operation with hazards, in its migration and between two states."""

    migration: Migration
    operation: Operation
    rules: frozenset[str]
    """That it breaks, in whatever direction."""
    rules_forwards: frozenset[str]
    before: State
    reached: State
    forwards: tuple[str, ...]
    backwards: tuple[str, ...] | None
    """The statements of the operation; None where there is no way back."""
    things_before: Catalog
    things_after: Catalog
    """What the database has before the migration, and after it."""
    server_version: int
    next_number: int
    """Of the first migration of the app that does not exist yet."""
    collect: Callable[[Operation, State, State], tuple[str, ...]]
    """The statements that another operation would make here."""

    @property
    def app(self) -> str:
        return self.migration.app_label

    @property
    def is_alone(self) -> bool:
        return len(self.migration.operations) == 1

    @property
    def is_rewritten(self) -> bool:
        return hazards.REWRITTEN in self.rules

    @property
    def tables(self) -> Tables:
        return Tables(self.things_before, self.things_after, self.server_version)

    @property
    def tables_back(self) -> Tables:
        """When it is undone."""
        return Tables(self.things_after, self.things_before, self.server_version)

    def adds_checked_domain(self, sql: str) -> bool:
        """A column of such a type."""
        domains = {
            thing.removeprefix("domain ")
            for things in (self.things_before, self.things_after)
            for thing, definition in things.items()
            if thing.startswith("domain ") and re.search("CHECK |NOT NULL", definition)
        }
        return any(column.type in domains for _, column in added(sql))

    def model(self, model_name: str, *, state: State | None = None) -> Any:
        return (state or self.reached).apps.get_model(self.app, model_name)


def replaced(
    place: Place, advice: str, *steps: Sequence[Operation], atomic: bool = True
) -> SafeForm:
    """A file for each step; the first takes the place of the migration, if that has no more."""
    before, number = place.migration.name, place.next_number
    files: list[File] = []
    for step in steps:
        if place.is_alone and not files:
            name, needs = before, list(place.migration.dependencies)
        else:
            name, needs = f"{number:04}_{slug(step[0])}", [(place.app, before)]
            number += 1
        where = put_where(place, files, before, is_last=False)
        files.append(new_file(name, step, needs=needs, when=where, atomic=atomic))
        before = name
    return SafeForm(advice, tuple(files))


def put_where(place: Place, files: Sequence[File], before: str, *, is_last: bool) -> str:
    if is_last:
        return "With the release after that:"
    if files:
        return f"After {before}:"
    if place.is_alone:
        return f"Instead of {before}:"
    what = called(place.operation)
    return f"Take '{what}', and whatever needs it, out of {before}, and add a file after it:"


def changed(of: Field, **attributes: Any) -> Field:
    """The same field with other arguments, as a migration would have it."""
    _, _, args, kwargs = of.deconstruct()
    made: Field = type(of)(*args, **{**kwargs, **attributes})
    return made
