"""Every migration up, down and up again, with rows in the tables, on a scratch database.

for each, in the order of an empty database:

    rows ─► what is there ─► up ─► down ─► the same as before? ─► up ─► the same as the first time?

The migrations of libraries are only walked up: they are not the project's to mend. What a squashed
migration replaces is walked by itself, after the rest: to some databases it is what is left to do.
"""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from itertools import starmap
from typing import TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.catalog import Catalog
from ingestion.schema.drift.differences import differences
from ingestion.schema.limits import Limits
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, full_order, without_reverse
from ingestion.schema.verification import stairway_text as words
from ingestion.schema.verification.contents import lost
from ingestion.schema.verification.findings import Finding, Found
from ingestion.schema.verification.ladder import Ladder, Seen
from ingestion.schema.verification.promises import unkept

Said = TypeVar("Said")


@dataclass(frozen=True, kw_only=True)
class Walk(Found):
    """What was found on the whole way; not done where some were not walked."""

    head: Catalog | None
    """Of the database with all migrations, where all are as they should be."""


def stairway(
    live: BaseDatabaseWrapper,
    *,
    origin: Origin,
    limits: Limits,
    own: Collection[str],
    seeds: Mapping[str, str | Sequence[str]],
) -> Walk:
    # What migrations print is no part of the answer.
    with redirect_stdout(sys.stderr):
        with ExitStack() as stack:
            ladder = Ladder(live, origin, limits, seeds, stack)
            climbers = [_Climber(ladder, own)]
            climbers[0].climb()
            climbers[0].compare_with_models()
            head = None if climbers[0].findings else ladder.things
            _, parts = ladder.project.in_parts(own)
        if parts:
            with ExitStack() as stack:
                ladder = Ladder(live, origin, limits, seeds, stack, parts_of=own)
                climbers.append(_Climber(ladder, own, only=parts))
                climbers[1].climb()
    return Walk(
        findings=_each_once(finding for each in climbers for finding in each.findings),
        notes=_each_once(note for each in climbers for note in each.all_notes()),
        is_done=not any(each.skipped for each in climbers),
        head=head,
    )


def _each_once(found: Iterable[Said]) -> list[Said]:
    return list(dict.fromkeys(found))


@dataclass
class _Climber:
    ladder: Ladder
    own: Collection[str]
    only: Collection[Key] | None = None
    """Of the project's, those that are not known from another walk."""
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: set[Key] = field(default_factory=set)
    """What did not run, and what needs it."""
    rowless: set[Key] = field(default_factory=set)
    """What only runs without rows."""

    def climb(self) -> None:
        graph = self.ladder.project.graph
        for key in full_order(graph):
            needed = {parent.key for parent in graph.node_map[key].parents}
            if needed & self.skipped:
                self._skip(key, needed & self.skipped)
            elif key[0] in self.own and (self.only is None or key in self.only):
                self._climb(key)
            else:
                self._up_alone(key)

    def compare_with_models(self) -> None:
        if not self.skipped:
            found = unkept(self.ladder.project, self.ladder.things, own=self.own)
            self.findings += map(words.unkept, found)

    def all_notes(self) -> list[str]:
        ladder = self.ladder
        strangers = sorted(ladder.given.keys() - ladder.met)
        return [
            *self.notes,
            *starmap(words.unsown, ladder.unsown.items()),
            *map(words.no_such_table, [] if self.skipped else strangers),
            *starmap(words.left_out, ladder.left_out.items()),
        ]

    def _skip(self, key: Key, because_of: Iterable[Key]) -> None:
        self.skipped.add(key)
        if key[0] in self.own:
            self.notes.append(words.not_walked(key, min(because_of)))

    def _climb(self, key: Key) -> None:
        ladder = self.ladder
        before = ladder.see()
        if start := self._up(key, before):
            self._down_and_up(key, start)
            ladder.grow(key[0], before.things)

    # --- Up ----------------------------------------------------------------------------------

    def _up_alone(self, key: Key) -> None:
        """One of a library, or that was judged elsewhere."""
        if self.ladder.up(key) is None:
            self.ladder.done[key] = False
        else:
            self._without_rows(key)
        self.ladder.sow()

    def _without_rows(self, key: Key) -> bool:
        """Whether it runs on empty tables, at least."""
        ladder = self.ladder
        self._recover(key)
        ladder.clear()
        if ladder.up(key):
            # To clear the tables takes the rows along that migrations have made there.
            ladder.restart(is_bare=True)
            if not (failure := ladder.up(key)):
                ladder.done[key] = True
                ladder.bare = len(ladder.done)
                return True
            self.findings.append(words.fails(key, failure))
            self.skipped.add(key)
            ladder.restart()
            return False
        ladder.done[key] = True
        return True

    def _up(self, key: Key, before: Seen) -> Seen | None:
        """What was there before; None where it cannot be done.

        Rows that were made up before it may break a rule that it adds. So may real ones, but those
        were written by a program that knew the rule: the rows are made again under the rule.
        """
        ladder = self.ladder
        if ladder.up(key) is None:
            ladder.done[key] = False
            return before
        if not self._without_rows(key):
            return None
        ladder.sow()
        return self._with_new_rows(key, before)

    def _with_new_rows(self, key: Key, before: Seen) -> Seen:
        ladder = self.ladder
        if self._stuck(key) or ladder.down(key):
            self._recover(key)
            return Seen(before.things, {})  # what is said of that comes with the undoing
        there = ladder.see()
        if failure := ladder.up(key):
            self.findings.append(words.fails_with_rows(key, failure))
            self.rowless.add(key)
            ladder.restart()
            return Seen(before.things, {})
        return there

    def _recover(self, key: Key) -> None:
        """A migration that is no transaction may be half done."""
        if not self.ladder.project.migration(key).atomic:
            self.ladder.restart()

    def _stuck(self, key: Key) -> list[str]:
        return without_reverse(self.ladder.project.migration(key))

    # --- Down, and up again ------------------------------------------------------------------

    def _down_and_up(self, key: Key, before: Seen) -> None:
        if stuck := self._stuck(key):
            self.findings.append(words.irreversible(key, stuck))
            return
        ladder = self.ladder
        applied = ladder.see()
        if (failure := ladder.down(key)) and not self._down_without_rows(key, failure):
            return
        undone = ladder.see()
        if not failure:
            found = lost(before.rows, applied.rows, undone.rows, but=ladder.unripe)
            self.findings += words.losses(key, found)
        found_left = differences(before.things, undone.things)
        self.findings += words.left(key, found_left)
        self._again(key, applied.things)

    def _down_without_rows(self, key: Key, failure: str) -> bool:
        """Whether that is what it takes."""
        ladder = self.ladder
        self._recover(key)
        ladder.clear()
        plain = ladder.down(key)
        if plain is None:
            self.findings.append(words.cannot_be_undone_with_rows(key, failure))
            return True
        self.findings.append(words.cannot_be_undone(key, plain))
        ladder.restart()
        return False

    def _again(self, key: Key, first: Catalog) -> None:
        ladder = self.ladder
        if key in self.rowless:
            ladder.clear()
        if failure := ladder.up(key):
            self.findings.append(words.fails_again(key, failure))
            ladder.restart()
        elif found := differences(first, ladder.things):
            self.findings += words.differs_again(key, found)
            ladder.restart()
