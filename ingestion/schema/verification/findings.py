"""What a check finds, in words for whoever wrote the migration, and what of it counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.migrations import Migration

from ingestion.schema.errors import MisshapenSetting
from ingestion.schema.plan import Key
from ingestion.schema.waivers import is_reason, waived

ABOUT_THE_FILE = frozenset({"edited", "deleted"})
"""Rules that only the settings can waive: who edits a file cannot let it say that he may."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    rule: str
    migration: str | None
    """app.name, if it is about one."""
    says: str
    hint: str
    waived: str | None = None
    """The reason for which it does not count."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """By one check."""

    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    """What could not be looked at, and why."""
    is_done: bool = True
    """False where something stands in its way, so that what is not found may be there."""


@dataclass(frozen=True, kw_only=True)
class Check(Found):
    check: str
    seconds: float

    @property
    def open(self) -> list[Finding]:
        """Those that count."""
        return [each for each in self.findings if each.waived is None]

    @property
    def is_passed(self) -> bool:
        return self.is_done and not self.open


def judged(found: Iterable[Finding], migrations: Mapping[Key, Migration]) -> list[Finding]:
    """With the reasons that the migrations give for what is meant."""
    by_name = {".".join(key): migration for key, migration in migrations.items()}
    return [
        replace(each, waived=each.waived or _reason(each.migration, each.rule, by_name))
        for each in found
    ]


def _reason(name: str | None, rule: str, migrations: Mapping[str, Migration]) -> str | None:
    migration = migrations.get(name or "")
    if migration and rule not in ABOUT_THE_FILE:
        return reason(migration, rule)
    return _in_the_settings(name or "", rule)


def reason(migration: Migration, rule: str) -> str | None:
    """For which what breaks the rule is meant, if one is given."""
    return waived(migration, rule) or _in_the_settings(f"{migration}", rule)


def _in_the_settings(name: str, rule: str) -> str | None:
    """For a migration that has landed, and whose file is not to change any more."""
    given = _given().get(name, {}).get(rule)
    return given if is_reason(given) else None


def waived_for_nobody(migrations: Mapping[Key, Migration]) -> list[str]:
    """Names in the settings that no migration has, but for those that are known to be gone."""
    names = {".".join(key) for key in migrations}
    given = {name for name, reasons in _given().items() if reasons.keys() - {"deleted"}}
    return sorted(given - names)


def _given() -> Mapping[str, Mapping[str, Any]]:
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    given = known.get("WAIVERS") or {}
    if not isinstance(given, Mapping):
        raise MisshapenSetting("WAIVERS", given)
    for each in given.items():
        if not isinstance(each[1], Mapping):
            raise MisshapenSetting("WAIVERS", dict([each]))
    return given
