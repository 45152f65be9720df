"""A database whose history is lost gets one again: that of the tables it has."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.adopt import look, mark, nearest_to, trail
from ingestion.schema.errors import (
    AnotherMigrator,
    CannotReplay,
    ChangedMeanwhile,
    FitsNoState,
    MayNotCreateDatabases,
    MigrationFailed,
)
from ingestion.schema.journal import entries, replay
from ingestion.schema.limits import limits
from ingestion.schema.locks import KEY
from ingestion.schema.models import JournalEntry
from ingestion.schema.origin import origin
from ingestion.schema.plan import Key, Step, full_order
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project
from ingestion.schema.replay import perform
from tests.schema.conftest import Adopt, Migrate, Use, WriteApp

Applied = Callable[[], set[Key]]
pytestmark = pytest.mark.slow
NOW: dict[str, Any] = {"origin": origin(), "limits": limits()}

ROOT, A1, A2 = ("branched", "0001_root"), ("branched", "0002_a1"), ("branched", "0003_a2")
B1, B2, MERGE = ("branched", "0002_b1"), ("branched", "0003_b2"), ("branched", "0004_merge")


@pytest.fixture
def history_agrees(own_database: DatabaseWrapper) -> Callable[[], bool]:
    """history_agrees() → whether the journal, replayed, gives what `django_migrations` holds."""
    return lambda: (
        replay(entries(connection)) == set(MigrationRecorder(connection).applied_migrations())
    )


def do(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def ask(question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def lose_history() -> None:
    do("DROP TABLE django_migrations", "DROP TABLE IF EXISTS schema_journal")


def have(*wanted: Key, history: bool = False) -> None:
    """The tables that these migrations make, with what they need, and no history of it."""
    project = Project.read(connection)
    needed = {key for each in wanted for key in project.graph.forwards_plan(each)}
    steps = [Step(key) for key in full_order(project.graph) if key in needed]
    perform(project, steps, progress=Progress(), command="migrate", **NOW)
    if not history:
        lose_history()


def have_head() -> None:
    have(*Project.read(connection).graph.leaf_nodes())


# --- The project itself --------------------------------------------------------------------


@pytest.mark.django_db
def test_every_state_on_the_way_to_head_is_told_from_its_tables() -> None:
    whole = trail(connection, **NOW)
    order = list(whole.made)
    for steps in range(len(order) + 1):
        chosen = nearest_to(whole.things(steps), whole)
        told = {key for key in chosen if whole.made[key]}
        assert told == {key for key in order[:steps] if whole.made[key]}


def test_a_database_at_head_gets_its_whole_history(
    adopt: Adopt, applied: Applied, history_agrees: Callable[[], bool]
) -> None:
    have_head()
    said, code = adopt()
    assert code == 0
    assert applied() == set(full_order(Project.read(connection).graph))
    assert history_agrees()
    [(_, newest)] = Project.read(connection).graph.leaf_nodes("documents")
    assert f"  documents     {newest}\n" in said
    assert "  sessions: 0001_initial\n" in said
    assert said.endswith("Go on with: manage.py migrate")


# --- Stories -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([A1, B2], {ROOT, A1, B1, B2}),
        ([A2, B2], {ROOT, A1, A2, B1, B2, MERGE}),
    ],
)
def test_branches_are_told_apart(
    story: Use,
    adopt: Adopt,
    applied: Applied,
    history_agrees: Callable[[], bool],
    wanted: list[Key],
    found: set[Key],
) -> None:
    story("branched")
    have(*wanted)
    assert adopt()[1] == 0
    assert {key for key in applied() if key[0] == "branched"} == found
    assert history_agrees()


@pytest.mark.parametrize("last", ["0004_years"])
def test_renamed_tables_and_columns_are_followed(
    story: Use, adopt: Adopt, applied: Applied, last: str
) -> None:
    story("renames")
    have(("renames", last))
    assert adopt()[1] == 0
    assert max(name for app, name in applied() if app == "renames") == last


PETS = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("renames", "0004_years")]
    operations = [
        migrations.CreateModel("Pet", [
            ("id", models.BigAutoField(primary_key=True)),
            ("owner", models.ForeignKey("renames.Human", models.CASCADE)),
        ]),
    ]
"""


def test_a_state_that_the_whole_plan_never_passes_is_proven_by_itself(
    story: Use, write_app: WriteApp, adopt: Adopt, applied: Applied
) -> None:
    """The plan makes the pets after the table of their owners has its last name."""
    write_app("zoo", {"0001_pet": PETS})
    story("renames", "zoo")
    have(("zoo", "0001_pet"))
    assert adopt()[1] == 0
    assert {("renames", "0004_years"), ("zoo", "0001_pet")} <= applied()
    assert ("renames", "0005_people") not in applied()


def test_an_app_whose_tables_are_missing_is_left_to_migrate(
    story: Use, adopt: Adopt, applied: Applied
) -> None:
    story("branched", "renames")
    have(A1)
    said, _ = adopt()
    assert "  renames       nothing\n" in said
    assert {app for app, _ in applied()} == {"branched"}


def test_a_table_that_the_rest_would_make_fits_no_state(story: Use, adopt: Adopt) -> None:
    story("branched")
    have(A1)
    do("CREATE TABLE branched_b2 (other text)")
    said, code = adopt()
    assert code == 2
    assert "  table branched_b2\n    expected  nothing\n    found     TABLE" in said


def test_a_squashed_migration_brings_its_parts(
    story: Use, adopt: Adopt, applied: Applied, migrate: Migrate
) -> None:
    story("squashed")
    migrate(verbosity=0)
    before = applied()
    lose_history()
    assert adopt()[1] == 0
    assert applied() == before


def test_the_middle_of_what_was_squashed_is_found_too(
    story: Use, adopt: Adopt, applied: Applied, migrate: Migrate
) -> None:
    story("squashed")
    do("CREATE TABLE squashed_cup (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)")
    assert adopt()[1] == 0
    assert applied() == {("squashed", "0001_cup")}
    migrate(verbosity=0)
    assert ("squashed", "0003_plate") in applied()


FILLED = {
    "0001_initial": """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True))]),
    ]
""",
    "0002_fill": """
from django.db import migrations
def fill_titles(apps, editor):
    pass
class Migration(migrations.Migration):
    dependencies = [("adopt_filled", "0001_initial")]
    operations = [
        migrations.RunPython(fill_titles),
        migrations.RunSQL("UPDATE adopt_filled_book SET id = id"),
    ]
""",
}


def test_what_no_table_shows_is_marked_and_named(
    story: Use, write_app: WriteApp, adopt: Adopt, applied: Applied
) -> None:
    write_app("adopt_filled", FILLED)
    story("adopt_filled")
    have(("adopt_filled", "0001_initial"))
    said, _ = adopt()
    assert ("adopt_filled", "0002_fill") in applied()
    assert (
        "Marked too, though no table shows all of it:\n"
        "  adopt_filled.0002_fill (RunPython fill_titles, RunSQL)\n"
    ) in said


def test_an_extension_that_a_state_needs_must_be_there(
    story: Use, write_app: WriteApp, adopt: Adopt, applied: Applied
) -> None:
    text = """
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("adopt_filled", "0002_fill")]
    operations = [BtreeGistExtension()]
"""
    write_app("adopt_filled", {**FILLED, "0003_gist": text})
    story("adopt_filled")
    have(("adopt_filled", "0002_fill"))
    adopt()
    assert ("adopt_filled", "0003_gist") not in applied()
    do("CREATE EXTENSION btree_gist", "DROP TABLE django_migrations")
    adopt()
    assert ("adopt_filled", "0003_gist") in applied()


# --- The record and the journal ------------------------------------------------------------


def test_it_journals_what_it_does(
    story: Use, adopt: Adopt, journal: Callable[[], list[JournalEntry]]
) -> None:
    story("branched")
    have(ROOT)
    adopt()
    written = [(entry.action, entry.app, entry.migration) for entry in journal()]
    assert written == [("begin", None, None), ("adopt", *ROOT), ("end", None, None)]
    assert journal()[0].detail == {"command": "schema adopt", "plan": ["+branched.0001_root"]}
    assert journal()[1].hash


def test_a_history_that_says_too_much_is_cut(
    story: Use,
    adopt: Adopt,
    applied: Applied,
    journal: Callable[[], list[JournalEntry]],
    history_agrees: Callable[[], bool],
) -> None:
    story("branched")
    have(A1)
    MigrationRecorder(connection).ensure_schema()
    MigrationRecorder(connection).record_applied(*ROOT)
    MigrationRecorder(connection).record_applied(*B1)
    MigrationRecorder(connection).record_applied("flask", "0001_other")
    said, code = adopt()
    assert code == 0
    assert applied() == {ROOT, A1}
    assert history_agrees()
    assert "Taken out of the record:\n  flask: 0001_other\n  branched: 0002_b1\n" in said
    gone = [entry for entry in journal() if entry.action == "fake"]
    assert [(entry.app, entry.detail) for entry in gone] == [
        ("flask", {"direction": "unapply", "because": "schema adopt"}),
        ("branched", {"direction": "unapply", "because": "schema adopt"}),
    ]


def test_a_journal_from_before_agrees_afterwards(
    story: Use, adopt: Adopt, applied: Applied, history_agrees: Callable[[], bool]
) -> None:
    story("branched")
    have(A2, B1, history=True)
    do("TRUNCATE django_migrations", "DROP TABLE branched_a2")
    assert not history_agrees()
    assert adopt()[1] == 0
    assert applied() == {ROOT, A1, B1}
    assert history_agrees()


def test_a_journal_that_lags_behind_is_brought_up(
    story: Use, adopt: Adopt, history_agrees: Callable[[], bool]
) -> None:
    story("branched")
    have(A1, history=True)
    do("CREATE TABLE branched_b1 (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)")
    MigrationRecorder(connection).record_applied(*B1)
    said, code = adopt()
    assert (code, history_agrees()) == (0, True)
    assert "The record says so; the journal does now too." in said


def test_rows_without_tables_are_taken_away(
    story: Use, adopt: Adopt, applied: Applied, migrate: Migrate
) -> None:
    story("branched")
    have(A1, history=True)
    do("DROP TABLE branched_a1, branched_root")
    assert adopt()[1] == 0
    assert applied() == set()
    migrate(verbosity=0)
    assert ask("SELECT count(*) FROM branched_root") == 0


def test_there_is_nothing_to_adopt_where_all_is_right(story: Use, adopt: Adopt) -> None:
    story("branched")
    have(A1, history=True)
    before = ask("SELECT count(*) FROM schema_journal")
    said, code = adopt()
    assert code == 0
    assert said.startswith("Nothing to adopt: the record says what ")
    assert ask("SELECT count(*) FROM schema_journal") == before


def test_it_says_so_when_there_are_no_tables(story: Use, adopt: Adopt) -> None:
    story("branched")
    do("CREATE TABLE legacy_customers ()")
    said, code = adopt()
    assert code == 0
    assert said.endswith(
        " has no table that the migrations make: nothing to adopt.\n"
        "Not ours, and left as they are: legacy_customers\n"
        "Make them with: manage.py migrate"
    )
    assert ask("SELECT to_regclass('django_migrations') IS NULL")


def test_a_plan_shows_and_changes_nothing(story: Use, adopt: Adopt) -> None:
    story("branched")
    have(A1)
    said, code = adopt(plan=True)
    assert code == 1
    assert "To be marked as applied:\n  branched: 0001_root, 0002_a1\n" in said
    assert said.endswith("Nothing was changed. Mark it with: manage.py schema adopt")
    assert ask("SELECT to_regclass('django_migrations') IS NULL")


def test_programs_get_facts(story: Use, adopt: Adopt) -> None:
    story("branched")
    have(A1)
    do("CREATE TABLE legacy_customers ()")
    said, code = adopt(as_json=True)
    found = json.loads(said)
    assert code == 0
    assert found.pop("database").startswith("schema_scratch_")
    assert found == {
        "outcome": "adopted",
        "state": {"branched": ["0002_a1"], "contenttypes": []},
        "add": ["branched.0001_root", "branched.0002_a1"],
        "remove": [],
        "unseen": {},
        "others": ["legacy_customers"],
        "differences": [],
    }


# --- What is refused -----------------------------------------------------------------------


def test_what_changes_in_between_is_not_marked(story: Use, own_database: DatabaseWrapper) -> None:
    story("branched")
    have(A1)
    finding = look(connection, **NOW)
    do("DROP TABLE branched_a1")
    with pytest.raises(ChangedMeanwhile, match=r"^The tables were changed while they were looked"):
        mark(connection, finding, progress=Progress(), **NOW)
    assert ask("SELECT to_regclass('django_migrations') IS NULL")


def test_what_does_not_fit_is_never_marked(story: Use, own_database: DatabaseWrapper) -> None:
    story("branched")
    have(A1)
    do("ALTER TABLE branched_a1 ADD note text")
    finding = look(connection, **NOW)
    with pytest.raises(FitsNoState, match="one thing differs from the nearest one"):
        mark(connection, finding, progress=Progress(), **NOW)


def test_it_waits_for_the_migrator_at_work(story: Use, own_database: DatabaseWrapper) -> None:
    story("branched")
    have(A1)
    finding = look(connection, **NOW)
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [KEY])
        with pytest.raises(AnotherMigrator):
            mark(
                connection,
                finding,
                progress=Progress(),
                origin=origin(),
                limits=limits(lock_wait=0),
            )
    assert ask("SELECT to_regclass('django_migrations') IS NULL")


def test_what_cannot_be_written_changes_nothing(story: Use, own_database: DatabaseWrapper) -> None:
    story("branched")
    have(A1)
    finding = look(connection, **NOW)
    do("SET default_transaction_read_only = on")
    with pytest.raises(MigrationFailed, match="Nothing was changed"):
        mark(connection, finding, progress=Progress(), **NOW)
    do("SET default_transaction_read_only = off")
    assert ask("SELECT to_regclass('django_migrations') IS NULL")


def test_a_migration_that_needs_rows_is_named(
    story: Use, write_app: WriteApp, adopt: Adopt
) -> None:
    text = FILLED["0002_fill"].replace("pass", "raise ValueError('no book')")
    write_app("adopt_filled", {**FILLED, "0002_fill": text})
    story("adopt_filled")
    with pytest.raises(CannotReplay, match=r"adopt_filled\.0002_fill failed: no book\."):
        adopt()


def test_a_role_that_may_not_make_databases_is_told(story: Use, adopt: Adopt) -> None:
    story("branched")
    have(A1)
    do("CREATE ROLE adopt_nobody LOGIN", "GRANT ALL ON SCHEMA public TO adopt_nobody")
    own = connection.settings_dict
    other = {**own, "OPTIONS": {**own.get("OPTIONS", {}), "options": "-c role=adopt_nobody"}}
    connection.close()
    connection.settings_dict = other
    try:
        with pytest.raises(MayNotCreateDatabases):
            adopt()
    finally:
        connection.close()
        connection.settings_dict = own
        do("DROP OWNED BY adopt_nobody", "DROP ROLE adopt_nobody")


def test_the_command_is_its_door(story: Use, own_database: DatabaseWrapper) -> None:
    story("branched")
    have(A1)
    with pytest.raises(SystemExit) as end:
        call_command("schema", "adopt", "--plan")
    assert end.value.code == 1
