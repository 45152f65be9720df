"""What the catalogues before and after a migration tell of a table that a statement names. Pure."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ingestion.schema.catalog import Catalog, name, table_of
from ingestion.schema.statements import LONGEST_NAME_BYTES, clipped, names, quoted, statements

_NAME = r'(?:[\w$]+|"(?:[^"]|"")+")'
_PARENT = re.compile(
    rf"(?:UNLOGGED )?TABLE (?:PARTITION OF|INHERITS \()\s?"
    rf"(?P<parents>{_NAME}(?:\.{_NAME})?(?:, {_NAME}(?:\.{_NAME})?)*)"
)
_REFERENCES = re.compile(rf" REFERENCES (?P<parent>{_NAME}(?:\.{_NAME})?)\(")
_PLAIN_UNIQUE = re.compile(r"CREATE UNIQUE INDEX .* USING btree \([^()]*\)(?! WHERE).*", re.DOTALL)
_SUFFIXES = {"PRIMARY KEY": "pkey", "UNIQUE": "key", "CHECK": "check", "FOREIGN KEY": "fkey"}


def named_by_postgres(table: str, columns: Sequence[str], suffix: str) -> str:
    """The name that PostgreSQL gives what has none, if it is free. All of them plain.

    As its makeObjectName() does: the longer of the two parts gives way first.
    """
    room = LONGEST_NAME_BYTES - len(f"_{suffix}")
    parts = [table, *(["_".join(columns)] if columns else [])]
    sizes = [len(part.encode()) for part in parts]
    while sum(sizes) + len(sizes) - 1 > room:
        # Of two that are as long, the second.
        sizes[0 if len(sizes) == 1 or sizes[0] > sizes[1] else 1] -= 1
    cut = [clipped(part, size) for part, size in zip(parts, sizes, strict=True)]
    return "_".join([*cut, suffix])


_DEFINITION = re.compile(
    r"(?P<type>.*?)(?P<required> NOT NULL)?(?: GENERATED (?:ALWAYS|BY DEFAULT) AS .*?)?"
    r"(?: DEFAULT (?P<default>.*?))?(?: -- (?P<comment>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Column:
    type: str
    """With its collation."""
    is_required: bool
    default: str | None
    comment: str | None

    @classmethod
    def read(cls, definition: str) -> "Column":
        found = _DEFINITION.fullmatch(definition)
        assert found is not None  # noqa: S101  (all of it is optional)
        return cls(found["type"], bool(found["required"]), found["default"], found["comment"])


@dataclass(frozen=True)
class Tables:
    before: Catalog = field(default_factory=dict)
    after: Catalog = field(default_factory=dict)
    server_version: int = 180000
    """PostgreSQL's own number."""

    def path(self, table: str) -> str:
        """As the catalogue has it what SQL writes like this."""
        parts = names(table)
        known = name(*parts)
        is_there = any(f"table {known}" in things for things in (self.before, self.after))
        if len(parts) > 1 and not is_there and parts[0] == "public":
            return name(parts[-1])
        return known

    def keeps_type(self, table: str, column: str) -> bool:
        thing = self._column(table, column)
        known = [things.get(thing) for things in self._both]
        was, became = (each and Column.read(each).type for each in known)
        return was is not None and was == became

    def is_required(self, table: str, column: str) -> bool:
        return Column.read(self.before.get(self._column(table, column), "")).is_required

    def key(self, table: str) -> tuple[str, ...]:
        """The columns of its primary key, for SQL; none where rows lie in tables below it, too."""
        path = self.path(table)
        if any(next(_below(things, path), None) for things in self._both):
            return ()
        was, becomes = (_key_of(things, path) for things in self._both)
        return tuple(quoted(column) for column in was) if was == becomes else ()

    def has_heirs(self, table: str) -> bool:
        """Tables that inherit from it, which get no trigger of it, other than partitions."""
        path = self.path(table)
        return not self.is_partitioned(table) and any(
            next(_below(things, path), None) for things in self._both
        )

    def is_partitioned(self, table: str) -> bool:
        path = self.path(table)
        return any(
            " PARTITION BY " in things.get(f"table {path}", "").partition(" -- ")[0]
            for things in self._both
        )

    def leaves(self, table: str) -> list[str]:
        """The partitions that hold its rows, as the catalogue has them."""
        below = list(_below(self.after, self.path(table)))
        return [each for each in below if not self.is_partitioned(as_sql(each))]

    def default_partition(self, table: str) -> str | None:
        path = self.path(table)
        default = re.compile(rf"(?:UNLOGGED )?TABLE PARTITION OF {re.escape(path)} DEFAULT\b")
        found = (
            each for each in _tables(self.before) if default.match(self.before[f"table {each}"])
        )
        return next(found, None)

    def has_plain_unique_index(self, view: str) -> bool:
        """On columns and for all rows, as a concurrent refresh needs it."""
        path = self.path(view)
        return any(
            _PLAIN_UNIQUE.fullmatch(definition)
            for thing, definition in self.before.items()
            if thing.startswith("index ") and table_of(thing) == path
        )

    def mentioned(self, table: str, words: Sequence[str]) -> tuple[str, ...]:
        """PostgreSQL calls a CHECK by its column if there is but one in it."""
        path = self.path(table)
        columns = set(words)
        if f"table {path}" in self.after:
            columns = {each for each in words if f"column {path}.{name(each)}" in self.after}
        return tuple(columns) if len(columns) == 1 else ()

    def name_of(
        self, table: str, columns: Sequence[str], kind: str, *, but: Collection[str]
    ) -> str:
        """Of a constraint of this kind that is made without a name; `but` are said elsewhere."""
        new = {
            each: definition
            for each, definition in self.new_of(table, "constraint").items()
            if definition.startswith(kind) and each not in but
        }
        if kind != "CHECK":
            new = {each: text for each, text in new.items() if _first_list(text) == tuple(columns)}
        if len(new) == 1:
            return next(iter(new))
        said = () if kind == "PRIMARY KEY" else columns
        return named_by_postgres(names(table)[-1], said, _SUFFIXES[kind])

    def new_of(self, table: str, kind: str) -> dict[str, str]:
        """The indexes or constraints that come with the migration, by their plain names."""
        path = self.path(table)
        return {
            names_in(thing.removeprefix(f"{kind} "))[-1]: self.after[thing]
            for thing in sorted(self.after.keys() - self.before.keys())
            if thing.startswith(f"{kind} ") and table_of(thing) == path
        }

    @property
    def _both(self) -> tuple[Catalog, Catalog]:
        return self.before, self.after

    def _column(self, table: str, column: str) -> str:
        return f"column {self.path(table)}.{name(*names(column))}"


def names_in(path: str) -> tuple[str, ...]:
    """The plain names in what the catalogue has, which folds no letters."""
    return tuple(
        part[1:-1].replace('""', '"') if part.startswith('"') else part
        for part in re.findall(_NAME, path)
    )


def as_sql(path: str) -> str:
    return quoted(*names_in(path))


def _first_list(definition: str) -> tuple[str, ...]:
    """The columns of a key, as PostgreSQL prints it: PRIMARY KEY (a, "B") INCLUDE (c)."""
    for each in statements(definition):
        marks = [token.mark for token in each.tokens]
        if "(" in marks and ")" in marks:
            first, last = marks.index("("), marks.index(")")
            listed = each.tokens[first + 1 : last]
            return tuple(
                names(definition[token.start : token.end])[0]
                for token in listed
                if token.mark != ","
            )
    return ()


def _key_of(things: Catalog, path: str) -> tuple[str, ...]:
    for thing, definition in things.items():
        if definition.startswith("PRIMARY KEY (") and table_of(thing) == path:
            return _first_list(definition)
    return ()


def references(things: Catalog) -> frozenset[tuple[str, str]]:
    """Which tables refer to which by a foreign key."""
    return frozenset(
        (child, match["parent"])
        for thing, definition in things.items()
        if definition.startswith("FOREIGN KEY ")
        and (match := _REFERENCES.search(definition))
        and (child := table_of(thing))
        and child != match["parent"]
    )


def _tables(things: Catalog) -> Iterator[str]:
    return (thing.removeprefix("table ") for thing in things if thing.startswith("table "))


def _parents(definition: str) -> list[str]:
    match = _PARENT.match(definition)
    return re.findall(rf"{_NAME}(?:\.{_NAME})?", match["parents"]) if match else []


def _below(things: Catalog, path: str) -> Iterator[str]:
    for each in sorted(_tables(things)):
        if path in _parents(things[f"table {each}"]):
            yield from _below(things, each)
            yield each
