"""Extensions, and what is said of a schema."""

from ingestion.schema.catalog import Thing
from ingestion.schema.definitions import literal
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import clause, comment, differ, joined, remark, whole


def create(want: Thing, _sides: Sides) -> list[str]:
    facts = want.facts
    create = joined(
        f"CREATE EXTENSION {whole(want)}",
        clause("SCHEMA {}", facts.get("schema")),
        f"VERSION {literal(facts['version'])}",
    )
    return [f"{create};"]


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP EXTENSION {whole(have)};"]


def alter(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    head = f"ALTER EXTENSION {whole(want)}"
    found = []
    if differ(have, want, "version"):
        found.append(f"{head} UPDATE TO {literal(want.facts['version'])};")
    if differ(have, want, "schema"):
        found.append(f"{head} SET SCHEMA {want.facts['in_schema']};")
    return found


def create_comment(want: Thing, _sides: Sides) -> list[str]:
    return comment(f"SCHEMA {whole(want)}", None, want)


def drop_comment(have: Thing, _sides: Sides) -> list[str]:
    return remark(f"SCHEMA {whole(have)}", have.facts["comment"], None)


def alter_comment(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    return comment(f"SCHEMA {whole(want)}", have, want)
