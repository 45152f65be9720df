"""The models of a state → the picture of the tables that they make. Asks no database."""

from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, UniqueConstraint

from ingestion.schema.diagram.picture import Column, Link, Picture, Rule, Table, unique
from ingestion.schema.states import State


def picture_of(state: State, connection: BaseDatabaseWrapper) -> Picture:
    """All that the migrations make. The connection lends its types; it is not opened."""
    models = [
        model
        for model in state.apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    tables = {model._meta.db_table: _table(model, connection) for model in models}
    links = {link.ends: link for model in models for link in _links(model)}
    for link in links.values():
        # A table that nobody makes here, of an unmanaged model or one that was swapped in.
        tables.setdefault(link.to_table, Table(link.to_table, "", is_stub=True))
    ordered = sorted(tables.values(), key=lambda table: (table.app, table.name))
    return Picture(tuple(ordered), tuple(links[ends] for ends in sorted(links)))


def _table(model: type[Model], connection: BaseDatabaseWrapper) -> Table:
    meta: Any = model._meta
    keys = [key for key in _unique(meta) if len(key) > 1]
    columns = tuple(_column(field, connection) for field in _fields(meta))
    rules = (*map(unique, keys), *_in_part(meta))
    return Table(meta.db_table, meta.app_label, columns, rules, meta.db_table_comment or "")


def _column(field: Any, connection: BaseDatabaseWrapper) -> Column:
    meta = field.model._meta
    return Column(
        field.column,
        field.db_type(connection),
        is_null=field.null,
        is_primary=field in meta.pk_fields,
        is_unique=not field.primary_key and _is_unique(field),
        refers_to=field.target_field.model._meta.db_table if field.remote_field else "",
        comment=field.db_comment or "",
    )


def _links(model: type[Model]) -> Iterator[Link]:
    for field in _fields(model._meta):
        if field.remote_field:
            target = field.target_field
            yield Link(
                model._meta.db_table,
                field.column,
                target.model._meta.db_table,
                target.column,
                is_null=field.null,
                is_unique=_is_unique(field),
                is_enforced=field.db_constraint,
            )


def _fields(meta: Any) -> list[Any]:
    """Those that are a column: a composite key is none, nor is a key of several columns."""
    return [field for field in meta.local_fields if field.column]


def _is_unique(field: Any) -> bool:
    return field.unique or (field.column,) in _unique(field.model._meta)


def _unique(meta: Any) -> list[tuple[str, ...]]:
    """The columns that are unique together, or alone by a constraint."""
    together = [*meta.unique_together, *(each.fields for each in meta.total_unique_constraints)]
    return sorted({tuple(meta.get_field(name).column for name in names) for names in together})


def _in_part(meta: Any) -> list[Rule]:
    """Unique by an expression, or for some of the rows only."""
    whole = meta.total_unique_constraints
    constraints = [each for each in meta.constraints if isinstance(each, UniqueConstraint)]
    return [Rule(f"UNIQUE {each.name}") for each in constraints if each not in whole]
