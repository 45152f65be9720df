"""The migrations on scratch databases, in one order after the other."""

import sys
from collections.abc import Collection, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.catalog import Catalog, catalog
from ingestion.schema.drift.differences import differences
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step
from ingestion.schema.project import Project
from ingestion.schema.supposed import SupposingLoader
from ingestion.schema.verification import reorder_text as words
from ingestion.schema.verification.findings import Finding, Found
from ingestion.schema.verification.ladder import reason, trial, try_out
from ingestion.schema.verification.orders import Order, Pairs, needs_of

MOST = 8
"""Orders that are tried."""


def reorder(
    live: BaseDatabaseWrapper,
    *,
    origin: Origin,
    limits: Limits,
    own: Collection[str],
    head: Catalog | None = None,
    most: int = MOST,
) -> Found:
    """`head` is what there is after the usual order, where that is known."""
    # What migrations print is no part of the answer.
    with redirect_stdout(sys.stderr):
        trial = _Trial(live, origin, limits, own)
        trial.run(head, most=most)
    return Found(findings=trial.findings, notes=trial.notes, is_done=trial.is_done)


@dataclass
class _Trial:
    live: BaseDatabaseWrapper
    origin: Origin
    limits: Limits
    own: Collection[str]
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_done: bool = True

    def run(self, head: Catalog | None, *, most: int) -> None:
        # As an empty database has it, where squashed migrations stand for all their parts.
        self.needs = needs_of(SupposingLoader(()).graph)
        self.pairs = Pairs(self.needs, self.own)
        order = self.pairs.next()
        if order and head is None:
            head = self._usual()
        tried = 0
        while order and head is not None and tried < most:
            self._try(order, head)
            self.pairs.see(order.keys)
            tried += 1
            order = self.pairs.next()
        if order and head is not None:
            self.notes.append(words.too_many(tried, self.pairs.left))

    def _usual(self) -> Catalog | None:
        with trial(self.live.alias) as copy:
            if self._do(Project.read(copy), self.pairs.usual) is None:
                return catalog(copy)
        self.notes.append(words.USUAL_FAILS)
        self.is_done = False
        return None

    def _try(self, order: Order, head: Catalog) -> None:
        with trial(self.live.alias) as copy:
            there = Project.read(copy)
            waiting = list(order.keys)
            while failure := self._do(there, waiting):
                waiting = [key for key in waiting if key not in there.applied]
                if not (waiting and self._explain(there, order, waiting[0], failure)):
                    return
                waiting = [key for key in waiting if key not in there.applied]
            found = words.differ(order, differences(head, catalog(copy)))
            self.findings += found

    def _explain(self, there: Project, order: Order, key: Key, failure: str) -> bool:
        """Find out what it is that it needs; whether it is there now, and the rest can go on."""
        missing = [
            other
            for other in self.pairs.usual[: self.pairs.usual.index(key)]
            if other not in there.applied and self.pairs.are_apart(key, other)
        ]
        missing.sort(key=lambda other: other[0] not in self.own)
        needed = self._needed(there, key, missing)
        if key[0] not in self.own:
            self.notes.append(words.library_fails(key, order, failure))
        elif needed:
            self.findings.append(words.undeclared(key, needed, failure))
            self._learn(key, needed)
        else:
            self.findings.append(words.fails_in_order(key, missing, order, failure))
        return needed is not None

    def _needed(self, there: Project, key: Key, missing: Sequence[Key]) -> Key | None:
        """The first with which it runs."""
        if not there.migration(key).atomic:  # it may be half done
            return None
        for other in missing:
            ahead = [
                each for each in (*self.pairs.above(other), other) if each not in there.applied
            ]
            if self._do(there, ahead):
                return None
            if self._do(there, [key]) is None:
                return other
        return None

    def _learn(self, key: Key, needed: Key) -> None:
        """So that it is not found again in the next order."""
        self.needs[key].add(needed)
        seen, self.pairs = self.pairs, Pairs(self.needs, self.own)
        self.pairs.has_seen(seen)

    def _do(self, project: Project, keys: Sequence[Key]) -> str | None:
        steps = [Step(key) for key in keys]
        error = try_out(project, steps, origin=self.origin, limits=self.limits)
        return reason(error) if error else None
