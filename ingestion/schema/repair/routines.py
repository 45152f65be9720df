"""Functions, procedures and aggregates."""

from collections.abc import Mapping
from typing import Any

from ingestion.schema.catalog import Thing
from ingestion.schema.definitions import literal
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import comment, differ, whole

_NOT_OPTIONS = frozenset({"ARGUMENTS", "SORTOP_NAME"})


def _what(thing: Thing) -> str:
    return f"{thing.facts['sort']} {thing.facts['signature']}"


def create(want: Thing, _sides: Sides) -> list[str]:
    return [_create(want), *comment(_what(want), None, want)]


def _create(want: Thing) -> str:
    """PostgreSQL prints CREATE OR REPLACE by itself."""
    if "aggregate" in want.facts:
        return _create_aggregate(want)
    definition: str = want.facts["definition"]
    return f"{definition};"


def _create_aggregate(want: Thing) -> str:
    facts: Mapping[str, Any] = want.facts["aggregate"]
    written = [
        f"    {_option(word, value, facts)}"
        for word, value in facts.items()
        if word not in _NOT_OPTIONS
    ]
    arguments = facts["ARGUMENTS"] or "*"
    head = f"CREATE OR REPLACE AGGREGATE {whole(want)}({arguments}) ("
    return "\n".join([head, ",\n".join(written), ");"])


def _option(word: str, value: Any, facts: Mapping[str, Any]) -> str:
    if value is True:
        return word
    if "INITCOND" in word:
        return f"{word} = {literal(value)}"
    return f"{word} = {facts['SORTOP_NAME'] if word == 'SORTOP' else value}"


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP {_what(have)};"]


def alter(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    """Neither what it returns nor its parameters can be replaced, but defaults may be added."""
    before, after = have.facts, want.facts
    if differ(have, want, "sort", "returns", "parameters"):
        return None
    if after["defaults"] < before["defaults"]:
        return None
    replaced = differ(have, want, "definition", "aggregate")
    return [*([_create(want)] if replaced else []), *comment(_what(want), have, want)]
