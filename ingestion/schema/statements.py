"""What a piece of SQL is, from its text alone: its statements, what each does, what it is about.

The lexical rules are those of the PostgreSQL manual, section 4.1 "Lexical Structure", with
standard_conforming_strings on. Nothing here raises: what is no SQL is for PostgreSQL to refuse.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property, lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

LONGEST_NAME_BYTES = 63

# Any byte above 127 may stand in a name, a no-break space too. Said by what may not: a class of all
# the other characters takes long to compile.
_LETTER = r"[^\x00-@\[-\^`{-\x7f]"
_LETTER_OR_DIGIT = r"[^\x00-/:-@\[-\^`{-\x7f]"
_IN_WORD = r"[^\x00-#%-/:-@\[-\^`{-\x7f]"
# 4.1.2.1: literals with a newline between them are one, so what follows E'…' is read as it is.
_BETWEEN = r"(?:[ \t\f\v]|--[^\n\r]*+)*+[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*+[\n\r])*+"
# Not *+ around E'…': Python before 3.11.5 goes on where an alternative in it had failed.
_LEXEME = re.compile(
    rf"""
    (?:[ \t\n\r\f\v]++|--[^\n\r]*+)*+ (?:
    (?P<block>   /\* )
  | (?P<literal> [eE]'(?:[^'\\]++|\\.?|''|'{_BETWEEN}')*'?
               | (?:[bBnNxX]|[uU]&)?'(?:[^']++|'')*+'?
               | \$(?P<tag>(?:{_LETTER}{_LETTER_OR_DIGIT}*+)?)\$.*?(?:\$(?P=tag)\$|\Z) )
  | (?P<name>    (?:[uU]&)?"(?:[^"]++|"")*+"? )
  | (?P<word>    {_LETTER}{_IN_WORD}*+ )
  | (?P<number>  [0-9][A-Za-z0-9_.]*+ )
  | (?P<symbol>  . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_MARKS = {"literal": "'", "name": '"'}
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_TO_CAPITALS = str.maketrans(ascii_lowercase, ascii_uppercase)
_TO_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


class Token(NamedTuple):
    mark: str
    """A word in capitals, ' for any literal, " for any quoted name, else the text itself."""
    start: int
    end: int


def _tokens(sql: str) -> Iterator[Token]:
    at = 0
    while found := _LEXEME.match(sql, at):
        sort = found.lastgroup or ""
        start, at = found.span(sort)
        if sort == "block":
            at = _end_of_block(sql, start)
        else:
            mark = _MARKS.get(sort) or sql[start:at].translate(_TO_CAPITALS)
            yield Token(mark, start, at)


def _end_of_block(sql: str, start: int) -> int:
    """Block comments nest (4.1.5)."""
    depth = 0
    for edge in _BLOCK_EDGE.finditer(sql, start):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end()
    return len(sql)


@dataclass(frozen=True)
class Statement:
    sql: str
    """The script in which it stands."""
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        return self.sql[self.tokens[0].start : self.tokens[-1].end]

    @cached_property
    def shape(self) -> str:
        """The marks with a space behind each: a pattern for this text sees tokens, never quotes."""
        return "".join(f"{token.mark} " for token in self.tokens)

    @property
    def outside_parentheses(self) -> "Statement":
        """With the parentheses that open, without what stands in them."""
        depth, outside = 0, []
        for token in self.tokens:
            if not depth:
                outside.append(token)
            depth = _depth(depth, token)
        return Statement(self.sql, tuple(outside))

    def name(self, match: re.Match[str], group: str) -> str:
        """The name that this group of a match on the shape stands for, as it is written."""
        return "".join(self.written(match, group))

    def written(self, match: re.Match[str], group: str) -> list[str]:
        """The tokens that this group of a match on the shape stands for."""
        first, behind = (self.shape.count(" ", 0, at) for at in match.span(group))
        return [self.sql[start:end] for _, start, end in self.tokens[first:behind]]

    def up_to(self, match: re.Match[str]) -> str:
        last = self.tokens[self.shape.count(" ", 0, match.end()) - 1]
        return self.sql[self.tokens[0].start : last.end]

    def after(self, match: re.Match[str]) -> str:
        rest = self.tokens[self.shape.count(" ", 0, match.end()) :]
        return self.sql[rest[0].start : rest[-1].end] if rest else ""


def _depth(before: int, token: Token) -> int:
    if token.mark == "(":
        return before + 1
    return before - 1 if before and token.mark == ")" else before


@lru_cache(maxsize=1)  # the same text is asked several questions
def statements(sql: str) -> tuple[Statement, ...]:
    """As `split`, with the tokens."""
    found: list[Statement] = []
    current: list[Token] = []
    depth = 0  # CREATE RULE … DO (…; …) has semicolons in parentheses
    body = _Body()
    for token in _tokens(sql):
        depth = _depth(depth, token)
        if token.mark == ";" and not depth and not body.is_open:
            found.append(Statement(sql, tuple(current)))
            current, body = [], _Body()
            continue
        current.append(token)
        if not depth:
            body.read(token.mark)
    found.append(Statement(sql, tuple(current)))
    return tuple(each for each in found if each.tokens)


class _Body:
    """Whether a function's BEGIN ATOMIC … END is open.

    Every statement in it ends with a semicolon, so the END that closes it follows one, and the
    END of a CASE does not.
    """

    _ROUTINE = re.compile("CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ")

    def __init__(self) -> None:
        self.is_open = False
        self._head = ""
        self._before = ""

    def read(self, mark: str) -> None:
        if len(self._head) < 40:  # enough for CREATE OR REPLACE PROCEDURE
            self._head += f"{mark} "
        if self._before == "BEGIN" and mark == "ATOMIC" and self._ROUTINE.match(self._head):
            self.is_open = True
        elif self._before in {";", "ATOMIC"} and mark == "END":
            self.is_open = False
        self._before = mark


def split(sql: str) -> list[str]:
    """The statements of a script, without their semicolons and the comments around them."""
    return [statement.text for statement in statements(sql)]


# ── names

# Patterns for shapes: one token, one space. Keywords that cannot be names need no exception here.
NAME = rf'(?:" |{_LETTER}[^ ]* )'
QUALIFIED = rf"(?:{NAME}(?:\. {NAME})*)"
_LISTED = rf"(?:ONLY )?{QUALIFIED}(?:\* )?"


def names(written: str) -> tuple[str, ...]:
    """A name as it is written, part by part as the catalogue has it: public."T" → public, T."""
    return tuple(
        clipped(_unquoted(written[start:end]), LONGEST_NAME_BYTES)
        for mark, start, end in _tokens(written)
        if mark != "."
    )


def _unquoted(part: str) -> str:
    if part[:1] == '"':
        return part[1:-1].replace('""', '"')
    if part[:3] in {'u&"', 'U&"'}:
        return _UNICODE.sub(_unescaped, part[3:-1].replace('""', '"'))
    return part.translate(_TO_SMALL)  # only these letters: PostgreSQL leaves Ä as it is


# 4.1.2.3; another escape character, said behind by UESCAPE, is not read.
_UNICODE = re.compile(r"\\(?:\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4})|(\\))")


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1] or match[2] or "5c", 16)
    return chr(code) if code <= 0x10FFFF else match.group()


def clipped(name: str, most_bytes: int) -> str:
    """What PostgreSQL leaves of a name that is too long."""
    return name.encode(errors="ignore")[:most_bytes].decode(errors="ignore")


def quoted(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


# ── what a statement does


class Kind(Enum):
    BLOCKS = auto()
    """Whoever waits behind it in the lock queue waits with it: a short lock_timeout, and again."""
    WAITS = auto()
    """Blocks nobody but takes its time: lock_timeout would end it, a wall-clock budget fits."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_ALTER_TABLE = rf"ALTER TABLE (?:IF EXISTS )?(?!ALL ){_LISTED}"
_OFF = "(?:FALSE|OFF|0) "
_REINDEX_CONCURRENTLY = (
    r"REINDEX (?:\( [^)]*\) )?(?:INDEX|TABLE|SCHEMA|DATABASE|SYSTEM) CONCURRENTLY ",
    rf"REINDEX \( (?:[^)]* )?CONCURRENTLY (?!{_OFF})",
)
_WAITS = _any_of(
    "(?:CREATE (?:UNIQUE )?|DROP )INDEX CONCURRENTLY ",
    *_REINDEX_CONCURRENTLY,
    "REFRESH MATERIALIZED VIEW CONCURRENTLY ",
    rf"{_ALTER_TABLE}DETACH PARTITION {QUALIFIED}(?:CONCURRENTLY|FINALIZE) $",
    rf"{_ALTER_TABLE}VALIDATE CONSTRAINT {NAME}(?:, VALIDATE CONSTRAINT {NAME})*$",
)
_TRANSACTION_CONTROL = _any_of(
    "(?:BEGIN|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE) ",
    "(?:START|PREPARE) TRANSACTION ",
)
# SET CONSTRAINTS is not one of them: it checks what was deferred.
_SETTING = _any_of("(?:RESET|SHOW) ", "SET (?!CONSTRAINTS )")
# Every use of PreventInTransactionBlock in PostgreSQL 15 to 18 that the text alone shows. It also
# refuses CLUSTER and REINDEX of a partitioned table or index, and allows DROP SUBSCRIPTION when
# that has no slot.
_NEEDS_NO_TRANSACTION = _any_of(
    "(?:CREATE (?:UNIQUE )?|DROP )INDEX CONCURRENTLY ",
    *_REINDEX_CONCURRENTLY,
    r"REINDEX (?:\( [^)]*\) )?(?:SCHEMA|DATABASE|SYSTEM) ",
    "VACUUM ",
    "(?:CREATE|DROP) (?:DATABASE|TABLESPACE) ",
    f"ALTER DATABASE {NAME}SET TABLESPACE ",
    "ALTER SYSTEM ",
    rf"{_ALTER_TABLE}DETACH PARTITION {QUALIFIED}CONCURRENTLY ",
    r"CLUSTER (?:VERBOSE |\( [^)]*\) )?$",
    f"CREATE SUBSCRIPTION (?!.* (?:CREATE_SLOT|CONNECT) = {_OFF})",
    f"ALTER SUBSCRIPTION {NAME}REFRESH ",
    f"ALTER SUBSCRIPTION {NAME}(?:ADD|DROP|SET) PUBLICATION (?!.* REFRESH = {_OFF})",
    rf"ALTER SUBSCRIPTION {NAME}SET \( (?:.* )?(?:FAILOVER|TWO_PHASE) ",
    "DROP SUBSCRIPTION ",
    "DISCARD ALL ",
    "(?:COMMIT|ROLLBACK) PREPARED ",
)


def kind(sql: str) -> Kind:
    """WAITS if every statement is of that kind, but for settings and transaction control."""
    shapes = [each.shape for each in statements(sql)]
    matter = [
        shape
        for shape in shapes
        if not _SETTING.match(shape) and not _TRANSACTION_CONTROL.match(shape)
    ]
    waits = bool(matter) and all(_WAITS.match(shape) for shape in matter)
    return Kind.WAITS if waits else Kind.BLOCKS


def needs_no_transaction(sql: str) -> bool:
    """PostgreSQL refuses it, or a part of it, in a transaction block."""
    return any(_NEEDS_NO_TRANSACTION.match(each.shape) for each in statements(sql))


def transaction_control(sql: str) -> bool:
    """It, or a part of it, would begin or end somebody else's transaction."""
    return any(_TRANSACTION_CONTROL.match(each.shape) for each in statements(sql))


# ── what may be written down

_DDL = _any_of(
    "(?:CREATE|ALTER|DROP|COMMENT|GRANT|REVOKE|TRUNCATE|REINDEX|CLUSTER|REFRESH|REASSIGN) ",
    "SECURITY LABEL ",
    "IMPORT FOREIGN SCHEMA ",
)
# Passwords, connection strings, and options of drivers, which may be either.
_MAY_HOLD_SECRETS = _any_of(
    "(?:CREATE|ALTER) (?:ROLE|USER|GROUP|SUBSCRIPTION|SERVER|FOREIGN|SYSTEM|DATABASE) ",
    "IMPORT FOREIGN SCHEMA ",
    "ALTER (?:FUNCTION|PROCEDURE|ROUTINE) ",
)
_TABLE_FROM_QUERY = re.compile(
    "CREATE (?:(?:GLOBAL |LOCAL )?(?:TEMP|TEMPORARY) |UNLOGGED )?TABLE (?:[^ ]+ )*?AS "
)
_SELECT_INTO = re.compile(
    "(?:SELECT|WITH) (?:[^ ]+ )*?(?<!INSERT )(?<!MERGE )INTO "
    "(?:(?:GLOBAL |LOCAL )?(?:TEMP|TEMPORARY) |UNLOGGED )?(?:TABLE )?"
    f"(?P<table>{QUALIFIED})"
)


def for_the_record(sql: str) -> str | None:
    """Of a script the DDL, without passwords and without the queries that fill a table."""
    kept = [record for each in statements(sql) if (record := _record(each)) is not None]
    return ";\n".join(kept) or None


def _record(statement: Statement) -> str | None:
    flat = statement.outside_parentheses
    if match := _SELECT_INTO.match(flat.shape):
        return f"SELECT … INTO {flat.name(match, 'table')} …"
    if not _DDL.match(statement.shape):
        return None
    if match := _TABLE_FROM_QUERY.match(flat.shape):
        return f"{flat.up_to(match)} …"
    if _MAY_HOLD_SECRETS.match(statement.shape):
        return _without_literals(statement)
    return statement.text


def _without_literals(statement: Statement) -> str:
    """Comments go too: nobody knows what they tell."""
    texts = []
    at = statement.tokens[0].start
    for mark, start, end in statement.tokens:
        texts += [" " if at < start else "", "'***'" if mark == "'" else statement.sql[start:end]]
        at = end
    return "".join(texts)


# ── what a statement is about

_ABOUT_A_TABLE = [
    re.compile(pattern)
    for pattern in (
        rf"ALTER (?:FOREIGN )?TABLE (?:IF EXISTS )?(?:ONLY )?(?!ALL )(?P<table>{QUALIFIED})",
        rf"CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?(?:(?:IF NOT EXISTS )?(?!ON ){NAME})?"
        rf"ON (?:ONLY )?(?P<table>{QUALIFIED})",
        rf"DROP (?:FOREIGN )?TABLE (?:IF EXISTS )?(?P<table>{QUALIFIED})",
        rf"(?:TRUNCATE|LOCK) (?:TABLE )?(?:ONLY )?(?P<table>{QUALIFIED})",
        rf"COMMENT ON TABLE (?P<table>{QUALIFIED})",
        rf"COMMENT ON COLUMN (?P<table>{QUALIFIED})\. {NAME}IS ",
        r"(?:CREATE (?:OR REPLACE )?(?:CONSTRAINT )?|ALTER |DROP |COMMENT ON )(?:TRIGGER|POLICY) "
        rf"(?:[^ ]+ )*?ON (?P<table>{QUALIFIED})",
    )
]


def table_of(sql: str) -> str | None:
    """The relation, as it is written, that the first statement which names one is about."""
    for statement in statements(sql):
        for pattern in _ABOUT_A_TABLE:
            if match := pattern.match(statement.shape):
                return statement.name(match, "table")
    return None


_LOSES_TABLES = re.compile(
    rf"(?:DROP TABLE (?:IF EXISTS )?|TRUNCATE (?:TABLE )?)(?P<tables>{_LISTED}(?:, {_LISTED})*)"
)
_LISTED_TABLE = re.compile(rf"(?:ONLY )?(?P<table>{QUALIFIED})(?:\* )?(?:, )?")
_ALTERS = rf"^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?P<table>{QUALIFIED})(?:\* )?"
_ALTERED_TABLE = re.compile(_ALTERS)
# CONSTRAINT and COLUMN are reserved words. DROP DEFAULT and its like stand behind ALTER.
_DROPPED_COLUMN = re.compile(
    rf"(?:{_ALTERS}|, )DROP (?!CONSTRAINT )(?:COLUMN )?(?:IF EXISTS )?(?P<column>{NAME})"
)


Loss = tuple[tuple[str, ...], str | None]
"""A table, by the parts of its name, and a column of it; none where all of its rows are meant."""


def drops(sql: str) -> list[Loss]:
    """What is gone afterwards with its rows or values."""
    return [loss for each in statements(sql) for loss in _losses(each.outside_parentheses)]


def _losses(statement: Statement) -> Iterator[Loss]:
    shape = statement.shape
    if match := _LOSES_TABLES.match(shape):
        for table in _LISTED_TABLE.finditer(shape, *match.span("tables")):
            yield names(statement.name(table, "table")), None
    elif match := _ALTERED_TABLE.match(shape):
        for column in _DROPPED_COLUMN.finditer(shape):
            (column_name,) = names(statement.name(column, "column"))
            yield names(statement.name(match, "table")), column_name
