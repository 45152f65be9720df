"""Statements that make one catalogue of another. No database.

have | want ─► renames: what only has another name
            ─► fate: what is changed in place, what is dropped, what is made
            ─► order: statements that PostgreSQL takes in this order
"""

from dataclasses import dataclass

from ingestion.schema.catalog import Things
from ingestion.schema.repair.fate import fate
from ingestion.schema.repair.order import Order
from ingestion.schema.repair.renames import renames


@dataclass(frozen=True)
class Statement:
    thing: str
    """The name of the thing whose difference it removes."""
    sql: str
    """One or more statements, each with its semicolon, without a newline at the end."""


def repairs(have: Things, want: Things) -> list[Statement]:
    """Run from top to bottom, they make `want` of `have`; with the same search path."""
    renamed, have = renames(have, want)
    pieces = Order(fate(have, want)).pieces()
    causes = {each.new.name: each.cause for each in renamed}
    return [
        *(Statement(each.cause, each.sql) for each in renamed),
        *(
            Statement(causes.get(piece.cause, piece.cause), "\n".join(piece.lines))
            for piece in pieces
            if piece.lines
        ),
    ]
