"""What hangs on a table or a database: triggers, rules, policies, statistics, event triggers."""

from ingestion.schema.catalog import Thing
from ingestion.schema.definitions import literal
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import (
    beside,
    clause,
    comment,
    differ,
    joined,
    own,
    table,
    whole,
)

_ENABLING = {
    None: "ENABLE",
    "DISABLED": "DISABLE",
    "ENABLED REPLICA": "ENABLE REPLICA",
    "ENABLED ALWAYS": "ENABLE ALWAYS",
}


def _on_table(thing: Thing) -> str:
    return f"{own(thing)} ON {table(thing)}"


def _what(thing: Thing) -> str:
    return f"{thing.kind.upper()} {_on_table(thing)}"


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP {_what(have)};"]


def _enable(before: str | None, want: Thing) -> list[str]:
    after = want.facts.get("enabled")
    if before == after:
        return []
    kind = want.kind.upper()
    return [f"ALTER TABLE {table(want)} {_ENABLING[after]} {kind} {own(want)};"]


# ── triggers and rules, which PostgreSQL writes itself


def create(want: Thing, _sides: Sides) -> list[str]:
    return [_ended(want), *_enable(None, want), *comment(_what(want), None, want)]


def _ended(want: Thing) -> str:
    return f"{want.facts['definition'].rstrip(';')};"


def alter(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    found = []
    before = have.facts.get("enabled")
    if differ(have, want, "definition"):
        if "of_constraint" in have.facts or "of_constraint" in want.facts:
            return None
        found.append(_ended(want).replace("CREATE ", "CREATE OR REPLACE ", 1))
        before = None if want.kind == "trigger" else before
    return [*found, *_enable(before, want), *comment(_what(want), have, want)]


# ── policies


def create_policy(want: Thing, _sides: Sides) -> list[str]:
    facts = want.facts
    restrictive = "AS RESTRICTIVE" if facts["permissive"] == "RESTRICTIVE" else ""
    head = joined("CREATE POLICY", _on_table(want), restrictive, f"FOR {facts['command']}")
    return [f"{joined(head, *_conditions(want))};", *comment(_what(want), None, want)]


def _conditions(want: Thing) -> list[str]:
    return [
        f"TO {', '.join(want.facts['quoted_roles'])}",
        clause("USING ({})", want.facts.get("using")),
        clause("WITH CHECK ({})", want.facts.get("check")),
    ]


def alter_policy(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    loses = any(fact in have.facts and fact not in want.facts for fact in ("using", "check"))
    if loses or differ(have, want, "permissive", "command"):
        return None
    found = []
    if differ(have, want, "roles", "using", "check"):
        found.append(f"{joined('ALTER POLICY', _on_table(want), *_conditions(want))};")
    return [*found, *comment(_what(want), have, want)]


# ── statistics objects


def create_statistics(want: Thing, _sides: Sides) -> list[str]:
    return [
        f"{want.facts['definition']};",
        *_target(None, want),
        *comment(f"STATISTICS {beside(want)}", None, want),
    ]


def _target(have: Thing | None, want: Thing) -> list[str]:
    before = have.facts.get("target") if have else None
    after = want.facts.get("target")
    if before == after:
        return []
    return [f"ALTER STATISTICS {beside(want)} SET STATISTICS {-1 if after is None else after};"]


def drop_statistics(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP STATISTICS {beside(have)};"]


def alter_statistics(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(have, want, "definition"):
        return None
    return [*_target(have, want), *comment(f"STATISTICS {beside(want)}", have, want)]


# ── event triggers


def create_event_trigger(want: Thing, _sides: Sides) -> list[str]:
    facts = want.facts
    tags = ", ".join(map(literal, facts.get("tags", ())))
    create = joined(
        f"CREATE EVENT TRIGGER {whole(want)} ON {facts['event']}",
        clause("WHEN TAG IN ({})", tags or None),
        f"EXECUTE FUNCTION {facts['function']}()",
    )
    return [f"{create};", *_enable_event(None, want), *_remark_event(None, want)]


def _enable_event(before: str | None, want: Thing) -> list[str]:
    after = want.facts.get("enabled")
    if before == after:
        return []
    return [f"ALTER EVENT TRIGGER {whole(want)} {_ENABLING[after]};"]


def _remark_event(have: Thing | None, want: Thing) -> list[str]:
    return comment(f"EVENT TRIGGER {whole(want)}", have, want)


def drop_event_trigger(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP EVENT TRIGGER {whole(have)};"]


def alter_event_trigger(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(have, want, "event", "tags", "function"):
        return None
    return [*_enable_event(have.facts.get("enabled"), want), *_remark_event(have, want)]
