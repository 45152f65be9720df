"""`migrate` goes to any target: by number, by name, to the head, to nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

Story = Callable[..., None]
Migrate = Callable[..., str]
Names = Callable[[str], list[str]]

LINEAR = ["0001_book", "0002_pages", "0003_index"]
BRANCHES = ["0001_root", "0002_a1", "0002_b1", "0003_a2", "0003_b2"]


def test_it_goes_so_many_steps_on_and_back(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    for target, reached in [("+1", 1), ("+2", 3), ("-1", 2), ("-2", 0), ("+3", 3)]:
        migrate(target)
        assert names("linear") == LINEAR[:reached]


def test_it_goes_so_many_steps_of_an_app(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    for target, reached in [("+2", 2), ("-1", 1), ("head", 3), ("zero", 0), ("0002", 2), ("1", 2)]:
        if target != "1":
            migrate("linear", target)
        assert names("linear") == LINEAR[:reached]


def test_head_is_what_no_target_means(
    story: Story, migrate: Migrate, applied: Callable[[], Any]
) -> None:
    story("linear")
    migrate()
    everything = applied()
    migrate("linear", "-2")
    migrate("head")
    assert applied() == everything


def test_zero_leaves_nothing_but_the_record(
    story: Story, migrate: Migrate, applied: Callable[[], Any]
) -> None:
    story("linear", "branched")
    migrate()
    migrate("zero")
    assert applied() == set()
    assert set(connection.introspection.table_names()) == {"django_migrations", "schema_journal"}


def test_it_goes_up_and_down_and_up_to_the_same_tables(
    story: Story, migrate: Migrate, catalog_now: Callable[[], Any]
) -> None:
    story("linear", "renames", "m2m", "deferred", "nonatomic")
    migrate()
    before = catalog_now()
    migrate("zero", accept_data_loss=True)
    migrate()
    assert catalog_now() == before


def test_a_name_reverts_what_follows_in_its_app(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    migrate("linear")
    migrate("linear", "0001_book")
    assert names("linear") == LINEAR[:1]


def test_it_tells_each_step(story: Story, migrate: Migrate) -> None:
    story("linear")
    migrate("linear", "+2")
    said = [line.split("...")[0] for line in migrate("-2").splitlines()]
    assert said == [
        "Operations to perform:",
        "  undo linear.0002_pages",
        "  undo linear.0001_book",
        "Running migrations:",
        "  Unapplying linear.0002_pages",
        "  Unapplying linear.0001_book",
    ]


def test_a_step_on_is_not_told_as_everything(story: Story, migrate: Migrate) -> None:
    story("linear")
    assert migrate("+1").splitlines()[:2] == ["Operations to perform:", "  apply linear.0001_book"]


# --- Branches and their merge ----------------------------------------------------------------


def test_undoing_a_merge_leaves_both_branches_whole(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("branched")
    migrate("branched")
    migrate("-1")
    assert names("branched") == BRANCHES


def test_the_branch_that_came_last_is_undone_first(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("branched")
    migrate("branched", "0003_a2")
    migrate("branched")
    migrate("-3")
    assert names("branched") == ["0001_root", "0002_a1", "0003_a2"]


def test_back_to_one_branch_leaves_the_other(story: Story, migrate: Migrate, names: Names) -> None:
    story("branched")
    migrate("branched")
    migrate("branched", "0002_a1")
    assert names("branched") == ["0001_root", "0002_a1", "0002_b1", "0003_b2"]


# --- Ours, libraries, and what depends on what -----------------------------------------------


def test_steps_walk_our_apps_in_the_order_of_application(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear", "branched")
    migrate("linear", "+1")
    migrate("branched", "+1")
    migrate("linear", "+1")
    migrate("-2")
    assert (names("linear"), names("branched")) == (LINEAR[:1], [])


def test_steps_leave_libraries_alone(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear", "library")
    migrate("linear")
    migrate("library")
    migrate("-2")
    assert (names("linear"), len(names("library"))) == (LINEAR[:1], 2)
    migrate("+2")
    assert names("linear") == LINEAR


def test_a_library_is_touched_by_name(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear", "library")
    migrate("library")
    migrate("library", "-1")
    assert names("library") == ["0001_shelf"]


@pytest.mark.parametrize("words", [["-3"], ["linear", "-3"]])
def test_a_number_refuses_what_a_library_needs(
    story: Story, migrate: Migrate, refuse: Migrate, words: list[str]
) -> None:
    story("linear", "library")
    migrate("linear")
    migrate("library")
    assert refuse(*words) == (
        "linear.0001_book cannot be undone alone: library.0002_label, library.0001_shelf need "
        "it. Undo what depends on it first, or name a target of linear, which takes that along: "
        "manage.py migrate linear zero"
    )


@pytest.mark.parametrize("words", [["linear", "zero"], ["zero"]])
def test_zero_undoes_dependents_first_and_lists_them(
    story: Story, migrate: Migrate, names: Names, words: list[str]
) -> None:
    story("linear", "library")
    migrate("library")
    listed = migrate(*words).splitlines()[1:4]
    assert listed == [
        "  undo library.0002_label",
        "  undo library.0001_shelf",
        "  undo linear.0001_book",
    ]
    assert names("linear") == names("library") == []


# --- No way back -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("-1", "irreversible.0004_both (Raw SQL operation)"),
        ("0002", "irreversible.0004_both (Raw SQL operation), irreversible.0003_python (Raw Pyth"),
        ("zero", "irreversible.0004_both (Raw SQL operation), irreversible.0003_python (Raw Pyth"),
    ],
)
def test_what_has_no_way_back_is_named_before_anything_is_touched(
    story: Story, migrate: Migrate, refuse: Migrate, target: str, named: str
) -> None:
    story("irreversible")
    migrate("irreversible")
    said = refuse("irreversible", target)
    assert said.startswith(f"Nothing was touched: there is no way back from {named}")


def test_the_record_alone_has_a_way_back(story: Story, migrate: Migrate, names: Names) -> None:
    story("irreversible")
    migrate("irreversible")
    migrate("-3", fake=True)
    assert names("irreversible") == ["0001_note"]


# --- Squashed --------------------------------------------------------------------------------


def test_a_squashed_migration_takes_its_parts_with_it(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("squashed")
    migrate("squashed")
    assert len(names("squashed")) == 4
    migrate("-2")
    assert names("squashed") == []


def test_a_squashed_migration_counts_as_one(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("squashed")
    migrate("squashed")
    assert refuse("-3").startswith("The project has only 2 migration(s) to undo")


def test_a_squashed_migration_is_undone_with_any_of_its_parts(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("squashed")
    migrate("squashed", "0002_size")
    migrate("squashed", "0001_cup")
    assert names("squashed") == ["0001_cup"]


CUP = """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [migrations.CreateModel("Cup", [("id", models.BigAutoField(primary_key=True))])]
"""
SIZE = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("cups", "0001_cup")]
    operations = [migrations.AddField("Cup", "size", models.IntegerField(default=1))]
"""
BOTH = """
from django.db import migrations, models
class Migration(migrations.Migration):
    replaces = [("cups", "0001_cup"), ("cups", "0002_size")]
    operations = [
        migrations.CreateModel(
            "Cup",
            [("id", models.BigAutoField(primary_key=True)), ("size", models.IntegerField())],
        )
    ]
"""
NAME = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("cups", "0001_both")]
    operations = [migrations.AddField("Cup", "name", models.TextField(default=""))]
"""


@pytest.mark.parametrize("further", [{}, {"0003_name": NAME}])
def test_a_squashed_migration_stands_for_parts_that_are_applied(
    story: Story, write_app: Any, migrate: Migrate, names: Names, further: dict[str, str]
) -> None:
    write_app("cups", {"0001_cup": CUP, "0002_size": SIZE})
    story("cups")
    migrate("cups")
    write_app("cups", {"0001_both": BOTH, **further})
    migrate("cups")
    assert names("cups") == ["0001_both", "0001_cup", "0002_size", *further]


SQUASHED = [
    "0001_cup",
    "0001_squashed_0002_size",
    "0002_size",
    "0003_plate",
]


def test_a_squashed_migration_is_recorded_where_its_parts_are(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("squashed")
    said = migrate("squashed", "0002_size")  # the parts are still there to be named
    assert "  Recording squashed.0001_squashed_0002_size: all its parts are applied\n" in said
    assert names("squashed") == ["0001_cup", "0001_squashed_0002_size", "0002_size"]
    migrate("squashed")
    assert names("squashed") == SQUASHED


def test_a_squashed_migration_half_of_which_is_applied_goes_on_with_its_parts(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("squashed")
    migrate("squashed", "0001_cup")
    assert names("squashed") == ["0001_cup"]
    migrate("squashed")
    assert names("squashed") == SQUASHED
