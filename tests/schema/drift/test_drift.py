"""Two catalogues are compared thing by thing, and what counts of it is told together."""

from dataclasses import replace
from typing import Any

from ingestion.schema.catalog import Thing, Things
from ingestion.schema.drift.differences import Comparison, Difference, compare, differences

OWNER = {"index documents.owner": "btree (owner_id)"}
TITLE = {"column documents.title": "text"}


def test_equal_catalogues_do_not_differ() -> None:
    assert differences(OWNER | TITLE, TITLE | OWNER) == []


def test_it_reports_what_is_missing() -> None:
    assert differences(OWNER, {}) == [Difference("index documents.owner", "btree (owner_id)", None)]


def test_it_reports_what_is_there_besides() -> None:
    assert differences({}, TITLE) == [Difference("column documents.title", None, "text")]


def test_it_reports_what_is_another() -> None:
    assert differences(TITLE, {"column documents.title": "text NOT NULL"}) == [
        Difference("column documents.title", "text", "text NOT NULL")
    ]


def test_it_goes_by_the_alphabet() -> None:
    found = differences(OWNER | TITLE, {"column documents.body": "text"})
    assert [difference.thing for difference in found] == [
        "column documents.body",
        "column documents.title",
        "index documents.owner",
    ]


# --- What counts ---------------------------------------------------------------------------


def a_thing(kind: str, *path: str, rest: str = "", goes_with: str = "", **facts: Any) -> Things:
    belongs = [goes_with] if goes_with else []
    related = {"quoted": [*path], "needs": belongs, "goes_with": belongs}
    made = Thing(kind, path, rest, {**related, **facts})
    return {made.name: made}


def a_grant(role: str, privilege: str = "SELECT") -> Things:
    facts = {"to": role, "privileges": [privilege]}
    return a_thing("grant", "notes", rest=f" to {role}", goes_with="table notes", **facts)


def a_column(column: str, of_type: str = "text") -> Things:
    return a_thing("column", "notes", column, goes_with="table notes", type=of_type)


NOTES = a_thing("table", "notes")
TITLE_COLUMN = a_column("title")
INDEX = a_thing(
    "index", "notes", "by_title", goes_with="column notes.title", definition="btree (title)"
)
WHOLE = NOTES | TITLE_COLUMN | INDEX


def told(found: Comparison) -> dict[str, list[str]]:
    """Each difference with what is told together with it."""
    return {each.difference.thing: [part.thing for part in each.parts] for each in found.groups}


def test_of_a_table_that_is_missing_the_rest_is_told_with_it() -> None:
    found = compare(WHOLE, {}, ignore={})
    assert told(found) == {"table notes": ["column notes.title", "index notes.by_title"]}


def test_so_it_is_with_a_column() -> None:
    found = compare(WHOLE, NOTES, ignore={})
    assert told(found) == {"column notes.title": ["index notes.by_title"]}


def test_what_is_changed_is_told_by_itself() -> None:
    found = compare(WHOLE, NOTES | a_column("title", "integer"), ignore={})
    assert told(found) == {"column notes.title": [], "index notes.by_title": []}


def test_what_is_missing_is_not_told_with_what_is_there_besides() -> None:
    other = a_thing("index", "notes", "by_title", goes_with="column notes.name", definition="x")
    there = NOTES | a_column("title", "integer")
    found = compare(NOTES | a_column("name") | other, there, ignore={})
    assert told(found) == {
        "column notes.name": ["index notes.by_title"],
        "column notes.title": [],
    }


def test_things_that_go_with_each_other_are_told_all_the_same() -> None:
    ring = a_thing("rule", "a", "r", goes_with="rule b.r", definition="1") | a_thing(
        "rule", "b", "r", goes_with="rule a.r", definition="2"
    )
    assert told(compare(ring, {}, ignore={})) == {"rule a.r": ["rule b.r"]}


def test_a_table_comes_before_what_differs_in_it() -> None:
    found = compare(a_thing("table", "notes", comment="x") | a_column("a"), NOTES, ignore={})
    assert list(told(found)) == ["table notes", "column notes.a"]


def test_privileges_of_roles_that_no_migration_names_do_not_count() -> None:
    assert told(compare(WHOLE, WHOLE | a_grant("reader"), ignore={})) == {}


def test_they_are_known_all_the_same_as_long_as_what_they_are_about_stays() -> None:
    grant = a_grant("reader")
    assert compare(WHOLE, WHOLE | grant, ignore={}).others == grant
    assert compare({}, WHOLE | grant, ignore={}).others == {}


def test_privileges_of_roles_that_a_migration_names_do() -> None:
    found = compare(WHOLE | a_grant("reader"), WHOLE | a_grant("reader", "UPDATE"), ignore={})
    assert told(found) == {"grant notes to reader": []}


def test_what_its_owner_may_do_does_not_depend_on_who_has_replayed_it() -> None:
    def of_owner(role: str, privilege: str) -> Things:
        (grant,) = a_grant(role, privilege).values()
        made = replace(grant, facts={**grant.facts, "is_owner": True})
        return {made.name: made}

    postgres = WHOLE | of_owner("postgres", "SELECT")
    assert told(compare(postgres, WHOLE | of_owner("app", "SELECT"), ignore={})) == {}
    found = compare(postgres, WHOLE | of_owner("app", "UPDATE"), ignore={})
    assert told(found) == {"grant notes to app": []}


def test_what_everybody_may_do_counts() -> None:
    found = compare(WHOLE, WHOLE | a_grant("public"), ignore={})
    assert told(found) == {"grant notes to public": []}


def test_what_only_has_another_name_is_one_difference() -> None:
    found = compare(WHOLE, NOTES | a_column("headline"), ignore={})
    (only,) = found.groups
    assert only.found_as == Difference("column notes.headline", None, "text")
    assert only.things == {"column notes.title", "column notes.headline", "index notes.by_title"}


# --- What is ignored -----------------------------------------------------------------------


def test_what_is_ignored_is_named_with_its_reason() -> None:
    found = compare(WHOLE, NOTES | TITLE_COLUMN, ignore={"index notes.*": "made at night"})
    assert told(found) == {}
    assert [(each.difference.thing, each.pattern, each.reason) for each in found.ignored] == [
        ("index notes.by_title", "index notes.*", "made at night")
    ]


def test_a_table_is_ignored_with_all_that_belongs_to_it() -> None:
    found = compare(NOTES, WHOLE, ignore={"table note?": "of the audit tool"})
    assert (told(found), len(found.ignored)) == ({}, 2)


def test_what_is_ignored_stays_as_it_is() -> None:
    found = compare(WHOLE, NOTES | a_column("name"), ignore={"column *": "try"})
    assert found.expected == found.found


def test_a_part_of_what_goes_does_not_stay() -> None:
    found = compare({}, WHOLE, ignore={"index *": "made at night"})
    assert found.expected == {}


def test_it_names_patterns_that_ignore_nothing() -> None:
    found = compare(WHOLE, WHOLE, ignore={"table *": "once", "view *": "never"})
    assert found.unused == ("table *", "view *")


def test_capitals_matter() -> None:
    assert told(compare(NOTES, {}, ignore={"TABLE NOTES": "no"})) == {"table notes": []}
