"""`schema history` shows the migrations as a graph, and the journal run by run."""

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.journal import Entry, Journal
from ingestion.schema.origin import origin

Tell = Callable[..., str]
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
BROKEN = """from django.db import migrations

class Migration(migrations.Migration):
    operations = [migrations.RunSQL("SELECT broken", "SELECT 1")]
"""


@pytest.fixture
def tell(own_database: DatabaseWrapper) -> Tell:
    """tell("linear", "--runs") → what `schema history` prints."""

    def run(*words: str) -> str:
        said = StringIO()
        call_command("schema", "history", *words, stdout=said, no_color=True)
        return said.getvalue()

    return run


def masked(said: str) -> list[str]:
    """Its lines, without what is another each time."""
    said = re.sub(WHEN, "WHEN", said)
    return re.sub(r"(?<=by )\S+", "WHO", re.sub(r"\d+\.\d\d s", "0 s", said)).splitlines()


# --- The graph -----------------------------------------------------------------------------


def test_the_newest_comes_first(story: Any, migrate: Any, tell: Tell) -> None:
    story("status_linear")
    migrate("status_linear", "0002")
    assert masked(tell("status_linear")) == [
        "status_linear",
        "  o  0003_index  pending  (head)",
        "  *  0002_pages  WHEN by WHO in 0 s  (current)",
        "  *  0001_book   WHEN by WHO in 0 s",
    ]


def test_branches_and_merges_are_seen(story: Any, migrate: Any, tell: Tell) -> None:
    story("branched")
    migrate("branched", "0003_a2")
    migrate("branched", "0002_b1")
    assert masked(tell("branched")) == [
        "branched",
        "  o    0004_merge  pending  (head)",
        "  |\\",
        "  * |  0003_a2     WHEN by WHO in 0 s  (current)",
        "  * |  0002_a1     WHEN by WHO in 0 s",
        "  | o  0003_b2     pending",
        "  | *  0002_b1     WHEN by WHO in 0 s  (current)",
        "  |/",
        "  *    0001_root   WHEN by WHO in 0 s",
    ]


def test_two_last_migrations_are_two_heads(story: Any, tell: Tell) -> None:
    story("two_heads")
    assert tell("two_heads").splitlines() == [
        "two_heads",
        "  o    0002_right  pending  (head)",
        "  | o  0002_left   pending  (head)",
        "  |/",
        "  o    0001_start  pending",
    ]


def test_own_apps_come_before_libraries(story: Any, tell: Tell) -> None:
    story("status_linear")
    heads = [line for line in tell().splitlines() if line and not line.startswith(" ")]
    assert heads == ["status_linear", "contenttypes"]


def test_what_another_app_gives_is_named(story: Any, tell: Tell) -> None:
    story("library", "linear")
    assert "  o  0001_shelf  pending, needs linear.0001_book" in tell("library").splitlines()


def test_it_tells_how_each_was_applied(
    story: Any, migrate: Any, tell: Tell, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    MigrationRecorder(own_database).ensure_schema()
    MigrationRecorder(own_database).record_applied("status_linear", "0001_book")
    migrate("status_linear", "0002", fake=True)
    MigrationRecorder(own_database).record_applied("status_linear", "0003_index")
    assert masked(tell("status_linear"))[1:] == [
        "  *  0003_index  WHEN  (head, current)",
        "  *  0002_pages  WHEN by WHO as a fake",
        "  *  0001_book   WHEN adopted",
    ]


def test_half_done_and_edited_are_marked(
    story: Any, migrate: Any, tell: Tell, own_database: DatabaseWrapper, write_app: Any
) -> None:
    source = BROKEN.replace("SELECT broken", "SELECT 1")
    folder = write_app("shop", {"0001_a": source})
    story("shop")
    migrate()
    detail = {"backwards": True, "piece": "x"}
    step = Entry(action="step", key=("shop", "0001_a"), detail=detail)
    Journal(own_database, origin()).append(step)
    with (folder / "migrations/0001_a.py").open("a") as file:
        file.write("# edited\n")
    assert masked(tell("shop"))[1:] == [
        "  *  0001_a  half undone, WHEN by WHO in 0 s, edited since  (head, current)"
    ]


def test_what_is_replaced_stands_beside_the_graph(
    story: Any, migrate: Any, tell: Tell, own_database: DatabaseWrapper
) -> None:
    story("squashed")
    migrate()
    MigrationRecorder(own_database).record_applied("squashed", "0009_gone")
    assert masked(tell("squashed"))[1:] == [
        "  *  0003_plate               WHEN by WHO in 0 s  (head, current)",
        "  *  0001_squashed_0002_size  WHEN by WHO in 0 s, replaces 2 migrations",
        "     0001_cup                 replaced, WHEN by WHO as a fake",
        "     0002_size                replaced, WHEN by WHO as a fake",
        "     0009_gone                applied, and not on disk, WHEN",
    ]


def test_a_squashed_one_may_be_recorded_or_have_to_wait(
    story: Any, tell: Tell, own_database: DatabaseWrapper
) -> None:
    story("squashed")
    recorder = MigrationRecorder(own_database)
    recorder.ensure_schema()
    recorder.record_applied("squashed", "0001_cup")
    assert masked(tell("squashed"))[1:] == [
        "  o  0003_plate               pending  (head)",
        "  o  0002_size                pending",
        "  *  0001_cup                 WHEN  (current)",
        "     0001_squashed_0002_size  stands for nothing until all that it replaces is applied, "
        "or nothing",
    ]
    recorder.record_applied("squashed", "0002_size")
    assert masked(tell("squashed"))[2] == (
        "  *  0001_squashed_0002_size  applied in parts, the next migrate records it, "
        "replaces 2 migrations  (current)"
    )


def test_a_limit_leaves_the_oldest_out(story: Any, tell: Tell) -> None:
    story("branched")
    assert tell("branched", "--limit", "2").splitlines() == [
        "branched",
        "  o    0004_merge  pending  (head)",
        "  |\\",
        "  o |  0003_a2     pending",
        "       and 4 older",
    ]


# --- The runs ------------------------------------------------------------------------------


RUN = r"WHEN  `(.+)` by WHO \(role \w+\) on \S+(?: with version \S+)?(?: at \w+\+?)?: (.+)"


def told(said: str) -> list[str]:
    """Its lines, of the head of a run the command and the outcome."""
    return [re.sub(RUN, r"\1: \2", line) for line in masked(said)]


def test_runs_tell_what_was_done_newest_first(story: Any, migrate: Any, tell: Tell) -> None:
    story("status_linear")
    migrate("status_linear", "+2")
    migrate("status_linear", "-1", accept_data_loss=True)
    assert told(tell("--runs")) == [
        "migrate status_linear -1 --accept-data-loss: done in 0 s",
        "  unapply  status_linear.0002_pages  0 s",
        "",
        "migrate status_linear +2: done in 0 s",
        "  apply    status_linear.0001_book  0 s",
        "  apply    status_linear.0002_pages  0 s",
    ]
    assert told(tell("--runs", "--limit", "1")) == [
        "migrate status_linear -1 --accept-data-loss: done in 0 s",
        "  unapply  status_linear.0002_pages  0 s",
    ]


def test_runs_of_an_app_are_those_that_touched_it(story: Any, migrate: Any, tell: Tell) -> None:
    story("status_linear")
    migrate()
    migrate("status_linear", "zero", accept_data_loss=True)
    assert told(tell("contenttypes", "--runs")) == [
        "migrate: done in 0 s",
        "  apply    contenttypes.0001_initial  0 s",
        "  apply    contenttypes.0002_remove_content_type_name  0 s",
    ]


def test_runs_tell_of_retries_steps_fakes_and_what_they_undo(
    story: Any, migrate: Any, tell: Tell, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate("status_linear", "0001", fake=True)
    undone = "00000000-0000-0000-0000-000000000001"
    key = ("status_linear", "0002_pages")
    journal = Journal(own_database, origin())
    for entry in (
        Entry(action="begin", detail={"command": "migrate --undo"}),
        Entry(action="undo", detail={"of": undone}),
        Entry(action="retry", key=key, error="canceling statement\nCONTEXT: x"),
        Entry(action="step", key=key, detail={"backwards": False, "piece": "x"}),
        Entry(action="step", key=key, detail={"backwards": False, "piece": "y"}),
    ):
        journal.append(entry)
    assert told(tell("--runs")) == [
        "migrate --undo: no end",
        f"  undo     the run {undone}",
        "  retry    status_linear.0002_pages  canceling statement",
        "  step     status_linear.0002_pages  2 steps",
        "",
        "migrate status_linear 0001 --fake: done in 0 s",
        "  fake     status_linear.0001_book  apply",
    ]


def test_what_was_undone_is_told_by_its_command(story: Any, migrate: Any, tell: Tell) -> None:
    story("status_linear")
    migrate("status_linear", "+1")
    migrate(undo=True)
    assert told(tell("--runs"))[:2] == [
        "migrate --undo: done in 0 s",
        "  undo     `migrate status_linear +1` of WHEN",
    ]


def test_what_the_journal_found_is_one_line(
    story: Any, migrate: Any, tell: Tell, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    with own_database.cursor() as cursor:
        cursor.execute("DROP TABLE schema_journal")
    migrate()
    head, line = masked(tell("--runs"))
    assert head.startswith("WHEN  the journal was made by WHO (role ")
    assert line == "  adopt    5 migrations that had been applied before"


def test_without_a_journal_there_are_no_runs(story: Any, tell: Tell) -> None:
    story("status_linear")
    assert tell("--runs") == "The journal has no runs.\n"


def test_a_failure_shows_its_error(story: Any, migrate: Any, tell: Tell, write_app: Any) -> None:
    write_app("shop", {"0001_a": BROKEN})
    story("shop")
    with pytest.raises(CommandError):
        migrate("shop")
    assert told(tell("--runs")) == [
        "migrate shop: failed in 0 s",
        '  fail     shop.0001_a  column "broken" does not exist',
    ]


# --- For programs, and refusals ------------------------------------------------------------


def test_json_has_both_lists(story: Any, migrate: Any, tell: Tell) -> None:
    story("status_linear")
    migrate("status_linear", "0001")
    report = json.loads(tell("status_linear", "--json"))
    assert [(each["name"], each["state"]) for each in report["migrations"]] == [
        ("0003_index", "pending"),
        ("0002_pages", "pending"),
        ("0001_book", "applied"),
    ]
    assert report["migrations"][0]["parents"] == ["0002_pages"]
    assert report["migrations"][2]["applied"]["how"] == "apply"
    assert [each["command"] for each in report["runs"]] == ["migrate status_linear 0001"]
    assert [each["action"] for each in report["runs"][0]["events"]] == ["apply"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["shelves"],
            "There is no app with the label 'shelves'. "
            "Those that have migrations are status_linear, contenttypes.",
        ),
        (
            ["schema"],
            "The app 'schema' has no migrations. "
            "Make the first one with: manage.py makemigrations schema",
        ),
        (["--limit", "0"], "Error: argument --limit: '0' is not a number of 1 or more"),
    ],
)
def test_it_refuses(story: Any, tell: Tell, words: list[str], sentence: str) -> None:
    story("status_linear")
    with pytest.raises(CommandError) as refusal:
        tell(*words)
    assert str(refusal.value) == sentence
