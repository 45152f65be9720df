"""Bad input to `migrate`: one sentence what, one what to do, exit 2, nothing changed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

Story = Callable[..., None]
Migrate = Callable[..., str]

STATUS = "See what there is with: manage.py schema status"
RAW = "from django.db import migrations\nclass Migration(migrations.Migration):\n    "


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (["papers"], f"There is no app with the label 'papers'. {STATUS}"),
        ([""], f"There is no app with the label ''. {STATUS}"),
        (["base"], "There is no app 'base'. Alembic's base is: manage.py migrate zero"),
        (
            ["head", "linear"],
            "'head linear' says two things. The app comes first: manage.py migrate linear head",
        ),
        (
            ["linear", ""],
            "The name of the migration is empty. "
            "See what there is with: manage.py schema history linear",
        ),
        (
            ["linear", "9"],
            "No migration of linear begins with '9'. There are: 0001_book, 0002_pages, 0003_index",
        ),
        (
            ["linear", "00"],
            "3 migrations of linear begin with '00'. "
            "Write more of the name: 0001_book, 0002_pages, 0003_index",
        ),
        (
            ["-99"],
            "The project has only 3 migration(s) to undo, and 99 were asked for. "
            "Undo all of them with: manage.py migrate zero",
        ),
        (
            ["+1"],
            "The project has no migration to apply, and 1 were asked for. "
            "See where it stands with: manage.py schema status",
        ),
        (
            ["unmigrated"],
            "The app 'unmigrated' has no migrations. "
            "Make the first one with: manage.py makemigrations unmigrated",
        ),
        (
            ["unmigrated", "-1"],
            "The app 'unmigrated' has no migrations. "
            "Make the first one with: manage.py makemigrations unmigrated",
        ),
    ],
)
def test_it_refuses_words_that_lead_nowhere(
    story: Story, migrate: Migrate, refuse: Migrate, words: list[str], sentences: str
) -> None:
    story("linear", "unmigrated")
    migrate("linear")
    assert refuse(*words) == sentences


def test_it_refuses_two_last_migrations(story: Story, refuse: Migrate) -> None:
    story("two_heads")
    assert refuse() == (
        "Conflicting migrations: two_heads: 0002_left, 0002_right are all last in their app. "
        "Put one after the other with: manage.py rebase_migration two_heads, or keep both with: "
        "manage.py makemigrations --merge"
    )


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (f"{RAW}operations = [\n", "{folder}/0001_odd.py, line 3: '[' was never closed"),
        (
            "import nowhere\n",
            "{folder}/0001_odd.py, line 1: ModuleNotFoundError: No module named 'nowhere'",
        ),
        (
            f'{RAW}dependencies = [("shop", "0000_gone")]\n',
            "its dependencies: Migration shop.0001_odd dependencies reference nonexistent parent "
            "node ('shop', '0000_gone')",
        ),
        (
            "# empty\n",
            "its class: Migration 0001_odd in app shop has no Migration class",
        ),
    ],
)
def test_it_refuses_a_file_that_cannot_be_read(
    story: Story, write_app: Any, refuse: Migrate, source: str, sentence: str
) -> None:
    folder = write_app("shop", {"0001_odd": source}) / "migrations"
    story("shop")
    what = sentence.format(folder=folder)
    assert refuse() == f"A migration cannot be read: {what}. Mend the file; nothing was touched."


def test_it_refuses_a_history_that_contradicts_the_files(story: Story, refuse: Migrate) -> None:
    story("linear")
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    recorder.record_applied("linear", "0002_pages")
    assert refuse("linear") == (
        "linear.0002_pages is applied, and linear.0001_book, which it needs, is not. Find the "
        "state that the tables are really in with: manage.py schema adopt"
    )


def test_it_refuses_to_undo_what_has_no_file(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("linear")
    migrate("linear")
    MigrationRecorder(connection).record_applied("linear", "0004_gone")
    assert refuse("-1") == (
        "linear.0004_gone is applied, and its file is not here. Go to the branch that has the "
        "file and undo it there, or, if its changes are to stay, forget it with: "
        "manage.py migrate linear --prune"
    )


def test_a_row_without_a_file_is_no_hindrance_on_the_way_up(
    story: Story, migrate: Migrate, applied: Callable[[], Any]
) -> None:
    story("linear")
    migrate("linear", "+2")
    MigrationRecorder(connection).record_applied("linear", "0003_gone")
    migrate("linear")
    assert {("linear", "0003_gone"), ("linear", "0003_index")} <= applied()


@pytest.mark.parametrize(
    ("options", "wishes"),
    [
        ({"prune": True}, "--prune and no app"),
        ({"start": "zero"}, "--from and no --sql"),
    ],
)
def test_it_refuses_what_does_not_go_together(
    story: Story, refuse: Migrate, options: dict[str, Any], wishes: str
) -> None:
    story("linear")
    assert refuse(**options) == (
        f"{wishes} do not go together. See what does with: manage.py migrate --help"
    )


def test_it_refuses_to_sync_an_app_with_migrations(story: Story, refuse: Migrate) -> None:
    story("linear")
    assert refuse("linear", run_syncdb=True) == (
        "--run-syncdb and linear, which has migrations do not go together. "
        "See what does with: manage.py migrate --help"
    )
