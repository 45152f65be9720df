"""No statement waits longer than its kind may, and afterwards the session is what it was."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import IntegrityError, connection
from django.db.transaction import atomic
from psycopg2 import sql

from ingestion.schema.limits import Limits
from ingestion.schema.timeouts import CHANGED, short_timeouts

Use = Callable[..., Any]
LIMITS = Limits(lock_timeout_ms=234, budget=77)
SHORT, LONG = ["234ms", "0"], ["0", "77s"]

# An index or a check that uses it tells under which settings it was built.
PROBE = """
    CREATE FUNCTION probe(n int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$
    BEGIN
        RAISE NOTICE '% %', current_setting('lock_timeout'), current_setting('statement_timeout');
        RETURN true;
    END $$;
    CREATE TABLE t (n int);
    INSERT INTO t VALUES (1);
    ALTER TABLE t ADD CONSTRAINT c CHECK (probe(n)) NOT VALID;
"""
BUILD = "CREATE INDEX CONCURRENTLY x ON t (probe(n))"
VALIDATE = "ALTER TABLE t VALIDATE CONSTRAINT c"


def ask(text: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchone() or []) if cursor.description else []


def now() -> list[Any]:
    return ask("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")


def settings_now() -> list[Any]:
    return ask("SELECT {}".format(", ".join(f"current_setting('{name}')" for name in CHANGED)))


def under(text: Any) -> list[str]:
    """The settings under which this was executed."""
    ask("SET client_min_messages = notice")
    del connection.connection.notices[:]
    ask(text)
    seen = {notice.split("NOTICE:  ")[1].strip() for notice in connection.connection.notices}
    (only,) = seen
    return str(only).split()


@pytest.fixture
def probe(own_database: Any) -> None:
    ask(PROBE)


# --- By the kind of statement --------------------------------------------------------------


@pytest.mark.usefixtures("probe")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BUILD, LONG),
        (f"/* first */ {BUILD.lower()}; -- last", LONG),
        (sql.SQL("CREATE INDEX CONCURRENTLY {} ON t (probe(n))").format(sql.Identifier("x")), LONG),
        (VALIDATE, LONG),
        (f"SET search_path = public; {VALIDATE}", LONG),
        ("CREATE INDEX x ON t (probe(n)) /* not CONCURRENTLY */", SHORT),
        ('CREATE INDEX "CONCURRENTLY" ON t (probe(n)) -- VALIDATE CONSTRAINT', SHORT),
        ("SELECT probe(1), 'ALTER TABLE t VALIDATE CONSTRAINT c'", SHORT),
        (f"{VALIDATE}; ALTER TABLE t ADD COLUMN m int", SHORT),
    ],
    ids=str,
)
def test_what_blocks_nobody_has_a_budget_and_all_else_is_short(
    text: Any, expected: list[str]
) -> None:
    with short_timeouts(connection, LIMITS):
        assert under(text) == expected


@pytest.mark.usefixtures("probe")
def test_one_kind_after_the_other_each_has_its_own() -> None:
    with short_timeouts(connection, LIMITS):
        for _ in range(2):
            assert under(BUILD) == LONG
            assert under("SELECT probe(1)") == SHORT
            ask("DROP INDEX x")


@pytest.mark.usefixtures("probe")
@pytest.mark.parametrize("inside", [True, False])
def test_going_back_to_a_savepoint_leaves_no_budget_behind(*, inside: bool) -> None:
    ask("ALTER TABLE t ADD CONSTRAINT small CHECK (n < 1) NOT VALID")
    fails = "ALTER TABLE t VALIDATE CONSTRAINT small"
    with short_timeouts(connection, LIMITS), atomic():
        if not inside:
            ask(VALIDATE)
        with pytest.raises(IntegrityError), atomic():
            ask(f"{VALIDATE if inside else 'SELECT 1'}; {fails}")
        assert now() == SHORT


# --- Put back ------------------------------------------------------------------------------


@pytest.fixture(params=["session", "role", "options"])
def somebody_s(request: pytest.FixtureRequest, own_database: Any) -> Iterator[list[str]]:
    """Settings that were made before, in three places; what they are."""
    wanted = {"lock_timeout": "7s", "statement_timeout": "8s"}
    role = ask("SELECT quote_ident(current_user)")[0]
    options = own_database.settings_dict["OPTIONS"]
    for name, value in wanted.items():
        match request.param:
            case "session":
                ask(f"SET {name} = '{value}'")
            case "role":
                database = own_database.settings_dict["NAME"]
                ask(f"ALTER ROLE {role} IN DATABASE {database} SET {name} = '{value}'")
    if request.param == "options":
        flags = " ".join(f"-c {name}={value}" for name, value in wanted.items())
        own_database.settings_dict["OPTIONS"] = {**options, "options": flags}
    if request.param != "session":
        own_database.close()
    found = settings_now()
    assert found == ["7s", "8s", "0"]
    yield found
    own_database.settings_dict["OPTIONS"] = options
    if request.param == "role":
        database = own_database.settings_dict["NAME"]
        ask(f"ALTER ROLE {role} IN DATABASE {database} RESET ALL")


@pytest.mark.usefixtures("probe")
def test_afterwards_all_is_as_it_was(somebody_s: list[str]) -> None:
    with short_timeouts(connection, LIMITS):
        assert settings_now() == ["234ms", "8s", "2s"]
        ask(BUILD)
    assert settings_now() == somebody_s


@pytest.mark.usefixtures("probe")
def test_after_a_failure_too(somebody_s: list[str]) -> None:
    with suppress(IntegrityError), short_timeouts(connection, LIMITS), atomic():
        ask("ALTER TABLE t ADD CONSTRAINT small CHECK (n < 1) NOT VALID")
        ask("ALTER TABLE t VALIDATE CONSTRAINT small")
    assert settings_now() == somebody_s


FILES = {
    "0001_probes": """
from django.db import connection, migrations

def seen(apps, editor):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO seen SELECT 'python', current_setting('lock_timeout')")
        cursor.execute("ALTER TABLE t VALIDATE CONSTRAINT c")
        cursor.execute("INSERT INTO seen SELECT 'later', current_setting('lock_timeout')")

class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL("CREATE TABLE seen (what text, timeout text)", ""),
        migrations.RunSQL("INSERT INTO seen SELECT 'sql', current_setting('lock_timeout')", ""),
        migrations.RunPython(seen, migrations.RunPython.noop),
    ]
""",
    "0002_pieces": """
from django.db import migrations

class Migration(migrations.Migration):
    atomic = False
    dependencies = [("probes", "0001_probes")]
    operations = [
        migrations.RunSQL("CREATE INDEX CONCURRENTLY x ON t (probe(n))"),
        migrations.RunSQL("INSERT INTO seen SELECT 'piece', current_setting('lock_timeout')"),
    ]
""",
    "0003_waits": """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("probes", "0002_pieces")]
    operations = [migrations.RunSQL("SELECT pg_sleep(20)")]
""",
}


@pytest.mark.usefixtures("probe")
def test_they_count_in_the_python_and_sql_of_migrations(
    story: Use, write_app: Use, migrate: Use
) -> None:
    write_app("probes", FILES)
    story("probes")
    before = settings_now()
    migrate("probes", "0002")
    with connection.cursor() as cursor:
        cursor.execute("SELECT what, timeout FROM seen")
        assert dict(cursor.fetchall()) == dict.fromkeys(
            ["sql", "python", "later", "piece"], "200ms"
        )
    assert settings_now() == before


@pytest.fixture
def ctrl_c_is_heard() -> Iterator[None]:
    """Also where the tests run in the background of a script, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("probe", "ctrl_c_is_heard")
@pytest.mark.parametrize("somebody_s", ["role", "options"], indirect=True)
def test_after_ctrl_c_too(story: Use, write_app: Use, migrate: Use, somebody_s: list[str]) -> None:
    write_app("probes", FILES)
    story("probes")
    migrate("probes", "0002")
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(CommandError, match=r"^Interrupted\. ") as interruption:
        migrate("probes")
    assert interruption.value.returncode == 130
    assert settings_now() == somebody_s
