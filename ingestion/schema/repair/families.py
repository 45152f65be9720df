"""Who writes the statements for things of each kind."""

from collections.abc import Callable
from dataclasses import dataclass

from ingestion.schema.catalog import Thing
from ingestion.schema.repair import (
    attached,
    columns,
    datatypes,
    extensions,
    grants,
    indexes,
    routines,
    searching,
    sequences,
    tables,
    views,
)
from ingestion.schema.repair.sides import Sides


@dataclass(frozen=True)
class Family:
    create: Callable[[Thing, Sides], list[str]]
    drop: Callable[[Thing, Sides], list[str]]
    alter: Callable[[Thing, Thing, Sides], list[str] | None]
    """From what there is to what there should be; None if it has to be made anew."""


_VIEW = Family(views.create, views.drop, views.alter_view)
_GRANT = Family(grants.create, grants.drop, grants.alter)

# In the order in which things are made, so far as nothing needs another one.
_FAMILIES = {
    "schema": Family(extensions.create_comment, extensions.drop_comment, extensions.alter_comment),
    "extension": Family(extensions.create, extensions.drop, extensions.alter),
    "collation": Family(datatypes.create_collation, datatypes.drop, datatypes.alter_collation),
    "text search dictionary": Family(
        searching.create_dictionary, searching.drop, searching.alter_dictionary
    ),
    "text search configuration": Family(
        searching.create_configuration, searching.drop, searching.alter_configuration
    ),
    "enum": Family(datatypes.create_enum, datatypes.drop, datatypes.alter_enum),
    "domain": Family(datatypes.create_domain, datatypes.drop, datatypes.alter_domain),
    "type": Family(datatypes.create_type, datatypes.drop, datatypes.alter_type),
    "sequence": Family(sequences.create, sequences.drop, sequences.alter),
    "table": Family(tables.create, tables.drop, tables.alter),
    "column": Family(columns.create, columns.drop, columns.alter),
    "constraint": Family(
        indexes.create_constraint, indexes.drop_constraint, indexes.alter_constraint
    ),
    "index": Family(indexes.create_index, indexes.drop_index, indexes.alter_index),
    "statistics": Family(
        attached.create_statistics, attached.drop_statistics, attached.alter_statistics
    ),
    "view": _VIEW,
    "materialized view": Family(views.create, views.drop, views.alter_materialized),
    # Late: a body that is a text may speak of tables and views that PostgreSQL looks for.
    "function": Family(routines.create, routines.drop, routines.alter),
    "trigger": Family(attached.create, attached.drop, attached.alter),
    "rule": Family(attached.create, attached.drop, attached.alter),
    "policy": Family(attached.create_policy, attached.drop, attached.alter_policy),
    "event trigger": Family(
        attached.create_event_trigger, attached.drop_event_trigger, attached.alter_event_trigger
    ),
}
_RANKS = {kind: rank for rank, kind in enumerate(_FAMILIES)}


def family(kind: str) -> Family:
    return _GRANT if kind.startswith("grant") else _FAMILIES[kind]


def rank(kind: str) -> int:
    return _RANKS.get(kind, len(_RANKS))
