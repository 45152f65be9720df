"""A database of the project itself, whose history is lost, gets it back; a damaged one does not.

Waits for the project's migrations to be run on a scratch database, a few seconds a test.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from ingestion.schema.catalog import catalog
from ingestion.schema.plan import Key
from ingestion.schema.scratch import scratch
from tests.schema.conftest import Adopt, Migrate
from tests.schema.test_adopt import ask, do, have, have_head

pytest_plugins = ["tests.schema.conftest"]
Applied = Callable[[], set[Key]]


def head(app: str) -> str:
    folder = Path(apps.get_app_config(app).path) / "migrations"
    return (folder / "max_migration.txt").read_text(encoding="utf-8").strip()


def test_what_is_in_the_tables_stays(adopt: Adopt) -> None:
    have_head()
    do(
        "INSERT INTO users (email, password) VALUES ('a@example.com', '')",
        "CREATE TABLE legacy_customers (id integer)",
        "INSERT INTO legacy_customers VALUES (1), (2)",
    )
    adopt()
    assert (ask("SELECT count(*) FROM users"), ask("SELECT sum(id) FROM legacy_customers")) == (
        1,
        3,
    )


def test_the_rest_is_then_pending_and_migrate_makes_it(
    adopt: Adopt, applied: Applied, migrate: Migrate
) -> None:
    have(("accounts", "0001_initial"), ("sessions", "0001_initial"))
    adopt()
    planned = migrate(plan=True, skip_checks=True)
    assert "accounts.0002_user_email_verified" in planned
    assert "documents.0001_initial" in planned
    assert "accounts.0001_initial" not in planned
    assert "auth." not in planned
    migrate(verbosity=0, skip_checks=True)
    after = catalog(connection)
    with scratch():
        have_head()
        assert catalog(connection) == after


def test_tables_of_others_are_listed_and_not_judged(adopt: Adopt) -> None:
    have_head()
    do(
        "CREATE TABLE legacy_customers (id serial PRIMARY KEY, owner bigint REFERENCES users)",
        "CREATE INDEX legacy ON legacy_customers (owner)",
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "CREATE VIEW everybody AS SELECT email FROM users",
        "GRANT SELECT ON users TO pg_monitor",
    )
    said, code = adopt()
    assert code == 0
    assert (
        "Not ours, and left as they are: alembic_version, legacy_customers, view everybody" in said
    )


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        (
            "ALTER TABLE documents DROP COLUMN source",
            "  column documents.source\n    expected  character varying(1000) NOT NULL",
        ),
        (
            "CREATE INDEX by_hand ON documents (size)",
            "  index documents.by_hand\n    expected  nothing\n    found     CREATE INDEX by_hand",
        ),
        (
            "ALTER TABLE users ALTER is_active SET DEFAULT false",
            "  column users.is_active\n    expected  boolean NOT NULL DEFAULT true",
        ),
        (
            "DROP TABLE tokens",
            "  table tokens\n    expected  TABLE -- API tokens, by the digest of each, "
            "with all that belongs to it\n    found     nothing",
        ),
        ("ALTER TABLE login_failures RENAME TO failures", "  table login_failures\n"),
        (
            "ALTER TABLE users DROP CONSTRAINT users_email_lowercase",
            "  constraint users.users_email_lowercase\n",
        ),
    ],
)
def test_a_table_that_is_not_as_migrated_fits_no_state(
    adopt: Adopt, statement: str, shown: str
) -> None:
    have_head()
    do(statement)
    said, code = adopt()
    assert code == 2
    assert "differs from the nearest one" in said or "differ from the nearest one" in said
    assert shown in said
    assert f"  documents     {head('documents')}\n" in said
    assert ask("SELECT to_regclass('django_migrations') IS NULL")
    assert ask("SELECT to_regclass('schema_journal') IS NULL")


@pytest.mark.parametrize(
    ("gone", "nearest", "shown"),
    [
        ("jobs", head("documents"), "  table jobs\n    expected  TABLE"),
        ("documents, passages", "nothing", "  table jobs\n    expected  nothing"),
    ],
)
def test_a_part_of_the_tables_of_an_app_fits_no_state(
    adopt: Adopt, gone: str, nearest: str, shown: str
) -> None:
    have_head()
    do(f"DROP TABLE {gone} CASCADE")
    said, code = adopt()
    assert code == 2
    assert f"  documents     {nearest}\n" in said
    assert shown in said
    assert "column jobs." not in said
    assert "sequence jobs_id_seq" not in said
