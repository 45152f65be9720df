"""Of each thing the facts by themselves, and what it depends on."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.schema.catalog import Things, catalog, things
from tests.schema.repair.mutations import RICH


@pytest.fixture
def found(db: None) -> Things:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA here; SET LOCAL search_path = here, archive")
        cursor.execute(RICH)
    return things(connection)


def test_a_thing_has_its_kind_its_path_and_its_facts(found: Things) -> None:
    title = found["column documents.title"]
    assert (title.kind, title.path, title.rest) == ("column", ("documents", "title"), "")
    assert title.facts["type"] == "character varying(50)"
    assert title.facts["default"] == "''::character varying"
    assert title.definition == "character varying(50) NOT NULL DEFAULT ''::character varying"


def test_facts_survive_json(found: Things) -> None:
    facts = {name: thing.facts for name, thing in found.items()}
    assert json.loads(json.dumps(facts)) == facts


def test_the_catalogue_is_their_definitions(found: Things) -> None:
    assert catalog(connection) == {name: thing.definition for name, thing in found.items()}


def test_it_asks_one_query_besides_those_about_settings(found: Things) -> None:
    with CaptureQueriesContext(connection) as asked:
        things(connection)
    about_tables = [each for each in asked if "pg_class" in each["sql"]]
    assert (len(about_tables), len(asked)) == (1, 4)


def test_names_are_quoted_as_sql_wants_them(found: Things) -> None:
    assert found['column notes."the Text"'].facts["quoted"] == ["notes", '"the Text"']


def test_a_thing_says_what_it_needs(found: Things) -> None:
    for name, other in [
        ("view thick", "column documents.pages"),
        ("view thick", "view active"),
        ("materialized view covers", "column documents.cover"),
        ("column documents.cover", "enum colour"),
        ("column documents.leaves", "column documents.pages"),
        ("column documents.ticket", "function next_ticket()"),
        ("constraint documents.documents_owner", "index users.users_pkey"),
        ("index documents.documents_body", "extension pg_trgm"),
        ("index notes.notes_text", "function twice(integer)"),
        ("trigger documents.stamps", "function stamp()"),
        ("policy documents.own", "column documents.owner_id"),
        ("event trigger watch", "function watched()"),
        ("table birds", "table animals"),
    ]:
        assert other in found[name].facts["needs"]
        assert other not in found[name].facts["goes_with"]


def test_a_thing_says_what_it_is_dropped_with(found: Things) -> None:
    for name, other in [
        ("column documents.pages", "table documents"),
        ("constraint documents.documents_pages", "column documents.pages"),
        ("index documents.documents_pkey", "constraint documents.documents_pkey"),
        ("sequence documents_id_seq", "column documents.id"),
        ("grant documents to pg_monitor", "table documents"),
        ("table events_2030", "table events"),
    ]:
        assert other in found[name].facts["goes_with"]


def test_comments_and_collations_of_parts_are_seen(found: Things) -> None:
    assert found["schema archive"].definition == "-- What nobody asks for any more."
    assert found["type place"].definition == '(shelf text COLLATE "C", number integer)'
    assert found["domain email"].definition == (
        "text DEFAULT 'nobody@example.com'::text"
        " CONSTRAINT email_has_at CHECK ((VALUE ~~ '%@%'::text)) /* One is enough. */"
    )


def test_a_list_of_values_is_the_same_when_it_has_been_restored(found: Things) -> None:
    before = found["constraint users.users_state"], found["index users.users_new"]
    check, index = (each.facts["definition"] for each in before)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE users DROP CONSTRAINT users_state; DROP INDEX users_new")
        cursor.execute(f"ALTER TABLE users ADD CONSTRAINT users_state {check}; {index}")
    again = things(connection)
    after = again["constraint users.users_state"], again["index users.users_new"]
    assert [each.facts for each in after] != [each.facts for each in before]
    assert [each.definition for each in after] == [each.definition for each in before]


def test_so_it_is_with_more_than_constants_in_it_and_in_a_function(found: Things) -> None:
    function = "CREATE FUNCTION is_known(state varchar) RETURNS boolean LANGUAGE sql"
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE users ADD CONSTRAINT odd CHECK (state IN ('new', lower('B, '), ']'));"
            f"{function} BEGIN ATOMIC SELECT state IN ('a', 'b'); END"
        )
    before = things(connection)
    check, made = before["constraint users.odd"], before["function is_known(character varying)"]
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE users DROP CONSTRAINT odd;"
            f"ALTER TABLE users ADD CONSTRAINT odd {check.facts['definition']};"
            f"{made.facts['definition']}"
        )
    again = things(connection)
    for each in check, made:
        assert again[each.name].facts != each.facts
        assert again[each.name].definition == each.definition
