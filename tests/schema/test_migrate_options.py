"""The options of Django's own `migrate` go on doing what they did."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.checks import Error, register, registry
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate

from ingestion.schema.scratch import scratch

Story = Callable[..., None]
Migrate = Callable[..., str]
Names = Callable[[str], list[str]]

LINEAR = ["0001_book", "0002_pages", "0003_index"]


def tables() -> set[str]:
    return set(connection.introspection.table_names())


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_fake_changes_only_the_record(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    said = migrate("linear", fake=True)
    assert (names("linear"), tables()) == (LINEAR, {"django_migrations", "schema_journal"})
    assert "Applying linear.0001_book... FAKED" in said
    migrate("linear", "-1", fake=True)
    assert names("linear") == LINEAR[:2]


def test_fake_initial_records_a_table_that_is_there(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    execute("CREATE TABLE linear_book (id bigint PRIMARY KEY, title varchar(100))")
    said = migrate("linear", fake_initial=True)
    assert [line.split(" (")[0] for line in said.splitlines()[-3:]] == [
        "  Applying linear.0001_book... FAKED",
        "  Applying linear.0002_pages... OK",
        "  Applying linear.0003_index... OK",
    ]


def test_fake_initial_makes_a_table_that_is_not_there(story: Story, migrate: Migrate) -> None:
    story("linear")
    assert "FAKED" not in migrate("linear", fake_initial=True)


def test_plan_shows_what_would_be_done(story: Story, migrate: Migrate) -> None:
    story("linear")
    assert migrate("linear", plan=True) == (
        "Planned operations:\n"
        "linear.0001_book\n"
        "    Create model Book\n"
        "linear.0002_pages\n"
        "    Add field pages to Book\n"
        "linear.0003_index\n"
        "    Create index book_title on field(s) title of model Book\n"
    )
    assert tables() == set()


def test_plan_marks_what_has_no_way_back(story: Story, migrate: Migrate) -> None:
    story("irreversible")
    migrate("irreversible", "0003")
    assert migrate("irreversible", "-1", plan=True) == (
        "Planned operations:\nirreversible.0003_python\n    Raw Python operation -> IRREVERSIBLE\n"
    )


def test_plan_says_when_there_is_nothing_to_do(story: Story, migrate: Migrate) -> None:
    story("linear")
    migrate("linear")
    assert migrate("linear", plan=True) == (
        "Planned operations:\n  No planned migration operations.\n"
    )


@pytest.mark.parametrize("options", [{}, {"plan": True}])
def test_check_exits_1_when_something_is_pending(
    story: Story, migrate: Migrate, options: dict[str, Any]
) -> None:
    story("linear")
    migrate("linear", "+2")
    with pytest.raises(SystemExit) as exit_:
        migrate("linear", check_unapplied=True, **options)
    assert exit_.value.code == 1


@pytest.mark.parametrize("options", [{}, {"plan": True}])
def test_check_is_silent_when_nothing_is(
    story: Story, migrate: Migrate, options: dict[str, Any]
) -> None:
    story("linear")
    migrate("linear")
    assert "linear.0" not in migrate("linear", check_unapplied=True, **options)


def test_run_syncdb_makes_tables_without_migrations(story: Story, migrate: Migrate) -> None:
    story("linear", "unmigrated")
    said = migrate(run_syncdb=True)
    assert {"unmigrated_stamp", "linear_book"} <= tables()
    assert "Creating table unmigrated_stamp" in said


def test_run_syncdb_makes_them_for_one_app(story: Story, migrate: Migrate) -> None:
    story("linear", "unmigrated")
    migrate("unmigrated", run_syncdb=True)
    assert {"unmigrated_stamp", "linear_book"} & tables() == {"unmigrated_stamp"}


def test_without_it_they_are_not_made(story: Story, migrate: Migrate) -> None:
    story("linear", "unmigrated")
    migrate()
    assert "unmigrated_stamp" not in tables()


def test_prune_forgets_what_has_no_file(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear", "+1")
    MigrationRecorder(connection).record_applied("linear", "0002_gone")
    said = migrate("linear", prune=True)
    assert names("linear") == LINEAR[:1]
    assert "  Pruning linear.0002_gone" in said.splitlines()
    assert "No migrations to prune" in migrate("linear", prune=True)


def test_prune_refuses_parts_that_a_squashed_one_still_names(
    story: Story, write_app: Any, migrate: Migrate, refuse: Migrate
) -> None:
    source = (
        "from django.db import migrations\n"
        "class Migration(migrations.Migration):\n"
        '    replaces = [("cups", "0001_cup")]\n'
    )
    write_app("cups", {"0001_squashed": source})
    story("cups")
    migrate("cups")
    assert refuse("cups", prune=True) == (
        "cups.0001_squashed still names them in `replaces`, and may not be applied. "
        "Nothing was changed. Run migrate, take `replaces` out of the file, then prune."
    )


@pytest.fixture
def other(own_database: Any) -> Iterator[str]:
    """An alias that leads to another database."""
    connections["other"] = own_database.copy("other")
    with scratch("other"):
        connections["default"] = own_database  # it was led there as well: both were one
        yield "other"
    del connections["other"]


def test_database_names_another_one(
    story: Story, migrate: Migrate, names: Names, other: str
) -> None:
    story("linear")
    migrate("linear", database=other)
    assert ("linear", "0003_index") in MigrationRecorder(connections[other]).applied_migrations()
    assert (names("linear"), tables()) == ([], set())


def test_its_journal_lies_beside_its_tables(story: Story, migrate: Migrate, other: str) -> None:
    story("linear")
    migrate("linear", database=other)
    migrate("-1", database=other)
    assert "linear.0003_index... OK" in migrate(undo=True, database=other)


@pytest.mark.parametrize(
    ("verbosity", "lines"),
    [
        (0, []),
        (1, ["  Applying linear.0003_index..."]),
        (2, ["Running pre-migrate handlers for application linear"]),
        (3, ["Running post-migrate handlers for application linear"]),
    ],
)
def test_it_says_as_much_as_is_wished(
    story: Story, migrate: Migrate, verbosity: int, lines: list[str]
) -> None:
    story("linear")
    said = migrate("linear", verbosity=verbosity)
    assert all(line in said for line in lines)
    assert verbosity or said == ""


def test_nothing_to_do_is_said(story: Story, migrate: Migrate) -> None:
    story("linear")
    migrate("linear")
    assert migrate("linear").splitlines()[-1] == "  No migrations to apply."


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_told_of_models_without_a_migration(story: Story, migrate: Migrate) -> None:
    story("branched")  # its models are nowhere but in its migrations
    migrate("branched")
    call_command("migrate", "branched", stdout=(said := Terminal()), no_color=True)
    assert said.getvalue().splitlines()[-1] == (
        "  The models of branched have changes that no migration makes. "
        "Make one with: manage.py makemigrations"
    )


@pytest.fixture
def failing_check() -> Iterator[None]:
    def fail(**_: Any) -> list[Error]:
        return [Error("Something is wrong.", id="story.E001")]

    others, registry.registry.registered_checks = registry.registry.registered_checks, set()
    register(fail)
    yield
    registry.registry.registered_checks = others


def test_a_failing_check_stops_it(
    story: Story, migrate: Migrate, names: Names, failing_check: None
) -> None:
    story("linear")
    with pytest.raises(SystemCheckError) as refusal:
        migrate("linear", skip_checks=False)
    assert (refusal.value.returncode, names("linear")) == (2, [])


def test_skip_checks_skips_it(
    story: Story, migrate: Migrate, names: Names, failing_check: None
) -> None:
    story("linear")
    migrate("linear", skip_checks=True)
    assert names("linear") == LINEAR


def test_other_apps_hear_of_each_run_with_its_plan(story: Story, migrate: Migrate) -> None:
    heard: list[Any] = []

    def hear(sender: Any, plan: Any, **_: Any) -> None:
        heard.append((sender.label, [(f"{each}", back) for each, back in plan]))

    story("linear")
    migrate("linear", "+1")
    post_migrate.connect(hear)
    migrate("linear", "-1")
    migrate("linear", "zero")
    post_migrate.disconnect(hear)
    assert [plan for label, plan in heard if label == "linear"] == [
        [("linear.0001_book", True)],
        [],
    ]


def test_a_renamed_model_keeps_its_content_type(story: Story, migrate: Migrate) -> None:
    story("renames")
    migrate("contenttypes")
    migrate("renames", "0002")
    execute(
        "INSERT INTO django_content_type (id, app_label, model) VALUES (77, 'renames', 'person')"
    )
    migrate("renames", "0003")
    with connection.cursor() as cursor:
        cursor.execute("SELECT model FROM django_content_type WHERE id = 77")
        assert cursor.fetchone() == ("human",)
        migrate("renames", "0002")
        cursor.execute("SELECT model FROM django_content_type WHERE id = 77")
        assert cursor.fetchone() == ("person",)
