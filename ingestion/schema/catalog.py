"""What the schema of a database is, as PostgreSQL prints it: {thing: definition}.

    table documents                      TABLE -- What was handed in.
    column documents.title               text NOT NULL DEFAULT ''::text
    constraint documents.title_is_short  CHECK ((length(title) < 500))
    grant documents to reader            SELECT

A thing is a kind and a name. The search path says which schemas count; names in the first of
them stand alone, in the others they follow their schema's. Whatever belongs to a table or view
begins with its name. What keeps the books of migrations itself is left out, and so is all that
says nothing about the schema: object ids, the order of columns, members of extensions.
"""

import re
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

Catalog = dict[str, str]

_QUERY = Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8")

_BARE = r"[\w$]+"
_NAME = rf'(?:{_BARE}|"(?:[^"]|"")+")'
_TABLE = rf"({_NAME}(?:\.{_NAME})?)"
_WHOLE = re.compile(rf"table {_TABLE}|grant {_TABLE} to .+", re.DOTALL)
_PART = re.compile(
    rf"(?:column|constraint|index|trigger|rule|policy|statistics) {_TABLE}\.{_NAME}"
    rf"|grant column {_TABLE}\.{_NAME} to .+",
    re.DOTALL,
)


def catalog(connection: BaseDatabaseWrapper) -> Catalog:
    """All things in the schemas of this connection's search path, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY)
        return {
            f"{kind} {name(*path)}{rest}": definition
            for kind, path, rest, definition in cursor.fetchall()
        }


def name(*path: str) -> str:
    """As things are named: documents.title, or "odd name".title."""
    return ".".join(
        part if re.fullmatch(_BARE, part) else '"{}"'.format(part.replace('"', '""'))
        for part in path
    )


def table_of(thing: str) -> str | None:
    """The table or view that a thing is or belongs to, as things name it."""
    found = _WHOLE.fullmatch(thing) or _PART.fullmatch(thing)
    return next(filter(None, found.groups())) if found else None
