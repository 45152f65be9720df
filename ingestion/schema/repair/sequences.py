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


def alter(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    """With the type, its limits have become others."""
    facts = want.facts
    head = f"ALTER {_what(want)}"
    if differ(have, want, "of_identity"):
        return None
    found = []
    changed = [
        form.format(facts[fact])
        for fact, form in _WORDS.items()
        if differ(have, want, fact) or (fact in {"min", "max"} and differ(have, want, "type"))
    ]
    if differ(have, want, "cycle"):
        changed.append("CYCLE" if "cycle" in facts else "NO CYCLE")
    if changed:
        found.append(f"{head} {' '.join(changed)};")
    if differ(have, want, "owner") and "owner" in have.facts:
        found.append(f"{head} OWNED BY NONE;")
    if differ(have, want, "persistence"):
        found.append(f"{head} SET {facts.get('persistence', 'LOGGED')};")
    return [*found, *comment(_what(want), have, want)]
