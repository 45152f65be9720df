"""The rows of a table that has to be made anew: they wait in another table, and come back.

As when it becomes a partitioned one.
"""

from ingestion.schema import psql
from ingestion.schema.catalog import Thing
from ingestion.schema.repair import casts, columns
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import own, quoted_aside, whole


def has_rows_to_move(name: str, sides: Sides) -> bool:
    """There is a table, and there is to be one; a partition gets its rows through the whole."""
    have, want = sides.have.things.get(name), sides.want.things.get(name)
    if have is None or want is None or have.kind != "table" or name not in sides.ended:
        return False
    if {"foreign", "bound"} & (have.facts.keys() | want.facts.keys()):
        return False
    known = _columns(have, sides)
    rest = [each for each in _written(want, sides) if own(each) not in known]
    return bool(known) and not any(map(_must_be_given, rest))


def _columns(have: Thing, sides: Sides) -> dict[str, str]:
    """Names as SQL writes them, and types."""
    return {own(each): each.facts["type"] for each in sides.have.parts_of(have, "column")}


def _written(want: Thing, sides: Sides) -> list[Thing]:
    parts = sides.want.parts_of(want, "column")
    found = [each for each in parts if "generated" not in each.facts]
    return sorted(found, key=lambda each: int(each.facts["position"]))


def _must_be_given(column: Thing) -> bool:
    return "not_null" in column.facts and not {"default", "identity"} & column.facts.keys()


def _aside(thing: Thing) -> str:
    return ".".join([*thing.facts["quoted"][:-1], quoted_aside(thing)])


def put_aside(have: Thing, sides: Sides) -> list[str]:
    """Values of a type that goes, too, wait as text."""
    only = "" if "partition_key" in have.facts else "ONLY "
    listed = ", ".join(
        f"{own(each)}::text" if _loses_type(each, sides) else own(each)
        for each in sides.have.parts_of(have, "column")
    )
    return [f"CREATE TABLE {_aside(have)} AS SELECT {listed} FROM {only}{whole(have)};"]  # noqa: S608


def _loses_type(column: Thing, sides: Sides) -> bool:
    return any(other in sides.ended for other in column.facts["needs"] if _is_type(other))


def _is_type(thing: str) -> bool:
    return thing.startswith(("enum ", "domain ", "type "))


def put_back(want: Thing, sides: Sides) -> list[str]:
    before = _columns(sides.have.things[want.name], sides)
    kept = [each for each in _written(want, sides) if own(each) in before]
    names = ", ".join(map(own, kept))
    values = ", ".join(_value(each, before[own(each)]) for each in kept)
    overriding = (
        " OVERRIDING SYSTEM VALUE" if any("identity" in each.facts for each in kept) else ""
    )
    return [
        *_lost(want, kept, before, sides),
        f"INSERT INTO {whole(want)} ({names}){overriding}"  # noqa: S608
        f" SELECT {values} FROM {_aside(want)};",
        *(line for each in kept for line in _go_on(each, sides)),
        f"DROP TABLE {_aside(want)};",
    ]


def _lost(want: Thing, kept: list[Thing], before: dict[str, str], sides: Sides) -> list[str]:
    have = sides.have.parts_of(sides.have.things[want.name], "column")
    computed = {own(each) for each in have if "generated" in each.facts}
    after = {own(each): each.facts["type"] for each in kept}
    lost = [
        column
        for column, type_name in before.items()
        if column not in computed
        and (column not in after or casts.is_lossy(type_name, after[column]))
    ]
    return [psql.comment(f"loses what {whole(want)} has in {', '.join(lost)}")] if lost else []


def _go_on(column: Thing, sides: Sides) -> list[str]:
    if not {"default", "identity"} & column.facts.keys():
        return []
    others = (sides.want.things[other] for other in sides.want.dependents_of(column.name))
    return [columns.go_on(other, column) for other in others if other.kind == "sequence"]


def _value(column: Thing, before: str) -> str:
    after = column.facts["type"]
    if before == after and not any(map(_is_type, column.facts["needs"])):
        return own(column)
    return casts.cast(own(column), before, after) or f"{own(column)}::{after}"
