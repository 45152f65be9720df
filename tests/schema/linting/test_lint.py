"""`schema lint` names what a migration would do to others, and is silent where it does nothing."""

import json
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.limits import limits
from ingestion.schema.linting.lint import Finding, lint
from ingestion.schema.origin import origin
from ingestion.schema.plan import Key
from ingestion.schema.project import Project
from tests.schema.conftest import Migrate, Use, WriteApp
from tests.schema.processes import tiny

pytestmark = pytest.mark.slow

FIRST = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel("Book", [
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=50)),
            ("year", models.IntegerField(null=True)),
        ]),
    ]
"""
NEXT = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

def look(apps, schema_editor):
    for book in apps.get_model("shop", "Book").objects.iterator():
        book.save()

class Migration(migrations.Migration):
    {attributes}
    dependencies = [("shop", "{before}")]
    operations = [{operations}]
"""
INDEX = 'migrations.AddIndex("book", models.Index(fields=["year"], name="book_year"))'
NOTHING = 'migrations.AddField("book", "extra", models.TextField(null=True))'
TEXT = """\
shop.0002_change: index-built-under-lock (squawk: require-concurrent-index-creation)
    CREATE INDEX "book_year" ON "shop_book" ("year")
  Blocks writes to shop_book, for everybody who writes to shop_book.
  PostgreSQL reads and sorts all rows of shop_book for the index, which takes longer the more
  there are, and the lock stays until the transaction ends.
  → Build it concurrently, which cannot be in a transaction.

  Instead of 0002_change:
    # 0002_change.py
"""


def following(operations: str, *, before: str = "0001_initial", attributes: str = "") -> str:
    return NEXT.format(operations=operations, before=before, attributes=attributes)


Shop = Callable[..., Path]
Say = Callable[..., tuple[str, int]]


@pytest.fixture
def shop(own_database: DatabaseWrapper, write_app: WriteApp, story: Use) -> Shop:
    """shop("operations", attributes="…") → an app whose second migration does that."""

    def write(operations: str = NOTHING, *, attributes: str = "", **more: str) -> Path:
        second = following(operations, attributes=attributes)
        folder = write_app("shop", {"0001_initial": FIRST, "0002_change": second, **more})
        story("shop")
        return folder

    return write


@pytest.fixture
def say() -> Say:
    """say("shop", "0002", …) → what the command prints, and its exit code."""

    def run(*words: str) -> tuple[str, int]:
        said = StringIO()
        try:
            call_command("schema", "lint", *words, stdout=said, no_color=True)
        except SystemExit as end:
            return said.getvalue(), int(str(end.code))
        return said.getvalue(), 0

    return run


def findings(*keys: Key, running: set[Key] | None = None) -> list[Finding]:
    project = Project.read(connection)
    chosen = keys or (("shop", "0002_change"),)
    return lint(project, chosen, origin=origin(), limits=limits(), running=running or ())


def rules(*keys: Key) -> list[str]:
    return [finding.rule for finding in findings(*keys)]


def test_a_table_that_came_with_an_earlier_one_of_the_same_release_is_used_by_nobody(
    shop: Shop,
) -> None:
    shop(INDEX)
    first, second = ("shop", "0001_initial"), ("shop", "0002_change")
    assert findings(first, second, running={("contenttypes", "0001_initial")}) == []
    assert [each.rule for each in findings(second, running={first})] == ["index-built-under-lock"]


MOVING = "ALTER TABLE shop_book ADD more int; UPDATE shop_book SET more = 1"
REWRITING = "ALTER TABLE shop_book ALTER year TYPE numeric; SELECT 1"


@pytest.mark.parametrize("attributes", ["", "atomic = False"])
@pytest.mark.parametrize(
    ("script", "found"),
    [(MOVING, "data-moved-under-lock"), (REWRITING, "table-rewritten")],
)
def test_each_statement_of_a_script_is_judged(
    shop: Shop, script: str, found: str, attributes: str
) -> None:
    shop(f"migrations.RunSQL({script!r})", attributes=attributes)
    assert found in rules()


# --- What it says --------------------------------------------------------------------------


def test_a_finding_says_what_it_blocks_for_whom_why_and_what_to_do(shop: Shop, say: Say) -> None:
    shop(INDEX)
    said, code = say("shop", "0002")
    assert code == 1
    assert said.startswith(TEXT)
    assert said.endswith("\n\n1 migration linted: 1 finding.\n")


def test_where_there_is_none_it_says_so(shop: Shop, say: Say) -> None:
    shop()
    assert say("shop") == ("2 migrations linted: nothing that blocks anybody.\n", 0)


def test_what_migrations_print_is_no_part_of_the_answer(
    shop: Shop, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    shop("migrations.RunPython(lambda apps, editor: print('Looking'), migrations.RunPython.noop)")
    say("shop", "0002", "--json")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Looking\n")


def test_as_json_it_has_all_facts(shop: Shop, say: Say) -> None:
    shop(INDEX)
    said, code = say("shop", "0002", "--json")
    facts = json.loads(said)
    [finding] = facts.pop("findings")
    assert facts == {"clean": False, "linted": ["shop.0002_change"]}
    assert code == 1
    form = finding.pop("safe_form")
    assert finding == {
        "rule": "index-built-under-lock",
        "squawk": ["require-concurrent-index-creation"],
        "migration": "shop.0002_change",
        "direction": "forwards",
        "statement": 'CREATE INDEX "book_year" ON "shop_book" ("year")',
        "relation": "shop_book",
        "blocks": "writes to shop_book",
        "for_whom": "everybody who writes to shop_book",
        "why": "PostgreSQL reads and sorts all rows of shop_book for the index, which takes longer "
        "the more there are, and the lock stays until the transaction ends.",
        "waived": None,
    }
    assert [file["name"] for file in form["files"]] == ["0002_change"]


def test_two_findings_with_the_same_cure_show_it_once(shop: Shop, say: Say) -> None:
    shop(
        'migrations.AddField("book", "author", models.ForeignKey("shop.Author", models.CASCADE,'
        " default=1))"
    )
    said, _ = say("shop", "0002")
    assert said.endswith("3 findings.\n")
    assert said.count("# 0002_change.py") == 1


# --- Which migrations ----------------------------------------------------------------------


def test_what_follows_is_told_to_follow_the_files_that_are_added(shop: Shop, say: Say) -> None:
    change = 'migrations.AlterField("book", "year", models.BigIntegerField(null=True))'
    shop(change, **{"0003_more": following(NOTHING, before="0002_change")})
    said, _ = say("shop", "0002")
    assert "Let 0003_more depend on the last of these files." in " ".join(said.split())


def test_forms_that_would_collide_are_to_be_written_one_by_one(shop: Shop, say: Say) -> None:
    other = INDEX.replace("book_year", "other").replace('"year"', '"title"')
    shop(f"{INDEX}, {other}")
    assert "write one, lint again, then the next" in say("shop", "0002")[0]


def test_a_form_keeps_the_way_back_that_was_written(shop: Shop) -> None:
    index = "CREATE INDEX by_year ON shop_book (year)"
    shop(f'migrations.RunSQL("{index}", "DROP INDEX by_year"), migrations.RunSQL("SELECT 1")')
    form = findings()[0].safe_form
    assert "DROP INDEX by_year" in form.files[0].code


def test_without_a_word_it_judges_what_is_pending(shop: Shop, say: Say, migrate: Migrate) -> None:
    shop(INDEX)
    migrate("shop", "0001")
    assert say()[0].endswith("1 migration linted: 1 finding.\n")
    migrate()
    said, code = say()
    assert (said.startswith("Nothing to lint: no migration is pending in "), code) == (True, 0)
    assert say("--all")[1] == 1


def test_it_judges_what_a_squashed_one_replaces_in_its_place(shop: Shop, say: Say) -> None:
    replaces = '    replaces = [("shop", "0001_initial"), ("shop", "0002_change")]\n'
    head = "class Migration(migrations.Migration):\n"
    shop(INDEX, **{"0001_squashed": FIRST.replace(head, head + replaces)})
    assert rules(("shop", "0002_change")) == ["index-built-under-lock"]
    said, code = say("shop", "0002")
    assert (said.startswith("shop.0002_change: index-built-under-lock"), code) == (True, 1)


def test_it_leaves_the_database_as_it_was(shop: Shop, say: Say, migrate: Migrate) -> None:
    shop(INDEX)
    migrate("shop", "0001")
    before = Project.read(connection).applied
    say()
    assert Project.read(connection).applied == before


def test_it_judges_what_is_new_since_a_commit(shop: Shop, say: Say) -> None:
    folder = shop()
    for words in (
        ("init", "--quiet"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "-m", "First"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    assert say("--base", "HEAD") == ("Nothing to lint: no migration is new since HEAD.\n", 0)
    shop(**{"0003_index": following(INDEX, before="0002_change")})
    said, code = say("--base", "HEAD")
    assert (said.startswith("shop.0003_index: index-built-under-lock"), code) == (True, 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nobody"], "There is no app with the label 'nobody'."),
        (["shop", "0009"], "No migration of shop begins with '0009'."),
        (["--base", "main"], "What is new cannot be told: git does not know "),
    ],
)
def test_what_cannot_be_found_is_refused(shop: Shop, say: Say, words: Any, message: str) -> None:
    shop()
    with pytest.raises(CommandError) as refusal:
        say(*words)
    assert str(refusal.value).startswith(message)
    assert refusal.value.returncode == 2


def test_a_migration_that_does_not_run_is_refused_by_name(shop: Shop, say: Say) -> None:
    shop('migrations.RunSQL("SELECT 1/0", "")')
    with pytest.raises(CommandError, match=r"shop\.0002_change failed: division by zero") as no:
        say("shop", "0002")
    assert no.value.returncode == 2


def test_so_is_one_that_cannot_be_undone_as_it_says(shop: Shop, say: Say) -> None:
    shop('migrations.RunSQL("", "SELECT 1/0")')
    with pytest.raises(CommandError, match=r"undoing shop\.0002_change failed: division by zero"):
        say("shop", "0002")


# --- What it finds -------------------------------------------------------------------------


def test_what_blocks_when_it_is_undone_is_found_too(shop: Shop) -> None:
    shop(f'{INDEX}, migrations.RemoveIndex("book", "book_year")')
    assert [(each.rule, each.direction) for each in findings()] == [
        ("index-built-under-lock", "forwards"),
        ("index-built-under-lock", "backwards"),
    ]


def test_that_undoing_takes_a_column_away_is_no_finding(shop: Shop) -> None:
    shop('migrations.AddField("book", "extra", models.TextField(db_default=""))')
    assert findings() == []


def test_that_undoing_makes_a_longer_column_short_again_is_no_finding(shop: Shop) -> None:
    shop('migrations.AlterField("book", "title", models.CharField(max_length=80))')
    assert rules() == []


def test_what_has_no_way_back_is_judged_forwards(shop: Shop) -> None:
    shop('migrations.RunSQL("CREATE INDEX i ON shop_book (year)")')
    assert rules() == ["index-built-under-lock"]


def test_tables_that_the_migration_makes_concern_nobody(shop: Shop) -> None:
    model = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True)), '
    field = '("book", models.ForeignKey("shop.Book", models.CASCADE, null=True))])'
    change = 'migrations.AddIndex("shelf", models.Index(fields=["book"], name="shelf_book"))'
    shop(f"{model}{field}, {change}")
    assert findings() == []


def test_what_squawk_alone_finds_is_found(shop: Shop) -> None:
    shop('migrations.RunSQL("TRUNCATE shop_author CASCADE", "")')
    emptied, found = findings()
    assert (emptied.rule, emptied.blocks) == ("table-emptied", "reads and writes of shop_author")
    assert (found.rule, found.squawk) == ("ban-truncate-cascade", ("ban-truncate-cascade",))
    assert found.safe_form.advice.startswith("Remove the `CASCADE`")


VIEW = "CREATE VIEW years AS SELECT year FROM shop_book"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"{VIEW}; DROP VIEW years", []),
        ("DROP VIEW v; CREATE VIEW v AS SELECT 1 AS one, 2 AS two", []),
        ("DROP VIEW v", ["ban-drop-view"]),
        ("ALTER INDEX shop_book_pkey RENAME TO book_key", []),
    ],
)
def test_what_comes_back_or_was_never_there_is_missed_by_nobody(
    shop: Shop, script: str, found: list[str]
) -> None:
    second = following(f'migrations.RunSQL("{script}")', before="0002_change")
    shop('migrations.RunSQL("CREATE VIEW v AS SELECT 1 AS one", "")', **{"0003_view": second})
    assert rules(("shop", "0003_view")) == found


@pytest.mark.parametrize(
    ("operations", "found"),
    [
        (NOTHING, ["non-atomic-without-need"]),
        ("migrations.RunPython(look, migrations.RunPython.noop)", []),
        (
            'AddIndexConcurrently("book", models.Index(fields=["year"], name="book_year"))',
            [],
        ),
    ],
)
def test_not_to_be_atomic_needs_a_reason(shop: Shop, operations: str, found: list[str]) -> None:
    shop(operations, attributes="atomic = False")
    assert rules() == found


def test_python_after_a_lock_is_found_although_there_are_no_rows(shop: Shop) -> None:
    shop(f"{NOTHING}, migrations.RunPython(look, migrations.RunPython.noop)")
    assert rules() == ["data-moved-under-lock"]


SCRIPT = "ALTER TABLE shop_book ADD extra text; UPDATE shop_book SET extra = 'a'"


@pytest.mark.parametrize(
    ("script", "found"),
    [(f"BEGIN; {SCRIPT}; COMMIT", ["data-moved-under-lock"]), (SCRIPT.replace("; ", '", "'), [])],
)
def test_what_shares_a_transaction_is_told_from_what_does_not(
    shop: Shop, script: str, found: list[str]
) -> None:
    back = "ALTER TABLE shop_book DROP extra"
    shop(f'migrations.RunSQL(["{script}"], "{back}")', attributes="atomic = False")
    assert rules() == found


def test_what_the_running_release_uses_may_not_go_with_the_next(shop: Shop) -> None:
    first, second = ("shop", "0002_change"), ("shop", "0003_drop")
    state = 'migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("book",'
    drop = (
        'migrations.RunSQL("ALTER TABLE shop_book DROP year", "ALTER TABLE shop_book ADD year int")'
    )
    shop(f'{state} "year")])', **{"0003_drop": following(drop, before="0002_change")})
    assert findings(first, second) == []
    [found] = findings(first, second, running={("shop", "0001_initial")})
    assert (found.migration, found.rule) == ("shop.0003_drop", "column-dropped")


def test_two_tables_that_are_locked_against_the_order_of_their_key_are_found(shop: Shop) -> None:
    key = 'migrations.AddField("book", "by", models.ForeignKey("shop.Author", models.CASCADE,'
    both = f'migrations.AddField("author", "name", models.TextField(null=True)), {NOTHING}'
    third = following(both, before="0002_change")
    shop(f"{key} null=True, db_index=False))", **{"0003_more": third})
    [found] = findings(("shop", "0003_more"))
    assert (found.rule, found.direction) == ("locks-out-of-order", "forwards")
    assert found.statement == 'ALTER TABLE "shop_book" ADD COLUMN "extra" text NULL'
    [file] = found.safe_form.files
    assert file.when == (
        "Take 'Add field extra to book', and whatever needs it, out of 0003_more, and add a file "
        "after it:"
    )


# --- Waivers -------------------------------------------------------------------------------

WAIVED = 'lint_waivers = {"index-built-under-lock": "The table has forty rows."}'


def test_what_is_waived_is_shown_and_does_not_count(shop: Shop, say: Say) -> None:
    shop(INDEX, attributes=WAIVED)
    assert say("shop", "0002") == (
        "Waived: 1 finding\n"
        "  shop.0002_change: index-built-under-lock: The table has forty rows.\n\n"
        "1 migration linted: nothing that blocks anybody, but what is waived.\n",
        0,
    )


def test_it_can_be_waived_by_the_name_that_squawk_has_for_it(shop: Shop) -> None:
    shop(INDEX, attributes=WAIVED.replace("index-built-under-lock", "disallowed-unique-constraint"))
    assert rules() == ["index-built-under-lock", "needless-waiver"]
    shop(
        INDEX,
        attributes=WAIVED.replace("index-built-under-lock", "require-concurrent-index-creation"),
    )
    assert [each.waived for each in findings()] == ["The table has forty rows."]


@pytest.mark.parametrize(
    ("waiver", "found"),
    [
        (WAIVED, "needless-waiver"),
        (WAIVED.replace("index", "indexes"), "waiver-of-unknown-rule"),
        ('lint_waivers = {"index-built-under-lock": ""}', "waiver-without-reason"),
    ],
)
def test_a_waiver_that_waives_nothing_is_a_finding(shop: Shop, waiver: str, found: str) -> None:
    shop(attributes=waiver)
    assert rules() == [found]


# --- Those of others -----------------------------------------------------------------------

LIBRARIES = ["auth", "admin", "contenttypes", "sessions", "flatpages", "redirects", "sites"]


def test_nothing_is_found_in_what_django_brings(django_db_blocker: Any) -> None:
    """With the users of Django itself, which takes a process of its own."""
    with django_db_blocker.unblock(), tiny() as project:
        project.apps += [f"django.contrib.{app}" for app in LIBRARIES]
        for app in LIBRARIES:
            done = project.run("schema", "lint", app)
            assert done.said.endswith(" linted: nothing that blocks anybody.\n")
            assert done.code == 0


def test_of_a_library_counts_what_it_will_do_to_tables_that_are_there(
    own_database: DatabaseWrapper, write_app: WriteApp, story: Use, migrate: Migrate
) -> None:
    both = {"0001_initial": FIRST, "0002_change": following(INDEX)}
    write_app("shop", both, installed=True)
    story("shop")
    assert rules() == []
    migrate("shop", "0001")
    assert rules() == ["index-built-under-lock"]
    migrate("shop", "0002")
    assert rules() == []


def test_nothing_is_found_in_what_has_landed(own_database: DatabaseWrapper, say: Say) -> None:
    said, code = say("--all")
    assert said.endswith(" linted: nothing that blocks anybody.\n")
    assert code == 0
