"""Every migration of ours goes up, down and up again, and each time the schema is the same."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from tests.catalog import catalog

OURS = {"accounts", "documents"}


@pytest.fixture
def empty(django_db_blocker: Any) -> Iterator[Any]:
    """A connection to a database of its own, with nothing in it."""
    name = f"empty_{os.getpid()}"
    with django_db_blocker.unblock():
        default = connections["default"]
        with default._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        # An alias of its own, because the record of migrations goes by alias.
        connections.databases["empty"] = {**default.settings_dict, "NAME": name}
        yield connections["empty"]
        connections["empty"].close()
        del connections["empty"], connections.databases["empty"]
        with default._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")


def migrate(connection: Any, target: tuple[str, str | None]) -> dict[str, str]:
    """The catalogue when this target is reached."""
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return catalog(connection)


def test_each_goes_up_down_and_up(empty: Any) -> None:
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
            assert after != before, f"{app}.{name} does nothing that the catalogue shows"
            assert migrate(empty, (app, back)) == before, f"{app}.{name} leaves something behind"
            assert migrate(empty, (app, name)) == after, f"{app}.{name} is another one again"
        before = after


@pytest.mark.django_db
def test_none_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_every_table_and_column_of_ours_has_a_comment() -> None:
    found = catalog(connections["default"])
    ours = (
        "documents",
        "passages",
        "jobs",
        "users",
        "tokens",
        "login_failures",
        "users_groups",
        "users_user_permissions",
    )
    things = {
        thing: definition
        for thing, definition in found.items()
        if thing.split(" ")[0] in {"table", "column"} and thing.split(" ")[1].split(".")[0] in ours
    }
    silent = [
        thing
        for thing, definition in things.items()
        if not (definition if thing.startswith("table") else definition.partition("-- ")[2])
    ]
    assert len(things) > 60
    assert silent == []


@pytest.mark.django_db
def test_every_key_of_the_big_tables_holds_the_document_id() -> None:
    """So that they can be distributed by it."""
    keys = {
        thing: definition
        for thing, definition in catalog(connections["default"]).items()
        if thing.startswith(("constraint documents.", "constraint passages."))
        and definition.startswith(("PRIMARY", "UNIQUE"))
    }
    assert keys == {
        "constraint documents.documents_pkey": "PRIMARY KEY (id)",
        "constraint passages.passages_pkey": 'PRIMARY KEY (document_id, "position")',
    }
