"""What a check finds, in words for whoever wrote the migration, and what of it counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.migrations import Migration

from ingestion.schema.errors import MisshapenSetting
from ingestion.schema.plan import Key
from ingestion.schema.waivers import is_reason, waived


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
class Check:
    check: str
    seconds: float
    findings: Sequence[Finding]
    notes: Sequence[str]
    """What could not be looked at, and why."""
    is_done: bool = True
    """False where what an earlier check found stands in its way."""

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
        replace(each, waived=_reason(by_name[each.migration], each.rule))
        if each.migration in by_name and each.waived is None
        else each
        for each in found
    ]


def _reason(migration: Migration, rule: str) -> str | None:
    return waived(migration, rule) or _in_the_settings(migration, rule)


def _in_the_settings(migration: Migration, rule: str) -> str | None:
    """For a migration that has landed, and whose file is not to change any more."""
    reason = _given().get(f"{migration}", {}).get(rule)
    return reason if is_reason(reason) else None


def waived_for_nobody(migrations: Mapping[Key, Migration]) -> list[str]:
    """Names in the settings that no migration has."""
    names = {".".join(key) for key in migrations}
    return sorted(_given().keys() - names)


def _given() -> Mapping[str, Mapping[str, Any]]:
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    given = known.get("WAIVERS") or {}
    if not isinstance(given, Mapping):
        raise MisshapenSetting("WAIVERS", given)
    for each in given.items():
        if not isinstance(each[1], Mapping):
            raise MisshapenSetting("WAIVERS", dict([each]))
    return given
