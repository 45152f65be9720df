"""Columns: add, drop, and change each fact in place where PostgreSQL can."""

from collections.abc import Iterator

from ingestion.schema import psql
from ingestion.schema.catalog import Thing
from ingestion.schema.definitions import Facts, literal
from ingestion.schema.repair import casts, datatypes
from ingestion.schema.repair.permuted import may_have_swapped
from ingestion.schema.repair.sides import TYPES, Sides
from ingestion.schema.repair.writing import (
    clause,
    comment,
    differ,
    foreign,
    foreign_options,
    joined,
    options,
    own,
    remark,
    table,
    whole,
)

# What rows get for a value that is gone, where a column may not be empty.
_STAND_INS = {
    **dict.fromkeys(casts.NUMBERS, "0"),
    **dict.fromkeys(casts.TEXTS, "''"),
    "boolean": "false",
    "json": "'{}'",
    "jsonb": "'{}'",
    "bytea": "''",
    "uuid": "gen_random_uuid()",
    "interval": "'0'",
    **dict.fromkeys(casts.MOMENTS, "now()"),
    "time without time zone": "'00:00'",
}


def definition(want: Thing) -> str:
    """As CREATE TABLE and ADD COLUMN take it."""
    facts = want.facts
    return joined(
        own(want),
        facts["type"],
        clause("COMPRESSION {}", facts.get("compression")),
        clause("OPTIONS ({})", foreign(want)),
        clause("COLLATE {}", facts.get("collation")),
        "NOT NULL" if _is_plainly_not_null(want) else "",
        clause("DEFAULT {}", facts.get("default")),
        clause("GENERATED ALWAYS AS ({})", facts.get("generated")),
        facts.get("kept", ""),
    )


def _is_plainly_not_null(want: Thing) -> bool:
    return "not_null" in want.facts and not _is_qualified(want)


def _is_qualified(want: Thing) -> bool:
    """NOT NULL that holds for new rows only, or not for the tables that inherit."""
    return "not_valid" in want.facts or "no_inherit" in want.facts


def create(want: Thing, sides: Sides) -> list[str]:
    if "of_view" in want.facts:
        return _set_on_view(want, {}, want.facts)
    stand_in = _stand_in(want, sides)
    head = f"ALTER TABLE {table(want)}"
    add = f"{head} ADD COLUMN {definition(want)}{identity(want, sides)}"
    if stand_in:
        return [
            psql.comment(f"what its rows had is lost: they get {stand_in}"),
            f"{add} DEFAULT {stand_in};",
            f"{head} ALTER COLUMN {own(want)} DROP DEFAULT;",
            *decorations(want),
        ]
    return [f"{add};", *decorations(want)]


def _stand_in(want: Thing, sides: Sides) -> str | None:
    facts = want.facts
    if "not_null" not in facts or {"default", "generated", "identity"} & facts.keys():
        return None
    enum = next(
        (
            sides.want.things[other]
            for other in facts["needs"]
            if other.startswith("enum ") and other in sides.want.things
        ),
        None,
    )
    if enum is not None and enum.facts.get("labels") and facts["type"] == enum.facts["type"]:
        return literal(enum.facts["labels"][0])
    return _STAND_INS.get(casts.base(facts["type"]))


def identity(want: Thing, sides: Sides) -> str:
    """GENERATED … AS IDENTITY, with what its sequence has besides."""
    if "identity" not in want.facts:
        return ""
    sequence = identity_sequence(want, sides)
    return f" GENERATED {want.facts['identity']} AS IDENTITY{_of_sequence(want, sequence)}"


def identity_sequence(want: Thing, sides: Sides) -> Thing | None:
    return next(
        (
            sides.want.things[other]
            for other in sides.want.dependents_of(want.name)
            if "of_identity" in sides.want.things[other].facts
        ),
        None,
    )


def _of_sequence(want: Thing, sequence: Thing | None) -> str:
    if sequence is None:
        return ""
    facts = sequence.facts
    usual = {"increment": 1, "start": facts["min"], "cache": 1}
    words = {"increment": "INCREMENT BY", "start": "START WITH", "cache": "CACHE"}
    most = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}[facts["type"]] - 1
    said = [
        *(f"{words[fact]} {facts[fact]}" for fact in words if facts[fact] != usual[fact]),
        *([f"MINVALUE {facts['min']}"] if facts["min"] != 1 else []),
        *([f"MAXVALUE {facts['max']}"] if facts["max"] != most else []),
        *(["CYCLE"] if facts.get("cycle") else []),
    ]
    if sequence.path[-1] != f"{want.path[-2]}_{want.path[-1]}_seq":
        said.insert(0, f"SEQUENCE NAME {whole(sequence)}")
    return f" ({' '.join(said)})" if said else ""


def decorations(want: Thing) -> list[str]:
    """What neither CREATE TABLE nor ADD COLUMN can say in all versions."""
    facts = want.facts
    head = f"ALTER TABLE {table(want)} ALTER COLUMN {own(want)}"
    return [
        *([f"{head} SET STORAGE {facts['storage']};"] if "storage" in facts else []),
        *([f"{head} SET STATISTICS {facts['statistics']};"] if "statistics" in facts else []),
        *options(head, None, facts.get("options")),
        *(_not_null(want) if _is_qualified(want) else []),
        *comment(_what(want), None, want),
    ]


def _what(thing: Thing) -> str:
    return f"COLUMN {whole(thing)}"


def drop(have: Thing, _sides: Sides) -> list[str]:
    if "of_view" in have.facts:
        return _set_on_view(have, have.facts, {})
    drop = f"ALTER TABLE {table(have)} DROP COLUMN {own(have)};"
    return [drop] if "generated" in have.facts else ["-- loses the column's values", drop]


def alter(have: Thing, want: Thing, sides: Sides) -> list[str] | None:
    if "of_view" in want.facts:
        return _set_on_view(want, have.facts, want.facts)
    if _must_be_made_anew(have, want):
        return None
    head = f"ALTER TABLE {table(want)} ALTER COLUMN {own(want)}"
    facts = want.facts
    return [
        *_drop_identity(head, have, want),
        *_drop_expression(head, have, want),
        *_drop_not_null(head, have, want),
        *_type_and_default(head, have, want, sides),
        *_nullability(head, have, want),
        *_set_identity(head, have, want, sides),
        *_set_expression(head, have, want),
        *_storage(head, _kept(have, want, sides), want.facts),
        *options(head, have.facts.get("options"), facts.get("options")),
        *foreign_options(head, have.facts.get("fdw_options"), facts.get("fdw_options")),
        *comment(_what(want), have, want),
    ]


def _must_be_made_anew(have: Thing, want: Thing) -> bool:
    before, after = have.facts, want.facts
    if "generated" not in after:
        return before.get("kept") == "VIRTUAL"  # one that is stored may keep its values
    if "generated" not in before or differ(have, want, "kept"):
        return True
    changed = differ(have, want, "generated")
    return changed and not ("expression_may_change" in after and "expression_may_change" in before)


def is_retyped(have: Thing, want: Thing) -> bool:
    return "of_view" not in want.facts and differ(have, want, "type", "collation")


def retype(have: Thing, want: Thing, sides: Sides) -> list[str]:
    """The same type by name, which is another one now."""
    head = f"ALTER TABLE {table(want)} ALTER COLUMN {own(want)}"
    by_itself = not _takes_type_of_parent(have, want)
    return [
        *([f"{head} DROP DEFAULT;"] if "default" in have.facts and by_itself else []),
        *(_lost(want, sides) if by_itself else []),
        *([_type(head, want, sides, using=_moved_over(want, sides))] if by_itself else []),
        *_storage(head, _kept(have, want, sides), want.facts),
        *([f"{head} SET DEFAULT {want.facts['default']};"] if "default" in want.facts else []),
    ]


def _takes_type_of_parent(have: Thing, want: Thing) -> bool:
    return "inherited" in have.facts and "inherited" in want.facts


def drop_default(have: Thing) -> list[str]:
    return [f"ALTER TABLE {table(have)} ALTER COLUMN {own(have)} DROP DEFAULT;"]


def set_default(want: Thing) -> list[str]:
    if "default" not in want.facts:
        return []
    return [
        f"ALTER TABLE {table(want)} ALTER COLUMN {own(want)} SET DEFAULT {want.facts['default']};"
    ]


def _type_and_default(head: str, have: Thing, want: Thing, sides: Sides) -> list[str]:
    before, after = have.facts, want.facts
    changed = differ(have, want, "default")
    retyped = is_retyped(have, want)
    anew = want.name in sides.retyped and not retyped
    goes = (retyped and casts.base(before["type"]) != casts.base(after["type"])) or anew
    with_parent = _takes_type_of_parent(have, want)
    found = []
    if "default" in before and ((goes and not with_parent) or (changed and "default" not in after)):
        found.append(f"{head} DROP DEFAULT;")
    if (retyped or anew) and not with_parent:
        cast = casts.cast(own(want), before["type"], after["type"])
        using = _moved_over(want, sides) if anew else cast
        found += _lost(want, sides) if anew else _loss(have, want, sides)
        found.append(_type(head, want, sides, using=using))
    if "default" in after and (goes or changed) and want.name not in sides.detached:
        found.append(f"{head} SET DEFAULT {after['default']};")
    return found


def _type(head: str, want: Thing, sides: Sides, *, using: str | None) -> str:
    is_computed = "generated" in want.facts or _is_elsewhere(want, sides)
    words = joined(
        f"{head} TYPE {want.facts['type']}",
        clause("COLLATE {}", want.facts.get("collation")),
        clause("USING {}", None if is_computed else using),
    )
    return f"{words};"


def _is_elsewhere(column: Thing, sides: Sides) -> bool:
    """No row of a foreign table is here."""
    table = sides.want.table_of(column)
    return table is not None and "foreign" in table.facts


def _loss(have: Thing, want: Thing, sides: Sides) -> list[str]:
    before, after = have.facts["type"], want.facts["type"]
    if "generated" in want.facts or _is_elsewhere(want, sides):
        return []
    return [
        *(
            [f"-- loses what {after} cannot hold of a value"]
            if casts.is_lossy(before, after)
            else []
        ),
        *_in_wrong_place(want, sides),
    ]


def _in_wrong_place(want: Thing, sides: Sides) -> list[str]:
    return [
        psql.comment(
            f"loses its values to {own(other)} if the two have swapped their names: "
            f"then rename them before, and ask again"
        )
        for other in may_have_swapped(want, sides.have.things, sides.want.things)
    ]


def _moved_over(want: Thing, sides: Sides) -> str | None:
    """The value as one of the type that has taken the place and the name of the old one."""
    column, after = own(want), want.facts["type"]
    if casts.base(after) in casts.TEXTS:  # it is the collation
        return None
    for old, new in _types(want, sides):
        if not datatypes.passes(old, new):
            return f"{_instead(want, new)}::{after}"
        if (
            datatypes.shape(old) == "row"
            and "attributes" in new.facts
            and new.facts["type"] == after
        ):
            return _row(column, old, new)
    return f"{column}::{'text[]' if after.endswith('[]') else 'text'}::{after}"


def _types(column: Thing, sides: Sides) -> Iterator[tuple[Thing, Thing]]:
    """What its type was, and what it becomes, under one name."""
    for other in column.facts["needs"]:
        old = sides.have.things.get(sides.predecessors.get(other, other))
        new = sides.want.things.get(other)
        if old and new and new.kind in TYPES:
            yield old, new


def _lost(want: Thing, sides: Sides) -> list[str]:
    """No value of the old type is one of the new one, whatever it is."""
    if "generated" in want.facts or _is_elsewhere(want, sides):
        return []
    return [
        psql.comment(f"loses the column's values: its rows get {_instead(want, new)}")
        for old, new in _types(want, sides)
        if not datatypes.passes(old, new)
    ]


def _instead(want: Thing, new: Thing) -> str:
    facts = new.facts
    if "not_null" not in want.facts and "not_null" not in facts:
        return "NULL"
    if want.facts["type"].endswith("[]"):
        return "'{}'"
    if "attributes" in facts:
        return f"ROW({', '.join('NULL' for _ in facts['attributes'])})"
    if "range" in facts:
        return "'empty'"
    if "labels" in facts:
        return literal(facts["labels"][0])
    return _STAND_INS.get(casts.base(facts.get("base", "")), "NULL")


def _row(column: str, old: Thing, new: Thing) -> str:
    known = {each["name"]: each for each in old.facts.get("attributes", ())}
    values = ", ".join(
        "NULL"
        if each["name"] not in known
        else f"({column}).{each['name']}"
        + ("" if known[each["name"]]["type"] == each["type"] else f"::{each['type']}")
        for each in new.facts["attributes"]
    )
    return f"CASE WHEN {column} IS DISTINCT FROM NULL THEN ROW({values})::{new.facts['type']} END"


def _drop_not_null(head: str, have: Thing, want: Thing) -> list[str]:
    gone = "not_null" in have.facts and "not_null" not in want.facts
    return [f"{head} DROP NOT NULL;"] if gone else []


def _nullability(head: str, have: Thing, want: Thing) -> list[str]:
    before, after = have.facts, want.facts
    if not differ(have, want, "not_null", "not_valid", "no_inherit"):
        return []
    if "not_null" not in after:
        return []
    if "not_null" not in before:
        return _not_null(want)
    name = before.get("not_null_name")
    if "not_valid" in before and not _is_qualified(want) and "no_inherit" not in before:
        return [f"ALTER TABLE {table(want)} VALIDATE CONSTRAINT {name};"]
    return [f"{head} DROP NOT NULL;", *_not_null(want)]


def _not_null(want: Thing) -> list[str]:
    head = f"ALTER TABLE {table(want)}"
    if not _is_qualified(want):
        return [f"{head} ALTER COLUMN {own(want)} SET NOT NULL;"]
    words = joined(
        "NO INHERIT" if "no_inherit" in want.facts else "",
        "NOT VALID" if "not_valid" in want.facts else "",
    )
    name = want.facts["not_null_name"]
    return [f"{head} ADD CONSTRAINT {name} NOT NULL {own(want)} {words};"]


def _drop_identity(head: str, have: Thing, want: Thing) -> list[str]:
    gone = "identity" in have.facts and "identity" not in want.facts
    return [f"{head} DROP IDENTITY;"] if gone else []


def _set_identity(head: str, have: Thing, want: Thing, sides: Sides) -> list[str]:
    if not differ(have, want, "identity") or "identity" not in want.facts:
        return []
    if "identity" in have.facts:
        return [f"{head} SET GENERATED {want.facts['identity']};"]
    sequence = identity_sequence(want, sides)
    return [
        f"{head} ADD{identity(want, sides)};",
        *([] if sequence is None else [go_on(sequence, want)]),
    ]


def go_on(sequence: Thing, column: Thing) -> str:
    """Let a sequence that is new start behind what is there."""
    step = sequence.facts["increment"]
    if step < 0:
        return psql.comment(f"See that {whole(sequence)} starts before what {whole(column)} has.")
    most = f"greatest(max({own(column)}) + {step}, {sequence.facts['start']})"
    name = literal(whole(sequence))
    return f"SELECT setval({name}, {most}, false) FROM {table(column)};"  # noqa: S608


def _drop_expression(head: str, have: Thing, want: Thing) -> list[str]:
    gone = "generated" in have.facts and "generated" not in want.facts
    return [f"{head} DROP EXPRESSION;"] if gone else []


def _set_expression(head: str, have: Thing, want: Thing) -> list[str]:
    changed = differ(have, want, "generated") and "generated" in want.facts
    return [f"{head} SET EXPRESSION AS ({want.facts['generated']});"] if changed else []


def _kept(have: Thing, want: Thing, sides: Sides) -> Facts:
    """A new type brings its own storage, and no compression."""
    if not is_retyped(have, want) and want.name not in sides.retyped:
        return have.facts
    lost = {"storage", "compression"}
    return {fact: value for fact, value in have.facts.items() if fact not in lost}


def _storage(head: str, before: Facts, after: Facts) -> list[str]:
    found = []
    if before.get("storage") != after.get("storage"):
        found.append(f"{head} SET STORAGE {after.get('storage', after['usual_storage'])};")
    if before.get("compression") != after.get("compression"):
        found.append(f"{head} SET COMPRESSION {after.get('compression', 'default')};")
    if before.get("statistics") != after.get("statistics"):
        found.append(f"{head} SET STATISTICS {after.get('statistics', -1)};")
    return found


def _set_on_view(of: Thing, before: Facts, after: Facts) -> list[str]:
    """A view's column may have a default and a comment of its own."""
    head = f"ALTER VIEW {table(of)} ALTER COLUMN {own(of)}"
    found = []
    if before.get("default") != after.get("default"):
        found.append(
            f"{head} SET DEFAULT {after['default']};"
            if "default" in after
            else f"{head} DROP DEFAULT;"
        )
    return [*found, *remark(_what(of), before.get("comment"), after.get("comment"))]
