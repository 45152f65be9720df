"""The gate for CI: whether the migrations are complete, reversible, safe, and the same everywhere.

One check after the other, each with what it found; a finding stops none of those that follow.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.catalog import Catalog
from ingestion.schema.drift.compare import drifted
from ingestion.schema.errors import (
    BreaksTransaction,
    CannotLint,
    CannotReplay,
    MisshapenSetting,
    TwoHeads,
)
from ingestion.schema.limits import Limits
from ingestion.schema.linting.choice import choose
from ingestion.schema.linting.lint import lint
from ingestion.schema.origin import Origin
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project
from ingestion.schema.since import edited_since, gone_since, new_since
from ingestion.schema.unmade import unmade, without_any
from ingestion.schema.verification import text as words
from ingestion.schema.verification.findings import (
    Check,
    Finding,
    Found,
    judged,
    waived_for_nobody,
)
from ingestion.schema.verification.reorder import reorder
from ingestion.schema.verification.squashes import squashes
from ingestion.schema.verification.stairway import stairway


def verify(
    live: BaseDatabaseWrapper,
    *,
    base: str | None,
    only: Collection[str] = (),
    origin: Origin,
    limits: Limits,
) -> list[Check]:
    """All checks, or only these."""
    # What is wrong with the question is said before anything that takes long.
    waived_for_nobody({})
    gate = _Gate(Project.read(live), base, origin, limits, _seeds())
    wanted = {name: look for name, look in CHECKS.items() if not only or name in only}
    if base is not None and "lint" in wanted:
        new_since(base)
    checks: list[Check] = []
    for name, look in wanted.items():
        is_spoilt = any(each.open for each in checks)
        checks.append(gate.check(name, look, is_spoilt=is_spoilt))
    return checks


@dataclass
class _Gate:
    project: Project
    base: str | None
    origin: Origin
    limits: Limits
    seeds: Mapping[str, str | Sequence[str]]
    head: Catalog | None = field(default=None, init=False)
    """What all migrations make, once that is known."""

    def check(self, name: str, look: "Callable[[_Gate], Found]", *, is_spoilt: bool) -> Check:
        started = time.monotonic()
        try:
            found = look(self)
        except (CannotReplay, CannotLint, BreaksTransaction, TwoHeads) as error:
            # An earlier check has told what is wrong with the migrations.
            if not is_spoilt:
                raise
            found = Found(notes=[words.not_checked(name, error)], is_done=False)
        return Check(
            check=name,
            seconds=time.monotonic() - started,
            findings=judged(found.findings, self.project.loader.disk_migrations),
            notes=found.notes,
            is_done=found.is_done,
        )

    @property
    def conflicts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.project.loader.detect_conflicts()
        return found

    def unmade(self) -> Found:
        if self.conflicts:
            return Found(notes=[words.CONFLICT_FIRST], is_done=False)
        # What the models of libraries lack is not the project's to write.
        own = self.project.own
        lacking = {app: what for app, what in unmade(self.project).items() if app in own}
        without = sorted(without_any(self.project))
        findings = [*starmap(words.unmade, lacking.items()), *map(words.without_any, without)]
        return Found(findings=findings)

    def heads(self) -> Found:
        return Found(findings=[*starmap(words.two_heads, self.conflicts.items())])

    def stairway(self) -> Found:
        walk = stairway(self.project.connection, seeds=self.seeds, **self._how())
        self.head = walk.head
        return walk

    def orders(self) -> Found:
        return reorder(self.project.connection, head=self.head, **self._how())

    def squashes(self) -> Found:
        return squashes(self.project.connection, **self._how())

    def lint(self) -> Found:
        """What is new; and what was there, which is not to change any more."""
        if self.base is None and not self.project.applied:
            return Found(notes=[words.NOTHING_IS_NEW])
        strangers = waived_for_nobody(self.project.loader.disk_migrations)
        notes = [words.waived_for_nobody(strangers)] if strangers else []
        chosen = choose(self.project, app=None, name=None, base=self.base, is_all=False)
        found = lint(
            self.project,
            chosen.keys,
            origin=self.origin,
            limits=self.limits,
            running=chosen.running,
        )
        return Found(findings=[*self._landed(), *map(words.of_lint, found)], notes=notes)

    def _landed(self) -> Iterator[Finding]:
        if self.base is not None:
            for key in sorted(edited_since(self.base)):
                yield words.edited(key, self.base)
            for key in sorted(gone_since(self.base)):
                yield words.gone(key, self.base)

    def drift(self) -> Found:
        connection = self.project.connection
        found = drifted(connection, limits=self.limits, progress=Progress())
        notes = [] if self.project.applied else [words.NOTHING_IS_APPLIED]
        return Found(findings=[*map(words.drifted, found)], notes=notes)

    def _how(self) -> Any:
        return {"origin": self.origin, "limits": self.limits, "own": self.project.own}


CHECKS: Mapping[str, Callable[[_Gate], Found]] = {
    "unmade": _Gate.unmade,
    "heads": _Gate.heads,
    "stairway": _Gate.stairway,
    "orders": _Gate.orders,
    "squashes": _Gate.squashes,
    "lint": _Gate.lint,
    "drift": _Gate.drift,
}


def _seeds() -> Mapping[str, str | Sequence[str]]:
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    given = known.get("SEEDS") or {}
    if not isinstance(given, Mapping):
        raise MisshapenSetting("SEEDS", given)
    for each in given.items():
        sqls = [each[1]] if isinstance(each[1], str) else each[1]
        if not (isinstance(sqls, list | tuple) and all(isinstance(sql, str) for sql in sqls)):
            raise MisshapenSetting("SEEDS", dict([each]))
    return given
