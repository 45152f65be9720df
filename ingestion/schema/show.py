"""One migration, with everything that is known of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.migrations import Migration

from ingestion.schema.history import refuse_unknown
from ingestion.schema.journal import entries
from ingestion.schema.plan import Key, is_reversible, named
from ingestion.schema.sources import file_of
from ingestion.schema.survey import Known, Survey


@dataclass(frozen=True, kw_only=True)
class Described:
    """An operation."""

    operation: str
    does: str
    is_reversible: bool


@dataclass(frozen=True, kw_only=True)
class Written:
    """An entry of the journal about it, whole."""

    action: str
    at: datetime
    run: UUID
    by: str | None
    role: str
    host: str | None
    version: str | None
    git_commit: str | None
    duration_ms: int | None
    hash: str | None
    ddl: str | None
    error: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shown:
    known: Known
    file: Path | None
    hash: str | None
    """Of the file as it is."""
    needed_by: tuple[str, ...]
    """What depends on it directly."""
    operations: tuple[Described, ...]
    is_atomic: bool | None
    """None, as the next, where there is no file."""
    is_reversible: bool | None
    journal: tuple[Written, ...]
    """Oldest first."""


def show(survey: Survey, app: str, prefix: str) -> Shown:
    key = _find(survey, app, prefix)
    migration = survey.project.loader.disk_migrations.get(key)
    node = survey.graph.node_map.get(key)
    operations = tuple(_operations(migration)) if migration else ()
    return Shown(
        known=survey.known(key),
        file=file_of(migration) if migration else None,
        hash=survey.project.hash(key),
        needed_by=tuple(".".join(each.key) for each in sorted(node.children)) if node else (),
        operations=operations,
        is_atomic=migration.atomic if migration else None,
        is_reversible=all(each.is_reversible for each in operations) if migration else None,
        journal=tuple(_entries(survey, key)),
    )


def _find(survey: Survey, app: str, prefix: str) -> Key:
    refuse_unknown(survey, app)
    names = sorted(name for label, name in [*survey.order, *survey.outside] if label == app)
    return app, named(names, app=app, prefix=prefix)


def _operations(migration: Migration) -> list[Described]:
    return [
        Described(
            operation=type(each).__name__,
            does=str(each.describe()),
            is_reversible=is_reversible(each),
        )
        for each in migration.operations
    ]


def _entries(survey: Survey, key: Key) -> list[Written]:
    return [
        Written(
            action=each.action,
            at=each.at,
            run=each.run,
            by=each.os_user,
            role=each.role,
            host=each.host,
            version=each.version,
            git_commit=each.git_commit,
            duration_ms=each.duration_ms,
            hash=each.hash,
            ddl=each.ddl,
            error=each.error,
            detail=each.detail,
        )
        for each in entries(survey.project.connection).filter(app=key[0], migration=key[1])
    ]
