"""Documents for a list, newest first: those that filters choose, or all that a user may see."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q

from documents.api import shapes
from documents.api.cursors import Cursor, Row
from documents.models import DocumentQuerySet, Sight

KEY = ("created_at", "id")


class Chosen:
    """By a query."""

    key = KEY

    def __init__(self, documents: DocumentQuerySet) -> None:
        self.documents = documents

    def rows(self, cursor: Cursor, *, most: int) -> list[Row]:
        sign = "" if cursor.backward else "-"
        chosen = self.documents.order_by(*(f"{sign}{name}" for name in KEY))
        if cursor.at is not None:
            beyond, (at, pk) = ("gt" if cursor.backward else "lt"), cursor.at
            # The first condition follows from the second, and is the one an index can start at.
            chosen = chosen.filter(
                Q(**{f"created_at__{beyond}e": at}),
                Q(**{f"created_at__{beyond}": at}) | Q(**{"created_at": at, f"id__{beyond}": pk}),
            )
        try:
            statement, values = chosen.values(*shapes.COLUMNS)[:most].query.sql_with_params()
        except EmptyResultSet:
            return []
        rows = (dict(zip(shapes.COLUMNS, row, strict=True)) for row in _sent(statement, values))
        return [{**shapes.out_of_texts(row), "id": str(row["id"])} for row in rows]

    def count(self, *, most: int) -> int:
        # As `count()` would ask, which takes longer to word than PostgreSQL to answer.
        few = self.documents.order_by().values("pk")[:most]
        statement, values = few.query.sql_with_params()
        return int(_sent(f"SELECT count(*) FROM ({statement}) AS few", values)[0][0])  # noqa: S608


# To the letter as shapes.moment writes it.
_MOMENT = """to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_SPECIAL = {
    "id": "id::text",
    "created_at": _MOMENT.format(name="created_at"),
    "updated_at": _MOMENT.format(name="updated_at"),
}
_COLUMNS = ", ".join(_SPECIAL.get(name, name) for name in shapes.COLUMNS)
_VISIBLE = "FROM documents WHERE (%s OR owner_id = %s)"
_BELOW = "AND (created_at, id) < (%s, %s::uuid)"
_ABOVE = "AND (created_at, id) > (%s, %s::uuid)"
_DOWN = "ORDER BY documents.created_at DESC, documents.id DESC LIMIT %s"
_UP = "ORDER BY documents.created_at, documents.id LIMIT %s"


class Everything:
    """What nearly every list is about: worded by hand, in a fifth of the time."""

    key = KEY

    def __init__(self, sight: Sight) -> None:
        self.sight = (sight.is_everything, sight.owner_id)

    def rows(self, cursor: Cursor, *, most: int) -> list[Row]:
        beyond = "" if cursor.at is None else _ABOVE if cursor.backward else _BELOW
        order = _UP if cursor.backward else _DOWN
        statement = f"SELECT {_COLUMNS} {_VISIBLE} {beyond} {order}"
        rows = _sent(statement, (*self.sight, *(cursor.at or ()), most))
        return [shapes.with_texts(dict(zip(shapes.COLUMNS, row, strict=True))) for row in rows]

    def count(self, *, most: int) -> int:
        statement = f"SELECT count(*) FROM (SELECT {_VISIBLE} LIMIT %s) AS few"  # noqa: S608
        return int(_sent(statement, (*self.sight, most))[0][0])


def _sent(statement: str, values: Any) -> list[tuple[Any, ...]]:
    """As the database gives them: what is JSON as a text, which need not be read to be sent."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
