"""What migrations have renamed on the way from one state to another: tables and columns."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.models import Model

from ingestion.schema.diagram.picture import Renames
from ingestion.schema.plan import full_order
from ingestion.schema.project import Project
from ingestion.schema.states import State

Key = tuple[str, str]
"""The label of an app, and the name of a model in lower case."""
Column = tuple[str, str]
"""The names of a table, and of a column in it."""


@dataclass
class Origins:
    """Where models and fields come from; what is not here has its name from there."""

    models: dict[Key, Key] = field(default_factory=dict)
    fields: dict[tuple[Key, str], str] = field(default_factory=dict)

    def model(self, key: Key) -> Key:
        return self.models.get(key, key)

    def field(self, key: Key, name: str) -> str:
        return self.fields.get((key, name), name)

    def follow(self, app: str, operation: Operation) -> None:
        if isinstance(operation, migrations.RenameModel):
            self._rename_model((app, operation.old_name_lower), (app, operation.new_name_lower))
        elif isinstance(operation, migrations.RenameField):
            key, old = (app, operation.model_name_lower), operation.old_name
            self.fields[key, operation.new_name] = self.field(key, old)
            self.fields[key, old] = f"new {old}"

    def _rename_model(self, old: Key, new: Key) -> None:
        """What takes the old name from now on is another one."""
        self.models[new] = self.model(old)
        self.models[old] = old[0], f"new {old[1]}"
        self.fields = {
            (new if key == old else key, name): origin
            for (key, name), origin in self.fields.items()
        }


def origins(project: Project, *, without: Collection[Key]) -> Origins:
    """Of what is in its state, in one where only these are applied."""
    found = Origins()
    applied = project.visible()
    for key in full_order(project.graph):
        if key in applied and key not in without:
            for operation in _flat(project.migration(key).operations):
                found.follow(key[0], operation)
    return found


def renames(before: State, after: State, *, then: Origins, now: Origins) -> Renames:
    """Both seen from a state that lies before them, so that either may be ahead of the other."""
    old = {then.model(_key(model)): model for model in before.apps.get_models()}
    tables: dict[str, str] = {}
    columns: dict[Column, str] = {}
    for model in after.apps.get_models():
        if one := old.get(now.model(_key(model))):
            was = {(then.field(_key(one), name), end): at for name, end, at in _columns(one)}
            for name, end, (table, column) in _columns(model):
                origin = now.field(_key(model), name), end
                old_table, old_column = was.get(origin, (table, column))
                tables[old_table] = table
                columns[old_table, old_column] = column
    return Renames(tables, columns)


def _flat(operations: Iterable[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flat(operation.state_operations)
        else:
            yield operation


def _columns(model: type[Model]) -> Iterator[tuple[str, int, Column]]:
    """By the field that makes them: one each, and both ends of a join table."""
    meta: Any = model._meta
    for each in meta.local_fields:
        if each.column:
            yield each.name, 0, (meta.db_table, each.column)
    for each in meta.local_many_to_many:
        if each.remote_field.through._meta.auto_created:
            table = each.m2m_db_table()
            yield each.name, 1, (table, each.m2m_column_name())
            yield each.name, 2, (table, each.m2m_reverse_name())


def _key(model: type[Model]) -> Key:
    return model._meta.app_label, str(model._meta.model_name)
