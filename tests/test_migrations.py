"""Every migration of ours goes up, down and up again, and each time the schema is the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from ingestion.schema.catalog import Catalog, catalog, table_of
from ingestion.schema.scratch import scratch

OURS = {"accounts", "documents"}
# They fill columns, and change nothing that the catalogue shows.
MOVE_DATA = {("documents", "0004_fill_passage_owner_and_time")}


@pytest.fixture
def empty(django_db_blocker: Any) -> Iterator[DatabaseWrapper]:
    """A connection to a database of its own, with nothing in it."""
    with django_db_blocker.unblock(), scratch() as database:
        yield database


def migrate(connection: DatabaseWrapper, target: tuple[str, str | None]) -> Catalog:
    """The catalogue when this target is reached."""
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return catalog(connection)


def test_each_goes_up_down_and_up(empty: DatabaseWrapper) -> None:
    executor = MigrationExecutor(empty)
    executor.recorder.ensure_schema()
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    names = [(migration.app_label, migration.name) for migration, _ in plan]
    before = catalog(empty)
    for app, name in names:
        after = migrate(empty, (app, name))
        if app in OURS:
            parents = executor.loader.graph.node_map[app, name].parents
            back = next((parent.key[1] for parent in parents if parent.key[0] == app), None)
            moves_data = (app, name) in MOVE_DATA
            assert (after == before) is moves_data, f"{app}.{name}: is the schema another one?"
            assert migrate(empty, (app, back)) == before, f"{app}.{name} leaves something behind"
            assert migrate(empty, (app, name)) == after, f"{app}.{name} is another one again"
        before = after


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
