"""What a migration would do to the whole server, it does not do from a scratch database.

Roles, tablespaces, settings of the server, subscriptions and other databases do not belong to the
database that a statement runs in, so from a scratch one it would reach what is live. Such a
statement is left out, and told. A role that is missing is made, since grants and policies need it;
a comment marks it, and it goes with the scratch database. What a DO block puts together, or a
function does, is not seen.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2 import extensions
from psycopg2.sql import Composable

from ingestion.schema.statements import NAME, Statement, for_the_record, names, statements

# Most statements have none of these words, and are not taken apart.
_WORDS = re.compile(
    r"\b(?:ROLE|USER|GROUP|DATABASE|TABLESPACE|SYSTEM|SUBSCRIPTION|OWNED|GRANT|REVOKE)\b",
    re.IGNORECASE,
)
_FIRST = frozenset(
    ("ALTER", "COMMENT", "CREATE", "DO", "DROP", "GRANT", "REASSIGN", "REVOKE", "SECURITY")
)
"""Words that a statement with such a reach begins with, or a block with one in it."""
_A_ROLE = "(?:ROLE|USER|GROUP) (?!MAPPING )"
_NOT_ITS_OWN = dict.fromkeys(("all", "current_role", "current_user", "session_user"), False)
_ABOUT = "(?:COMMENT |SECURITY LABEL (?:FOR [^ ]+ )?|(?:GRANT|REVOKE) (?:[^ ]+ )*?)ON "
_ALWAYS = re.compile(
    "ALTER SYSTEM |"
    "(?:CREATE|DROP) DATABASE |"
    "(?:CREATE|ALTER|DROP) (?:TABLESPACE|SUBSCRIPTION) |"
    f"{_ABOUT}(?:ROLE|TABLESPACE|SUBSCRIPTION|PARAMETER) "
)
_OF_DATABASE = re.compile(f"(?:ALTER |{_ABOUT})DATABASE (?P<names>{NAME})")
_MAKES = re.compile(f"CREATE {_A_ROLE}(?P<names>{NAME})")
_CHANGES = re.compile(
    f"(?:ALTER {_A_ROLE}|DROP {_A_ROLE}(?:IF EXISTS )?|(?:REASSIGN|DROP) OWNED BY )"
    f"(?P<names>{NAME}(?:, {NAME})*)"
)
_LISTED = f"{NAME}(?:, {NAME})*"
_JOINS = re.compile(
    "(?:GRANT|REVOKE(?: (?:ADMIN|INHERIT|SET) OPTION FOR)?) "
    f"(?P<given>{_LISTED})(?:TO|FROM) (?P<names>{_LISTED})"
)
_BLOCK = re.compile("DO (?:LANGUAGE PLPGSQL )?(?P<body>' )(?:LANGUAGE PLPGSQL )?$")
_OPENS = frozenset({"BEGIN", "THEN", "ELSE", "LOOP"})
"""Behind them a block has a statement."""

_VERBS = (("make", _MAKES), ("change", _CHANGES), ("join", _JOINS), ("set", _OF_DATABASE))

ROLES = """
    SELECT rolname, coalesce(mark = %s, false), coalesce(mark ~ %s, false)
      FROM pg_roles, shobj_description(oid, 'pg_authid') AS mark
     WHERE rolname = ANY(%s)
"""
MARK = "Made for {}, and goes with it."
MARKED = MARK.format("(schema_scratch_[0-9a-f]{16})")
# One of another scratch database cannot go before this one does.
HOLD = "GRANT CONNECT ON DATABASE {} TO {}"
NOTHING = "DO 'BEGIN END'"
NOTHING_IN_BLOCK = "NULL"


Cursors = type[extensions.cursor]


@dataclass(frozen=True)
class Reach:
    """Of a statement that reaches further than its database: what it does, and to whom."""

    verb: str
    """Roles are what to make, change, join; a database what to set; else it is other."""
    names: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    """The roles that these become members of, or do not stay it."""


@dataclass(frozen=True)
class Part:
    """Of a script: a statement that reaches further than its database."""

    statement: Statement
    reach: Reach
    start: int
    end: int
    nothing: str
    """What stands there where it is left out."""


def reach(statement: Statement) -> Reach | None:
    """None: it stays in its database."""
    shape = statement.shape
    if _ALWAYS.match(shape):
        return Reach("other")
    for verb, pattern in _VERBS:
        if match := pattern.match(shape):
            given = _names(statement, match, "given") if verb == "join" else ()
            return Reach(verb, _names(statement, match, "names"), given)
    return None


def _names(statement: Statement, match: re.Match[str], group: str) -> tuple[str, ...]:
    return tuple(names(each)[0] for each in statement.written(match, group) if each != ",")


def parts(script: str) -> Iterator[Part]:
    """Also in blocks, as far as it stands there."""
    for statement in statements(script):
        if reached := reach(statement):
            yield Part(statement, reached, *_edges(statement), NOTHING)
        elif block := _BLOCK.match(statement.shape):
            (body,) = statement.written(block, "body")
            at = statement.tokens[statement.shape.count(" ", 0, block.start("body"))].start
            yield from _parts_of(body, at)


def _parts_of(literal: str, at: int) -> Iterator[Part]:
    """Of a body between dollars: between quotes it reads otherwise than it is written."""
    if not literal.startswith("$"):
        return
    tag = literal[: literal.index("$", 1) + 1]
    for each in statements(literal.removeprefix(tag).removesuffix(tag)):
        opened = (number for number, token in enumerate(each.tokens, 1) if token.mark in _OPENS)
        inside = Statement(each.sql, each.tokens[max(opened, default=0) :])
        if not inside.tokens:
            continue
        said = _executed(inside) or inside
        if reached := reach(said):
            start, end = (at + len(tag) + edge for edge in _edges(inside))
            yield Part(said, reached, start, end, NOTHING_IN_BLOCK)


def _edges(statement: Statement) -> tuple[int, int]:
    return statement.tokens[0].start, statement.tokens[-1].end


def _executed(statement: Statement) -> Statement | None:
    """What EXECUTE is given as a plain text."""
    if statement.shape != "EXECUTE ' ":
        return None
    _, token = statement.tokens
    written = statement.sql[token.start : token.end]
    if not written.startswith("'"):
        return None
    found = statements(written[1:-1].replace("''", "'"))
    return found[0] if len(found) == 1 else None


def is_left_out(reach: Reach, roles: Mapping[str, bool], *, database: str) -> bool:
    """Of the roles that exist it is known whether they go with this scratch database.

    One that does not exist, or was made here before, is for PostgreSQL to refuse.
    """
    if reach.verb in {"make", "change"}:
        return not all(roles.get(role, True) for role in reach.names)
    if reach.verb == "join":
        return not any(
            all(roles.get(role, False) for role in side) for side in (reach.names, reach.given)
        )
    return reach.names != (database,)


class _Confined(extensions.cursor):
    database: ClassVar[str]
    left_out: ClassVar[list[str]]
    like: ClassVar[Cursors]

    def execute(self, query: Any, values: Any = None) -> None:
        if self.name is None and _may_reach(_text(query, self)):
            query, values = self._kept(self.mogrify(query, values).decode()), None
        super().execute(query, values)

    def executemany(self, query: Any, values: Iterable[Any]) -> None:
        if _may_reach(_text(query, self)):
            for each in values:
                self.execute(query, each)
        else:
            super().executemany(query, values)

    def _kept(self, script: str) -> str:
        found = list(parts(script))
        if not found:
            return script
        known, held = self._known({name for each in found for name in _roles(each.reach)})
        made = {role for each in found if each.reach.verb == "make" for role in each.reach.names}
        known = dict.fromkeys(made, True) | known
        kept, at = [], 0
        for each in found:
            kept += [script[at : each.start], self._part(script, each, known, held)]
            at = each.end
        return "".join([*kept, script[at:]])

    def _part(
        self, script: str, part: Part, known: Mapping[str, bool], held: Collection[str]
    ) -> str:
        makes = part.reach.verb == "make"
        role = extensions.quote_ident(part.reach.names[0], self) if makes else ""
        if is_left_out(part.reach, known, database=self.database):
            self.left_out.append(_told(part))
            is_held = makes and part.reach.names[0] in held
            return HOLD.format(self.database, role) if is_held else part.nothing
        text = script[part.start : part.end]
        mark = MARK.format(self.database)
        return f"{text}; COMMENT ON ROLE {role} IS '{mark}'" if makes else text

    def _known(self, roles: set[str]) -> tuple[dict[str, bool], set[str]]:
        """Those that are there, and which of them are another scratch database's."""
        super().execute(ROLES, [MARK.format(self.database), MARKED, sorted(roles)])
        found = self.fetchall()
        known = {role: is_own for role, is_own, _ in found}
        held = {role for role, is_own, is_made in found if is_made and not is_own}
        return _NOT_ITS_OWN | known, held


def _roles(reach: Reach) -> tuple[str, ...]:
    return (*reach.names, *reach.given)


def _text(query: Any, cursor: extensions.cursor) -> str:
    if isinstance(query, Composable):
        return query.as_string(cursor)
    return query.decode() if isinstance(query, bytes) else f"{query}"


def _may_reach(sql: str) -> bool:
    """Before the values are put in, which may be names."""
    is_worth_it = _WORDS.search(sql) is not None
    return is_worth_it and any(each.tokens[0].mark in _FIRST for each in statements(sql))


def _told(part: Part) -> str:
    """Without passwords."""
    there = " (that role is there)" if part.reach.verb == "make" else ""
    return f"{for_the_record(part.statement.text)}{there}"


def confined(
    database: str, *, like: Cursors | None = None, left_out: list[str] | None = None
) -> Cursors:
    """The cursors of sessions in the scratch database of this name, as the project has them.

    What is left out is kept in one list, if it is given.
    """
    own = like.like if like and issubclass(like, _Confined) else like or extensions.cursor
    kept = [] if left_out is None else left_out
    return type("Confined", (_Confined, own), {"database": database, "left_out": kept, "like": own})


def left_out(copy: BaseDatabaseWrapper) -> list[str]:
    """What has been said to a scratch database so far and not been done."""
    found: list[str] = copy.settings_dict["OPTIONS"]["cursor_factory"].left_out
    return [*found]
