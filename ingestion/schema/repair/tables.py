"""Tables: make with all their columns, drop, and change what they are as a whole."""

from ingestion.schema import psql
from ingestion.schema.catalog import Thing, name
from ingestion.schema.repair import columns, moving
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import (
    clause,
    comment,
    differ,
    foreign,
    foreign_options,
    joined,
    options,
    whole,
    with_options,
)


def create(want: Thing, sides: Sides) -> list[str]:
    """A partition stands alone until its indexes are there: see `attach`."""
    facts = want.facts
    head = joined(
        "CREATE",
        facts.get("persistence", ""),
        "FOREIGN" if "foreign" in facts else "",
        "TABLE",
        whole(want),
    )
    inner = sorted(
        sides.want.parts_of(want, "column"), key=lambda column: int(column.facts["position"])
    )
    own = [column for column in inner if not _is_inherited_as_it_is(column, sides)]
    # A partition gets the identity of the whole when it is attached.
    written = [
        f"    {columns.definition(each)}"
        + ("" if "bound" in facts else columns.identity(each, sides))
        for each in own
    ]
    tail = joined(
        clause("INHERITS ({})", _parents(want) if "bound" not in facts else None),
        clause("PARTITION BY {}", facts.get("partition_key")),
        clause("USING {}", facts.get("method")),
        with_options(want),
        clause("TABLESPACE {}", facts.get("tablespace")),
        clause("SERVER {}", facts.get("server")),
        clause("OPTIONS ({})", foreign(want)),
    )
    body = "(\n" + ",\n".join(written) + "\n)" if written else "()"
    return [
        *_of_a_view(want, sides),
        f"{joined(head, body, tail)};",
        *([f"ALTER TABLE {whole(want)} OF {facts['of']};"] if "of" in facts else []),
        *_security(want),
        *_replica_identity(None, want),
        *comment(_what(want), None, want),
        *(line for column in own for line in columns.decorations(column)),
    ]


def _of_a_view(want: Thing, sides: Sides) -> list[str]:
    views = (f"{kind} {name(*want.path)}" for kind in ("view", "materialized view"))
    if not any(view in sides.ended for view in views):
        return []
    return [psql.comment("it begins empty: what the view of that name shows is in other tables")]


def _is_inherited_as_it_is(column: Thing, sides: Sides) -> bool:
    table = sides.want.table_of(column)
    if table is None or "bound" in table.facts or "is_local" in column.facts:
        return False
    origins = [sides.want.things[each] for each in sides.want.origins(column)]
    return any(origin.definition == column.definition for origin in origins)


def _parents(thing: Thing) -> str | None:
    return ", ".join(thing.facts.get("parents", ())) or None


def _what(thing: Thing) -> str:
    return f"{'FOREIGN ' if 'foreign' in thing.facts else ''}TABLE {whole(thing)}"


def drop(have: Thing, sides: Sides) -> list[str]:
    drop = f"DROP {_what(have)};"
    if moving.has_rows_to_move(have.name, sides):
        return [*moving.put_aside(have, sides), drop]
    return [drop] if "foreign" in have.facts else ["-- loses its rows", drop]


def attach(want: Thing) -> list[str]:
    """To the table whose partition it is."""
    if "bound" not in want.facts:
        return []
    return [f"ALTER TABLE {_parents(want)} ATTACH PARTITION {whole(want)} {want.facts['bound']};"]


def alter(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    head = f"ALTER {_what(want)}"
    before, after = have.facts, want.facts
    if "foreign" in before and "foreign" in after and differ(have, want, "server"):
        return None
    if differ(have, want, "foreign", "partition_key"):
        return None
    return [
        *_change_parents(have, want),
        *_change_type(head, have, want),
        *_change_storage(head, have, want),
        *options(head, before.get("options"), after.get("options")),
        *foreign_options(head, before.get("fdw_options"), after.get("fdw_options")),
        *_change_security(head, have, want),
        *_replica_identity(have, want),
        *comment(_what(want), have, want),
    ]


def _change_parents(have: Thing, want: Thing) -> list[str]:
    before, after = have.facts, want.facts
    if not differ(have, want, "parents", "bound"):
        return []
    found = []
    if "bound" in before:
        found.append(f"ALTER TABLE {_parents(have)} DETACH PARTITION {whole(have)};")
    else:
        found += [
            f"ALTER TABLE {whole(want)} NO INHERIT {parent};"
            for parent in before.get("parents", ())
            if parent not in after.get("parents", ()) or "bound" in after
        ]
    if "bound" in after:
        return [*found, *attach(want)]
    kept = () if "bound" in before else before.get("parents", ())
    return [
        *found,
        *(
            f"ALTER TABLE {whole(want)} INHERIT {parent};"
            for parent in after.get("parents", ())
            if parent not in kept
        ),
    ]


def _change_type(head: str, have: Thing, want: Thing) -> list[str]:
    if not differ(have, want, "of"):
        return []
    return [f"{head} OF {want.facts['of']};" if "of" in want.facts else f"{head} NOT OF;"]


def _change_storage(head: str, have: Thing, want: Thing) -> list[str]:
    facts = want.facts
    found = []
    if differ(have, want, "persistence"):
        found.append(f"{head} SET {facts.get('persistence', 'LOGGED')};")
    if differ(have, want, "method"):
        found.append(f"{head} SET ACCESS METHOD {facts.get('method', 'heap')};")
    if differ(have, want, "tablespace"):
        found.append(f"{head} SET TABLESPACE {facts.get('tablespace', 'pg_default')};")
    return found


def _security(want: Thing) -> list[str]:
    head = f"ALTER TABLE {whole(want)}"
    return [
        *([f"{head} ENABLE ROW LEVEL SECURITY;"] if "row_security" in want.facts else []),
        *([f"{head} FORCE ROW LEVEL SECURITY;"] if "force_row_security" in want.facts else []),
    ]


def _change_security(head: str, have: Thing, want: Thing) -> list[str]:
    facts = want.facts
    found = []
    if differ(have, want, "row_security"):
        verb = "ENABLE" if "row_security" in facts else "DISABLE"
        found.append(f"{head} {verb} ROW LEVEL SECURITY;")
    if differ(have, want, "force_row_security"):
        verb = "FORCE" if "force_row_security" in facts else "NO FORCE"
        found.append(f"{head} {verb} ROW LEVEL SECURITY;")
    return found


def _replica_identity(have: Thing | None, want: Thing) -> list[str]:
    """USING INDEX is said by the index."""
    before = have.facts.get("replica_identity") if have else None
    after = want.facts.get("replica_identity")
    if after in {before, "USING INDEX"}:
        return []
    return [f"ALTER TABLE {whole(want)} REPLICA IDENTITY {after or 'DEFAULT'};"]
