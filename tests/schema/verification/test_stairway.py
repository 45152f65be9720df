"""Every migration goes up, down and up again, and what is wrong with one of them is said."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.drift.differences import Difference
from ingestion.schema.limits import limits
from ingestion.schema.origin import origin
from ingestion.schema.sources import own_apps
from ingestion.schema.verification.contents import Lost, Rows, lost
from ingestion.schema.verification.stairway import Walk, stairway
from ingestion.schema.verification.stairway_text import left
from tests.schema.conftest import Use, WriteApp

Climb = Callable[..., Walk]
NOTE = """
    migrations.CreateModel("Note", [
        ("id", models.BigAutoField(primary_key=True)),
        ("title", models.CharField(max_length=10)),
        ("stars", models.IntegerField(default=0)),
    ], options={"db_table": "notes"}),
"""


def migration(operations: str, *, needs: str = "", extra: str = "") -> str:
    dependencies = f'[("shop", "{needs}")]' if needs else "[]"
    return (
        "from django.db import migrations, models\n\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = {dependencies}\n    {extra}\n"
        f"    operations = [{operations}]\n"
    )


def sql(forwards: str, backwards: str = "") -> str:
    return f"migrations.RunSQL({forwards!r}, {backwards!r}),"


@pytest.fixture
def climb(own_database: DatabaseWrapper, write_app: WriteApp, story: Use) -> Climb:
    """climb(SECOND, …) → what is found of these, after the first one, which makes notes."""

    def run(*operations: str, extra: str = "", seeds: Any = None) -> Walk:
        files = {"0001_initial": migration(NOTE)}
        for number, each in enumerate(operations, 2):
            before = list(files)[-1]
            files[f"{number:04}_next"] = migration(each, needs=before, extra=extra)
        write_app("shop", files)
        story("shop")
        return stairway(
            connection, origin=origin(), limits=limits(), own=own_apps(), seeds=seeds or {}
        )

    return run


def told(walk: Walk) -> list[tuple[str, str]]:
    """But that the models know nothing of what some SQL here does to their columns."""
    findings = [each for each in walk.findings if each.rule != "not-made"]
    assert {each.migration for each in findings} <= {"shop.0002_next", "shop.0003_next"}
    return [(each.rule, each.says) for each in findings]


# --- What is as it should be ---------------------------------------------------------------


@pytest.mark.slow
def test_a_migration_that_adds_and_one_that_fills_are_fine(climb: Climb) -> None:
    walk = climb(
        'migrations.AddField("note", "slug", models.TextField(null=True)),',
        sql("UPDATE notes SET slug = lower(title)"),
        'migrations.AlterField("note", "slug", models.TextField()),',
        'migrations.AddField("note", "rank", models.IntegerField(default=5)),',
        sql("UPDATE notes SET rank = stars"),
        'migrations.RenameField("note", "title", "heading"),',
    )
    assert told(walk) == []
    assert walk.notes == []


@pytest.mark.slow
def test_rows_made_up_before_a_rule_are_made_again_under_it(climb: Climb) -> None:
    rule = 'migrations.AddConstraint("note", models.CheckConstraint(condition={}, name="{}")),'
    walk = climb(
        rule.format('models.Q(title__in=["red", "green"])', "known"),
        rule.format("models.Q(stars__gt=100)", "many"),
        'migrations.AddConstraint("note", models.UniqueConstraint(fields=["title"], name="once")),',
        sql("DELETE FROM notes WHERE title = 'red'", "SELECT 1"),
    )
    assert [(each.migration, each.says) for each in walk.findings] == [
        (
            "shop.0005_next",
            "shop.0005_next deletes 1 of 2 rows of notes, and undoing it does not bring them back.",
        )
    ]


@pytest.mark.slow
def test_one_that_is_no_transaction_is_walked_too(climb: Climb) -> None:
    walk = climb(
        sql(
            "CREATE INDEX CONCURRENTLY notes_stars ON notes (stars)",
            "DROP INDEX CONCURRENTLY notes_stars",
        ),
        extra="atomic = False",
    )
    assert told(walk) == []


@pytest.mark.slow
def test_a_role_comes_and_goes_and_the_server_stays_as_it_is(climb: Climb) -> None:
    role = f"stairs_{os.getpid()}"
    walk = climb(
        sql(
            f"CREATE ROLE {role}; GRANT SELECT ON notes TO {role}",
            f"DROP OWNED BY {role}; DROP ROLE {role}",
        ),
        sql("ALTER SYSTEM SET work_mem = '1GB'", "ALTER SYSTEM RESET work_mem"),
        extra="atomic = False",
    )
    assert told(walk) == []
    assert walk.notes == [
        "shop.0003_next is for the whole server in a part, which was left out: "
        "ALTER SYSTEM SET work_mem = '***'; ALTER SYSTEM RESET work_mem."
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
        assert not cursor.fetchall()


@pytest.mark.slow
def test_libraries_are_walked_up_and_not_judged(
    own_database: DatabaseWrapper, write_app: WriteApp, story: Use
) -> None:
    rule = "ALTER TABLE notes ADD CHECK (stars = 100), ADD more int NOT NULL"
    second = migration(sql(rule, "SELECT nothing"), needs="0001_initial")
    write_app("shop", {"0001_initial": migration(NOTE), "0002_next": second}, installed=True)
    story("shop")
    walk = stairway(connection, origin=origin(), limits=limits(), own=own_apps(), seeds={})
    assert (walk.findings, walk.notes) == ([], [])
    assert "column notes.more" in (walk.head or {})


# --- What is not ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_type_that_is_left_behind(climb: Climb) -> None:
    walk = climb(sql("CREATE TYPE mood AS ENUM ('good', 'bad')", "SELECT 1"), sql("SELECT 1"))
    assert told(walk) == [
        ("leaves-behind", "shop.0002_next leaves enum mood behind when it is undone."),
        (
            "fails-again",
            "shop.0002_next cannot be applied again after it was undone: "
            'type "mood" already exists.',
        ),
    ]


@pytest.mark.slow
def test_a_column_that_is_not_brought_back(climb: Climb) -> None:
    walk = climb(sql("ALTER TABLE notes DROP COLUMN IF EXISTS stars", "SELECT 1"), sql("SELECT 1"))
    assert told(walk)[-1] == (
        "not-brought-back",
        "shop.0002_next does not bring column notes.stars back when it is undone.",
    )
    assert walk.findings[-2].hint == "Let its reverse make it again: integer NOT NULL."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forwards", "backwards", "says"),
    [
        (
            "ALTER TABLE notes ALTER title TYPE text",
            "SELECT 1",
            "as text NOT NULL, and it was character varying(10) NOT NULL",
        ),
        (
            "ALTER TABLE notes ALTER title DROP NOT NULL",
            "SELECT 1",
            "as character varying(10), and it was character varying(10) NOT NULL",
        ),
        (
            "ALTER TABLE notes ALTER title TYPE text",
            "ALTER TABLE notes ALTER title TYPE varchar(10), ALTER title SET DEFAULT 'x'",
            "as character varying(10) NOT NULL DEFAULT 'x'::character varying, "
            "and it was character varying(10) NOT NULL",
        ),
    ],
)
def test_a_column_that_comes_back_as_another(
    climb: Climb, forwards: str, backwards: str, says: str
) -> None:
    assert told(climb(sql(forwards, backwards)))[0] == (
        "comes-back-different",
        f"shop.0002_next brings back column notes.title {says}.",
    )


@pytest.mark.slow
def test_a_reverse_that_deletes_rows(climb: Climb) -> None:
    walk = climb(
        sql("SELECT 1", "DELETE FROM notes WHERE id = (SELECT min(id) FROM notes)"),
        sql("SELECT 1", "UPDATE notes SET title = ''"),
    )
    assert told(walk) == [
        ("data-loss", "Undoing shop.0002_next deletes 1 of 2 rows of notes."),
        ("data-loss", "Undoing shop.0003_next loses the values of notes.title."),
    ]
    assert walk.findings[0].hint == (
        "Let its reverse keep them, or say why not: "
        'lint_waivers = {"data-loss": "the reason"} in the migration.'
    )


@pytest.mark.slow
def test_a_type_that_is_too_narrow_on_the_way_back(climb: Climb) -> None:
    walk = climb(
        sql(
            "ALTER TABLE notes ALTER stars TYPE text",
            "ALTER TABLE notes ALTER stars TYPE integer USING 7",
        )
    )
    assert told(walk) == [("data-loss", "Undoing shop.0002_next loses the values of notes.stars.")]


@pytest.mark.slow
def test_values_that_are_written_over_for_good(climb: Climb) -> None:
    walk = climb(sql("UPDATE notes SET title = upper(title)", "SELECT 1"))
    assert told(walk) == [
        (
            "data-loss",
            "shop.0002_next changes the values of notes.title, and undoing it does not put them "
            "back.",
        )
    ]


@pytest.mark.slow
def test_numbers_of_another_column(climb: Climb) -> None:
    walk = climb(sql("UPDATE notes SET stars = id", "SELECT 1"))
    assert told(walk) == [
        (
            "data-loss",
            "shop.0002_next changes the values of notes.stars, and undoing it does not put them "
            "back.",
        )
    ]


@pytest.mark.slow
def test_what_is_dropped_on_the_way_up(climb: Climb) -> None:
    walk = climb('migrations.RemoveField("note", "stars"),', sql("DROP TABLE notes", "SELECT 1"))
    assert told(walk) == [
        (
            "data-loss",
            "shop.0002_next drops the values of notes.stars, and undoing it does not bring them "
            "back.",
        ),
        (
            "not-brought-back",
            "shop.0003_next does not bring table notes back when it is undone.",
        ),
        (
            "fails-again",
            "shop.0003_next cannot be applied again after it was undone: "
            'table "notes" does not exist.',
        ),
    ]


@pytest.mark.slow
def test_a_table_that_comes_back_empty(climb: Climb) -> None:
    assert told(climb('migrations.DeleteModel("note"),')) == [
        (
            "data-loss",
            "shop.0002_next deletes 2 of 2 rows of notes, and undoing it does not bring them back.",
        )
    ]


@pytest.mark.slow
def test_what_can_only_be_undone_without_rows(climb: Climb) -> None:
    walk = climb('migrations.RemoveField("note", "title"),')
    assert told(walk) == [
        (
            "irreversible",
            "shop.0002_next can only be undone where the tables are empty: "
            'column "title" of relation "notes" contains null values.',
        )
    ]


@pytest.mark.slow
def test_what_has_no_way_back(climb: Climb) -> None:
    walk = climb("migrations.RunSQL('ALTER TABLE notes ADD more text'),", sql("SELECT 1", "SELEC"))
    assert told(walk) == [
        (
            "irreversible",
            "shop.0002_next cannot be undone: there is no way back from Raw SQL operation.",
        ),
        (
            "irreversible",
            'shop.0003_next cannot be undone: syntax error at or near "SELEC".',
        ),
    ]


@pytest.mark.slow
def test_a_row_that_is_left_and_then_in_the_way(climb: Climb) -> None:
    walk = climb(sql("INSERT INTO notes (id, title, stars) VALUES (1000, 'first', 5)", "SELECT 1"))
    assert told(walk) == [
        ("leaves-behind", "shop.0002_next leaves 1 row behind in notes when it is undone."),
        (
            "fails-again",
            "shop.0002_next cannot be applied again after it was undone: "
            'duplicate key value violates unique constraint "notes_pkey".',
        ),
    ]


@pytest.mark.slow
def test_what_only_runs_on_empty_tables(climb: Climb) -> None:
    walk = climb(
        sql("ALTER TABLE notes ADD more int NOT NULL", "ALTER TABLE notes DROP more"),
        sql("SELECT 1"),
    )
    assert told(walk) == [
        (
            "fails",
            "shop.0002_next only runs where the tables are empty: "
            'column "more" of relation "notes" contains null values.',
        )
    ]


@pytest.mark.slow
def test_one_that_needs_a_row_of_an_earlier_one_gets_it_when_those_made_up_are_in_its_way(
    climb: Climb,
) -> None:
    row = "INSERT INTO notes (title, stars) VALUES ('general', 1)"
    needs = "DO $$ BEGIN ASSERT EXISTS (SELECT FROM notes WHERE title = 'general'); END $$;"
    rule = "ALTER TABLE notes ADD CONSTRAINT gen CHECK (title LIKE 'gen%')"
    walk = climb(
        sql(row, "DELETE FROM notes WHERE title = 'general'"),
        sql(needs + rule, "ALTER TABLE notes DROP CONSTRAINT gen"),
        sql("SELECT 1", "SELEC"),  # after which all is done anew
        sql("SELECT 1", "DELETE FROM notes"),
    )
    assert [each.says for each in walk.findings] == [
        'shop.0004_next cannot be undone: syntax error at or near "SELEC".',
        "Undoing shop.0005_next deletes 1 of 1 row of notes.",
    ]


@pytest.mark.slow
def test_the_rest_is_walked_when_one_does_not_run(climb: Climb) -> None:
    walk = climb(sql("SELECT * FROM missing"), sql("SELECT 1"))
    assert told(walk) == [
        ("fails", 'shop.0002_next does not run: relation "missing" does not exist.')
    ]
    assert walk.notes == [
        "shop.0003_next was not walked: it needs shop.0002_next, which does not run."
    ]
    assert (walk.head, walk.is_done) == (None, False)


@pytest.mark.slow
def test_one_that_stops_half_way_back_does_not_spoil_the_next(climb: Climb) -> None:
    walk = climb(
        sql("SELECT 1", "DROP TABLE notes") + sql("SELECT 1", "SELECT nothing"),
        sql("ALTER TABLE notes ADD more text", "ALTER TABLE notes DROP more"),
        extra="atomic = False",
    )
    assert told(walk) == [
        (
            "irreversible",
            'shop.0002_next cannot be undone: column "nothing" does not exist.',
        )
    ]


@pytest.mark.slow
def test_what_is_another_thing_the_second_time(climb: Climb) -> None:
    walk = climb(
        sql(
            "CREATE TABLE IF NOT EXISTS memory (); ALTER TABLE notes ADD more text",
            "ALTER TABLE notes DROP more; ALTER TABLE memory ADD again int",
        )
    )
    assert {rule for rule, _ in told(walk)} == {"leaves-behind", "differs-again"}
    assert told(walk)[-1][1] == (
        "shop.0002_next makes column memory.again only when it is applied again."
    )


# --- Words, and what counts as a loss ------------------------------------------------------


def test_what_belongs_to_a_table_is_not_named_beside_it() -> None:
    found = [
        Difference("column notes.id", None, "bigint"),
        Difference("sequence notes_id_seq", None, "AS bigint OWNED BY notes.id"),
        Difference("sequence other", None, "AS bigint"),
        Difference("table notes", None, "TABLE"),
    ]
    assert [each.says for each in left(("shop", "0002"), found)] == [
        "shop.0002 leaves sequence other behind when it is undone.",
        "shop.0002 leaves table notes behind when it is undone.",
    ]


def test_a_comment_that_stays_is_not_told() -> None:
    found = [Difference("column notes.id", "bigint -- a -- b", "text -- a -- b")]
    assert [each.says for each in left(("shop", "0002"), found)] == [
        "shop.0002 brings back column notes.id as text, and it was bigint."
    ]


def test_a_value_in_the_place_of_none_is_no_loss() -> None:
    before = {"notes": Rows(2, {"slug": [1, None]})}
    filled = {"notes": Rows(2, {"slug": [1, 2]})}
    assert lost(before, filled, filled) == []
    assert lost(filled, filled, before) == [
        Lost(table="notes", column="slug", count=1, total=2, on_the_way="down")
    ]


def test_values_in_other_rows_are_lost_though_each_is_still_there() -> None:
    before = {"notes": Rows(2, {"id": [1, 2], "slug": [7, 8]})}
    turned = {"notes": Rows(2, {"id": [2, 1], "slug": [8, 7]})}
    mixed = {"notes": Rows(2, {"id": [1, 2], "slug": [8, 7]})}
    assert lost(before, before, turned) == []
    for applied, way in ((before, "down"), (mixed, "changed"), ({}, "changed")):
        (found,) = lost(before, applied, mixed)
        assert (found.is_mixed, found.on_the_way) == (True, way)
    assert lost(before, before, mixed, but=[("notes", "slug")]) == []
