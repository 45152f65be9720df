"""Views and materialized views: replaced where their columns allow, else made anew."""

from ingestion.schema.catalog import Thing
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import (
    clause,
    comment,
    differ,
    joined,
    options,
    whole,
    with_options,
)


def _what(thing: Thing) -> str:
    return f"{thing.kind.upper()} {whole(thing)}"


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP {_what(have)};"]


def create(want: Thing, _sides: Sides) -> list[str]:
    return [_create("CREATE", want), *comment(_what(want), None, want)]


def _create(verb: str, want: Thing) -> str:
    facts = want.facts
    query = facts["query"].rstrip(";")
    head = joined(
        f"{verb} {_what(want)}",
        clause("USING {}", facts.get("method")),
        with_options(want),
        clause("TABLESPACE {}", facts.get("tablespace")),
        "AS",
    )
    return f"{head}\n{query}{' WITH NO DATA' if 'no_data' in facts else ''};"


def alter_view(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    before, after = have.facts, want.facts
    remark = comment(_what(want), have, want)
    if not differ(have, want, "query"):
        head = f"ALTER {_what(want)}"
        return [*options(head, before.get("options"), after.get("options")), *remark]
    if after["columns"][: len(before["columns"])] != before["columns"]:
        return None
    return [_create("CREATE OR REPLACE", want), *remark]


def alter_materialized(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(have, want, "query"):
        return None
    before, after = have.facts, want.facts
    head = f"ALTER {_what(want)}"
    found = options(head, before.get("options"), after.get("options"))
    if differ(have, want, "method"):
        found.append(f"{head} SET ACCESS METHOD {after.get('method', 'heap')};")
    if differ(have, want, "tablespace"):
        found.append(f"{head} SET TABLESPACE {after.get('tablespace', 'pg_default')};")
    if differ(have, want, "no_data"):
        words = " WITH NO DATA" if "no_data" in after else ""
        found.append(f"REFRESH {_what(want)}{words};")
    return [*found, *comment(_what(want), have, want)]
