"""`schema status` sees what is not as it should be, says what to do, and touches nothing."""

import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler

from ingestion.schema.catalog import catalog
from ingestion.schema.journal import Entry, Journal
from ingestion.schema.locks import one_migrator
from ingestion.schema.origin import origin

PROJECT = Path(__file__).resolve().parents[2]
Look = Callable[..., tuple[int, str]]
Write = Callable[..., UUID]


@pytest.fixture
def look(own_database: DatabaseWrapper) -> Look:
    """look("--json") → the exit code of `schema status`, and what it says."""

    def run(*words: str) -> tuple[int, str]:
        said = StringIO()
        try:
            call_command("schema", "status", *words, stdout=said, no_color=True)
        except SystemExit as exited:
            return int(exited.code or 0), said.getvalue()
        return 0, said.getvalue()

    return run


@pytest.fixture
def write(own_database: DatabaseWrapper) -> Write:
    """write(Entry(…), …) → the run that they were written by."""

    def append(*written: Entry, connection: DatabaseWrapper = own_database) -> UUID:
        journal = Journal(connection, origin())
        for entry in written:
            journal.append(entry)
        return journal.origin.run

    return append


@pytest.fixture
def another(own_database: DatabaseWrapper) -> Iterator[DatabaseWrapper]:
    """A second session in the same database."""
    with closing(own_database.copy()) as connection:
        yield connection


def to_see(said: str) -> list[str]:
    """The lines under "To see:", and the last one."""
    lines = said.splitlines()
    assert "To see:" in lines, said
    return [line.strip() for line in lines[lines.index("To see:") + 1 :] if line]


def last_lines(said: str) -> list[str]:
    """The notes, and the last one."""
    lines = said.splitlines()
    return [line for line in lines if line.startswith("Note: ")] + lines[-1:]


def a_migration(*needs: tuple[str, str]) -> str:
    return (
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = {list(needs)!r}\n"
        "    operations = [migrations.RunSQL('SELECT 1', 'SELECT 1')]\n"
    )


def begin(command: str = "migrate") -> Entry:
    return Entry(action="begin", detail={"command": command})


def end(outcome: str = "done") -> Entry:
    return Entry(action="end", duration_ms=1500, detail={"outcome": outcome})


def a_step(name: str, *, backwards: bool = False) -> Entry:
    detail = {"backwards": backwards, "piece": "x"}
    return Entry(action="step", key=("status_linear", name), detail=detail)


# --- Clean, and empty ----------------------------------------------------------------------


def test_it_is_clean_when_all_is_applied(story: Any, migrate: Any, look: Look) -> None:
    story("status_linear")
    migrate()
    code, said = look()
    assert code == 0
    assert re.fullmatch(
        r"PostgreSQL \d+\.\d+, database schema_scratch_\w+ at \S+:\d+ as \w+\n"
        r"\n"
        r"  status_linear  0003_index\n"
        r"  contenttypes   0002_remove_content_type_name\n"
        r"\n"
        r"Last run: `migrate` by \S+ on \S+, [-\d]+ [:\d]+ UTC: done in \d+\.\d\d s\n"
        r"\n"
        r"Clean\.\n",
        said,
    )


def test_what_the_command_takes_may_stand_behind_the_subcommand(story: Any, look: Look) -> None:
    story("status_linear")
    assert look("--traceback", "--no-color", "--database", "default") == look()


def test_everything_is_pending_in_an_empty_database(
    story: Any, look: Look, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    before = catalog(own_database)
    code, said = look()
    assert (code, catalog(own_database)) == (1, before)
    assert "  status_linear  nothing applied, 3 pending" in said.splitlines()
    assert to_see(said) == [
        "status_linear: 3 pending: 0001_book, 0002_pages, 0003_index",
        "contenttypes: 2 pending: 0001_initial, 0002_remove_content_type_name",
        "→ manage.py migrate",
        "2 things to see.",
    ]


@pytest.mark.parametrize("is_there", [True, False])
def test_it_may_be_read_only(
    story: Any, migrate: Any, look: Look, own_database: DatabaseWrapper, is_there: bool
) -> None:
    story("status_linear")
    if is_there:
        migrate()
    with own_database.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    assert look()[0] == (0 if is_there else 1)


def test_it_knows_no_run_where_there_is_no_journal(
    story: Any, migrate: Any, look: Look, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    with own_database.cursor() as cursor:
        cursor.execute("DROP TABLE schema_journal")
    code, said = look()
    assert (code, last_lines(said)) == (0, ["Clean."])
    assert "Last run" not in said


def test_garbage_is_collected_again_afterwards(story: Any, look: Look) -> None:
    story("status_linear")
    look()
    assert gc.isenabled()


# --- What there is to see of the files -----------------------------------------------------


def test_it_names_what_is_pending(story: Any, migrate: Any, look: Look) -> None:
    story("status_linear")
    migrate("status_linear", "0001")
    migrate("contenttypes")
    code, said = look()
    assert code == 1
    assert "  status_linear  0001_book, 2 pending" in said.splitlines()
    assert to_see(said) == [
        "status_linear: 2 pending: 0002_pages, 0003_index",
        "→ manage.py migrate",
        "1 thing to see.",
    ]


def test_it_sees_two_last_migrations(story: Any, look: Look) -> None:
    story("two_heads")
    code, said = look()
    assert code == 1
    assert to_see(said) == [
        "two_heads: 0002_left, 0002_right are all last",
        "→ manage.py rebase_migration two_heads, or manage.py makemigrations --merge",
        "two_heads: 3 pending: 0001_start, 0002_left, 0002_right",
        "contenttypes: 2 pending: 0001_initial, 0002_remove_content_type_name",
        "→ manage.py migrate",
        "3 things to see.",
    ]


def test_it_names_the_last_of_each_branch(story: Any, migrate: Any, look: Look) -> None:
    story("branched")
    migrate("branched", "0003_a2")
    migrate("branched", "0002_b1")
    assert "  branched      0002_b1, 0003_a2, 2 pending" in look()[1].splitlines()


def test_it_sees_models_that_no_migration_makes(story: Any, migrate: Any, look: Look) -> None:
    story("status_unmade", "status_bare")
    migrate()
    code, said = look()
    assert code == 1
    assert to_see(said) == [
        "status_unmade: the models have changes that no migration makes",
        "→ manage.py makemigrations status_unmade",
        "status_bare: the models have changes that no migration makes",
        "→ manage.py makemigrations status_bare",
        "2 things to see.",
    ]


def test_an_app_may_be_meant_to_have_no_migrations(
    story: Any, migrate: Any, look: Look, settings: Any
) -> None:
    settings.MIGRATION_MODULES = {"status_bare": None}
    story("status_linear", "status_bare")
    migrate()
    assert look()[0] == 0


def test_the_models_of_a_library_are_not_ours_to_migrate(
    story: Any, migrate: Any, look: Look
) -> None:
    story("library", "linear")
    migrate()
    said = look()[1]
    assert "library: the models have changes that no migration makes" not in to_see(said)
    assert last_lines(said)[0] == (
        "Note: the models of library, a library, differ from its migrations"
    )


def test_it_sees_what_is_applied_and_has_no_file(
    story: Any, migrate: Any, look: Look, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    MigrationRecorder(own_database).record_applied("status_linear", "0004_gone")
    code, said = look()
    assert code == 1
    assert to_see(said)[:-2] == [
        "status_linear: 0004_gone applied, and not on disk",
        "→ go to the branch that has it and undo it there; or, if its changes are to stay, "
        "forget it with manage.py migrate status_linear --prune",
    ]


def test_a_library_may_have_fewer_files_than_once(
    story: Any, migrate: Any, look: Look, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    MigrationRecorder(own_database).record_applied("contenttypes", "0000_gone")
    MigrationRecorder(own_database).record_applied("removed", "0001_initial")
    code, said = look()
    assert code == 0
    assert last_lines(said) == [
        "Note: of contenttypes, no file is here any more for 0000_gone",
        "Note: contenttypes was changed without an entry in the journal: 0000_gone",
        "Note: of removed, no file is here any more for 0001_initial",
        "Note: removed was changed without an entry in the journal: 0001_initial",
        "Clean.",
    ]


def test_what_a_squashed_migration_replaces_is_not_missing(
    story: Any, migrate: Any, look: Look, write_app: Any
) -> None:
    folder = write_app("shop", {"0001_a": a_migration()}) / "migrations"
    story("shop")
    migrate()
    squashed = a_migration().replace(
        "    operations", "    replaces = [('shop', '0001_a')]\n    operations"
    )
    (folder / "0001_a.py").rename(folder / "0001_squashed.py")
    (folder / "0001_squashed.py").write_text(squashed)
    code, said = look()
    assert (code, last_lines(said)) == (0, ["Clean."])
    assert "  shop          0001_squashed" in said.splitlines()


# --- Edited --------------------------------------------------------------------------------


def edit(folder: Path, name: str) -> None:
    with (folder / "migrations" / f"{name}.py").open("a") as file:
        file.write("# edited\n")


def test_it_sees_a_file_that_was_edited_after_it_was_applied(
    story: Any, migrate: Any, look: Look, write_app: Any
) -> None:
    folder = write_app("shop", {"0001_a": a_migration()})
    story("shop")
    migrate()
    edit(folder, "0001_a")
    code, said = look()
    assert code == 1
    assert to_see(said) == [
        "shop.0001_a was edited after it was applied",
        "→ put the file back, and the change into a migration of its own; "
        "manage.py schema show shop 0001_a",
        "1 thing to see.",
    ]


def test_the_files_of_a_library_may_change(
    story: Any, migrate: Any, look: Look, write_app: Any
) -> None:
    folder = write_app("shelf", {"0001_a": a_migration()}, installed=True)
    story("shelf")
    migrate()
    edit(folder, "0001_a")
    code, said = look()
    assert code == 0
    assert last_lines(said) == [
        "Note: the library of shelf has other files than when applied: 0001_a",
        "Clean.",
    ]


def test_the_last_time_it_was_applied_counts(
    story: Any, migrate: Any, look: Look, write_app: Any
) -> None:
    folder = write_app("shop", {"0001_a": a_migration()})
    story("shop")
    migrate()
    migrate("shop", "zero")
    edit(folder, "0001_a")
    assert to_see(look()[1])[0] == "shop: 1 pending: 0001_a"
    migrate("shop")
    assert look()[0] == 0


def test_what_came_past_the_journal_is_told_and_not_called_edited(
    story: Any, migrate: Any, look: Look, write_app: Any, own_database: DatabaseWrapper
) -> None:
    folder = write_app("shop", {"0001_a": a_migration()})
    story("shop")
    migrate()
    migrate("shop", "zero")
    edit(folder, "0001_a")
    MigrationRecorder(own_database).record_applied("shop", "0001_a")
    MigrationRecorder(own_database).record_unapplied(
        "contenttypes", "0002_remove_content_type_name"
    )
    _, said = look()
    assert [line for line in said.splitlines() if "edited" in line] == []
    assert last_lines(said)[:-1] == [
        "Note: shop was changed without an entry in the journal: 0001_a",
        "Note: contenttypes was changed without an entry in the journal: "
        "0002_remove_content_type_name",
    ]


# --- What there is to see of the record ----------------------------------------------------


def test_it_sees_what_is_applied_before_what_it_depends_on(
    story: Any, migrate: Any, look: Look, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    MigrationRecorder(own_database).record_unapplied("status_linear", "0002_pages")
    code, said = look()
    assert code == 1
    assert to_see(said)[:2] == [
        "status_linear.0003_index is applied, and status_linear.0002_pages, "
        "which it depends on, is not",
        "→ manage.py schema adopt",
    ]


def test_it_sees_a_run_without_an_end(story: Any, migrate: Any, look: Look, write: Write) -> None:
    story("status_linear")
    migrate()
    write(begin("migrate status_linear +1"))
    code, said = look()
    assert code == 1
    assert re.fullmatch(
        r"a run was stopped before its end: `migrate status_linear \+1` by \S+ on \S+, "
        r"[-\d]+ [:\d]+ UTC",
        to_see(said)[0],
    )
    assert to_see(said)[1:] == ["→ manage.py migrate", "1 thing to see."]
    assert re.search(
        r"^Last run: `migrate status_linear \+1` .* UTC: stopped before its end$",
        said,
        re.MULTILINE,
    )


@pytest.mark.parametrize(("outcome", "code"), [("done", 0), ("failed", 1)])
def test_a_later_run_that_is_done_makes_up_for_it(
    story: Any, migrate: Any, look: Look, write: Write, outcome: str, code: int
) -> None:
    story("status_linear")
    migrate()
    write(begin())
    write(begin("migrate head"), end(outcome))
    assert look()[0] == code


def test_a_run_that_failed_has_an_end(story: Any, migrate: Any, look: Look, write: Write) -> None:
    story("status_linear")
    migrate()
    fail = Entry(action="fail", key=("status_linear", "0003_index"), error="no room\nat all")
    write(begin(), fail, end("failed"))
    code, said = look()
    assert code == 0
    assert re.search(r"^Last run: .*: failed in 1\.50 s: no room$", said, re.MULTILINE)


def test_it_answers_while_another_migrates(
    story: Any, migrate: Any, look: Look, write: Write, another: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    another.ensure_connection()
    with one_migrator(another, wait=0, say=lambda *_: None):
        write(begin("migrate -1"), a_step("0003_index", backwards=True), connection=another)
        code, said = look()
        report = json.loads(look("--json")[1])
    assert code == 1
    assert re.fullmatch(
        r"a run is under way, by \S+ \(role \w+\) on \S+ "
        r"\(process \d+, since .* UTC, with `migrate -1`\)",
        to_see(said)[0],
    )
    assert to_see(said)[1:] == ["→ wait for its end, and look again", "1 thing to see."]
    assert re.search(r"^Last run: `migrate -1` .*: under way$", said, re.MULTILINE)
    assert (report["unfinished"], report["half_done"]) == ([], [])


def test_a_lock_without_a_run_is_only_told(
    story: Any, migrate: Any, look: Look, another: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    another.ensure_connection()
    with one_migrator(another, wait=0, say=lambda *_: None):
        code, said = look()
    assert code == 0
    assert re.search(r"^Holds the lock on migrations: role \w+ on ", said, re.MULTILINE)


def test_another_holder_does_not_hide_a_run_without_an_end(
    story: Any, migrate: Any, look: Look, write: Write, another: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    write(begin())
    another.ensure_connection()
    with one_migrator(another, wait=0, say=lambda *_: None):
        assert to_see(look()[1])[0].startswith("a run was stopped before its end: ")


@pytest.mark.parametrize(
    ("backwards", "sentences"),
    [
        (
            False,
            [
                "status_linear.0003_index is half applied: 2 steps done",
                "→ manage.py migrate status_linear 0003_index",
                "status_linear: 1 pending: 0003_index",
                "→ manage.py migrate",
                "2 things to see.",
            ],
        ),
        (
            True,
            [
                "status_linear.0003_index is half undone: 2 steps done",
                "→ manage.py migrate status_linear -1",
                "1 thing to see.",
            ],
        ),
    ],
)
def test_it_sees_a_migration_that_is_half_done(
    story: Any, migrate: Any, look: Look, write: Write, backwards: bool, sentences: list[str]
) -> None:
    story("status_linear")
    migrate()
    if not backwards:
        migrate("status_linear", "-1")
    some = [a_step("0003_index", backwards=backwards)] * 2
    write(begin(), *some, end("failed"))
    code, said = look()
    assert (code, to_see(said)) == (1, sentences)


# --- For programs, and when it cannot look -------------------------------------------------


def test_json_has_all_of_it(story: Any, migrate: Any, look: Look) -> None:
    story("status_linear")
    migrate("status_linear", "0002")
    migrate("contenttypes")
    code, said = look("--json")
    report = json.loads(said)
    assert (code, report["clean"]) == (1, False)
    assert report["to_see"] == [
        {
            "kind": "pending",
            "what": "status_linear: 1 pending: 0003_index",
            "next": "manage.py migrate",
        }
    ]
    assert report["apps"][0] == {
        "app": "status_linear",
        "own": True,
        "current": ["0002_pages"],
        "pending": ["0003_index"],
        "conflicting": [],
        "without_file": [],
        "edited": [],
        "unjournaled": [],
        "unmade": False,
    }
    assert report["last_run"]["command"] == "migrate contenttypes"
    assert report["last_run"]["outcome"] == "done"
    assert report["server"]["database"].startswith("schema_scratch_")
    assert (report["running"], report["unfinished"], report["half_done"]) == (None, [], [])


def test_a_broken_file_cannot_be_looked_at(story: Any, look: Look, write_app: Any) -> None:
    folder = write_app("shop", {"0001_a": "class Migration(:\n"})
    story("shop")
    with pytest.raises(CommandError) as refusal:
        look()
    assert refusal.value.returncode == 2
    assert str(refusal.value) == (
        f"A migration cannot be read: {folder}/migrations/0001_a.py, line 1: invalid syntax. "
        "Mend the file; nothing was touched."
    )


def test_another_kind_of_database_cannot_be_looked_at(look: Look) -> None:
    live = connections["default"]
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    connections["default"] = ConnectionHandler({"default": sqlite})["default"]
    try:
        with pytest.raises(CommandError) as refusal:
            look()
    finally:
        connections["default"] = live
    assert refusal.value.returncode == 2
    assert str(refusal.value) == (
        "The database 'default' is sqlite, and this tool knows PostgreSQL only. "
        "Name another one with --database."
    )


def test_a_server_that_is_away_is_one_line_and_exit_2() -> None:
    url = "postgres://nobody@127.0.0.1:1/nowhere"
    done = subprocess.run(
        [sys.executable, "manage.py", "schema", "status", "--settings", "ingestion.settings"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Cannot connect to PostgreSQL at 127.0.0.1:1 as nobody, database nowhere: Connection "
        "refused. Check that it is running and that DATABASE_URL names it, or unset "
        "DATABASE_URL.\n"
    )
