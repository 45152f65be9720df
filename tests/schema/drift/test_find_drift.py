"""`schema drift` on a real database: what somebody did to it by hand is seen, and nothing else."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test.utils import CaptureQueriesContext

from ingestion.schema.journal import Entry, Journal
from ingestion.schema.locks import one_migrator
from ingestion.schema.origin import origin
from tests.schema.conftest import NOTE, SHOP, Drift, Stays, stop_during

pytestmark = pytest.mark.slow

Use = Callable[..., Any]
TAG = 'migrations.CreateModel("Tag{}", [("id", models.BigAutoField(primary_key=True))]),'


@pytest.fixture
def found(drift: Drift) -> Callable[..., Any]:
    """found() → what `--json` says."""
    return lambda *words: json.loads(drift("--json", *words)[1])


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def refusal(drift: Drift, *words: str) -> str:
    with pytest.raises(CommandError) as error:
        drift(*words)
    assert error.value.returncode == 2
    return str(error.value)


# --- Clean ---------------------------------------------------------------------------------


def test_a_database_as_it_was_migrated_is_clean(drift: Drift, shop: Use) -> None:
    shop()
    assert drift()[0] == 0
    code, said = drift()
    assert (code, said.partition(" ")[0]) == (0, "Clean:")
    assert "has what its 1 applied migration makes" in said


def test_it_says_so_for_programs(found: Use, shop: Use) -> None:
    shop()
    first, second = found(), found()
    assert (first["cached"], second["cached"]) == (False, True)
    assert {**second, "database": "", "server_version": "", "things": 0} == {
        "clean": True,
        "database": "",
        "server_version": "",
        "applied": 1,
        "things": 0,
        "cached": True,
        "differences": [],
        "ignored": [],
        "unused_ignores": [],
        "pending": ["contenttypes.0001_initial", "contenttypes.0002_remove_content_type_name"],
    }
    assert second["things"] == first["things"] > 3


def test_an_empty_database_is_clean(drift: Drift, shop: Use) -> None:
    shop(upto="zero")
    code, said = drift()
    assert code == 0, said
    assert "Pending, and not compared: " in said


def test_what_is_pending_is_no_drift(found: Use, shop: Use) -> None:
    shop(NOTE, TAG.format(1), upto="0001")
    said = found()
    assert said["clean"]
    assert "shop.0002" in said["pending"]


def test_squashed_migrations_are_no_drift(found: Use, story: Use, migrate: Use) -> None:
    story("squashed")
    migrate(verbosity=0)
    assert {each["between"] for each in found()["differences"]} == {"models and migrations"}


def test_the_journal_is_no_drift(drift: Drift, shop: Use) -> None:
    shop()
    execute("ALTER TABLE schema_journal ADD mark text; CREATE INDEX ON django_migrations (app)")
    assert drift()[0] == 0


def test_settings_of_the_database_are_no_drift(
    drift: Drift, shop: Use, own_database: DatabaseWrapper, become: Use
) -> None:
    defaults = "d date DEFAULT '2026-03-01', i interval DEFAULT '1 year 2 days 03:04'"
    shop(f"migrations.RunSQL(\"CREATE TABLE t ({defaults}, b bytea DEFAULT 'x')\")")
    name = own_database.settings_dict["NAME"]
    options = {"datestyle": "German", "intervalstyle": "iso_8601", "bytea_output": "escape"}
    options["quote_all_identifiers"] = "on"
    for option, value in options.items():
        execute(f"ALTER DATABASE {name} SET {option} = '{value}'")
    try:
        become()
        assert drift()[0] == 0
    finally:
        for option in options:
            execute(f"ALTER DATABASE {name} RESET {option}")


# --- Migrations and database ---------------------------------------------------------------


def test_it_says_what_was_expected_and_what_was_found(drift: Drift, shop: Use) -> None:
    shop()
    execute("ALTER TABLE shop_note ALTER text TYPE text")
    code, said = drift()
    lines = said.splitlines()
    assert code == 1
    assert lines[0].endswith(": 1 difference.")
    assert lines[2:8] == [
        "changed column shop_note.text",
        "  expected  character varying(100) NOT NULL",
        "  found     text NOT NULL",
        "  repair    ALTER TABLE shop_note ALTER COLUMN text TYPE character varying(100);",
        "  keep      ALTER TABLE shop_note ALTER COLUMN text TYPE text;",
        "",
    ]


def test_a_table_that_is_missing_is_one_difference(found: Use, shop: Use) -> None:
    shop()
    execute("DROP TABLE shop_note")
    (only,) = found()["differences"]
    assert (only["what"], only["expected"], only["found"]) == ("table shop_note", "TABLE", None)
    assert "column shop_note.text" in only["with"]
    assert only["repair"][0].startswith("CREATE TABLE shop_note (")
    assert only["keep"] == ["-- loses its rows\nDROP TABLE shop_note;"]
    assert (only["repair_loses_data"], only["keep_loses_data"]) == (False, True)


def test_so_is_one_that_is_there_besides(found: Use, shop: Use) -> None:
    shop()
    execute("CREATE TABLE audit (id bigserial PRIMARY KEY, at timestamptz)")
    (only,) = found()["differences"]
    assert (only["what"], only["expected"], only["found"]) == ("table audit", None, "TABLE")
    assert len(only["with"]) == 5


def test_of_what_is_lost_it_says_that_a_repair_brings_nothing_back(drift: Drift, shop: Use) -> None:
    shop()
    execute("ALTER TABLE shop_note DROP text")
    lines = drift()[1].splitlines()
    assert "  note      what was in it does not come back: it is in a backup at best" in lines


def test_grants_count_for_roles_that_a_migration_names(
    found: Use, shop: Use, roles: Callable[[str], str]
) -> None:
    named, other = roles("named"), roles("other")
    shop(NOTE, f'migrations.RunSQL("GRANT SELECT ON shop_note TO {named}")')
    execute(f"GRANT SELECT ON shop_note TO {other}")
    assert found()["clean"]
    execute(f"GRANT UPDATE ON shop_note TO {named}")
    (only,) = found()["differences"]
    assert only["what"] == f"grant shop_note to {named}"


def test_of_rights_it_says_what_is_usual(drift: Drift, shop: Use) -> None:
    shop()
    execute("GRANT SELECT ON shop_note TO public")
    assert drift()[1].splitlines()[2:7] == [
        "changed grant shop_note to public",
        "  expected  what is usual",
        "  found     SELECT",
        "  repair    REVOKE SELECT ON shop_note FROM public;",
        "  keep      GRANT SELECT ON shop_note TO public;",
    ]


def test_a_column_with_another_name_is_one_difference(drift: Drift, shop: Use) -> None:
    shop()
    execute("ALTER TABLE shop_note RENAME text TO words")
    assert drift()[1].splitlines()[2:8] == [
        "renamed column shop_note.text",
        "  found     column shop_note.words: the same, but for its name",
        "  repair    ALTER TABLE shop_note RENAME COLUMN words TO text;",
        "  keep      ALTER TABLE shop_note RENAME COLUMN text TO words;",
        f"  note      {DOUBT}",
        "",
    ]


DOUBT = (
    "if column shop_note.words is not what was column shop_note.text, ask again with"
    " --ignore 'column shop_note.words=another one'"
)


def test_what_is_taken_for_renamed_may_be_told_apart(drift: Drift, shop: Use) -> None:
    shop(NOTE.replace("max_length=100", "max_length=100, null=True"))
    execute("ALTER TABLE shop_note DROP text, ADD words varchar(100)")
    assert f"-- {DOUBT}" in drift("--sql")[1].splitlines()
    assert f"    # {DOUBT}" in drift("--keep")[1].splitlines()
    _, script = drift("--sql", "--ignore", "column shop_note.words=another one")
    assert "ALTER TABLE shop_note ADD COLUMN text character varying(100);" in script
    assert "words" not in script


def test_what_follows_from_something_else_says_so(drift: Drift, shop: Use) -> None:
    shop('migrations.RunSQL("CREATE TABLE a (b int); CREATE TABLE c () INHERITS (a)")')
    execute("ALTER TABLE a ADD stranger int")
    lines = drift()[1].splitlines()
    assert lines[lines.index("extra column c.stranger") + 2] == (
        "  both      follows from what is done for the others"
    )


def test_many_differences_take_a_line_each(drift: Drift, shop: Use) -> None:
    shop()
    execute("ALTER TABLE shop_note ALTER text TYPE text")
    execute("".join(f"CREATE TABLE other_{number} (id int);" for number in range(40)))
    lines = drift()[1].splitlines()
    assert lines[0].endswith(": 41 differences.")
    assert "extra table other_7 (with 1 column)" in lines
    assert (
        "changed column shop_note.text: text NOT NULL, expected character varying(100) NOT NULL"
        in lines
    )
    assert len(lines) < 60


def test_of_a_long_definition_it_shows_the_lines_that_differ(drift: Drift, shop: Use) -> None:
    body = "BEGIN\n" + "PERFORM 1;\n" * 20 + "END"
    make = "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $${}$$"
    shop(f"migrations.RunSQL({make.format(body)!r})")
    execute(make.format(body.replace("END", "PERFORM 2; END")))
    lines = drift()[1].splitlines()
    assert "  -END$function$" in lines
    assert "  +PERFORM 2; END$function$" in lines
    assert lines.index("  +PERFORM 2; END$function$") < 10


# --- Models and migrations -----------------------------------------------------------------


def test_models_that_no_migration_knows_are_a_difference(
    drift: Drift, found: Use, story: Use, migrate: Use
) -> None:
    story("status_unmade")
    migrate(verbosity=0)
    (only,) = found()["differences"]
    assert (only["what"], only["between"]) == (
        "models of status_unmade",
        "models and migrations",
    )
    assert only["repair"] == ["manage.py makemigrations status_unmade"]
    code, said = drift()
    assert code == 1
    assert "changed models of status_unmade, and no migration says so" in said


def test_models_without_any_migration_are_one_too(found: Use, story: Use) -> None:
    story("status_bare")
    (only,) = (each for each in found()["differences"] if each["between"].startswith("models"))
    assert only["repair"] == ["manage.py makemigrations status_bare"]


# --- What is ignored -----------------------------------------------------------------------


def test_the_settings_say_what_to_ignore(
    drift: Drift, found: Use, shop: Use, settings: Any
) -> None:
    shop()
    execute("CREATE TABLE pghero_queries (id int)")
    settings.SCHEMA["DRIFT_IGNORE"] = {"table pghero_*": "made by PgHero", "view x": "old"}
    code, said = drift()
    assert code == 0
    assert "Ignored: 2 things by 'table pghero_*' (made by PgHero)" in said
    assert "Nothing to ignore any more: view x" in said
    assert found()["ignored"][1] == {
        "what": "table pghero_queries",
        "pattern": "table pghero_*",
        "reason": "made by PgHero",
    }
    assert found()["unused_ignores"] == ["view x"]


def test_so_does_the_command_line(drift: Drift, shop: Use) -> None:
    shop()
    execute("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    assert drift("--ignore", "table a=mine", "--ignore", "table b=mine, too")[0] == 0


def test_what_it_was_told_to_ignore_it_tells_the_script_too(drift: Drift, shop: Use) -> None:
    shop()
    execute("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    _, said = drift("--ignore", "table a=not mine")
    assert "  manage.py schema drift --sql --ignore 'table a=not mine'" in said.splitlines()
    assert "DROP TABLE b;" in drift("--sql", "--ignore", "table a=not mine")[1]
    assert "DROP TABLE a;" not in drift("--sql", "--ignore", "table a=not mine")[1]


@pytest.mark.parametrize("words", ["table a", "table a=", "table a= "])
def test_it_wants_a_reason(drift: Drift, shop: Use, words: str) -> None:
    shop()
    assert refusal(drift, "--ignore", words) == (
        "'table a' is to be ignored, and nobody says why. Give each pattern its reason: "
        "--ignore 'table audit_*=made by the audit tool', or {pattern: reason} in "
        'SCHEMA["DRIFT_IGNORE"] of the settings.'
    )


def test_it_wants_one_in_the_settings(drift: Drift, shop: Use, settings: Any) -> None:
    shop()
    settings.SCHEMA["DRIFT_IGNORE"] = ["table a"]
    assert refusal(drift).startswith("'table a' is to be ignored, and nobody says why.")


# --- Others at work ------------------------------------------------------------------------


@contextmanager
def another(own_database: DatabaseWrapper) -> Iterator[DatabaseWrapper]:
    with closing(own_database.copy()) as session:
        session.ensure_connection()
        yield session


def test_a_deploy_in_flight_is_no_drift(
    drift: Drift, shop: Use, own_database: DatabaseWrapper, capsys: pytest.CaptureFixture[str]
) -> None:
    shop(NOTE, TAG.format(1), upto="0001")

    def deploy() -> None:
        with (
            another(own_database) as session,
            one_migrator(session, wait=0, say=lambda *_: None),
            session.cursor() as cursor,
        ):
            cursor.execute(
                "CREATE TABLE shop_tag1 (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY)"
            )
            begun.set()
            time.sleep(1)
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002', now())"
            )

    begun = threading.Event()
    thread = threading.Thread(target=deploy)
    thread.start()
    begun.wait(10)
    code, said = drift()
    thread.join()
    assert (code, "its 2 applied migrations make" in said) == (0, True)
    assert "Waiting for role " in capsys.readouterr().err


def test_it_waits_no_longer_than_it_is_told(
    drift: Drift, shop: Use, own_database: DatabaseWrapper
) -> None:
    shop()
    with (
        another(own_database) as session,
        one_migrator(session, wait=0, say=lambda *_: None),
    ):
        assert refusal(drift, "--lock-wait", "0").startswith("Another migration is running: ")


def test_a_table_that_somebody_changes_is_waited_for(
    drift: Drift, shop: Use, own_database: DatabaseWrapper
) -> None:
    shop()
    drift()
    with another(own_database) as session, session.cursor() as cursor:
        cursor.execute("BEGIN; ALTER TABLE shop_note ADD note int DEFAULT 1")
        assert refusal(drift, "--lock-wait", "0") == (
            "Somebody is changing the tables, and what they are cannot be read; waited 0 s. "
            "Nothing was changed. Run this again when it is done, or wait longer with "
            "--lock-wait SECONDS."
        )


# --- Refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_it_does_not_wait_and_leaves_no_database(
    drift: Drift,
    shop: Use,
    story: Use,
    write_app: Use,
    stays: Stays,
    own_database: DatabaseWrapper,
    number: signal.Signals,
) -> None:
    shop()
    sleep = f"SELECT pg_sleep(60) -- {os.getpid()}"
    slowly = SHOP.format(after="", operations=f"migrations.RunSQL({sleep!r})")
    write_app("shop", {"0001": slowly}, installed=True)
    story("shop")
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    stopper = threading.Thread(target=stop_during, args=(own_database, sleep, number))
    stopper.start()
    started = time.monotonic()
    with pytest.raises(CommandError, match=r"^Interrupted\.$") as stopped:
        drift("--no-cache")
    signal.signal(signal.SIGINT, handler)
    stopper.join()
    assert stopped.value.returncode == 130
    assert time.monotonic() - started < 40
    assert not stays()


def test_a_migration_half_applied_is_to_be_finished_first(
    drift: Drift, shop: Use, own_database: DatabaseWrapper
) -> None:
    shop(NOTE, TAG.format(1), upto="0001")
    Journal(own_database, origin()).append(
        Entry(action="step", key=("shop", "0002"), detail={"backwards": False, "piece": "x"})
    )
    assert refusal(drift) == (
        "shop.0002 is half applied: a run was stopped in the middle of it. Nothing was changed. "
        "First finish it with: manage.py migrate shop 0002"
    )


def test_a_migration_without_a_file_is_refused(drift: Drift, shop: Use) -> None:
    shop()
    execute("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0009', now())")
    assert refusal(drift).startswith("shop.0009 is applied, and its file is not here.")


def test_rows_of_an_app_that_is_gone_are_not(drift: Drift, shop: Use) -> None:
    shop()
    execute("INSERT INTO django_migrations (app, name, applied) VALUES ('gone', '0009', now())")
    assert drift()[0] == 0


@pytest.fixture
def roles(own_database: DatabaseWrapper) -> Iterator[Callable[[str], str]]:
    """roles("reader", "CREATEDB") → the name of a role that may do nothing else."""
    made: list[str] = []

    def make(name: str, may: str = "") -> str:
        role = f"{name}_of_drift"
        execute(f"CREATE ROLE {role} {may}")
        made.append(role)
        return role

    yield make
    for role in made:
        execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.fixture
def become(own_database: DatabaseWrapper) -> Iterator[Callable[..., None]]:
    """become(OPTIONS of the connection): another session in the place of this one."""
    opened: list[DatabaseWrapper] = []

    def connect(**options: Any) -> None:
        other = own_database.copy()
        other.settings_dict["OPTIONS"] = {**other.settings_dict.get("OPTIONS", {}), **options}
        opened.append(other)
        connections["default"] = other

    yield connect
    connections["default"] = own_database
    for each in opened:
        each.close()


def test_a_role_that_only_reads_may_look_when_it_is_known(
    drift: Drift, shop: Use, roles: Use, become: Use
) -> None:
    shop()
    reader = roles("reader")
    execute(f"GRANT SELECT ON django_migrations, schema_journal TO {reader}")
    drift()
    become(assume_role=reader, options="-c default_transaction_read_only=on")
    code, said = drift()
    assert (code, "known from before" in said) == (0, True)


def test_else_it_says_that_it_would_have_to_write(
    drift: Drift, shop: Use, roles: Use, become: Use
) -> None:
    shop()
    become(options="-c default_transaction_read_only=on")
    assert refusal(drift) == (
        "This role only reads, and this takes an empty database for a while. Run it as a role that "
        'may write. What `schema drift` finds out there is kept in SCHEMA["CACHE_DIR"] of the '
        "settings, and can be read from there with the same code."
    )


def test_a_role_that_may_not_create_databases_is_told_so(
    drift: Drift, shop: Use, roles: Use, become: Use
) -> None:
    shop()
    reader = roles("reader")
    execute(f"GRANT SELECT ON django_migrations, schema_journal TO {reader}")
    become(assume_role=reader)
    assert refusal(drift).startswith(f"The role {reader} may not create databases, ")


def test_a_disk_that_fills_up_in_the_middle_is_said(drift: Drift, shop: Use) -> None:
    full = "DO $$ BEGIN RAISE 'No space left' USING ERRCODE = 'disk_full'; END $$"
    shop(NOTE, f'migrations.RunSQL("{full}")', upto="0001")
    execute("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002', now())")
    assert refusal(drift).startswith("The server's disk is too full for the empty database")


def test_a_migration_that_does_not_run_on_an_empty_database_is_named(
    drift: Drift, shop: Use
) -> None:
    shop(NOTE, 'migrations.RunSQL("SELECT 1/count(*) FROM shop_note")', upto="0001")
    execute("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002', now())")
    assert "shop.0002 failed: division by zero" in refusal(drift)


# --- The gate ------------------------------------------------------------------------------


def test_the_gate_lets_a_clean_database_pass(shop: Use, migrate: Use, names: Use) -> None:
    shop(NOTE, TAG.format(1), upto="0001")
    migrate(require_no_drift=True, verbosity=0)
    assert names("shop") == ["0001", "0002"]


@pytest.mark.parametrize("option", ["", "plan", "sql", "fake"])
def test_the_gate_refuses_drift(shop: Use, refuse: Use, option: str) -> None:
    shop(NOTE, TAG.format(1), upto="0001")
    execute("ALTER TABLE shop_note DROP text")
    how = {option: True} if option else {}
    assert refuse(require_no_drift=True, verbosity=0, **how) == (
        "The database is not what its applied migrations make: column shop_note.text. Nothing was "
        "changed. See what differs, and what repairs it, with: manage.py schema drift"
    )


def test_the_gate_minds_what_is_ignored(shop: Use, migrate: Use, names: Use, settings: Any) -> None:
    shop(NOTE, TAG.format(1), upto="0001")
    execute("CREATE TABLE audit (id int)")
    settings.SCHEMA["DRIFT_IGNORE"] = {"table audit": "of the audit tool"}
    migrate(require_no_drift=True, verbosity=0)
    assert names("shop") == ["0001", "0002"]


def test_the_gate_knows_no_state_that_somebody_names(shop: Use, refuse: Use) -> None:
    shop()
    assert refuse(require_no_drift=True, sql=True, start="zero").startswith(
        "--from and --require-no-drift do not go together."
    )


# --- How much it asks ----------------------------------------------------------------------


def test_more_tables_do_not_take_more_queries(drift: Drift, shop: Use, migrate: Use) -> None:
    asked = []
    for tables in (3, 40):
        shop("".join(TAG.format(number) for number in range(tables)), upto="zero")
        migrate(verbosity=0)
        drift()
        with CaptureQueriesContext(connection) as queries:
            assert drift()[0] == 0
        asked.append(len(queries))
        migrate("shop", "zero", verbosity=0)
    assert asked[0] == asked[1] < 40
