"""Every migration of ours goes up, down and up again, and each time the schema is the same."""

import pytest
from django.core.management import call_command
from django.db import connection

from ingestion.schema.catalog import catalog, table_of
from ingestion.schema.limits import limits
from ingestion.schema.origin import origin
from ingestion.schema.sources import own_apps
from ingestion.schema.verification.stairway import stairway


@pytest.mark.slow
@pytest.mark.django_db
def test_each_goes_up_down_and_up() -> None:
    walk = stairway(connection, origin=origin(), limits=limits(), own=own_apps(), seeds={})
    assert (walk.findings, walk.notes) == ([], [])
    assert "table documents" in (walk.head or {})


@pytest.mark.django_db
def test_none_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_every_table_and_column_of_ours_has_a_comment() -> None:
    ours = {
        "documents",
        "passages",
        "jobs",
        "users",
        "tokens",
        "login_failures",
        "users_groups",
        "users_user_permissions",
    }
    things = {
        thing: definition
        for thing, definition in catalog(connection).items()
        if thing.startswith(("table ", "column ")) and table_of(thing) in ours
    }
    silent = [thing for thing, definition in things.items() if " -- " not in definition]
    assert len(things) > 60
    assert silent == []


@pytest.mark.django_db
def test_every_key_of_the_big_tables_holds_the_document_id() -> None:
    """So that they can be distributed by it."""
    keys = {
        thing: definition
        for thing, definition in catalog(connection).items()
        if thing.startswith(("constraint documents.", "constraint passages."))
        and definition.startswith(("PRIMARY", "UNIQUE"))
    }
    assert keys == {
        "constraint documents.documents_pkey": "PRIMARY KEY (id)",
        "constraint passages.passages_pkey": 'PRIMARY KEY (document_id, "position")',
    }
