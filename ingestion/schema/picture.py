"""What a diagram shows: tables, columns and keys of a state, and how two states differ.

The writers draw it, and know neither Django nor migrations.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, UniqueConstraint

from ingestion.schema.states import State


class Change(Enum):
    """Each with the sign that says it without colour."""

    SAME = ""
    ADDED = "+"
    REMOVED = "−"  # noqa: RUF001  (as wide as the plus)
    CHANGED = "~"


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_null: bool = False
    is_primary: bool = False
    is_unique: bool = False
    """By itself, always: not together with others, nor under a condition."""
    refers_to: str = ""
    """The table that its foreign key points to."""
    comment: str = ""
    change: Change = Change.SAME
    was: "Column | None" = None
    """What it was, if it is another one now."""

    def differences(self) -> list[str]:
        """What is other than it was, in few words."""
        if self.was is None:
            return []
        marks = [
            (self.was.is_primary, self.is_primary, "PK"),
            (self.was.is_unique, self.is_unique, "UNIQUE"),
            (self.was.refers_to, self.refers_to, "FK"),
        ]
        return [
            *_arrow(self.was.type, self.type),
            *_arrow(_null(self.was), _null(self)),
            *(f"{_sign(new)} {word}" for old, new, word in marks if bool(old) is not bool(new)),
            *(
                _arrow(f"FK {self.was.refers_to}", self.refers_to)
                if self.was.refers_to and self.refers_to
                else []
            ),
        ]


@dataclass(frozen=True)
class Rule:
    """What is unique over several columns, or in part."""

    text: str
    change: Change = Change.SAME


@dataclass(frozen=True)
class Table:
    name: str
    app: str
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    comment: str = ""
    is_stub: bool = False
    """Only its name, because another one points to it."""
    change: Change = Change.SAME


@dataclass(frozen=True)
class Link:
    """A foreign key of one column."""

    table: str
    column: str
    to_table: str
    to_column: str
    is_null: bool = False
    is_unique: bool = False
    is_enforced: bool = True
    """The database has it as a constraint."""
    change: Change = Change.SAME

    @property
    def ends(self) -> tuple[str, str, str, str]:
        return self.table, self.column, self.to_table, self.to_column


@dataclass(frozen=True)
class Picture:
    tables: tuple[Table, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def is_difference(self) -> bool:
        """Something in it is not as it was."""
        return any(part.change is not Change.SAME for part in [*self.tables, *self.links])

    def only(self, is_wanted: Callable[[Table], bool]) -> "Picture":
        """These tables; of others that they point to just the names."""
        kept = {table.name for table in self.tables if is_wanted(table) and not table.is_stub}
        links = tuple(link for link in self.links if link.table in kept)
        named = {link.to_table for link in links} - kept
        stubs = {
            each.name: replace(each, columns=(), rules=(), is_stub=True) for each in self.tables
        }
        tables = tuple(
            stubs[table.name] if table.name in named else table
            for table in self.tables
            if table.name in kept | named
        )
        return Picture(tables, links)


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


def between(before: Picture, after: Picture) -> Picture:
    """Both in one, each thing with what becomes of it."""
    tables = _merged(
        {table.name: table for table in before.tables},
        {table.name: table for table in after.tables},
        both=_table_between,
    )
    links = _merged(
        {link.ends: link for link in before.links},
        {link.ends: link for link in after.links},
        both=lambda _, now: now,
    )
    return Picture(
        tuple(sorted(tables, key=lambda table: (table.app, table.name))),
        tuple(sorted(links, key=lambda link: link.ends)),
    )


def _merged(
    before: dict[Any, Any], after: dict[Any, Any], *, both: Callable[..., Any]
) -> list[Any]:
    """In the order of what is there after; what is gone stands where it stood."""
    keys = list(after)
    for place, key in enumerate(before):
        if key not in after:
            keys.insert(min(place, len(keys)), key)
    return [
        replace(after[key], change=Change.ADDED)
        if key not in before
        else replace(before[key], change=Change.REMOVED)
        if key not in after
        else both(before[key], after[key])
        for key in keys
    ]


def _table_between(before: Table, after: Table) -> Table:
    columns = _merged(
        {column.name: column for column in before.columns},
        {column.name: column for column in after.columns},
        both=_column_between,
    )
    rules = _merged(
        {rule.text: rule for rule in before.rules},
        {rule.text: rule for rule in after.rules},
        both=lambda _, now: now,
    )
    is_other = any(part.change is not Change.SAME for part in [*columns, *rules])
    change = Change.CHANGED if is_other else Change.SAME
    return replace(after, columns=tuple(columns), rules=tuple(rules), change=change)


def _column_between(before: Column, after: Column) -> Column:
    if replace(before, comment=after.comment) == after:
        return after
    return replace(after, change=Change.CHANGED, was=before)


def _table(model: type[Model], connection: BaseDatabaseWrapper) -> Table:
    meta: Any = model._meta
    keys = [key for key in _unique(meta) if len(key) > 1]
    columns = tuple(_column(field, connection) for field in _fields(meta))
    rules = tuple(
        Rule(text) for text in [*(f"UNIQUE ({', '.join(key)})" for key in keys), *_in_part(meta)]
    )
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


def _in_part(meta: Any) -> list[str]:
    """Unique by an expression, or for some of the rows only."""
    constraints = [each for each in meta.constraints if isinstance(each, UniqueConstraint)]
    return [
        f"UNIQUE {each.name}" for each in constraints if each not in meta.total_unique_constraints
    ]


def _arrow(old: str, new: str) -> list[str]:
    return [f"{old} → {new}"] if old != new else []


def _null(column: Column) -> str:
    return "NULL" if column.is_null else "NOT NULL"


def _sign(is_there: Any) -> str:
    return (Change.ADDED if is_there else Change.REMOVED).value
