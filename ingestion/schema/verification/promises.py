"""Whether the migrations make in the database what they tell of the models.

SQL says for itself what becomes of the models, and SeparateDatabaseAndState says two things at
once: where they do not agree, nothing fails before the first query does.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.models import CheckConstraint, Index, UniqueConstraint

from ingestion.schema.catalog import Catalog, name
from ingestion.schema.linting.breaking import type_of
from ingestion.schema.plan import Key, full_order
from ingestion.schema.project import Project

_TABLES = ("table", "view", "materialized view", "foreign table")
_FAMILIES = re.compile(
    r"(?P<text>(?:character varying|character|varchar|char|text|citext)\b)|"
    r"(?P<number>(?:smallint|integer|bigint|numeric|real|double precision)\b)|"
    r"(?P<moment>timestamp\b)|(?P<time>time\b)|(?P<date>date\b)|(?P<interval>interval\b)|"
    r"(?P<boolean>boolean\b)|(?P<uuid>uuid\b)|(?P<json>jsonb?\b)|(?P<bytes>bytea\b)|"
    r"(?P<address>(?:inet|cidr)\b)"
)
"""Of types that no query takes for one another. What a project has made is its own affair."""
LONGEST_NAME = 63
"""Bytes; the server cuts off the rest."""


@dataclass(frozen=True, kw_only=True)
class Unkept:
    """What a migration gives the models, and the database does not have."""

    key: Key
    """The last migration that says it."""
    thing: str
    """As a catalogue has it."""
    expected: str | None = None
    found: str | None = None
    """The types, where it is there with another one."""


def unkept(project: Project, things: Catalog, *, own: Collection[str]) -> Iterator[Unkept]:
    """`things` are made by all migrations."""
    everything = full_order(project.graph)
    for model in project.state(everything).apps.get_models(include_auto_created=True):
        if model._meta.app_label in own and _is_made_here(model, project.connection):
            yield from _of_model(project, model, things)


def _is_made_here(model: Any, connection: BaseDatabaseWrapper) -> bool:
    options = model._meta
    return (
        options.can_migrate(connection)
        and router.allow_migrate_model(connection.alias, model)
        and '"' not in options.db_table  # the way to name a schema, which may be any
    )


def _of_model(project: Project, model: Any, things: Catalog) -> Iterator[Unkept]:
    table = name(model._meta.db_table)
    kind = next((each for each in _TABLES if f"{each} {table}" in things), None)
    if kind is None:
        if not any(thing.startswith(_TABLES) and thing.endswith(f".{table}") for thing in things):
            yield Unkept(key=_said_by(project, model, None), thing=f"table {table}")
        return
    if kind != "table":
        return
    for field in model._meta.local_concrete_fields:
        expected = field.column and field.db_type(project.connection)
        if not expected:
            continue
        thing = f"column {name(model._meta.db_table, field.column)}"
        found = type_of(things[thing]) if thing in things else None
        if found is None:
            yield Unkept(key=_said_by(project, model, field.name), thing=thing)
        elif _are_strangers(expected, found):
            key = _said_by(project, model, field.name)
            yield Unkept(key=key, thing=thing, expected=expected, found=found)
    for rule in [*model._meta.constraints, *model._meta.indexes]:
        wanted = _things_of(rule, model._meta.db_table)
        if wanted and not things.keys() & wanted:
            yield Unkept(key=_said_by(project, model, rule.name), thing=wanted[0])


def _things_of(rule: object, table: str) -> list[str]:
    """Any of these keeps it; a library's own kind of constraint may make anything."""
    if isinstance(rule, CheckConstraint | ExclusionConstraint | UniqueConstraint):
        # A unique one with a condition, or over expressions, is an index alone.
        shown = rule.name.encode()[:LONGEST_NAME].decode(errors="ignore")
        return [f"{kind} {name(table, shown)}" for kind in ("constraint", "index")]
    return [f"index {name(table, rule.name)}"] if isinstance(rule, Index) else []


def _are_strangers(expected: str, found: str) -> bool:
    families = [
        match.lastgroup
        for each in (expected, found)
        if not each.endswith("]") and (match := _FAMILIES.match(each))
    ]
    return len({*families}) == 2


# --- Who says so ---------------------------------------------------------------------------


def _said_by(project: Project, model: Any, part: str | None) -> Key:
    """Of the model itself, or of a field, constraint or index of it."""
    app = model._meta.app_label
    owner = (model._meta.auto_created or model)._meta.model_name
    keys = [key for key in full_order(project.graph) if key[0] == app]
    said = [
        key
        for key in keys
        for operation in _with_states(project.migration(key).operations)
        if _is_about(operation, owner, part)
    ]
    return [*keys[:1], *said][-1]


def _with_states(operations: Collection[Operation]) -> Iterator[Operation]:
    for operation in operations:
        yield operation
        yield from _with_states(getattr(operation, "state_operations", ()))


def _is_about(operation: Operation, model: str, part: str | None) -> bool:
    told: Any = operation
    if isinstance(operation, CreateModel):
        rules = [*operation.options.get("constraints", ()), *operation.options.get("indexes", ())]
        parts = {*dict(operation.fields), *(each.name for each in rules)}
        return told.name_lower == model and (part is None or part in parts)
    if not hasattr(operation, "model_name"):
        return part is None and model in {
            getattr(operation, "name_lower", None),
            getattr(operation, "new_name_lower", None),
        }
    rule = getattr(operation, "constraint", None) or getattr(operation, "index", None)
    names = {getattr(each, "name", None) for each in (operation, rule)}
    return told.model_name.lower() == model and part in {
        *names,
        getattr(operation, "new_name", None),
    }
