"""What is known of a statement while its transaction is open: becomes `observed` when that ends."""

import re
from dataclasses import dataclass, field

from ingestion.schema.footprint import (
    Footprint,
    Relation,
    Relations,
    changed,
    rewritten,
    rows,
    scanned,
)
from ingestion.schema.observed import Lock, Observed, Rows, strongest_first

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
    before: Footprint
    old: Relations
    """Those of before that others may be using."""
    since: float
    count: int = 1
    lasted: float = 0.0
    held: float = 0.0
    in_transaction_since: float | None = None
    after: Footprint | None = None
    holdings: list[Holding] = field(default_factory=list)

    def transaction_ended(self, now: float) -> None:
        """The longest one, of the rest of an operation."""
        if self.in_transaction_since is not None:
            self.held = max(self.held, now - self.in_transaction_since)
            self.in_transaction_since = None

    def observed(self, now: float) -> Observed:
        before, after = self.before, self.after or self.before
        replaced = tuple(rewritten(self.old, after.relations))
        empties = bool(EMPTIES.match(self.sql))
        return Observed(
            sql=self.sql,
            count=self.count,
            operation=self.operation,
            duration_ms=self.lasted * 1000,
            locks=strongest_first(each.lock(now) for each in self.holdings),
            rewritten=() if empties else replaced,
            emptied=replaced if empties else (),
            scanned=tuple(scanned(self.old, after.relations)),
            rows=rows(before.relations, after.relations),
            wal_bytes=after.wal - before.wal,
            growth_bytes=after.size - before.size,
            updated=tuple(
                Rows(relation=name, count=count)
                for name, count in changed(self.old, after.relations).items()
            ),
            held_ms=self.held * 1000,
        )
