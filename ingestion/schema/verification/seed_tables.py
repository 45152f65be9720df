"""The tables that rows are made for, as the catalogue has them, and the order to do it in."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.catalog import name
from ingestion.schema.verification.seed_values import Type, Types

_TABLES = Path(__file__).with_name("seeds.sql").read_text(encoding="utf-8")
_TYPES = Path(__file__).with_name("seed_types.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Column:
    number: int
    name: str
    type: int
    modifier: int
    written: str
    is_required: bool


@dataclass(frozen=True)
class Constraint:
    name: str
    kind: str
    """c: check, f: foreign key, p: primary key, u: unique, x: exclusion."""
    columns: Sequence[int]
    text: str
    target: int
    target_columns: Sequence[int]


@dataclass(frozen=True)
class Table:
    oid: int
    name: str
    quoted: str
    columns: Sequence[Column]
    constraints: Sequence[Constraint]
    names: Mapping[str, str]
    """Of all its columns, quoted, by their numbers."""

    def parents(self, *, required: bool) -> set[int]:
        """The tables that a row refers to, or has to."""
        musts = {each.number for each in self.columns if each.is_required}
        return {
            each.target
            for each in self.constraints
            if each.kind == "f" and (not required or musts.issuperset(each.columns))
        } - {self.oid}


def tables_of(connection: BaseDatabaseWrapper) -> list[Table]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [
            Table(
                oid=oid,
                name=name(*path),
                quoted=quoted,
                columns=[Column(**each) for each in _plain(columns)],
                constraints=[Constraint(**each) for each in _plain(constraints)],
                names=_plain(names),
            )
            for oid, path, quoted, columns, constraints, names in cursor.fetchall()
        ]


def types_of(connection: BaseDatabaseWrapper) -> Types:
    with connection.cursor() as cursor:
        cursor.execute(_TYPES)
        return {
            oid: Type(
                name=known,
                kind=kind,
                category=category,
                element=element,
                base=base,
                base_modifier=modifier,
                bounds=bounds,
                labels=labels,
                checks=checks,
                parts=parts,
            )
            for (
                oid, known, kind, category, element, base, modifier, bounds, labels, checks, parts
            ) in cursor.fetchall()
        }  # fmt: skip


def _plain(value: Any) -> Any:
    """Django takes jsonb as text, other connections may take it apart."""
    return json.loads(value) if isinstance(value, str) else value


def parents_first(tables: Sequence[Table], filled: Collection[int]) -> Iterator[Table]:
    """By foreign keys; where they go in circles, by those that may not be empty."""
    waiting = list(tables)
    there = set(filled)
    while waiting:
        chosen = next(
            (
                table
                for required in (False, True)
                for table in waiting
                if table.parents(required=required) <= there
            ),
            waiting[0],
        )
        waiting.remove(chosen)
        there.add(chosen.oid)
        yield chosen
