"""Constraints and indexes: made and dropped so that the table stays in use, wherever that goes."""

import re

from ingestion.schema import psql
from ingestion.schema.catalog import Thing, name
from ingestion.schema.definitions import literal
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import (
    beside,
    comment,
    differ,
    options,
    own,
    table,
)

_DEFERRABLE = re.compile(r"(?: NOT)? DEFERRABLE(?: INITIALLY DEFERRED)?|(?: NOT VALID)$")
_OWN_WORDS = re.compile(r" WITH \(.*?\)(?= WHERE |$)")

_DISABLE = """
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', t.tgrelid::regclass, t.tgname)
          FROM pg_trigger t JOIN pg_constraint c ON c.oid = t.tgconstraint
         WHERE c.conrelid = {table}::regclass AND c.conname = {constraint}
           AND (t.tgrelid::regclass::text, t.tgfoid::regproc::text) IN ({triggers})
    LOOP
        EXECUTE command;
    END LOOP;
END
"""

# ── constraints


def create_constraint(want: Thing, sides: Sides) -> list[str]:
    return [*_add(want, sides), *_triggers(None, want), *comment(_what(want), None, want)]


def _add(want: Thing, sides: Sides) -> list[str]:
    facts = want.facts
    only = "ONLY " if "of_partitions" in facts and facts["type"] in "pu" else ""
    head = f"ALTER TABLE {only}{table(want)} ADD CONSTRAINT {own(want)}"
    add = f"{head} {facts['definition']};"
    if sides.is_in_new_table(want) or "of_partitions" in facts:
        return [add]
    index = _index_of(want, sides)
    if index is not None and "USING btree" in index.facts["definition"]:
        return _add_with_index(head, want, index, sides)
    if facts["type"] in "cf" and not {"not_valid", "inherited"} & facts.keys():
        if "NOT ENFORCED" in facts["definition"]:
            return [add]
        return [f"{add[:-1]} NOT VALID;", _validate(want)]
    return [add]


def _index_of(constraint: Thing, sides: Sides) -> Thing | None:
    if constraint.facts["type"] not in "pu":
        return None
    return sides.want.things.get(f"index {name(*constraint.path)}")


def _add_with_index(head: str, want: Thing, index: Thing, sides: Sides) -> list[str]:
    sort = "PRIMARY KEY" if want.facts["type"] == "p" else "UNIQUE"
    deferrable = "".join(
        re.findall(r" DEFERRABLE(?: INITIALLY DEFERRED)?$", want.facts["definition"])
    )
    return [
        *([] if _is_there(index, sides) else [f"{_concurrently(index)};"]),
        f"{head} {sort} USING INDEX {own(index)}{deferrable};",
    ]


def _is_there(index: Thing, sides: Sides) -> bool:
    """Without a constraint so far."""
    found = sides.have.things.get(index.name)
    is_same = found is not None and found.definition == index.definition
    return is_same and index.name not in sides.ended


def _validate(want: Thing) -> str:
    return f"ALTER TABLE {table(want)} VALIDATE CONSTRAINT {own(want)};"


def _what(thing: Thing) -> str:
    return f"CONSTRAINT {own(thing)} ON {table(thing)}"


def drop_constraint(have: Thing, _sides: Sides) -> list[str]:
    return [f"ALTER TABLE {table(have)} DROP CONSTRAINT {own(have)};"]


def alter_constraint(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    before, after = have.facts, want.facts
    found = []
    if differ(have, want, "definition"):
        if f"{after['definition']} NOT VALID" == before["definition"]:
            found = [_validate(want)]
        elif after["type"] == before["type"] == "f" and _differ_in_deferring(have, want):
            found = [f"ALTER TABLE {table(want)} ALTER CONSTRAINT {own(want)} {_deferring(want)};"]
        else:
            return None
    return [*found, *_triggers(have, want), *comment(_what(want), have, want)]


def _differ_in_deferring(have: Thing, want: Thing) -> bool:
    if differ(have, want, "not_valid") or "NOT ENFORCED" in f"{have.definition}{want.definition}":
        return False
    before, after = have.facts["definition"], want.facts["definition"]
    return _DEFERRABLE.sub("", before) == _DEFERRABLE.sub("", after)


def _deferring(want: Thing) -> str:
    definition = want.facts["definition"]
    if "INITIALLY DEFERRED" in definition:
        return "DEFERRABLE INITIALLY DEFERRED"
    return "DEFERRABLE INITIALLY IMMEDIATE" if " DEFERRABLE" in definition else "NOT DEFERRABLE"


def _triggers(have: Thing | None, want: Thing) -> list[str]:
    """A foreign key is checked by triggers, which a person can disable."""
    if ("disabled" in want.facts) == (have is not None and "disabled" in have.facts):
        return []
    disabled = [(where, what) for where, what, _, is_off in want.facts["triggers"] if is_off]
    if have is None:
        return [_disable_new_ones(want, disabled)]
    return [
        f"ALTER TABLE {where} {'ENABLE' if is_off else 'DISABLE'} TRIGGER {each};"
        for where, what, each, is_off in have.facts["triggers"]
        if is_off is not ((where, what) in disabled)
    ]


def _disable_new_ones(want: Thing, disabled: list[tuple[str, str]]) -> str:
    """Nobody knows their names before they are made."""
    listed = ", ".join(f"({literal(where)}, {literal(what)})" for where, what in disabled)
    body = _DISABLE.format(
        table=literal(table(want)), constraint=literal(want.path[-1]), triggers=listed
    )
    return f"DO {psql.dollar_quoted(body, tag='do')};"


# ── indexes


def create_index(want: Thing, sides: Sides) -> list[str]:
    """The index of a constraint comes with it; one of a partition is attached to its parent's."""
    made = [] if "constraint" in want.facts else [_create(want, sides)]
    is_attached_later = sides.is_in_new_table(want) or _is_in_new_partition(want, sides)
    attached = [] if is_attached_later else _attach(want)
    return [*made, *attached, *_decorations(want)]


def _create(want: Thing, sides: Sides) -> str:
    if sides.is_in_new_table(want) or _is_on_new_view(want, sides) or "of_partitions" in want.facts:
        return f"{_with_tablespace(want)};"
    return f"{_concurrently(want)};"


def _is_in_new_partition(want: Thing, sides: Sides) -> bool:
    """The table is attached to its parent later, and its indexes with it."""
    before, after = (side.table_of(want) for side in (sides.have, sides.want))
    if before is None or after is None:
        return False
    return "bound" in after.facts and "bound" not in before.facts


def _is_on_new_view(want: Thing, sides: Sides) -> bool:
    return sides.is_new(f"materialized view {name(*want.path[:-1])}")


def _concurrently(want: Thing) -> str:
    return re.sub("^CREATE (UNIQUE )?INDEX ", r"\g<0>CONCURRENTLY ", _with_tablespace(want))


def _with_tablespace(want: Thing) -> str:
    definition: str = want.facts["definition"]
    if "tablespace" not in want.facts:
        return definition
    head, where, condition = definition.partition(" WHERE ")
    return f"{head} TABLESPACE {want.facts['tablespace']}{where}{condition}"


def _attach(want: Thing) -> list[str]:
    return [
        f"ALTER INDEX {parent} ATTACH PARTITION {beside(want)};"
        for parent in want.facts.get("attached_to", ())
    ]


def _decorations(want: Thing) -> list[str]:
    facts = want.facts
    head = f"ALTER TABLE {table(want)}"
    return [
        *(
            [f"{head} REPLICA IDENTITY USING INDEX {own(want)};"]
            if "replica_identity" in facts
            else []
        ),
        *([f"{head} CLUSTER ON {own(want)};"] if "clustered" in facts else []),
        *_targets({}, dict(facts.get("targets", ())), want),
        *comment(f"INDEX {beside(want)}", None, want),
        *(_be_invalid(want)),
    ]


def _targets(before: dict[int, int], after: dict[int, int], want: Thing) -> list[str]:
    return [
        f"ALTER INDEX {beside(want)} ALTER COLUMN {column} SET STATISTICS {after.get(column, -1)};"
        for column in sorted(before.keys() | after.keys())
        if before.get(column) != after.get(column)
    ]


def _be_invalid(want: Thing) -> list[str]:
    if "invalid" not in want.facts or "of_partitions" in want.facts:
        return []
    return [
        psql.comment(
            f"{own(want)} is valid now: only a CREATE INDEX CONCURRENTLY that fails leaves an"
            " invalid one."
        )
    ]


def drop_index(have: Thing, _sides: Sides) -> list[str]:
    concurrently = "" if "of_partitions" in have.facts else "CONCURRENTLY "
    return [f"DROP INDEX {concurrently}{beside(have)};"]


def alter_index(have: Thing, want: Thing, sides: Sides) -> list[str] | None:
    before, after = have.facts, want.facts
    if _without_options(have) != _without_options(want) or differ(have, want, "constraint"):
        return None
    head = f"ALTER INDEX {beside(want)}"
    return [
        *_validity(have, want, sides),
        *_attachment(have, want, sides),
        *options(head, before.get("options"), after.get("options")),
        *_tablespace(head, have, want),
        *_marks(have, want, sides),
        *_targets(dict(before.get("targets", ())), dict(after.get("targets", ())), want),
        *comment(f"INDEX {beside(want)}", have, want),
    ]


def _without_options(thing: Thing) -> str:
    return _OWN_WORDS.sub("", thing.facts["definition"])


def _validity(have: Thing, want: Thing, sides: Sides) -> list[str]:
    if not differ(have, want, "invalid", "not_ready"):
        return []
    if "invalid" in want.facts or "not_ready" in want.facts:
        return _be_invalid(want)
    if "of_partitions" in have.facts:  # it is valid as soon as each partition has its own
        return []
    return [f"REINDEX INDEX CONCURRENTLY {beside(want)};"]


def _attachment(have: Thing, want: Thing, sides: Sides) -> list[str]:
    """A table that becomes a partition, or is one no more, takes its indexes along."""
    before, after = (side.table_of(want) for side in (sides.have, sides.want))
    if before is None or after is None or differ(before, after, "parents", "bound"):
        return []
    return _attach(want) if differ(have, want, "attached_to") else []


def _tablespace(head: str, have: Thing, want: Thing) -> list[str]:
    if not differ(have, want, "tablespace"):
        return []
    return [f"{head} SET TABLESPACE {want.facts.get('tablespace', 'pg_default')};"]


def _marks(have: Thing, want: Thing, sides: Sides) -> list[str]:
    head = f"ALTER TABLE {table(want)}"
    found = []
    if differ(have, want, "replica_identity") and "replica_identity" in want.facts:
        found.append(f"{head} REPLICA IDENTITY USING INDEX {own(want)};")
    if differ(have, want, "clustered"):
        if "clustered" in want.facts:
            found.append(f"{head} CLUSTER ON {own(want)};")
        elif not _another_is_clustered(want, sides):
            found.append(f"{head} SET WITHOUT CLUSTER;")
    return found


def _another_is_clustered(want: Thing, sides: Sides) -> bool:
    return any(
        other.path[:-1] == want.path[:-1] and "clustered" in other.facts
        for other in sides.want.things.values()
        if other.kind == "index"
    )
