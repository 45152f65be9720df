"""What a diagram shows: tables, columns and keys of a state, and how two states differ.

Pure: it knows neither Django nor how it will be drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar


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
        targets = _arrow(self.was.refers_to, self.refers_to)
        return [
            *([f"was {self.was.name}"] if self.was.name != self.name else []),
            *_arrow(self.was.type, self.type),
            *_arrow(_null(self.was), _null(self)),
            *(f"{_sign(new)} {word}" for old, new, word in marks if bool(old) is not bool(new)),
            *(f"FK {each}" for each in targets if self.was.refers_to and self.refers_to),
        ]


@dataclass(frozen=True)
class Rule:
    """What is unique over several columns, or in part."""

    text: str
    columns: tuple[str, ...] = ()
    """Of which it consists, if it is of whole columns and of all rows."""
    change: Change = Change.SAME


def unique(columns: tuple[str, ...]) -> Rule:
    return Rule(f"UNIQUE ({', '.join(columns)})", columns)


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
    was: str = ""
    """The name that it had, if it has another one now."""

    @property
    def title(self) -> str:
        return f"{self.was} → {self.name}" if self.was else self.name


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
        changes = {table.change for table in self.tables} | {link.change for link in self.links}
        return bool(changes - {Change.SAME})

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


@dataclass(frozen=True)
class Renames:
    """The names that tables and columns have now, by those that they had; of others nothing."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By the name that the table had, and that of the column."""

    def table(self, name: str) -> str:
        return self.tables.get(name, name)

    def column(self, table: str, name: str) -> str:
        return self.columns.get((table, name), name)


def between(before: Picture, after: Picture, *, renames: Renames | None = None) -> Picture:
    """Both in one, each thing with what becomes of it."""
    names = renames or Renames()
    tables = _merged(
        {names.table(table.name): table for table in before.tables},
        {table.name: table for table in after.tables},
        both=lambda old, new: _table_between(old, new, names),
    )
    links = _merged(
        {link.ends: link for link in (_renamed(link, names) for link in before.links)},
        {link.ends: link for link in after.links},
        both=lambda _, new: new,
    )
    return Picture(
        tuple(sorted(tables, key=lambda table: (table.app, table.name))),
        tuple(sorted(links, key=lambda link: link.ends)),
    )


Part = TypeVar("Part", Table, Column, Rule, Link)
Name = TypeVar("Name")


def _merged(
    before: Mapping[Name, Part], after: Mapping[Name, Part], *, both: Callable[[Part, Part], Part]
) -> list[Part]:
    """In the order of what is there after; what is gone stands where it stood."""
    names = list(after)
    for place, name in enumerate(before):
        if name not in after:
            names.insert(min(place, len(names)), name)
    return [
        replace(after[name], change=Change.ADDED)
        if name not in before
        else replace(before[name], change=Change.REMOVED)
        if name not in after
        else both(before[name], after[name])
        for name in names
    ]


def _table_between(before: Table, after: Table, names: Renames) -> Table:
    columns = _merged(
        {
            names.column(before.name, column.name): replace(
                column, refers_to=names.table(column.refers_to)
            )
            for column in before.columns
        },
        {column.name: column for column in after.columns},
        both=_column_between,
    )
    was = before.name if before.name != after.name else ""
    rules = _merged(
        {_text(rule, before.name, names): rule for rule in before.rules},
        {rule.text: rule for rule in after.rules},
        both=lambda _, new: new,
    )
    changes = {column.change for column in columns} | {rule.change for rule in rules}
    change = Change.CHANGED if was or changes - {Change.SAME} else Change.SAME
    return replace(after, columns=tuple(columns), rules=tuple(rules), change=change, was=was)


def _column_between(before: Column, after: Column) -> Column:
    if replace(before, comment=after.comment) == after:
        return after
    return replace(after, change=Change.CHANGED, was=before)


def _renamed(link: Link, names: Renames) -> Link:
    return replace(
        link,
        table=names.table(link.table),
        column=names.column(link.table, link.column),
        to_table=names.table(link.to_table),
        to_column=names.column(link.to_table, link.to_column),
    )


def _text(rule: Rule, table: str, names: Renames) -> str:
    """As it reads with the names of now."""
    columns = tuple(names.column(table, column) for column in rule.columns)
    return unique(columns).text if columns else rule.text


def _arrow(old: str, new: str) -> list[str]:
    return [f"{old} → {new}"] if old != new else []


def _null(column: Column) -> str:
    return "NULL" if column.is_null else "NOT NULL"


def _sign(is_there: object) -> str:
    change = Change.ADDED if is_there else Change.REMOVED
    return change.value
