"""Statements that make one catalogue of another. No database.

have | want ─► fate: what is changed in place, what is dropped, what is made
            ─► order: statements that PostgreSQL takes in this order
"""

from dataclasses import dataclass

from ingestion.schema.catalog import Things
from ingestion.schema.repair.fate import fate
from ingestion.schema.repair.order import Order


@dataclass(frozen=True)
class Statement:
    thing: str
    """The name of the thing whose difference it removes."""
    sql: str
    """One or more statements, each with its semicolon, without a newline at the end."""


def repairs(have: Things, want: Things) -> list[Statement]:
    """Run from top to bottom, they make `want` of `have`; with the same search path."""
    pieces = Order(fate(have, want)).pieces()
    return [Statement(piece.cause, "\n".join(piece.lines)) for piece in pieces if piece.lines]
