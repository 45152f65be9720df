"""Sequences that stand by themselves or belong to a column; those of identity come with it."""

from ingestion.schema.catalog import Thing
from ingestion.schema.repair import columns
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import comment, differ, joined, whole

_WORDS = {
    "type": "AS {}",
    "increment": "INCREMENT BY {}",
    "min": "MINVALUE {}",
    "max": "MAXVALUE {}",
    "start": "START WITH {}",
    "cache": "CACHE {}",
}

_LIMITS = {
    "smallint": (1, 2**15 - 1, -1, -(2**15)),
    "integer": (1, 2**31 - 1, -1, -(2**31)),
    "bigint": (1, 2**63 - 1, -1, -(2**63)),
}


def _what(thing: Thing) -> str:
    return f"SEQUENCE {whole(thing)}"


def create(want: Thing, _sides: Sides) -> list[str]:
    if "of_identity" in want.facts:
        return comment(_what(want), None, want)
    persistence = want.facts.get("persistence", "")
    create = joined(
        "CREATE",
        persistence,
        _what(want),
        *(form.format(want.facts[fact]) for fact, form in _WORDS.items()),
        "CYCLE" if "cycle" in want.facts else "",
    )
    return [f"{create};", *comment(_what(want), None, want)]


def give_to_owner(have: Thing | None, want: Thing, sides: Sides) -> list[str]:
    """As soon as its column is there."""
    if "of_identity" in want.facts or "owner" not in want.facts:
        return []
    if have is not None and want.name not in sides.ended:
        return [f"ALTER {_what(want)} OWNED BY {want.facts['owner']};"] * differ(
            have, want, "owner"
        )
    give = f"ALTER {_what(want)} OWNED BY {want.facts['owner']};"
    owner = owner_of(want, sides)
    if owner is None or sides.is_in_new_table(owner) or "default" not in owner.facts:
        return [give]
    return [give, columns.go_on(want, owner)]


def owner_of(want: Thing, sides: Sides) -> Thing | None:
    return next(
        (
            sides.want.things[other]
            for other in want.facts["goes_with"]
            if other.startswith("column ") and other in sides.want.things
        ),
        None,
    )


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [] if "of_identity" in have.facts else [f"DROP {_what(have)};"]


def alter(have: Thing, want: Thing, sides: Sides) -> list[str] | None:
    facts = want.facts
    head = f"ALTER {_what(want)}"
    if differ(have, want, "of_identity") or _is_of_another_column(have, want):
        return None
    found = []
    changed = [_WORDS[fact].format(facts[fact]) for fact in _changed(have, want, sides)]
    if differ(have, want, "cycle"):
        changed.append("CYCLE" if "cycle" in facts else "NO CYCLE")
    if changed:
        found.append(f"{head} {' '.join(changed)};")
    if differ(have, want, "owner") and "owner" in have.facts:
        found.append(f"{head} OWNED BY NONE;")
    if differ(have, want, "persistence"):
        found.append(f"{head} SET {facts.get('persistence', 'LOGGED')};")
    return [*found, *comment(_what(want), have, want)]


def _is_of_another_column(have: Thing, want: Thing) -> bool:
    return "of_identity" in want.facts and differ(have, want, "owner")


def _changed(have: Thing, want: Thing, sides: Sides) -> list[str]:
    """With the type, limits that were its own have become those of the new one."""
    changed = [fact for fact in _WORDS if differ(have, want, fact)]
    if "type" not in changed:
        return changed
    follows = {
        fact
        for fact in ("min", "max")
        if have.facts[fact] in _LIMITS[have.facts["type"]]
        and want.facts[fact] in _LIMITS[want.facts["type"]]
    }
    if _follows_its_column(want, sides):
        follows.add("type")
    return [fact for fact in changed if fact not in follows]


def _follows_its_column(want: Thing, sides: Sides) -> bool:
    owner = owner_of(want, sides)
    if owner is None or "of_identity" not in want.facts or owner.name not in sides.have.things:
        return False
    return differ(sides.have.things[owner.name], owner, "type")
