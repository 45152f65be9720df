"""What is known of a statement while its transaction is open: becomes `observed` when that ends."""

import re
from dataclasses import dataclass, field

from ingestion.schema.observation.footprint import (
    Footprint,
    Relation,
    Relations,
    changed,
    rewritten,
    rows,
    scanned,
)
from ingestion.schema.observation.observed import Lock, Observed, Rows, strongest_first

EMPTIES = re.compile(r"\s*TRUNCATE\b", re.IGNORECASE)


@dataclass
class Holding:
    relation: Relation
    mode: str
    is_new: bool
    since: float
    until: float | None = None

    def lock(self, now: float) -> Lock:
        return Lock(
            relation=self.relation.name,
            kind=self.relation.kind,
            mode=self.mode,
            held_ms=((self.until or now) - self.since) * 1000,
            is_new=self.is_new,
        )


@dataclass
class Draft:
    sql: str
    operation: str | None
    wal: int
    """Of the server, before it; then what it has added. So the size of the database."""
    size: int
    since: float
    count: int = 1
    lasted: float = 0.0
    held: float = 0.0
    in_transaction_since: float | None = None
    holdings: list[Holding] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    scanned: list[str] = field(default_factory=list)
    rows: int = 0
    updated: dict[str, int] = field(default_factory=dict)

    def transaction_ended(self, now: float) -> None:
        """The longest one, of the rest of an operation."""
        if self.in_transaction_since is not None:
            self.held = max(self.held, now - self.in_transaction_since)
            self.in_transaction_since = None

    def has_done(self, before: Relations, after: Footprint, *, old: Relations) -> None:
        """`old` are those of before that others may be using."""
        self.replaced = rewritten(old, after.relations)
        self.scanned = scanned(old, after.relations)
        self.updated = changed(old, after.relations)
        self.rows = rows(before, after.relations)
        self.wal, self.size = after.wal - self.wal, after.size - self.size

    def observed(self, now: float) -> Observed:
        empties = bool(EMPTIES.match(self.sql))
        replaced = tuple(self.replaced)
        return Observed(
            sql=self.sql,
            count=self.count,
            operation=self.operation,
            duration_ms=self.lasted * 1000,
            locks=strongest_first(each.lock(now) for each in self.holdings),
            rewritten=() if empties else replaced,
            emptied=replaced if empties else (),
            scanned=tuple(self.scanned),
            rows=self.rows,
            wal_bytes=self.wal,
            growth_bytes=self.size,
            updated=tuple(Rows(relation=name, count=count) for name, count in self.updated.items()),
            held_ms=self.held * 1000,
        )
