"""What an ALTER TABLE … ADD COLUMN says, clause by clause. Text only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.schema.statements import NAME, Statement, Token

_COLUMN = re.compile(
    rf"ADD (?!CONSTRAINT |PRIMARY |UNIQUE |CHECK |FOREIGN |EXCLUDE )(?:COLUMN )?"
    rf"(?:IF NOT EXISTS )?(?P<column>{NAME})"
)
_SERIALS = {
    **dict.fromkeys(["SERIAL", "SERIAL4"], "integer"),
    **dict.fromkeys(["BIGSERIAL", "SERIAL8"], "bigint"),
    **dict.fromkeys(["SMALLSERIAL", "SERIAL2"], "smallint"),
}
_CLAUSES = {
    *("CONSTRAINT", "NOT", "NULL", "DEFAULT", "UNIQUE", "CHECK", "REFERENCES", "PRIMARY"),
    *("GENERATED", "COLLATE"),
}


@dataclass(frozen=True)
class NewColumn:
    name: str
    """As it is written."""
    head: str
    """ADD COLUMN, its name and type, as they are written."""
    type: str
    parts: tuple[tuple[str, str], ...]
    """Each clause behind its first word, NOT NULL behind its two: there can be two CHECKs."""

    @classmethod
    def read(cls, action: Statement) -> "NewColumn | None":
        match = _COLUMN.match(action.shape)
        if not match:
            return None
        starts = list(_starts(action, behind=match.group().count(" ")))
        first, *ends = [*(place for place, _ in starts), len(action.tokens)]
        parts = tuple(
            (kind, text_of(action, action.tokens[place:end]))
            for (place, kind), end in zip(starts, ends, strict=True)
        )
        type_ = text_of(action, action.tokens[match.group().count(" ") : first])
        head = text_of(action, action.tokens[:first])
        return cls(action.name(match, "column"), head, type_, parts)

    @property
    def clauses(self) -> dict[str, str]:
        """Of those that stand but once."""
        return dict(self.parts)

    @property
    def serial(self) -> str | None:
        """The type that a serial stands for."""
        return _SERIALS.get(self.type.upper())

    @property
    def is_identity(self) -> bool:
        return self.clauses.get("GENERATED", "").upper().find(" IDENTITY") > 0

    @property
    def expression(self) -> str | None:
        """Of a column that PostgreSQL computes and stores."""
        found = _GENERATED.fullmatch(self.clauses.get("GENERATED", ""))
        return found["expression"] if found else None


_GENERATED = re.compile(
    r"GENERATED\s+ALWAYS\s+AS\s*\((?P<expression>.*)\)\s*STORED", re.IGNORECASE | re.DOTALL
)


def _starts(action: Statement, *, behind: int) -> Iterator[tuple[int, str]]:
    """Where each clause begins: a word that stands outside of parentheses."""
    depth, behind = 0, behind - 1
    marks = [token.mark for token in action.tokens]
    for place, (mark, following) in enumerate(pairwise([*marks, ""])):
        is_outside, depth = depth == 0, depth_after(depth, mark)
        if not is_outside or place <= behind:
            continue
        if kind := _kind(mark, following, marks[place + 2 :]):
            # The value of a default is at least one word, and a named clause has three.
            behind = place + {"DEFAULT": 1, "NOT NULL": 1, "COLLATE": 1}.get(kind, 0)
            behind = place + 2 if mark in {"CONSTRAINT", "GENERATED"} else behind
            yield place, kind


def _kind(mark: str, following: str, rest: Sequence[str]) -> str | None:
    if mark == "CONSTRAINT":
        return rest[0] if rest else None
    if mark == "NOT":
        return "NOT NULL" if following == "NULL" else None
    return mark if mark in _CLAUSES else None


def depth_after(before: int, mark: str) -> int:
    return before + (mark == "(") - (mark == ")")


def text_of(statement: Statement, tokens: Sequence[Token]) -> str:
    return statement.sql[tokens[0].start : tokens[-1].end] if tokens else ""
