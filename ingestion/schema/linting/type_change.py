"""Another type for a column in use: a new column beside it, kept up, filled, and swapped for it.

0007  the new column, and a trigger that keeps it up
0008  the rows that were there, in batches; its indexes and constraints, beside the traffic
0009  the two change their names, and the trigger its direction: a moment
0010  the old column goes, with the release after that
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ingestion.schema.catalog import Catalog, name, table_of
from ingestion.schema.linting.batches import in_batches
from ingestion.schema.linting.safe_sql import actions, softened, validated
from ingestion.schema.linting.tables import Column, Tables, names_in
from ingestion.schema.statements import (
    LONGEST_NAME_BYTES,
    NAME,
    clipped,
    names,
    quoted,
    statements,
)

ADVICE = (
    "Add a column of the new type beside it, keep it up with a trigger, fill it in batches, and "
    "swap the two names in one short transaction. Until the old one is dropped, with the release "
    "after that, values have to fit both. Undoing all of it needs --accept-data-loss: what goes is "
    "the copy."
)
BY_ANOTHER_NAME = (
    "Add a field under another name for the new type, and let the new release write both; fill it "
    "in batches, read from it with the next release, and drop the old one with the one after."
)
OF_A_KEY = (
    "It is a key: add a column of the new type beside it and beside every column that refers to "
    "it, keep them up with triggers, fill them in batches, and swap the names and the keys in one "
    "short transaction."
)


_ALTERS = re.compile(rf"ALTER (?:COLUMN )?(?P<column>{NAME})(?:SET DATA )?TYPE (?!.*USING )")


@dataclass(frozen=True)
class Sql:
    """One of the four, in both directions."""

    forwards: list[str]
    backwards: list[str]


@dataclass(frozen=True)
class Made:
    """An index or a constraint of the column."""

    kind: str
    name: str
    definition: str


@dataclass(frozen=True)
class TypeChange:
    table: str
    """As SQL writes it."""
    column: str
    """As the catalogue has it."""
    before: Catalog
    after: Catalog

    @classmethod
    def read(cls, sqls: Sequence[str], before: Catalog, after: Catalog) -> "TypeChange | None":
        """Of an ALTER TABLE … ALTER … TYPE that stands alone and casts as PostgreSQL would."""
        done = [each for sql in sqls for each in actions(sql)]
        if len(sqls) != 1 or len(done) != 1:
            return None
        [(table, action)] = done
        match = _ALTERS.match(action.shape)
        return match and cls(table, names(action.name(match, "column"))[-1], before, after)

    # --- What there is ---------------------------------------------------------------------

    @cached_property
    def _path(self) -> str:
        return Tables(self.before, self.after).path(self.table)

    @cached_property
    def made(self) -> list[Made]:
        return self._made_in(self.after)

    @cached_property
    def made_before(self) -> list[Made]:
        return self._made_in(self.before)

    def _made_in(self, things: Catalog) -> list[Made]:
        """In the order of their names."""
        return [
            Made(kind, names_in(path.removeprefix(f"{self._path}."))[-1], definition)
            for thing, definition in sorted(things.items())
            for kind, _, path in [thing.partition(" ")]
            if kind in {"index", "constraint"}
            and table_of(thing) == self._path
            and self.column in _names_in(definition)
            and not (kind == "index" and f"constraint {path}" in things)
        ]

    @property
    def is_key(self) -> bool:
        """Of the table, or of others."""
        return any(each.definition.startswith("PRIMARY KEY") for each in self.made) or any(
            f"REFERENCES {self._path}({name(self.column)})" in definition
            for definition in self.after.values()
        )

    @property
    def is_one(self) -> bool:
        """The column is known, and has another type afterwards."""
        thing = f"column {self._path}.{name(self.column)}"
        is_known = thing in self.before and thing in self.after
        if not is_known or Tables(self.before, self.after).has_heirs(self.table):
            return False
        return self._defined(self.before).type != self._defined(self.after).type

    @property
    def is_sorted_anew(self) -> bool:
        """It keeps its values and gets another collation, which only its indexes notice."""
        was, becomes = (self._defined(things).type for things in (self.before, self.after))
        return was != becomes and _plain(was) == _plain(becomes)

    def _defined(self, things: Catalog) -> "Column":
        return Column.read(things[f"column {self._path}.{name(self.column)}"])

    # --- What to do ------------------------------------------------------------------------

    @property
    def new_column(self) -> Sql:
        new = self._defined(self.after)
        return Sql(
            [
                f"ALTER TABLE {self.table} ADD COLUMN {self._new} {new.type}",
                *self._kept_up(self._new, of=self._now, type_=new.type),
            ],
            [*self._left_alone, f"ALTER TABLE {self.table} DROP COLUMN {self._new}"],
        )

    @property
    def filled(self) -> Sql:
        new = self._defined(self.after)
        forwards = [self._fill(self._new, of=self._now, type_=new.type)]
        backwards: list[str] = []
        if new.is_required:
            forwards += self._required(self._new)
            backwards.append(f"ALTER TABLE {self.table} DROP CONSTRAINT {self._filled}")
        forwards += softened([self._anew(each, self._new, "new") for each in self.made])
        backwards += [self._dropped(each, "new") for each in self.made]
        return Sql(forwards, backwards)

    @property
    def swapped(self) -> Sql:
        old, new = self._defined(self.before), self._defined(self.after)
        alter = f"ALTER TABLE {self.table}"
        forwards = [
            f"{alter} RENAME COLUMN {self._now} TO {self._old}",
            f"{alter} RENAME COLUMN {self._new} TO {self._now}",
        ]
        backwards = [self._renamed(each, "", "new") for each in self.made]
        backwards += [self._renamed(each, "old", "") for each in self.made_before]
        if new.is_required:
            required = f"{alter} ALTER COLUMN {self._now}"
            # The CHECK stays with the column: to make it again when this is undone takes a scan.
            forwards += [f"{required} SET NOT NULL"]
            backwards += [f"{required} DROP NOT NULL"]
        forwards += self._described(new, self._now)
        backwards += [f"{alter} RENAME COLUMN {self._now} TO {self._new}"]
        backwards += [f"{alter} RENAME COLUMN {self._old} TO {self._now}"]
        if new.default:
            backwards += [f"{alter} ALTER COLUMN {self._new} DROP DEFAULT"]
        if new.comment:
            backwards += [f"COMMENT ON COLUMN {self.table}.{self._new} IS NULL"]
        forwards += [self._renamed(each, "", "old") for each in self.made_before]
        forwards += [self._renamed(each, "new", "") for each in self.made]
        forwards.append(self._function(self._old, of=self._now, type_=old.type))
        backwards.append(self._function(self._new, of=self._now, type_=new.type))
        return Sql(forwards, backwards)

    @property
    def dropped(self) -> Sql:
        old = self._defined(self.before)
        backwards = [
            f"ALTER TABLE {self.table} ADD COLUMN {self._old} {old.type}",
            *self._kept_up(self._old, of=self._now, type_=old.type),
            self._fill(self._old, of=self._now, type_=old.type),
        ]
        if old.is_required:
            backwards += softened(
                [f"ALTER TABLE {self.table} ALTER COLUMN {self._old} SET NOT NULL"]
            )
        backwards += softened([self._anew(each, self._old, "old") for each in self.made_before])
        backwards += self._described(old, self._old)
        forwards = [*self._left_alone, f"ALTER TABLE {self.table} DROP COLUMN {self._old}"]
        if self._defined(self.after).is_required:
            forwards.append(f"ALTER TABLE {self.table} DROP CONSTRAINT {self._filled}")
            backwards += self._required(self._now)
        return Sql(forwards, backwards)

    def copied(self, column: str) -> str:
        """Into a column of the new type that others make."""
        return self._fill(column, of=self._now, type_=self._defined(self.after).type)

    # --- Parts of it -----------------------------------------------------------------------

    @property
    def _now(self) -> str:
        return quoted(self.column)

    @property
    def _new(self) -> str:
        return quoted(self._suffixed(self.column, "new"))

    @property
    def _old(self) -> str:
        return quoted(self._suffixed(self.column, "old"))

    @property
    def _trigger(self) -> str:
        return quoted(self._suffixed(f"{names(self.table)[-1]}_{self.column}", "twin"))

    @property
    def _filled(self) -> str:
        return quoted(self._suffixed(f"{names(self.table)[-1]}_{self.column}", "filled"))

    @staticmethod
    def _suffixed(plain: str, suffix: str) -> str:
        if not suffix:
            return plain
        return f"{clipped(plain, LONGEST_NAME_BYTES - len(suffix) - 1)}_{suffix}"

    def _kept_up(self, column: str, *, of: str, type_: str) -> list[str]:
        """Whoever writes the one writes the other."""
        return [
            self._function(column, of=of, type_=type_),
            f"CREATE TRIGGER {self._trigger} BEFORE INSERT OR UPDATE ON {self.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self._trigger}()",
        ]

    def _function(self, column: str, *, of: str, type_: str) -> str:
        return (
            f"CREATE OR REPLACE FUNCTION {self._trigger}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN NEW.{column} := NEW.{of}::{_plain(type_)}; RETURN NEW; END$$"
        )

    @property
    def _left_alone(self) -> list[str]:
        return [
            f"DROP TRIGGER {self._trigger} ON {self.table}",
            f"DROP FUNCTION {self._trigger}()",
        ]

    def _fill(self, column: str, *, of: str, type_: str) -> str:
        value = f"{of}::{_plain(type_)}"
        as_text = "::text" if _plain(type_).removesuffix("[]") in _WITHOUT_EQUALS else ""
        return in_batches(
            self.table,
            change=f"{column} = {value}",
            where=f"{column}{as_text} IS DISTINCT FROM {value}{as_text}",
            key=Tables(self.before, self.after).key(self.table),
        )

    def _required(self, column: str) -> list[str]:
        addition = f"ADD CONSTRAINT {self._filled} CHECK ({column} IS NOT NULL)"
        return list(validated(self.table, self._filled, addition))

    def _described(self, defined: "Column", column: str) -> list[str]:
        found = []
        if defined.default:
            found.append(
                f"ALTER TABLE {self.table} ALTER COLUMN {column} SET DEFAULT {defined.default}"
            )
        if defined.comment:
            comment = defined.comment.replace("'", "''")
            found.append(f"COMMENT ON COLUMN {self.table}.{column} IS '{comment}'")
        return found

    def _anew(self, each: Made, column: str, suffix: str) -> str:
        """It for another column, under another name."""
        definition = _with_names(each.definition, {self.column: column})
        name = quoted(self._suffixed(each.name, suffix))
        if each.kind == "index":
            return _with_names(definition, {each.name: name}, most=1)
        return f"ALTER TABLE {self.table} ADD CONSTRAINT {name} {definition}"

    def _dropped(self, each: Made, suffix: str) -> str:
        name = quoted(self._suffixed(each.name, suffix))
        if each.kind == "index":
            return f"DROP INDEX {name}"
        return f"ALTER TABLE {self.table} DROP CONSTRAINT {name}"

    def _renamed(self, each: Made, before: str, after: str) -> str:
        was, now = (quoted(self._suffixed(each.name, suffix)) for suffix in (before, after))
        if each.kind == "index":
            return f"ALTER INDEX {was} RENAME TO {now}"
        return f"ALTER TABLE {self.table} RENAME CONSTRAINT {was} TO {now}"


_WITHOUT_EQUALS = frozenset({"json", "xml", "point", "polygon", "path", "box", "circle"})
"""Types whose values have no =, or one that takes different values for the same."""


def _plain(type_: str) -> str:
    return type_.partition(" COLLATE ")[0]


def _names_in(definition: str) -> set[str]:
    return {
        names(each.sql[token.start : token.end])[0]
        for each in statements(definition)
        for token in each.tokens
        if token.mark == '"' or token.mark[0].isalpha() or token.mark[0] == "_"
    }


def _with_names(definition: str, names_: dict[str, str], *, most: int = 0) -> str:
    """Each name in the place of another; `most` counts from the front, 0 is all."""
    parts, at, done = [], 0, 0
    for each in statements(definition):
        for token in each.tokens:
            word = definition[token.start : token.end]
            is_name = token.mark == '"' or token.mark[0].isalpha() or token.mark[0] == "_"
            new = names_.get(names(word)[0]) if is_name and not (most and done >= most) else None
            if new:
                parts += [definition[at : token.start], new]
                at, done = token.end, done + 1
    return "".join([*parts, definition[at:]])


def order(change: TypeChange) -> Sequence[tuple[str, Sql]]:
    """What each of the four is called, and does."""
    return [
        ("new", change.new_column),
        ("fill", change.filled),
        ("swap", change.swapped),
        ("drop", change.dropped),
    ]
