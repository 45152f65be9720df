"""Types and collations: changed in place, or made anew beside the old one.

The old one gets another name, columns move over to the new one, and then it goes.
"""

from ingestion.schema import psql
from ingestion.schema.catalog import Thing
from ingestion.schema.definitions import literal
from ingestion.schema.repair import casts
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import (
    clause,
    comment,
    differ,
    joined,
    quoted_aside,
    remark,
    whole,
)

KINDS = frozenset({"enum", "domain", "type", "collation"})


def _sort(thing: Thing) -> str:
    return thing.kind.upper() if thing.kind in {"domain", "collation"} else "TYPE"


def _what(thing: Thing) -> str:
    return f"{_sort(thing)} {whole(thing)}"


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP {_what(have)};"]


def set_aside(have: Thing, want: Thing) -> list[str]:
    found = [
        *_labels_lost(have, want),
        *(_attributes_lost(have, want) if shape(have) == shape(want) else []),
        f"ALTER {_what(have)} RENAME TO {quoted_aside(have)};",
    ]
    if "range" in have.facts:
        many = have.facts["range"]["multirange_type_name"]
        found.append(f"ALTER TYPE {many} RENAME TO {quoted_aside(have, ending='s')};")
    return found


def _labels_lost(have: Thing, want: Thing) -> list[str]:
    if want.kind != "enum" or not passes(have, want):
        return []
    labels = want.facts.get("labels", [])
    if have.kind != "enum":
        listed = ", ".join(map(literal, labels))
        return [psql.comment(f"no row may have anything but {listed}")]
    gone = [literal(label) for label in have.facts.get("labels", ()) if label not in labels]
    return [psql.comment(f"no row may have {' or '.join(gone)} any more")] if gone else []


def shape(thing: Thing) -> str:
    """What the text of a value looks like."""
    if thing.kind == "enum":
        return "word"
    if "attributes" in thing.facts or "range" in thing.facts:
        return "range" if "range" in thing.facts else "row"
    base = casts.base(thing.facts.get("base", ""))
    return "text" if base in casts.TEXTS else "word" if base in casts.WORDS else "any"


def passes(old: Thing, new: Thing) -> bool:
    """A value of one may be read as one of the other."""
    shapes = {shape(old), shape(new)}
    return len(shapes) == 1 or bool(shapes & {"text", "any"})


def _attributes_lost(have: Thing, want: Thing) -> list[str]:
    before, after = _attributes(have), _attributes(want)
    lost = [
        name
        for name, each in before.items()
        if name not in after or casts.is_lossy(each["type"], after[name]["type"])
    ]
    return [psql.comment(f"loses what rows have in {', '.join(lost)}")] if lost else []


def drop_old(have: Thing) -> list[str]:
    name = ".".join([*have.facts["quoted"][:-1], quoted_aside(have)])
    return [f"DROP {_sort(have)} {name};"]


# ── enums


def create_enum(want: Thing, _sides: Sides) -> list[str]:
    labels = ", ".join(map(literal, want.facts.get("labels", ())))
    return [f"CREATE TYPE {whole(want)} AS ENUM ({labels});", *comment(_what(want), None, want)]


def alter_enum(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    before, after = have.facts.get("labels", []), want.facts.get("labels", [])
    remarks = comment(_what(want), have, want)
    if before == after:
        return remarks
    renamed = [(old, new) for old, new in zip(before, after, strict=False) if old != new]
    if len(before) == len(after) and len(renamed) == 1 and renamed[0][1] not in before:
        old, new = renamed[0]
        rename = f"RENAME VALUE {literal(old)} TO {literal(new)};"
        return [f"ALTER TYPE {whole(want)} {rename}", *remarks]
    if [label for label in after if label in before] != before:
        return None
    return [*_add_values(before, after, want), *remarks]


def _add_values(before: list[str], after: list[str], want: Thing) -> list[str]:
    head = f"ALTER TYPE {whole(want)} ADD VALUE"
    found = []
    for position, label in enumerate(after):
        if label in before:
            continue
        if position:
            place = f" AFTER {literal(after[position - 1])}"
        else:
            place = f" BEFORE {literal(before[0])}" if before else ""
        is_last = not set(after[position:]) & set(before)
        found.append(f"{head} {literal(label)}{'' if is_last else place};")
    return found


# ── domains


def create_domain(want: Thing, _sides: Sides) -> list[str]:
    facts = want.facts
    constraints = facts.get("constraints", [])
    create = joined(
        f"CREATE DOMAIN {whole(want)} AS {facts['base']}",
        clause("COLLATE {}", facts.get("collation")),
        clause("DEFAULT {}", facts.get("default")),
        "NOT NULL" if "not_null" in facts else "",
        *(
            f"CONSTRAINT {each['name']} {each['definition']}"
            for each in constraints
            if not _is_not_valid(each)
        ),
    )
    return [
        f"{create};",
        *(_add_constraint(want, each) for each in constraints if _is_not_valid(each)),
        *_constraint_remarks({}, want),
        *comment(_what(want), None, want),
    ]


def _is_not_valid(constraint: dict[str, str]) -> bool:
    return constraint["definition"].endswith(" NOT VALID")


def _add_constraint(want: Thing, constraint: dict[str, str]) -> str:
    added = f"{constraint['name']} {constraint['definition']}"
    return f"ALTER DOMAIN {whole(want)} ADD CONSTRAINT {added};"


def _constraints(thing: Thing) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in thing.facts.get("constraints", ())}


def alter_domain(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(have, want, "base", "collation"):
        return None
    facts = want.facts
    head = f"ALTER DOMAIN {whole(want)}"
    found = []
    if differ(have, want, "default"):
        found.append(
            f"{head} SET DEFAULT {facts['default']};"
            if "default" in facts
            else f"{head} DROP DEFAULT;"
        )
    if differ(have, want, "not_null"):
        found.append(f"{head} {'SET' if 'not_null' in facts else 'DROP'} NOT NULL;")
    return [*found, *_change_constraints(head, have, want), *comment(_what(want), have, want)]


def _change_constraints(head: str, have: Thing, want: Thing) -> list[str]:
    before, after = _constraints(have), _constraints(want)
    found = []
    kept = {}
    for name, each in before.items():
        new = after.get(name, {}).get("definition")
        if each["definition"] == new or each["definition"] == f"{new} NOT VALID":
            kept[name] = each
        else:
            found.append(f"{head} DROP CONSTRAINT {name};")
    for name, each in after.items():
        if name not in kept:
            found.append(_add_constraint(want, each))
        elif kept[name]["definition"] != each["definition"]:
            found.append(f"{head} VALIDATE CONSTRAINT {name};")
    return [*found, *_constraint_remarks(kept, want)]


def _constraint_remarks(kept: dict[str, dict[str, str]], want: Thing) -> list[str]:
    return [
        line
        for name, each in _constraints(want).items()
        for line in remark(
            f"CONSTRAINT {name} ON DOMAIN {whole(want)}",
            kept.get(name, {}).get("comment"),
            each.get("comment"),
        )
    ]


# ── composite types and ranges


def create_type(want: Thing, _sides: Sides) -> list[str]:
    remarks = comment(_what(want), None, want)
    if "range" in want.facts:
        options = ", ".join(
            f"{word.upper()} = {value}" for word, value in want.facts["range"].items()
        )
        return [f"CREATE TYPE {whole(want)} AS RANGE ({options});", *remarks]
    attributes = ", ".join(map(_attribute, want.facts.get("attributes", ())))
    create = f"CREATE TYPE {whole(want)} AS ({attributes});"
    return [create, *_attribute_remarks({}, want), *remarks]


def _attribute(of: dict[str, str]) -> str:
    return joined(of["name"], of["type"], clause("COLLATE {}", of.get("collation")))


def _attributes(thing: Thing) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in thing.facts.get("attributes", ())}


def alter_type(have: Thing, want: Thing, sides: Sides) -> list[str] | None:
    remarks = comment(_what(want), have, want)
    if not differ(have, want, "range", "attributes"):
        return remarks
    before, after = _attributes(have), _attributes(want)
    kept = [name for name in before if name in after]
    if differ(have, want, "range") or list(after)[: len(kept)] != kept:
        return None
    head = f"ALTER TYPE {whole(want)}"
    changed = [name for name in kept if _attribute(before[name]) != _attribute(after[name])]
    if changed and _is_in_a_table(have, sides):
        return None
    return [
        *(_attributes_lost(have, want) if _is_in_a_table(have, sides) else []),
        *(f"{head} DROP ATTRIBUTE {name};" for name in before if name not in after),
        *(f"{head} ALTER ATTRIBUTE {_changed(after[name])};" for name in changed),
        *(f"{head} ADD ATTRIBUTE {_attribute(after[name])};" for name in after if name not in kept),
        *_attribute_remarks(before, want),
        *remarks,
    ]


def _changed(of: dict[str, str]) -> str:
    return joined(of["name"], "TYPE", of["type"], clause("COLLATE {}", of.get("collation")))


def _is_in_a_table(have: Thing, sides: Sides) -> bool:
    return any(
        sides.have.things[other].kind == "column" for other in sides.have.dependents_of(have.name)
    )


def _attribute_remarks(before: dict[str, dict[str, str]], want: Thing) -> list[str]:
    return [
        line
        for name, each in _attributes(want).items()
        for line in remark(
            f"COLUMN {whole(want)}.{name}",
            before.get(name, {}).get("comment"),
            each.get("comment"),
        )
    ]


# ── collations


def create_collation(want: Thing, _sides: Sides) -> list[str]:
    facts = want.facts
    options = {
        "provider": facts["provider"],
        "locale": _quoted(facts.get("locale")),
        "lc_collate": _quoted(facts.get("lc_collate")),
        "lc_ctype": _quoted(facts.get("lc_ctype")),
        "rules": _quoted(facts.get("rules")),
        "deterministic": "false" if "not_deterministic" in facts else None,
    }
    written = ", ".join(f"{word} = {value}" for word, value in options.items() if value)
    return [f"CREATE COLLATION {whole(want)} ({written});", *comment(_what(want), None, want)]


def _quoted(value: str | None) -> str | None:
    return None if value is None else literal(value)


def alter_collation(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(
        have, want, "provider", "locale", "lc_collate", "lc_ctype", "rules", "not_deterministic"
    ):
        return None
    return comment(_what(want), have, want)
