"""What a migration would do to the whole server, it does not do from a scratch database.

Roles, tablespaces, settings of the server, subscriptions and other databases do not belong to the
database that a statement runs in, so from a scratch one it would reach what is live. Such a
statement is left out, and told. A role that is missing is made, since grants and policies need it;
a comment marks it, and it goes with the scratch database. What a DO block or a function does is
not seen.
"""

import re
from collections.abc import Mapping
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
_JOINS = re.compile(f"(?:GRANT|REVOKE) (?!(?:[^ ]+ )*?ON )(?P<names>{NAME}(?:(?:, )?{NAME})*)")

_VERBS = (("make", _MAKES), ("change", _CHANGES), ("join", _JOINS), ("set", _OF_DATABASE))

ROLES = """
    SELECT rolname, shobj_description(oid, 'pg_authid') IS NOT DISTINCT FROM %s
      FROM pg_roles
     WHERE rolname = ANY(%s)
"""
MARK = "Made for {}, and goes with it."
NOTHING = "DO 'BEGIN END'"


@dataclass(frozen=True)
class Reach:
    """Of a statement that reaches further than its database: what it does, and to whom."""

    verb: str
    """Roles are what to make, change, join; a database what to set; else it is other."""
    names: tuple[str, ...] = ()


def reach(statement: Statement) -> Reach | None:
    """None: it stays in its database."""
    shape = statement.shape
    if _ALWAYS.match(shape):
        return Reach("other")
    for verb, pattern in _VERBS:
        if match := pattern.match(shape):
            written = statement.written(match, "names")
            return Reach(verb, tuple(names(each)[0] for each in written if each != ","))
    return None


def is_left_out(reach: Reach, roles: Mapping[str, bool], *, database: str) -> bool:
    """Of the roles that exist it is known whether they go with this scratch database.

    One that does not exist is for PostgreSQL to refuse.
    """
    if reach.verb == "make":
        return any(role in roles for role in reach.names)
    if reach.verb == "change":
        return not all(roles.get(role, True) for role in reach.names)
    if reach.verb == "join":
        return not any(roles.get(role, False) for role in reach.names)
    return reach.names != (database,)


class _Confined(extensions.cursor):
    database: ClassVar[str]
    left_out: ClassVar[list[str]]

    def execute(self, query: Any, values: Any = None) -> None:
        if self.name is None and any(reach(each) for each in _taken_apart(_text(query, self))):
            query, values = self._kept(self.mogrify(query, values).decode()), None
        super().execute(query, values)

    def _kept(self, script: str) -> str:
        found = [(each, reach(each)) for each in statements(script)]
        known = self._known({name for _, each in found if each for name in each.names})
        kept = []
        for statement, reached in found:
            if reached and is_left_out(reached, known, database=self.database):
                self.left_out.append(_told(statement, reached))
                continue
            kept.append(statement.text)
            if reached and reached.verb == "make":
                (role,) = reached.names
                known[role] = True
                name = extensions.quote_ident(role, self)
                kept.append(f"COMMENT ON ROLE {name} IS '{MARK.format(self.database)}'")
        return ";\n".join(kept) or NOTHING

    def _known(self, roles: set[str]) -> dict[str, bool]:
        super().execute(ROLES, [MARK.format(self.database), sorted(roles)])
        return _NOT_ITS_OWN | dict(self.fetchall())


def _text(query: Any, cursor: extensions.cursor) -> str:
    if isinstance(query, Composable):
        return query.as_string(cursor)
    return query.decode() if isinstance(query, bytes) else f"{query}"


def _taken_apart(sql: str) -> tuple[Statement, ...]:
    return statements(sql) if _WORDS.search(sql) else ()


def _told(statement: Statement, reached: Reach) -> str:
    """Without passwords."""
    there = " (that role is there)" if reached.verb == "make" else ""
    return f"{for_the_record(statement.text)}{there}"


def confined(database: str) -> type[extensions.cursor]:
    """The cursors of all sessions in the scratch database of this name."""
    return type("Confined", (_Confined,), {"database": database, "left_out": []})


def left_out(copy: BaseDatabaseWrapper) -> list[str]:
    """What has been said to a scratch database so far and not been done."""
    found: list[str] = copy.settings_dict["OPTIONS"]["cursor_factory"].left_out
    return [*found]
