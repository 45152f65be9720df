"""`migrate --undo`: exactly what the last run did, taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

Story = Callable[..., None]
Migrate = Callable[..., str]
Names = Callable[[str], list[str]]

LINEAR = ["0001_book", "0002_pages", "0003_index"]
NOTHING = (
    "The journal knows of no run that could be undone. "
    "Undo by number or by name: manage.py migrate -1, manage.py migrate APP NAME"
)

KEEP_THE_FIRST = """
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'keep it'; END$$;
    CREATE TRIGGER keep BEFORE DELETE ON django_migrations FOR EACH ROW
        WHEN (OLD.name = '0001_book') EXECUTE FUNCTION keep()
"""


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_it_takes_back_what_was_applied(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear", "+1")
    migrate("+2")
    said = migrate(undo=True)
    assert names("linear") == LINEAR[:1]
    assert said.startswith("Undoes `migrate +2` by ")


def test_it_applies_what_was_undone(
    story: Story, migrate: Migrate, names: Names, catalog_now: Callable[[], Any]
) -> None:
    story("linear")
    migrate("linear")
    before = catalog_now()
    migrate("-2")
    said = migrate(undo=True)
    assert names("linear") == LINEAR
    assert catalog_now() == before
    assert said.splitlines()[2:4] == ["  apply linear.0002_pages", "  apply linear.0003_index"]


def test_it_takes_a_library_back_that_came_with_it(
    story: Story, migrate: Migrate, applied: Callable[[], Any]
) -> None:
    story("linear", "library")
    migrate()
    migrate(undo=True, accept_data_loss=True)
    assert applied() == set()


def test_twice_in_a_row_takes_back_two_runs(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear", "+1")
    migrate("+2")
    migrate(undo=True)
    migrate(undo=True)
    assert names("linear") == []


def test_a_run_and_its_undoing_are_both_forgotten(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    migrate("linear")
    migrate("-1")
    migrate(undo=True)
    migrate(undo=True)
    assert names("linear") == []


def test_what_was_only_recorded_is_only_forgotten(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    execute("CREATE TABLE linear_book (id bigint)")
    migrate("linear", fake=True)
    migrate(undo=True)
    assert names("linear") == []
    assert "linear_book" in connection.introspection.table_names()


def test_fake_leaves_the_tables(
    story: Story, migrate: Migrate, names: Names, catalog_now: Callable[[], Any]
) -> None:
    story("linear")
    migrate("linear")
    before = catalog_now()
    migrate(undo=True, fake=True)
    assert (names("linear"), catalog_now()) == ([], before)


def test_a_run_without_work_is_no_run(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear", "+1")
    migrate("linear", "+1")
    migrate("linear", "0002")
    migrate(undo=True)
    assert names("linear") == LINEAR[:1]


def test_of_a_run_that_failed_it_takes_back_what_was_done(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    execute("CREATE TABLE taken (id int); CREATE INDEX book_title ON taken (id)")
    with pytest.raises(CommandError, match=r"linear\.0003_index failed"):
        migrate("linear")
    assert names("linear") == LINEAR[:2]
    migrate(undo=True)
    assert names("linear") == []


def test_an_undo_that_failed_halfway_goes_on(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear")
    execute(KEEP_THE_FIRST)
    with pytest.raises(CommandError, match=r"linear\.0001_book failed: keep it\."):
        migrate(undo=True)
    assert names("linear") == LINEAR[:1]
    execute("DROP TRIGGER keep ON django_migrations")
    migrate(undo=True)
    assert names("linear") == []


def test_it_takes_back_a_merge_alone(story: Story, migrate: Migrate, names: Names) -> None:
    story("branched")
    migrate("branched", "0003_a2")
    migrate("branched", "0003_b2")
    migrate("branched")
    migrate(undo=True)
    assert len(names("branched")) == 5
    migrate(undo=True)
    assert names("branched") == ["0001_root", "0002_a1", "0003_a2"]


DROPPED = """
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("shelf", "0001_shelf")]
    operations = [migrations.RemoveField("Shelf", "label"), migrations.DeleteModel("Board")]
"""
MADE = """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Shelf", [
            ("id", models.BigAutoField(primary_key=True)),
            ("label", models.CharField(max_length=9, default="none", db_default="none")),
        ]),
        migrations.CreateModel("Board", [("id", models.BigAutoField(primary_key=True))]),
    ]
"""


def test_what_was_filled_since_it_came_back_does_not_go_in_silence(
    story: Story, write_app: Callable[..., Any], migrate: Migrate, refuse: Migrate, names: Names
) -> None:
    write_app("shelf", {"0001_shelf": MADE, "0002_dropped": DROPPED})
    story("shelf")
    migrate("shelf")
    migrate("shelf", "-1")
    execute("INSERT INTO shelf_shelf (label) VALUES ('none'), ('top')")
    execute("INSERT INTO shelf_board DEFAULT VALUES")
    assert "1 value(s) of shelf_shelf.label, 1 row(s) of shelf_board" in refuse(undo=True)
    migrate(undo=True, accept_data_loss=True)
    assert names("shelf") == ["0001_shelf", "0002_dropped"]


def test_it_refuses_when_there_is_no_run(story: Story, refuse: Migrate) -> None:
    story("linear")
    assert refuse(undo=True) == NOTHING


def test_it_refuses_when_all_is_taken_back(story: Story, migrate: Migrate, refuse: Migrate) -> None:
    story("linear")
    migrate("linear")
    migrate(undo=True)
    assert refuse(undo=True) == NOTHING


def test_what_was_adopted_is_not_undone(story: Story, migrate: Migrate, refuse: Migrate) -> None:
    story("linear")
    migrate("linear")
    execute("DROP TABLE schema_journal")
    migrate("linear")  # nothing to do but a journal
    assert refuse(undo=True) == NOTHING


def test_it_refuses_what_others_need_by_now(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("linear", "library")
    migrate("linear", "+1")
    recorder = MigrationRecorder(connection)
    recorder.record_applied("library", "0001_shelf")
    assert refuse(undo=True).startswith(
        "linear.0001_book cannot be undone alone: library.0001_shelf needs it."
    )


def test_it_refuses_what_lacks_a_parent_by_now(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("linear")
    migrate("linear")
    migrate("-1")
    MigrationRecorder(connection).record_unapplied("linear", "0002_pages")
    assert refuse(undo=True) == (
        "linear.0003_index cannot be applied alone: it needs linear.0002_pages. "
        "Apply it with what it needs: manage.py migrate linear 0003_index"
    )


def test_it_refuses_what_somebody_changed_without_the_journal(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("linear")
    migrate("linear")
    MigrationRecorder(connection).record_unapplied("linear", "0003_index")
    assert refuse(undo=True) == (
        "linear.0003_index changed after that run, without an entry in the journal. "
        "Nothing was changed. Look at manage.py schema status and name the target."
    )


def test_it_refuses_what_has_no_file_any_more(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("linear", "branched")
    migrate("branched", "+1")
    story("linear")
    assert refuse(undo=True).startswith("branched.0001_root is applied, and its file is not here.")


def test_it_refuses_a_target_beside_it(story: Story, refuse: Migrate) -> None:
    story("linear")
    assert refuse("linear", "-1", undo=True) == (
        "--undo and linear -1 do not go together. See what does with: manage.py migrate --help"
    )


def test_it_takes_back_the_parts_of_what_was_squashed_since(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("squashed")
    migrate("squashed", "0002_size")
    migrate(undo=True)
    assert names("squashed") == []


def test_it_shows_the_plan(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear")
    said = migrate(undo=True, plan=True)
    assert [line for line in said.splitlines() if not line.startswith(" ")] == [
        "Planned operations:",
        "linear.0003_index",
        "linear.0002_pages",
        "linear.0001_book",
    ]
    assert names("linear") == LINEAR
