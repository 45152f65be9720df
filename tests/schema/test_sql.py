"""`migrate … --sql`: run by psql, the script does what `migrate` does."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from ingestion.embedded.server import binaries
from ingestion.schema.catalog import catalog
from ingestion.schema.journal import entries, replay
from ingestion.schema.locks import one_migrator
from ingestion.schema.scratch import scratch

pytestmark = pytest.mark.slow
Use = Callable[..., None]
GAPS = "tests.schema.stories.sql_gaps.migrations"
LEAVE_OUT = ["-v", "leave_out_python=yes"]
ACCEPT = ["-v", "accept_data_loss=yes"]
NO_VARIABLES = ["-v", "name=oops", "-v", "HOST=oops", "-v", "2=oops"]
"""What psql would put in for :name, :HOST and :2.

Names that the stories use in their SQL, where they are no variables of psql."""
PATIENT = ["-v", "lock_timeout=10s"]
"""On a busy machine autovacuum may hold a table for longer than a script waits by itself."""


def migrate(*words: str, accept_data_loss: bool = True, **options: Any) -> str:
    said = StringIO()
    options = {**options, "accept_data_loss": accept_data_loss, "no_color": True}
    call_command("migrate", *words, stdout=said, **options)
    return said.getvalue()


def sql(*words: str, accept_data_loss: bool = False, **options: Any) -> str:
    return migrate(*words, sql=True, accept_data_loss=accept_data_loss, **options)


def psql(script: str, *options: str, stop: bool = True) -> subprocess.CompletedProcess[str]:
    where = connection.settings_dict
    words = [f"{binaries()}/bin/psql", "-X", "-q", "-d", where["NAME"], "-f", "-", *options]
    words += ["-v", "ON_ERROR_STOP=1"] if stop else []
    values = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    found = {name: str(where[key]) for name, key in values.items() if where[key]}
    return subprocess.run(
        words,
        input=script,
        env={**os.environ, **found},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def run(script: str, *options: str) -> str:
    done = psql(script, *PATIENT, *options)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def refused(script: str, *options: str, stop: bool = True) -> str:
    before = everything()
    done = psql(script, *options, stop=stop)
    assert done.returncode == 3
    assert everything() == before
    return done.stderr


def everything() -> tuple[Any, ...]:
    """The catalogue, the record, and the journal without what differs from run to run."""
    recorded = list(MigrationRecorder(connection).applied_migrations())
    written = list(entries(connection))
    assert replay(written) == set(recorded) or not written
    told = [
        (each.action, each.app, each.migration, each.hash, each.ddl, detail_of(each.detail))
        for each in written
        if each.action != "retry"  # autovacuum may be in the way of `migrate`, too
    ]
    return catalog(connection), sorted(recorded), told


def detail_of(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in detail.items()
        if name not in {"command", "script", "left_out", "lost", "of"}
    }


@pytest.fixture(autouse=True)
def two(own_database: object) -> None:
    """A database for psql; the one for `migrate` is another scratch."""


def walk(words: str, *options: str) -> None:
    """Each a script here and `migrate` there: +1 and back."""
    states = []
    with scratch():
        for word in words.split():
            migrate(word, skip_checks=True, verbosity=0)
            states.append(everything())
    for word, expected in zip(words.split(), states, strict=True):
        run(sql(word, skip_checks=True), *NO_VARIABLES, *options)
        assert everything() == expected


@pytest.mark.parametrize(("app", "words"), [("squashed", "+1 +1 -1 -1"), ("sql_traps", "+3 -3")])
def test_a_script_for_each_way_up_and_down_equals_migrate(app: str, words: str, story: Use) -> None:
    story(app)
    walk(words, *ACCEPT)


def content_types() -> int:
    return int(ask("SELECT count(*) FROM django_content_type"))


def ask(question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


# --- Where it may be run --------------------------------------------------------------------------


def test_it_refuses_to_run_twice(story: Use) -> None:
    story("linear")
    script = sql("linear", "+2")
    run(script)
    said = refused(script)
    assert "this script starts from another state: nothing was changed" in said
    assert "Not applied here: -." in said
    assert "Applied here, and not expected: linear.0001_book, linear.0002_pages." in said


def test_it_refuses_where_something_is_not_applied(story: Use) -> None:
    story("linear")
    migrate("contenttypes")
    migrate("linear", "+1")
    said = refused(sql("linear", "head", start="linear:0002"))
    assert "Not applied here: linear.0002_pages." in said


def test_it_stops_by_itself_at_the_first_error(story: Use) -> None:
    story("linear")
    migrate("linear", "+1")
    refused(sql(start="zero"), stop=False)


def test_it_refuses_while_a_migration_is_running(story: Use) -> None:
    story("linear")
    script = sql()
    with one_migrator(connection, wait=0, say=lambda *_: None):
        assert "a migration is running on this database: nothing was changed" in refused(script)
    run(script)


def test_it_refuses_where_a_migration_is_half_done(story: Use) -> None:
    story("sql_gaps")
    done = psql(sql())  # stops in the first gap
    assert done.returncode == 3
    migrate("sql_gaps", "0003")
    script = sql()
    assert psql(script).returncode == 3  # between two pieces of 0004
    assert "sql_gaps.0004_pieces is half applied" in refusal_of()
    said = refused(script)
    assert "a migration is half done: nothing was changed" in said
    assert "DETAIL:  sql_gaps.0004_pieces" in said


def test_it_refuses_a_transaction_around_it(story: Use) -> None:
    story("linear")
    assert "begun inside a transaction" in refused(sql(), "--single-transaction")


# --- How it stops ---------------------------------------------------------------------------------


def test_it_stops_at_a_gap_and_migrate_goes_on(story: Use) -> None:
    story("sql_gaps")
    with scratch():
        migrate()
        tables, record, _ = everything()
    for name in ("0002_fill", "0003_inside", "0004_pieces"):
        script = sql()
        assert f"--    sql_gaps.{name}: tests.schema.stories.sql_gaps.migrations." in script
        done = psql(script)
        assert done.returncode == 3
        assert f"ERROR:  sql_gaps.{name} runs Python here, which a script cannot:" in done.stderr
        assert ("sql_gaps", name) not in everything()[1]
        migrate("sql_gaps", name)
    assert everything()[:2] == (tables, record)
    assert ask("SELECT count(*) FROM sql_gaps_shelf") == 3


def test_the_journal_says_what_was_left_out(story: Use) -> None:
    story("sql_gaps")
    run(sql("sql_gaps", "0003"), *LEAVE_OUT)
    left_out = [
        each.detail.get("left_out") for each in entries(connection) if each.app == "sql_gaps"
    ]
    assert left_out == [None, [f"{GAPS}.fill"], [f"{GAPS}.fill"]]


def test_it_waits_no_longer_than_it_may_and_rolls_back(story: Use) -> None:
    story("linear")
    migrate("linear", "0001")
    script = sql("linear", "0002")
    before = everything()
    with closing(connection.copy()) as reader:
        reader.set_autocommit(False)
        with reader.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM linear_book")
        done = psql(script, "-v", "lock_timeout=50ms")
        assert "canceling statement due to lock timeout" in done.stderr
        reader.rollback()
    assert everything()[:2] == before[:2]
    run(script)


def test_it_puts_the_settings_of_the_session_back(story: Use) -> None:
    story("nonatomic")
    names = ("lock_timeout", "statement_timeout", "search_path", "timezone")
    show = "".join(f"SHOW {name};\n" for name in names)
    ours = "SET lock_timeout = '7s'; SET statement_timeout = '8s'; SET timezone = 'Asia/Tokyo';"
    said = run(f"\\t\n{ours}\n{sql()}\n{show}", *LEAVE_OUT)
    values = [line.strip() for line in said.splitlines() if line.strip()]
    assert values[-4:] == ["7s", "8s", '"$user", public', "Asia/Tokyo"]


# --- What it would lose ---------------------------------------------------------------------------


def test_a_script_loses_nothing_that_was_not_accepted(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    script = sql("linear", "-1")
    ask("INSERT INTO linear_book (title, pages) VALUES ('x', 0), ('y', 7), ('z', 8)")
    said = refused_loss(script)
    assert "this would lose 2 value(s) of linear_book.pages: nothing of this migration" in said
    assert "HINT:  If that is meant: psql -v accept_data_loss=yes\n" in said
    run(script, *ACCEPT)
    assert ask("SELECT count(*) FROM linear_book") == 3


def refused_loss(script: str) -> str:
    """All but the beginning of the run, which the journal tells of."""
    before = everything()
    done = psql(script)
    assert done.returncode == 3
    assert everything()[:2] == before[:2]
    return done.stderr


def test_defaults_go_without_a_question(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    ask("INSERT INTO linear_book (title, pages) VALUES ('x', 0)")
    run(sql("linear", "-1"))


def test_rows_stop_the_migration_that_takes_their_table(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    ask("INSERT INTO linear_book (title, pages) VALUES ('x', 0)")
    script = sql("linear", "zero")
    done = psql(script)
    assert "this would lose 1 row(s) of linear_book: nothing of this" in done.stderr
    assert (
        "HINT:  What came before is done. If that is meant: psql -v accept_data_loss=yes, with a "
        "new script from here.\n"
    ) in done.stderr
    assert [key for key in everything()[1] if key[0] == "linear"] == [("linear", "0001_book")]
    run(sql("linear", "zero"), *ACCEPT)


def test_it_looks_under_the_name_of_that_time(story: Use) -> None:
    story("renames")
    migrate("renames")
    ask("INSERT INTO people (nick, years) VALUES ('Al', 7)")
    script = sql("renames", "0001")
    assert "-- Undoing this removes: column people.years." in script
    assert "this would lose 1 value(s) of renames_person.age" in psql(script).stderr


def test_what_undoing_an_undo_loses_is_looked_at(story: Use, write_app: Any) -> None:
    write_app("shop", {"0001_note": NOTE, "0002_drop": DROP})
    story("shop")
    migrate("shop")
    migrate("shop", "-1")
    script = sql(undo=True)
    ask("INSERT INTO shop_note (found) VALUES ('x')")
    said = refused_loss(script)
    assert "this would lose 1 value(s) of shop_note.found: nothing of this migration" in said
    run(script, *ACCEPT)


NOTE = """
from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Note", [
            ("id", models.BigAutoField(primary_key=True)),
            ("found", models.TextField(default="$loss$ :name {} 100%")),
        ]),
    ]
"""
DROP = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_note")]
    operations = [migrations.RemoveField("Note", "found")]
"""


def test_what_forwards_takes_away_was_meant(story: Use, write_app: Any) -> None:
    write_app("shop", {"0001_note": NOTE, "0002_drop": DROP})
    story("shop")
    migrate("shop", "0001")
    ask("INSERT INTO shop_note (found) VALUES ('x')")
    run(sql("shop", "0002"))


def test_a_table_that_is_not_there_loses_nothing(story: Use, write_app: Any) -> None:
    gone = 'migrations.RunSQL("SELECT", "DROP TABLE IF EXISTS never, \\"ne\'ver\\"")'
    operation = OPERATION.replace("Direct()", gone).format(statement="")
    write_app("shop", {"0001_gone": operation})
    story("shop")
    migrate("shop")
    script = sql("shop", "zero")
    assert "-- Undoing this removes: table never, table ne'ver. A migration" in script
    done = psql(script)
    assert done.returncode == 0, done.stderr


NARROW = """
from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Tag", [
            ("id", models.BigAutoField(primary_key=True)), ("word", models.CharField(max_length=3)),
        ]),
    ]
"""
WIDE = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_tag")]
    operations = [
        migrations.AlterField("Tag", "word", models.TextField()),
        migrations.AddField("Tag", "size", models.IntegerField(default=0)),
    ]
"""


def test_a_column_that_gets_narrower_cuts_nothing(story: Use, write_app: Any) -> None:
    write_app("shop", {"0001_tag": NARROW, "0002_wide": WIDE})
    story("shop")
    migrate("shop")
    script = sql("shop", "-1")
    assert paragraph("Undoing this", script).startswith(
        "Undoing this removes: column shop_tag.size; narrows: column shop_tag.word. A migration"
    )
    ask("INSERT INTO shop_tag (word, size) VALUES ('longer', 0), ('fit', 0)")
    assert "this would lose 1 value(s) of shop_tag.word: nothing" in refused_loss(script)


def test_rows_that_a_policy_hides_are_not_taken_for_none(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    script = sql("linear", "-1")
    ask("INSERT INTO linear_book (title, pages) VALUES ('x', 7)")
    role = f"sql_hidden_{os.getpid()}"
    ask(f"CREATE ROLE {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    ask(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    ask(f"GRANT ALL ON SCHEMA public TO {role}; ALTER TABLE linear_book OWNER TO {role}")
    ask("ALTER TABLE linear_book ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    try:
        assert "row-level security policy" in refused_loss(f"SET ROLE {role};\n{script}")
    finally:
        ask(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_nobody_writes_between_its_look_and_the_end(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    script = sql("linear", "-1")
    with closing(connection.copy()) as writer:
        writer.set_autocommit(False)
        with writer.cursor() as cursor:
            cursor.execute("INSERT INTO linear_book (title, pages) VALUES ('x', 7)")
        done = psql(script, "-v", "lock_timeout=50ms")
        assert "canceling statement due to lock timeout" in done.stderr
        writer.commit()
    assert "this would lose 1 value(s)" in refused_loss(script)


def test_a_migration_in_pieces_is_looked_at_before_the_first(story: Use) -> None:
    story("nonatomic")
    migrate("nonatomic")
    script = sql("nonatomic", "-1")
    first = script.partition("\nBEGIN;\n")[0]
    assert "INTO found FROM" in first
    assert "LOCK TABLE" not in first  # which only a transaction can hold
    assert "this would lose 1 value(s) of nonatomic_page.words:" in refused_loss(script)
    assert list(entries(connection))[-1].action == "begin"
    run(script, *ACCEPT)


def test_the_head_says_what_goes_and_how_to_accept_it(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    assert paragraph("Undoing this", sql("linear", "zero")) == (
        "Undoing this removes: table linear_book. A migration that would lose rows or values with "
        "that stops before it does anything. If it is meant: psql -v accept_data_loss=yes"
    )
    assert "Undoing this" not in sql("linear", "zero", fake=True)


def test_what_was_accepted_is_not_looked_at(story: Use) -> None:
    story("linear")
    migrate("linear", "0002")
    ask("INSERT INTO linear_book (title, pages) VALUES ('x', 7)")
    script = sql("linear", "zero", accept_data_loss=True)
    assert paragraph("Undoing this", script) == (
        "Undoing this removes: table linear_book. What is lost with that was accepted: "
        "--accept-data-loss."
    )
    assert "accept_data_loss" not in script
    run(script)


def paragraph(beginning: str, script: str) -> str:
    lines = [line.removeprefix("--").strip() for line in script.partition("\\set")[0].splitlines()]
    (found,) = (text for text in "\n".join(lines).split("\n\n") if text.startswith(beginning))
    return found.replace("\n", " ").strip()


def test_what_only_undoes_promises_no_content_types(story: Use) -> None:
    story("linear")
    migrate("linear", "0001")
    assert "Content types" in sql("linear", "0002")
    assert "Content types" not in sql("linear", "zero")


def test_a_gap_between_two_pieces_names_the_only_way_on(story: Use) -> None:
    story("nonatomic")
    done = psql(sql())
    assert (
        "HINT:  This migration is half done: only manage.py migrate goes on from here. Where it "
        "has not begun, this script goes past it with psql -v leave_out_python=yes\n"
    ) in done.stderr
    assert "nonatomic.0002_search is half applied" in refusal_of()
    migrate()


def test_a_gap_with_nothing_half_done_can_be_left_out_from_there(story: Use) -> None:
    story("sql_gaps")
    assert "or with a new script from here and psql -v leave_out_python=yes\n" in psql(sql()).stderr
    run(sql("sql_gaps", "0002"), *LEAVE_OUT)


# --- What it starts from --------------------------------------------------------------------------


def test_live_tables_that_are_not_as_migrated_are_refused(story: Use) -> None:
    story("linear")
    migrate("linear", "0001")
    ask("ALTER TABLE linear_book ADD COLUMN extra int")
    assert refusal_of() == (
        "The tables of this database are not what its migrations make: column linear_book.extra. "
        "A script for it would be wrong. Put them right first, as manage.py schema drift says, or "
        "say what the script is to start from with --from STATE."
    )
    assert "ADD COLUMN" in sql(start="linear:0001")


def test_a_table_that_is_in_its_way_is_refused(story: Use) -> None:
    story("linear")
    ask("CREATE TABLE linear_book (id int)")
    assert "not what its migrations make: table linear_book." in refusal_of()


def test_only_the_record_changes_whatever_the_tables_are(story: Use) -> None:
    story("linear")
    ask("CREATE TABLE linear_book (id int)")
    script = sql("linear", "head", fake=True)
    assert 'CREATE TABLE "linear' not in script
    with scratch():
        migrate("linear", "head", fake=True)
        _, record, told = everything()
    run(script)
    assert everything()[1:] == (record, told)


def test_a_state_needs_nothing_of_the_live_database(story: Use) -> None:
    story("squashed")
    scripts = [sql(start=state) for state in ("zero", "squashed:0001_cup")]
    migrate("squashed", "0001_cup")
    ask("INSERT INTO django_migrations (app, name, applied) VALUES ('gone', '0001', now())")
    assert [without_date(sql(start=state)) for state in ("zero", "squashed:0001_cup")] == [
        without_date(script) for script in scripts
    ]


def test_the_parts_of_a_squashed_migration_are_gone_on_with(story: Use) -> None:
    story("squashed")
    with scratch():
        migrate("squashed", "0001_cup")
        migrate()
        expected = everything()
    migrate("squashed", "0001_cup")
    run(sql())
    assert everything() == expected


def test_what_is_applied_before_there_was_a_journal_is_adopted(story: Use) -> None:
    story("linear")
    with scratch():
        migrate("linear", "0002")
        ask("DROP TABLE schema_journal")
        migrate("linear")
        expected = everything()
    migrate("linear", "0002")
    ask("DROP TABLE schema_journal")
    ask("INSERT INTO django_migrations (app, name, applied) VALUES ('gone', '0001', now())")
    run(sql("linear"))
    catalogue, record, told = everything()
    assert ("adopt", "gone", "0001", None, None, {}) in told
    told.remove(("adopt", "gone", "0001", None, None, {}))
    record.remove(("gone", "0001"))
    assert (catalogue, record, told) == expected


def test_undo_becomes_a_script_and_can_be_followed_by_another(story: Use) -> None:
    story("linear")
    migrate("linear", "+1")
    run(sql("linear", "+2"))
    run(sql(undo=True))
    assert [key for key in everything()[1] if key[0] == "linear"] == [("linear", "0001_book")]
    assert "undo linear.0001_book" in sql(undo=True)


def test_a_renamed_model_keeps_its_content_type(story: Use) -> None:
    story("renames")
    migrate("renames", "0002")
    migrate("contenttypes")
    ask("INSERT INTO django_content_type (app_label, model) VALUES ('renames', 'person')")
    run(sql("renames", "0003"))
    assert ask("SELECT model FROM django_content_type WHERE app_label = 'renames'") == "human"
    run(sql("renames", "0002"))
    assert ask("SELECT model FROM django_content_type WHERE app_label = 'renames'") == "person"


def test_a_rename_without_content_types_names_no_table_of_theirs(story: Use) -> None:
    story("renames")
    migrate("renames", "0002")
    script = sql("renames", "0003")
    assert "UPDATE django_content_type" not in script
    run(script)


# --- What it does to the live database, and says --------------------------------------------------


def test_the_live_database_stays_as_it_is_while_a_migration_is_running(story: Use) -> None:
    story("linear")
    migrate("linear", "0001")
    before = everything(), ask("SELECT max(id) FROM schema_journal")
    with closing(connection.copy()) as migrator:
        migrator.ensure_connection()
        with one_migrator(migrator, wait=0, say=lambda *_: None):
            first, second = sql(), sql()
    assert without_date(first) == without_date(second)
    assert (everything(), ask("SELECT max(id) FROM schema_journal")) == before


def test_tables_that_somebody_is_changing_are_not_waited_for_for_ever(story: Use) -> None:
    story("linear")
    migrate("linear", "0001")
    with changing():
        assert refusal_of(lock_wait=0).startswith("Somebody is changing the tables")
    assert ask("SHOW lock_timeout") == "0"


@contextmanager
def changing() -> Iterator[None]:
    with closing(connection.copy()) as migrator:
        migrator.set_autocommit(False)
        with migrator.cursor() as cursor:
            cursor.execute("ALTER TABLE linear_book ADD COLUMN half int DEFAULT 1")
        yield
        migrator.rollback()


def without_date(script: str) -> list[str]:
    lines = script.splitlines()
    assert sum(line.startswith("-- Made 2") for line in lines) == 1
    return [line for line in lines if not line.startswith("-- Made 2")]


def test_what_migrations_print_is_not_in_it(story: Use, capsys: Any) -> None:
    story("sql_gaps")
    call_command("migrate", sql=True, no_color=True)
    said = capsys.readouterr()
    assert said.out.startswith("-- manage.py migrate --sql: 6 to apply\n")
    assert "\nfilling\n" not in said.out
    assert said.err == "filling\nfilling\n"


def test_there_is_nothing_in_it_where_there_is_nothing_to_do(story: Use) -> None:
    story("linear")
    migrate()
    script = sql()
    assert script == "-- Nothing to do: the target is where the script would start.\n"
    assert run(script) == ""


# --- Refusals, which print nothing ----------------------------------------------------------------


def refusal_of(*words: str, **options: Any) -> str:
    said = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("migrate", *words, sql=True, stdout=said, **options)
    assert caught.value.returncode == 2
    assert said.getvalue() == ""
    return str(caught.value)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("", "The state '' cannot be read: '' has no app and name."),
        ("linear", "The state 'linear' cannot be read: 'linear' has no app and name."),
        ("linear:0009", "No migration of linear begins with '0009'."),
        ("nobody:0001", "There is no app with the label 'nobody'."),
    ],
)
def test_a_state_that_cannot_be_read_is_refused(state: str, why: str, story: Use) -> None:
    story("linear")
    assert refusal_of(start=state).startswith(why)


@pytest.mark.parametrize("name", ["plan", "check_unapplied", "prune", "fake_initial", "group"])
def test_another_wish_beside_it_is_refused(name: str, story: Use) -> None:
    story("linear")
    assert refusal_of("linear", **{name: True}).startswith("--sql and --")


def test_a_role_that_may_not_create_databases_is_told(story: Use, monkeypatch: Any) -> None:
    story("linear")
    role = f"sql_nobody_{os.getpid()}"
    ask(f"CREATE ROLE {role}")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"assume_role": role})
    try:
        assert refusal_of().startswith(f"The role {role} may not create databases")
    finally:
        ask(f"DROP ROLE {role}")


OPERATION = """
from django.db import migrations
from django.db.migrations.operations.base import Operation

class Direct(Operation):
    def state_forwards(self, app_label, state): pass
    def database_forwards(self, app_label, editor, before, after):
        with editor.connection.cursor() as cursor:
            cursor.execute("{statement}")

class Migration(migrations.Migration):
    operations = [Direct()]
"""


def test_an_operation_past_the_schema_editor_is_named(story: Use, write_app: Any) -> None:
    write_app("direct", {"0001_initial": OPERATION.format(statement="CREATE TABLE secret ()")})
    story("direct")
    assert refusal_of("direct").startswith(
        "There can be no script: direct.0001_initial speaks to the database past the schema editor"
    )


def test_a_migration_that_fails_where_no_rows_are_is_named(story: Use, write_app: Any) -> None:
    write_app("fails", {"0001_initial": OPERATION.format(statement="SELECT 1 / 0")})
    story("fails")
    assert refusal_of("fails") == (
        "There can be no script: on the empty database that it is made on, fails.0001_initial "
        "failed: division by zero. Nothing was changed. Mend the migration so that it also runs "
        "where no rows are."
    )
