"""`schema verify`: bad migrations of every sort are caught, each with the right sentence."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.verification.findings import Check, Finding
from ingestion.schema.verification.text import facts, text
from tests.schema.conftest import Migrate, Stays, Use, WriteApp, stop_during

Verify = Callable[..., tuple[int, str]]
Shop = Callable[..., Path]

NOTE = """
        migrations.CreateModel(
            "Note",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=10)),
                ("stars", models.IntegerField(db_default=0)),
            ],
            options={"db_table": "notes"},
        ),
"""
MODEL = """
from django.db import models

class Note(models.Model):
    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=10)
    stars = models.IntegerField(db_default=0)
    class Meta:
        db_table = "notes"
"""


def migration(
    *operations: str, needs: str | None = None, replaces: Any = (), head: str = ""
) -> str:
    return (
        "from django.db import migrations, models\n\n"
        "class Migration(migrations.Migration):\n"
        f"    {head}\n"
        f"    replaces = {[('shop', part) for part in replaces]!r}\n"
        f"    dependencies = {[('shop', needs)] if needs else []!r}\n"
        f"    operations = [{' '.join(operations)}]\n"
    )


def sql(forwards: str, backwards: str | None = "SELECT 1") -> str:
    return f"migrations.RunSQL({forwards!r}, {backwards!r}),"


FIRST = {"0001_initial": migration(NOTE)}


def second(*operations: str, head: str = "") -> dict[str, str]:
    return {**FIRST, "0002_next": migration(*operations, needs="0001_initial", head=head)}


@pytest.fixture
def shop(write_app: WriteApp, story: Use) -> Iterator[Shop]:
    """shop({"0001_initial": …}) → the folder of an app with these migrations, and its model."""

    def make(files: dict[str, str], *, models: str = MODEL, **beside: dict[str, str]) -> Path:
        for app, migrations in beside.items():
            write_app(app, migrations)
        folder = write_app("shop", files)
        (folder / "models.py").write_text(models)
        story("shop", *beside)
        return folder

    yield make
    apps.all_models.pop("shop", None)  # Django keeps what it has once seen


@pytest.fixture
def verify(own_database: DatabaseWrapper) -> Verify:
    """verify("--json") → the exit code of `schema verify`, and what it says."""

    def run(*words: str, database: str = "default") -> tuple[int, str]:
        said = StringIO()
        try:
            call_command("schema", "verify", *words, database=database, stdout=said, no_color=True)
        except SystemExit as exited:
            return int(exited.code or 0), said.getvalue()
        return 0, said.getvalue()

    return run


def told(said: str) -> list[str]:
    """The findings, without what to do about each."""
    _, *blocks = said.split("\n\n")
    return [
        block.partition("\n  → ")[0].replace("\n", " ") for block in blocks if "\n  → " in block
    ]


def unwrapped(said: str) -> str:
    return " ".join(said.split())


def caught(verify: Verify, *words: str) -> list[str]:
    code, said = verify(*words)
    assert code == 1
    return told(said)


# --- What is as it should be ---------------------------------------------------------------


@pytest.mark.slow
def test_a_good_project_gives_nothing(shop: Shop, verify: Verify) -> None:
    shop(
        second(
            'migrations.AddField("note", "slug", models.TextField(null=True)),',
            sql("UPDATE notes SET slug = lower(title)"),
        ),
        models=MODEL.replace("    class", "    slug = models.TextField(null=True)\n    class"),
    )
    code, said = verify()
    assert (code, told(said)) == (0, [])
    assert said.splitlines()[-1].startswith("Clean, after ")


@pytest.mark.slow
def test_models_whose_tables_others_make_are_not_asked_for(
    shop: Shop, verify: Verify, settings: Any
) -> None:
    view = sql("CREATE VIEW shop_seen AS SELECT id FROM notes", "DROP VIEW shop_seen")
    identity = '("id", models.BigAutoField(primary_key=True, serialize=False))'
    models = ", ".join(
        f"migrations.CreateModel({name!r}, [{identity}], options={options!r})"
        for name, options in (
            ("Seen", {}),
            ("Unmanaged", {"managed": False}),
            ("Swapped", {"swappable": "SHOP_SWAPPED_MODEL"}),
            ("Placed", {"db_table": 'other"."placed'}),
            ("Elsewhere", {}),
        )
    )
    settings.SHOP_SWAPPED_MODEL = "shop.Note"
    settings.DATABASE_ROUTERS = [ElsewhereRouter()]
    told = f"migrations.SeparateDatabaseAndState([], [{models}, {PROXY}]),"
    shop(second(view, told))
    assert verify("--only", "stairway")[0] == 0


PROXY = "migrations.CreateModel('Proxy', [], options={'proxy': True}, bases=('shop.note',))"


class ElsewhereRouter:
    def allow_migrate(self, db: str, app_label: str, model_name: str = "", **_: Any) -> bool:
        return model_name != "elsewhere"


NOT_VALID = sql(
    "ALTER TABLE notes ADD CONSTRAINT few CHECK (stars < 9) NOT VALID",
    "ALTER TABLE notes DROP CONSTRAINT few",
)


@pytest.mark.slow
def test_what_was_validated_may_stay_so(shop: Shop, verify: Verify) -> None:
    validated = migration(sql("ALTER TABLE notes VALIDATE CONSTRAINT few"), needs="0002_next")
    shop(second(NOT_VALID) | {"0003_validate": validated})
    assert verify("--only", "stairway")[0] == 0


@pytest.mark.slow
def test_what_was_valid_may_not_come_back_otherwise(shop: Shop, verify: Verify) -> None:
    valid = NOT_VALID.replace(" NOT VALID", "")
    dropped = sql(
        "ALTER TABLE notes DROP CONSTRAINT few",
        "ALTER TABLE notes ADD CONSTRAINT few CHECK (stars < 9) NOT VALID",
    )
    shop(second(valid) | {"0003_drop": migration(dropped, needs="0002_next")})
    assert caught(verify, "--only", "stairway") == [
        "shop.0003_drop brings back constraint notes.few as CHECK ((stars < 9)) NOT VALID, and it "
        "was CHECK ((stars < 9))."
    ]


# --- What is not ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "sentences"),
    [
        pytest.param(
            sql("CREATE TYPE mood AS ENUM ('good', 'bad')"),
            [
                "shop.0002_next leaves enum mood behind when it is undone.",
                "shop.0002_next cannot be applied again after it was undone: "
                'type "mood" already exists.',
            ],
            id="forgotten type",
        ),
        pytest.param(
            sql(
                "ALTER TABLE notes RENAME stars TO points",
                "ALTER TABLE notes DROP points",
            ),
            [
                "shop.0002_next does not bring column notes.stars back when it is undone.",
                "shop.0002_next cannot be applied again after it was undone: "
                'column "stars" does not exist.',
                "shop.0001_initial gives the models column notes.stars, and with all migrations "
                "the database has none.",
            ],
            id="lost column",
        ),
        pytest.param(
            sql(
                "ALTER TABLE notes ALTER stars TYPE bigint",
                "ALTER TABLE notes ALTER stars TYPE smallint",
            ),
            [
                "shop.0002_next brings back column notes.stars as smallint NOT NULL DEFAULT 0, "
                "and it was integer NOT NULL DEFAULT 0."
            ],
            id="reverse with another type",
        ),
        pytest.param(
            sql(
                "ALTER TABLE notes ALTER stars SET DEFAULT 5",
                "ALTER TABLE notes ALTER stars SET DEFAULT 1",
            ),
            [
                "shop.0002_next brings back column notes.stars as integer NOT NULL DEFAULT 1, "
                "and it was integer NOT NULL DEFAULT 0."
            ],
            id="reverse with another default",
        ),
        pytest.param(
            sql("ALTER TABLE notes ALTER title DROP NOT NULL"),
            [
                "shop.0002_next brings back column notes.title as character varying(10), "
                "and it was character varying(10) NOT NULL."
            ],
            id="reverse without not null",
        ),
        pytest.param(
            sql("SELECT 1", "DELETE FROM notes"),
            ["Undoing shop.0002_next deletes 2 of 2 rows of notes."],
            id="reverse that deletes rows",
        ),
        pytest.param(
            sql("SELECT 1", "UPDATE notes SET title = ''"),
            ["Undoing shop.0002_next loses the values of notes.title."],
            id="reverse that empties a column",
        ),
        pytest.param(
            'migrations.RemoveField("note", "stars"),',
            [
                "The models of shop say more than its migrations: Add field stars to note.",
                "shop.0002_next drops the values of notes.stars, and undoing it does not bring "
                "them back.",
            ],
            id="loss on the way up",
        ),
        pytest.param(
            sql("COMMENT ON TABLE notes IS 'Notes'", None),
            ["shop.0002_next cannot be undone: there is no way back from Raw SQL operation."],
            id="no way back",
        ),
        pytest.param(
            sql("INSERT INTO notes (id, title) VALUES (99, 'first')"),
            [
                "shop.0002_next leaves 1 row behind in notes when it is undone.",
                "shop.0002_next cannot be applied again after it was undone: "
                'duplicate key value violates unique constraint "notes_pkey".',
            ],
            id="row inserted twice",
        ),
        pytest.param(
            sql("ALTER TABLE notes ADD more int NOT NULL", "ALTER TABLE notes DROP more"),
            [
                "shop.0002_next only runs where the tables are empty: "
                'column "more" of relation "notes" contains null values.'
            ],
            id="only on empty tables",
        ),
        pytest.param(
            "migrations.RunSQL('ALTER TABLE notes ADD more int', 'ALTER TABLE notes DROP more', "
            "[migrations.AddField('note', 'more', models.TextField(null=True)), "
            "migrations.AddField('note', 'none', models.TextField(null=True)), "
            "migrations.CreateModel('Absent', [])]),",
            [
                "The models of shop say more than its migrations: Delete model Absent, "
                "Remove field more from note, Remove field none from note.",
                "shop.0002_next gives the models column notes.more as text, and with all "
                "migrations it is integer in the database.",
                "shop.0002_next gives the models column notes.none, and with all migrations the "
                "database has none.",
                "shop.0002_next gives the models table shop_absent, and with all migrations the "
                "database has none.",
            ],
            id="told to the models alone",
        ),
        pytest.param(
            "migrations.SeparateDatabaseAndState([], ["
            "migrations.AddConstraint('note', models.CheckConstraint("
            "condition=models.Q(stars__gt=-1), name='some')), "
            "migrations.AddIndex('note', models.Index(fields=['title'], name='by_title'))]),",
            [
                "The models of shop say more than its migrations: Remove constraint some from "
                "model note, Remove index by_title from note.",
                "shop.0002_next gives the models constraint notes.some, and with all migrations "
                "the database has none.",
                "shop.0002_next gives the models index notes.by_title, and with all migrations the "
                "database has none.",
            ],
            id="rules told to the models alone",
        ),
        pytest.param(
            "migrations.AddConstraint('note', models.CheckConstraint("
            "condition=models.Q(stars__gt=-1), name='some')), "
            "migrations.AddConstraint('note', models.UniqueConstraint("
            "'title', condition=models.Q(stars=1), name='once')), "
            "migrations.AddIndex('note', models.Index(fields=['title'], name='by_title')),",
            [
                "The models of shop say more than its migrations: Remove constraint some from "
                "model note, Remove constraint once from model note, Remove index by_title from "
                "note."
            ],
            id="rules that are made",
        ),
        pytest.param(
            sql(
                "SELECT 1",
                "UPDATE notes SET title = (SELECT o.title FROM notes o WHERE o.id <> notes.id)",
            ),
            ["Undoing shop.0002_next leaves values of notes in other rows than they were in."],
            id="reverse that mixes the rows up",
        ),
        pytest.param(
            sql("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)"),
            ["shop.0002_next does not run: canceling statement due to statement timeout."],
            id="stopped by its own timeout",
        ),
        pytest.param(
            "migrations.RunPython(lambda apps, editor: exit(0), migrations.RunPython.noop),",
            ["shop.0002_next does not run: SystemExit: 0."],
            id="leaves the program",
        ),
        pytest.param(
            "migrations.RunPython(lambda apps, editor: editor.execute('COMMIT'), "
            "migrations.RunPython.noop),",
            [
                "shop.0002_next does not run: shop.0002_next ends the transaction that it is in "
                "with COMMIT, and was rolled back."
            ],
            id="ends its transaction",
        ),
        pytest.param(
            'migrations.AddField("note", "more", models.TextField(default="")),',
            ["The models of shop say more than its migrations: Remove field more from note."],
            id="unmade",
        ),
    ],
)
def test_it_is_caught(shop: Shop, verify: Verify, operation: str, sentences: list[str]) -> None:
    shop(second(operation))
    assert caught(verify) == sentences


@pytest.mark.slow
def test_what_needs_another_one_and_does_not_say_so_is_caught(shop: Shop, verify: Verify) -> None:
    view = sql("CREATE VIEW n AS SELECT id FROM notes", "DROP VIEW n")
    shop(FIRST, till={"0001_initial": migration(view)})
    assert caught(verify) == [
        "till.0001_initial needs shop.0001_initial, and does not say so in its dependencies: "
        'without it, relation "notes" does not exist.'
    ]


@pytest.mark.slow
def test_two_last_ones_are_caught(shop: Shop, verify: Verify) -> None:
    nothing = migration(sql("SELECT 1"), needs="0001_initial")
    shop({**FIRST, "0002_one": nothing, "0002_other": nothing})
    code, said = verify()
    assert (code, told(said)) == (
        1,
        ["Conflicting migrations: shop: 0002_one, 0002_other are all last in their app."],
    )
    assert "Note: Which models have no migration yet was not looked at" in said
    assert "Note: drift could not be checked: Conflicting migrations" in said


@pytest.mark.slow
def test_a_squashed_one_with_another_default_is_caught(shop: Shop, verify: Verify) -> None:
    shop(
        {
            **FIRST,
            "0001_squashed_0001_initial": migration(
                NOTE.replace("db_default=0", "db_default=7"), replaces=["0001_initial"]
            ),
        },
        models=MODEL.replace("db_default=0", "db_default=7"),
    )
    assert caught(verify) == [
        "shop.0001_squashed_0001_initial is not what it replaces: column notes.stars is integer "
        "NOT NULL DEFAULT 7, and with the parts integer NOT NULL DEFAULT 0."
    ]


@pytest.mark.slow
def test_what_a_new_squashed_one_replaces_is_walked_and_linted_by_itself(
    landed: Callable[..., Path], verify: Verify
) -> None:
    folder = landed(FIRST)
    wider = sql("ALTER TABLE notes ALTER stars TYPE bigint", "DELETE FROM notes")
    put(folder, "0002_wider", second(wider)["0002_next"])
    whole = NOTE.replace("IntegerField", "BigIntegerField")
    put(folder, "0001_squashed", migration(whole, replaces=["0001_initial", "0002_wider"]))
    found = caught(verify, "--base", "main", "--only", "stairway", "--only", "lint")
    assert [each.partition(":")[0] for each in found] == [
        "Undoing shop.0002_wider deletes 2 of 2 rows of notes.",
        "shop.0002_wider brings back column notes.stars as bigint NOT NULL DEFAULT 0, and it was "
        "integer NOT NULL DEFAULT 0.",
        "shop.0002_wider, table-rewritten",
    ]


# --- What could not be looked at -----------------------------------------------------------


def test_which_models_have_no_migration_is_not_passed_when_an_app_has_two_heads(
    shop: Shop, verify: Verify
) -> None:
    nothing = migration(sql("SELECT 1"), needs="0001_initial")
    shop({**FIRST, "0002_one": nothing, "0002_other": nothing})
    code, said = verify("--only", "unmade")
    assert (code, said.splitlines()[0].split()[-2:]) == (1, ["not", "checked"])
    assert said.splitlines()[-1].endswith("not wholly checked: unmade.")


@pytest.mark.slow
def test_what_does_not_run_cannot_be_waived_for_what_needs_it(shop: Shop, verify: Verify) -> None:
    head = "lint_waivers = {'fails': 'It needs rows of production.'}"
    third = migration(sql("SELECT 1", "DROP TABLE notes"), needs="0002_next")
    shop(second(sql("SELECT * FROM missing"), head=head) | {"0003_last": third})
    code, said = verify("--only", "stairway", "--only", "orders")
    assert (code, told(said)) == (1, [])
    assert said.splitlines()[-1].startswith("No finding, after ")
    assert said.splitlines()[-1].endswith("not wholly checked: stairway, orders.")


@pytest.mark.slow
def test_that_there_is_nothing_to_compare_is_noted(shop: Shop, verify: Verify) -> None:
    shop(FIRST)
    code, said = verify("--only", "drift")
    assert code == 0
    assert "Note: drift: no migration is applied here, so there was nothing" in unwrapped(said)


# --- What is new ---------------------------------------------------------------------------


@pytest.fixture
def landed(shop: Shop) -> Callable[..., Path]:
    """landed(FIRST) → the folder of the app, with these on the branch `main` of a checkout."""

    def land(files: dict[str, str]) -> Path:
        folder = shop(files)
        who = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com"]
        for words in (["init", "-q", "-b", "main", ".."], ["add", "."], ["commit", "-qm", "First"]):
            subprocess.run(["git", *who, *words], cwd=folder, check=True)
        return folder

    return land


def put(folder: Path, name: str, source: str) -> None:
    (folder / "migrations" / f"{name}.py").write_text(source)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forwards", "backwards", "sentence"),
    [
        (
            "ALTER TABLE notes ALTER stars TYPE numeric(20, 2)",
            "ALTER TABLE notes ALTER stars TYPE integer",
            "shop.0002_next, table-rewritten: ALTER TABLE notes ALTER stars TYPE numeric(20, 2) "
            "blocks reads and writes of notes, for everybody who reads or writes notes. PostgreSQL "
            "copies notes row by row into a new file and builds its indexes again, which takes "
            "longer the more rows it has.",
        ),
        (
            "ALTER TABLE notes ADD CONSTRAINT few CHECK (stars < 9)",
            "ALTER TABLE notes DROP CONSTRAINT few",
            "shop.0002_next, scan-under-lock: ALTER TABLE notes ADD CONSTRAINT few CHECK "
            "(stars < 9) blocks reads and writes of notes, for everybody who reads or writes "
            "notes. PostgreSQL reads all rows of notes to see whether they satisfy it, which takes "
            "longer the more there are, and fails if one does not.",
        ),
    ],
    ids=["rewrite", "missing NOT VALID"],
)
def test_what_is_new_and_blocks_others_is_caught(
    landed: Callable[..., Path], verify: Verify, forwards: str, backwards: str, sentence: str
) -> None:
    put(landed(FIRST), "0002_next", second(sql(forwards, backwards))["0002_next"])
    assert caught(verify, "--base", "main", "--only", "lint")[0] == sentence


@pytest.mark.slow
def test_what_has_landed_is_not_linted_again(landed: Callable[..., Path], verify: Verify) -> None:
    rewriting = sql("ALTER TABLE notes ALTER stars TYPE bigint")
    landed(second(rewriting))
    assert verify("--base", "main", "--only", "lint")[0] == 0


@pytest.mark.slow
def test_a_landed_file_that_was_edited_or_deleted_is_caught(
    landed: Callable[..., Path], verify: Verify
) -> None:
    third = migration(sql("SELECT 1"), needs="0002_next")
    folder = landed(second(sql("SELECT 1")) | {"0003_last": third})
    put(folder, "0002_next", second(sql("SELECT 2"))["0002_next"])
    (folder / "migrations" / "0003_last.py").unlink()
    assert caught(verify, "--base", "main", "--only", "lint") == [
        "shop.0002_next was edited, although it is part of main.",
        "The file of shop.0003_last is gone, although it is part of main.",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["file", "settings"])
def test_that_a_landed_file_is_not_as_it_was_is_for_the_settings_to_waive(
    landed: Callable[..., Path], verify: Verify, settings: Any, where: str
) -> None:
    folder = landed(second(sql("SELECT 1")) | {"0003_last": migration(sql("SELECT 1"))})
    reasons = {"edited": "It was never applied anywhere.", "deleted": "Nobody ever had it."}
    head = f"lint_waivers = {reasons!r}" if where == "file" else ""
    put(folder, "0002_next", second(sql("SELECT 2"), head=head)["0002_next"])
    (folder / "migrations" / "0003_last.py").unlink()
    if where == "settings":
        settings.SCHEMA = {
            "WAIVERS": {
                "shop.0002_next": {"edited": reasons["edited"]},
                "shop.0003_last": {"deleted": reasons["deleted"]},
            }
        }
    code, said = verify("--base", "main", "--only", "lint")
    assert (code, len(told(said)), "no such" in said) == (
        (1, 2, False) if where == "file" else (0, 0, False)
    )


@pytest.mark.slow
def test_a_landed_file_that_was_squashed_may_go(
    landed: Callable[..., Path], verify: Verify
) -> None:
    squashed = migration(NOTE, replaces=["0001_initial"])
    folder = landed(FIRST | {"0001_squashed": squashed})
    (folder / "migrations" / "0001_initial.py").unlink()
    assert verify("--base", "main", "--only", "lint")[0] == 0


@pytest.mark.slow
def test_a_database_without_anything_has_nothing_new(shop: Shop, verify: Verify) -> None:
    shop(FIRST)
    code, said = verify("--only", "lint")
    assert code == 0
    assert "Note: Nothing was linted: nothing is applied here, and no --base says" in unwrapped(
        said
    )


@pytest.mark.slow
def test_a_waiver_for_a_migration_that_is_not_there_is_noted(
    landed: Callable[..., Path], verify: Verify, settings: Any
) -> None:
    landed(FIRST)
    settings.SCHEMA = {"WAIVERS": {"shop.0009_gone": {"data-loss": "Nobody needs it."}}}
    code, said = verify("--base", "main", "--only", "lint")
    assert code == 0
    assert (
        "Note: SCHEMA['WAIVERS'] of the settings gives reasons for shop.0009_gone, and there is no "
        "such migration: take them out." in unwrapped(said)
    )


@pytest.mark.slow
def test_a_base_that_git_does_not_know_is_2(landed: Callable[..., Path], verify: Verify) -> None:
    landed(FIRST)
    with pytest.raises(CommandError, match=r"^git knows no commit 'nowhere'") as error:
        verify("--base", "nowhere")
    assert error.value.returncode == 2
    assert str(error.value).endswith(
        "Fetch it: git fetch origin (in a shallow clone: git fetch --unshallow origin), or name a "
        "commit that git log shows."
    )


@pytest.mark.slow
def test_a_database_that_is_not_as_its_migrations_say_is_caught(
    shop: Shop, verify: Verify, migrate: Migrate, own_database: DatabaseWrapper
) -> None:
    shop(FIRST)
    migrate()
    with own_database.cursor() as cursor:
        cursor.execute("ALTER TABLE notes ALTER stars DROP NOT NULL, DROP title")
        cursor.execute("CREATE TABLE strange ()")
    assert caught(verify, "--only", "drift") == [
        "In the database column notes.stars is integer DEFAULT 0, and its applied migrations make "
        "integer NOT NULL DEFAULT 0.",
        "The database does not have column notes.title, and its applied migrations make it.",
        "The database has table strange, and no applied migration makes it.",
    ]


# --- What is meant -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("where", ["file", "settings"])
def test_what_is_meant_is_told_with_its_reason_and_does_not_count(
    shop: Shop, verify: Verify, settings: Any, where: str
) -> None:
    waivers = {"irreversible": "The comment does nobody any harm."}
    head = f"lint_waivers = {waivers!r}" if where == "file" else ""
    shop(second(sql("COMMENT ON TABLE notes IS 'Notes'", None), head=head))
    if where == "settings":
        settings.SCHEMA = {"WAIVERS": {"shop.0002_next": waivers}}
    code, said = verify()
    assert (code, told(said)) == (0, [])
    assert (
        "Waived: shop.0002_next cannot be undone: there is no way back from Raw SQL operation. "
        "(The comment does nobody any harm.)" in unwrapped(said)
    )


@pytest.mark.slow
def test_a_table_that_gets_no_rows_is_noted_unless_the_project_gives_some(
    shop: Shop, verify: Verify, settings: Any
) -> None:
    rule = "ALTER TABLE notes ADD CONSTRAINT odd CHECK (md5(title) LIKE '900150983%')"
    shop({"0001_initial": migration(NOTE, sql(rule, "ALTER TABLE notes DROP CONSTRAINT odd"))})
    code, said = verify("--only", "stairway")
    assert code == 0
    assert (
        "Note: Could not make rows for notes: constraint odd. What migrations do to its rows was "
        "not looked at; give some in SCHEMA['SEEDS'] of the settings." in unwrapped(said)
    )
    settings.SCHEMA = {"SEEDS": {"notes": "INSERT INTO notes (title) VALUES ('abc')"}}
    code, said = verify("--only", "stairway")
    assert (code, "Note:" in said) == (0, False)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("WAIVERS", ["shop.0002_next"]),
        ("WAIVERS", {"shop.0002_next": "Nobody minds it at all."}),
        ("SEEDS", "TABLE notes"),
        ("SEEDS", {"notes": None}),
        ("SEEDS", {"notes": [1]}),
    ],
)
def test_settings_of_another_form_are_2(
    shop: Shop, verify: Verify, settings: Any, name: str, given: Any
) -> None:
    shop(FIRST)
    settings.SCHEMA = {name: given}
    sentence = re.escape(f"SCHEMA['{name}'] of the settings cannot be read: {given!r}.")
    with pytest.raises(CommandError, match=f"^{sentence}") as error:
        verify("--only", "heads")
    assert error.value.returncode == 2


# --- The command ---------------------------------------------------------------------------


@pytest.mark.slow
def test_it_answers_programs(shop: Shop, verify: Verify) -> None:
    shop(second(sql("COMMENT ON TABLE notes IS 'Notes'", None)))
    code, said = verify("--json", "--only", "stairway", "--only", "heads")
    answer = json.loads(said)
    assert (code, answer["clean"]) == (1, False)
    assert [(each["check"], each["passed"]) for each in answer["checks"]] == [
        ("heads", True),
        ("stairway", False),
    ]
    assert answer["checks"][1]["findings"] == [
        {
            "rule": "irreversible",
            "migration": "shop.0002_next",
            "says": "shop.0002_next cannot be undone: there is no way back from Raw SQL operation.",
            "hint": "Give the operation a reverse (reverse_sql, reverse_code), or say why not: "
            'lint_waivers = {"irreversible": "the reason"} in the migration.',
            "waived": None,
        }
    ]


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_2(shop: Shop, verify: Verify) -> None:
    shop({"0001_initial": "this is no Python"})
    with pytest.raises(CommandError, match=r"^A migration cannot be read: .*0001_initial") as error:
        verify()
    assert error.value.returncode == 2


@pytest.mark.slow
def test_a_role_that_may_not_create_databases_is_2(
    shop: Shop, verify: Verify, own_database: DatabaseWrapper
) -> None:
    shop(FIRST)
    with own_database.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS poor_verifier; CREATE ROLE poor_verifier")
    connections["poor"] = own_database.copy("poor")
    connections["poor"].settings_dict["OPTIONS"] = {"assume_role": "poor_verifier"}
    try:
        with (
            closing(connections["poor"]),
            pytest.raises(CommandError, match=r"^The role poor_verifier may not create") as error,
        ):
            verify(database="poor")
        assert error.value.returncode == 2
    finally:
        del connections["poor"]
        with own_database.cursor() as cursor:
            cursor.execute("DROP ROLE poor_verifier")


@pytest.mark.slow
def test_who_interrupts_it_finds_nothing_left(shop: Shop, verify: Verify, stays: Stays) -> None:
    interrupt = "lambda apps, editor: (_ for _ in ()).throw(KeyboardInterrupt)"
    shop(second(f"migrations.RunPython({interrupt}, migrations.RunPython.noop),"))
    with pytest.raises(CommandError, match=r"^Interrupted\.$") as error:
        verify("--only", "stairway")
    assert (error.value.returncode, stays()) == (130, [])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_does_not_wait_for_a_statement(
    shop: Shop,
    verify: Verify,
    stays: Stays,
    own_database: DatabaseWrapper,
    number: signal.Signals,
) -> None:
    sleep = f"SELECT pg_sleep(60) -- {os.getpid()}"
    shop(second(sql(sleep)))
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    stopper = threading.Thread(target=stop_during, args=(own_database, sleep, number))
    stopper.start()
    started = time.monotonic()
    with pytest.raises(CommandError, match=r"^Interrupted\.$") as error:
        verify("--only", "stairway")
    signal.signal(signal.SIGINT, handler)
    stopper.join()
    assert (error.value.returncode, stays()) == (130, [])
    assert time.monotonic() - started < 40


def test_it_reads_well() -> None:
    says, hint = "shop.0002 leaves enum mood behind when it is undone.", "Let its reverse drop it."
    finding = Finding(rule="leaves-behind", migration="shop.0002", says=says, hint=hint)
    meant = Finding(rule="x", migration=None, says="It is so.", hint="", waived="It has to be.")
    checks = [
        Check(check="unmade", seconds=0.12, findings=[], notes=[]),
        Check(check="stairway", seconds=12.5, findings=[finding, meant], notes=["Not all."]),
        Check(check="drift", seconds=0.01, is_done=False),
    ]
    assert text(checks) == (
        "  unmade      0.12 s  ok\n"
        "  stairway   12.50 s  1 finding, 1 waived\n"
        "  drift       0.01 s  not checked\n"
        "\n"
        "shop.0002 leaves enum mood behind when it is undone.\n"
        "  → Let its reverse drop it.\n"
        "\n"
        "Waived: It is so. (It has to be.)\n"
        "\n"
        "Note: Not all.\n"
        "\n"
        "1 finding, after 12.6 s; not wholly checked: drift."
    )
    assert facts(checks)["clean"] is False
    assert not checks[-1].is_passed
