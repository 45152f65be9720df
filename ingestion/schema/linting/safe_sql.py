"""A statement that blocks → statements that do the same beside the traffic. Text only.

They end in the same tables, and each is to be run in a transaction of its own: an index is built
CONCURRENTLY, a constraint is added NOT VALID and validated, rows are filled in batches.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.schema.statements import (
    LONGEST_NAME_BYTES,
    NAME,
    QUALIFIED,
    Statement,
    Token,
    clipped,
    names,
    quoted,
    statements,
)

BATCH_ROWS = 10_000

NameOf = Callable[[str, str, str], str]
"""Table, column and "key" or "check" → the name that PostgreSQL gives a constraint without one."""
KeepsType = Callable[[str, str], bool]
"""Whether a table's column has the same type before and after."""


def named_by_postgres(table: str, column: str, suffix: str) -> str:
    return clipped(f"{names(table)[-1]}_{names(column)[-1]}_{suffix}", LONGEST_NAME_BYTES)


def softened(
    sqls: Sequence[str],
    *,
    is_rewritten: bool = False,
    name_of: NameOf = named_by_postgres,
    keeps_type: KeepsType = lambda _table, _column: False,
) -> list[str]:
    """`is_rewritten`: a column with a default that differs from row to row is added empty.

    Django says the type again with whatever changes of a column, and PostgreSQL then builds some
    of its indexes anew: where it stays, it is better not said.
    """
    softener = _Softener(is_rewritten, name_of, keeps_type)
    return [soft for sql in sqls for each in statements(sql) for soft in softener(each)]


_SET_CONSTRAINTS = re.compile("SET CONSTRAINTS ")
_INDEX = re.compile("CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY )")
_ALTER = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?P<table>{QUALIFIED})(?:\* )?")
_FILL = re.compile(
    rf"UPDATE (?P<table>{QUALIFIED})SET (?P<column>{NAME})= (?:[^ ]+ )+?"
    rf"WHERE (?P<where>{NAME})IS NULL $"
)
_UNIQUE = re.compile(
    rf"ADD CONSTRAINT (?P<name>{NAME})(?P<kind>UNIQUE |PRIMARY KEY )"
    r"(?P<nulls>NULLS (?:NOT )?DISTINCT )?(?=\( )"
)
_CHECKED = re.compile(rf"ADD CONSTRAINT (?P<name>{NAME})(?:CHECK|FOREIGN KEY) ")
_NOT_NULL = re.compile(rf"ALTER (?:COLUMN )?(?P<column>{NAME})SET NOT NULL $")
_TYPE = re.compile(rf"ALTER (?:COLUMN )?(?P<column>{NAME})(?:SET DATA )?TYPE ")
_COLUMN = re.compile(
    rf"ADD (?!CONSTRAINT |PRIMARY |UNIQUE |CHECK |FOREIGN |EXCLUDE )(?:COLUMN )?"
    rf"(?:IF NOT EXISTS )?(?P<column>{NAME})"
)


@dataclass(frozen=True)
class _Softener:
    is_rewritten: bool
    name_of: NameOf
    keeps_type: KeepsType

    def __call__(self, statement: Statement) -> Iterator[str]:
        shape = statement.shape
        if _SET_CONSTRAINTS.match(shape):
            return  # of use in a transaction only
        if match := _INDEX.match(shape):
            yield f"{statement.up_to(match)} CONCURRENTLY {statement.after(match)}"
        elif match := _ALTER.match(shape):
            table = statement.name(match, "table")
            for action in _actions(statement, behind=match):
                yield from self._action(action, table)
        elif (match := _FILL.match(shape)) and match["column"] == match["where"]:
            yield in_batches(
                statement.name(match, "table"),
                change=_between(statement, "SET", "WHERE"),
                where=f"{statement.name(match, 'where')} IS NULL",
            )
        else:
            yield statement.text

    def _action(self, action: Statement, table: str) -> Iterator[str]:
        shape = action.shape
        if match := _UNIQUE.match(shape):
            yield from _unique(action, match, table)
        elif (match := _CHECKED.match(shape)) and "NOT VALID" not in shape:
            yield from validated(table, action.name(match, "name"), action.text)
        elif match := _NOT_NULL.match(shape):
            yield from not_null(table, action.name(match, "column"))
        elif match := _COLUMN.match(shape):
            yield from self._column(action, match, table)
        elif (match := _TYPE.match(shape)) and self.keeps_type(table, action.name(match, "column")):
            return
        else:
            yield f"ALTER TABLE {table} {action.text}"

    def _column(self, action: Statement, match: re.Match[str], table: str) -> Iterator[str]:
        column = action.name(match, "column")
        head, clauses = _clauses(action)
        default = clauses.get("DEFAULT")
        is_filled = self.is_rewritten and default is not None
        is_apart = {"UNIQUE", "CHECK"} | ({"REFERENCES"} if default else set())
        kept = [text for kind, text in clauses.items() if kind not in is_apart]
        if is_filled:
            kept = [text for text in kept if text not in {default, "NOT NULL"}]
        yield f"ALTER TABLE {table} {' '.join([head, *kept])}"
        if is_filled:
            yield f"ALTER TABLE {table} ALTER COLUMN {column} SET {default}"
            yield in_batches(table, change=f"{column} = DEFAULT", where=f"{column} IS NULL")
            if "NOT NULL" in clauses:
                yield from not_null(table, column)
        for kind in sorted(is_apart & clauses.keys()):
            yield from self._constraint(kind, clauses[kind], table, column)

    def _constraint(self, kind: str, text: str, table: str, column: str) -> Iterator[str]:
        """What stood behind a column, with the name it had or was given."""
        said = _NAMED.match(text)
        suffix = {"UNIQUE": "key", "CHECK": "check", "REFERENCES": "fkey"}[kind]
        name = said[1] if said else quoted(self.name_of(table, column, suffix))
        rest = text[said.end() :] if said else text
        if kind == "UNIQUE":
            rest = f"{rest} ({column})"
        elif kind == "REFERENCES":
            rest = f"FOREIGN KEY ({column}) {rest}"
        for each in statements(f"ADD CONSTRAINT {name} {rest}"):
            yield from self._action(each, table)


_NAMED = re.compile(r'CONSTRAINT\s+("(?:[^"]|"")*"|\S+)\s+', re.IGNORECASE)


def validated(table: str, name: str, addition: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} {addition} NOT VALID"
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"


def not_null(table: str, column: str) -> Iterator[str]:
    """PostgreSQL believes a valid CHECK, and does not look again."""
    plain = f"{names(table)[-1]}_{names(column)[-1]}"
    name = quoted(f"{clipped(plain, LONGEST_NAME_BYTES - len('_filled'))}_filled")
    yield from validated(table, name, f"ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL)")
    yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
    yield f"ALTER TABLE {table} DROP CONSTRAINT {name}"


def in_batches(table: str, *, change: str, where: str) -> str:
    """One statement that commits after each batch: no lock on a row lasts longer than that."""
    some = f"SELECT ctid FROM {table} WHERE {where} LIMIT {BATCH_ROWS}"  # noqa: S608
    return (
        f"DO $$ BEGIN LOOP UPDATE {table} SET {change} WHERE ctid IN ({some});"  # noqa: S608
        " EXIT WHEN NOT FOUND; COMMIT;"
        " END LOOP; END $$"
    )


def _unique(action: Statement, match: re.Match[str], table: str) -> Iterator[str]:
    name, kind = action.name(match, "name"), match["kind"].strip()
    columns = action.after(match)
    when = _DEFERRABLE.search(f"{action.shape}")
    deferral = ""
    if when:
        first = action.shape.count(" ", 0, when.start())
        deferral = f" {_text(action, action.tokens[first:])}"
        columns = _text(action, action.tokens[match.group().count(" ") : first])
    nulls = f" {match['nulls'].strip()}" if match["nulls"] else ""
    yield f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}{nulls}"
    yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferral}"


_DEFERRABLE = re.compile(r"(?:NOT )?DEFERRABLE |INITIALLY (?:DEFERRED|IMMEDIATE) ")
_CLAUSES = ("CONSTRAINT", "NOT", "NULL", "DEFAULT", "UNIQUE", "CHECK", "REFERENCES", "PRIMARY")
_LAST_CLAUSES = ("GENERATED",)


def _clauses(action: Statement) -> tuple[str, dict[str, str]]:
    """ADD COLUMN with its type, and what follows it by its first word: DEFAULT, NOT NULL, …"""
    starts = list(_starts(action))
    first, *ends = [*(place for place, _ in starts), len(action.tokens)]
    head = _text(action, action.tokens[:first])
    clauses = {
        kind: _text(action, action.tokens[place:end])
        for (place, kind), end in zip(starts, ends, strict=True)
    }
    return head, clauses


def _starts(action: Statement) -> Iterator[tuple[int, str]]:
    """Where each clause begins: a word that stands outside of parentheses."""
    depth, behind = 0, -1
    marks = [token.mark for token in action.tokens]
    for place, (mark, following) in enumerate(pairwise([*marks, ""])):
        is_outside, depth = depth == 0, _depth(depth, mark)
        if not is_outside or place <= behind or place < 3:
            continue
        kind = _kind(mark, following, marks[place + 2 :])
        if kind:
            # The value of a default is at least one word, and a named clause has three.
            behind = place + {"DEFAULT": 1, "NOT NULL": 1}.get(kind, 0)
            behind = place + 2 if mark == "CONSTRAINT" else behind
            yield place, kind


def _kind(mark: str, following: str, rest: Sequence[str]) -> str | None:
    if mark == "CONSTRAINT":
        return rest[0] if rest else None
    if mark == "NOT":
        return "NOT NULL" if following == "NULL" else None
    return mark if mark in {*_CLAUSES, *_LAST_CLAUSES} else None


def _actions(statement: Statement, *, behind: re.Match[str]) -> list[Statement]:
    """What an ALTER TABLE does, one by one."""
    depth = 0
    found: list[list[Token]] = [[]]
    for token in statement.tokens[behind.group().count(" ") :]:
        depth = _depth(depth, token.mark)
        if token.mark == "," and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return [Statement(statement.sql, tuple(tokens)) for tokens in found if tokens]


def _depth(before: int, mark: str) -> int:
    return before + (mark == "(") - (mark == ")")


def _text(statement: Statement, tokens: Sequence[Token]) -> str:
    return statement.sql[tokens[0].start : tokens[-1].end] if tokens else ""


def _between(statement: Statement, first: str, second: str) -> str:
    """The text between the first of these words and the last of those, outside of parentheses."""
    marks = [(token.mark, token) for token in statement.outside_parentheses.tokens]
    start = next(token.end for mark, token in marks if mark == first)
    end = [token.start for mark, token in marks if mark == second][-1]
    return statement.sql[start:end].strip()
