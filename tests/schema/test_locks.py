"""One migrator at a time; who is in the way is waited for, tried again, and named."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
from django.core.management.base import CommandError
from django.db import connection

from ingestion.schema import locks
from ingestion.schema.errors import AnotherMigrator, LockLost
from ingestion.schema.journal import Entry, Journal
from ingestion.schema.origin import origin

pytestmark = pytest.mark.slow

Use = Callable[..., Any]


@pytest.fixture
def other(own_database: Any) -> Iterator[Any]:
    """A cursor of another session, in autocommit."""
    parameters = own_database.get_connection_params()
    del parameters["cursor_factory"]
    with closing(psycopg2.connect(**parameters)) as session, session.cursor() as cursor:
        session.autocommit = True
        yield cursor


@pytest.fixture
def app(story: Use, write_app: Use, migrate: Use, settings: Any) -> Callable[..., None]:
    """app(OPERATIONS): they are the second migration of an app `a`, whose first is applied."""

    def install(operations: str, *, atomic: bool = True, **schema: Any) -> None:
        write_app(
            "a",
            {
                "0001_tables": FILE.format(atomic=True, after="", operations=TABLES),
                "0002_next": FILE.format(
                    atomic=atomic, after='("a", "0001_tables")', operations=operations
                ),
            },
        )
        story("a")
        migrate("a", "0001")
        settings.SCHEMA = schema

    return install


FILE = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models

def insert(apps, editor):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO a_t (id) VALUES (1) ON CONFLICT DO NOTHING")
        cursor.execute("UPDATE a_s SET id = 2")

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [{after}]
    operations = [{operations}]
"""
TABLES = """
    migrations.CreateModel("T", [("id", models.IntegerField(primary_key=True))]),
    migrations.CreateModel("S", [("id", models.IntegerField(primary_key=True))]),
    migrations.RunSQL("INSERT INTO a_s VALUES (1); CREATE INDEX a_x ON a_s (id)", ""),
"""
ADD = 'migrations.AddField("T", "n", models.IntegerField(null=True))'


@contextmanager
def later(seconds: float, do: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(seconds, do)
    timer.start()
    yield
    timer.join()


# --- The lock ------------------------------------------------------------------------------


def test_it_waits_until_the_other_one_has_ended(own_database: Any, other: Any) -> None:
    other.execute("SELECT pg_advisory_lock(%s)", [locks.KEY])
    heard: list[str] = []
    with (
        later(0.3, lambda: other.execute("SELECT pg_advisory_unlock_all()")),
        locks.one_migrator(connection, wait=5, say=lambda who, _: heard.append(str(who))),
    ):
        assert len(heard) == 1
        other.execute("SELECT pg_try_advisory_lock(%s)", [locks.KEY])
        assert other.fetchone() == (False,)
    other.execute("SELECT pg_try_advisory_lock(%s)", [locks.KEY])
    assert other.fetchone() == (True,)


def test_it_names_who_holds_it_from_what_the_server_knows(own_database: Any, other: Any) -> None:
    other.execute("SELECT pg_advisory_lock(%s), current_user", [locks.KEY])
    _, role = other.fetchone()
    pid = other.connection.info.backend_pid
    with (
        pytest.raises(AnotherMigrator) as refusal,
        locks.one_migrator(connection, wait=0.2, say=lambda *_: None),
    ):
        pytest.fail("it has the lock")
    assert re.fullmatch(
        rf"Another migration is running: role {role} on (?:this machine|[.:0-9]+) "
        rf"\(process {pid}, since "
        r"[-0-9]{10} [:0-9]{8} UTC, with `ingestion`\); waited 0 s\. Nothing was changed\. Run "
        r"this again when it is done, or wait longer with --lock-wait SECONDS\.",
        str(refusal.value),
    )


def test_an_old_entry_of_the_journal_does_not_name_the_holder(
    own_database: Any, other: Any
) -> None:
    book = Journal(connection, origin())
    book.ensure([])
    book.append(Entry(action="begin", detail={"command": "migrate long ago"}))
    other.execute(
        "INSERT INTO schema_journal (run, action, backend, at) VALUES "
        "(gen_random_uuid(), 'begin', pg_backend_pid(), '2000-01-01')"
    )
    other.execute("SELECT pg_advisory_lock(%s)", [locks.KEY])
    holder = locks.holder(connection)
    assert holder is not None
    assert holder.who.startswith("role ")


def test_between_two_looks_nothing_is_open(own_database: Any, other: Any) -> None:
    other.execute("SELECT pg_advisory_lock(%s)", [locks.KEY])
    pid = connection.connection.info.backend_pid if connection.connection else 0
    seen: set[Any] = set()

    def look() -> None:
        for _ in range(200):
            other.execute(
                "SELECT state, backend_xmin FROM pg_stat_activity WHERE pid = %s "
                "AND state <> 'active'",
                [pid],
            )
            seen.update(other.fetchall())

    with (
        later(0, look),
        pytest.raises(AnotherMigrator),
        locks.one_migrator(connection, wait=0.5, say=lambda *_: None),
    ):
        pass
    assert seen == {("idle", None)}


def test_without_the_lock_nothing_goes_on(own_database: Any) -> None:
    with locks.one_migrator(connection, wait=0, say=lambda *_: None):
        locks.still_held(connection)
        connection.close()
        with pytest.raises(LockLost):
            locks.still_held(connection)


def test_what_was_applied_meanwhile_is_not_applied_again(
    app: Use, migrate: Use, names: Use, other: Any, journal: Use
) -> None:
    app(ADD)
    other.execute("SELECT pg_advisory_lock(%s)", [locks.KEY])

    def work() -> None:
        other.execute("ALTER TABLE a_t ADD COLUMN n int")
        other.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('a', '0002_next', now())"
        )
        other.execute("SELECT pg_advisory_unlock_all()")

    with later(0.3, work):
        assert "No migrations to apply" in migrate("a")


# --- Tried again ---------------------------------------------------------------------------


@pytest.mark.parametrize("atomic", [True, False])
def test_a_lock_timeout_is_tried_again(
    app: Use, migrate: Use, names: Use, journal: Use, other: Any, *, atomic: bool
) -> None:
    app(ADD, atomic=atomic, LOCK_TIMEOUT_MS=30)
    other.execute("BEGIN; SELECT * FROM a_t")
    with later(0.5, lambda: other.execute("COMMIT")):
        said = migrate("a")
    assert len(names("a")) == 2
    pid = other.connection.info.backend_pid
    retries = [entry for entry in journal() if entry.action == "retry"]
    assert [entry.detail["try"] for entry in retries] == list(range(1, len(retries) + 1))
    assert {entry.detail["reason"] for entry in retries} == {"lock timeout"}
    assert retries[0].detail["blockers"][0].startswith(f"process {pid}, role ")
    assert said.count("\n    lock timeout, held by process ") == len(retries) > 0


def test_python_outside_of_a_transaction_is_tried_again_and_named(
    app: Use, migrate: Use, names: Use, other: Any
) -> None:
    app("migrations.RunPython(insert)", atomic=False, LOCK_TIMEOUT_MS=30)
    other.execute("BEGIN; SELECT * FROM a_s FOR UPDATE")
    with later(0.3, lambda: other.execute("COMMIT")):
        said = migrate("a")
    assert "may have run before, runs again: Raw Python operation" in said
    assert len(names("a")) == 2


def test_a_group_is_tried_again_as_a_whole(
    app: Use, migrate: Use, names: Use, journal: Use, other: Any
) -> None:
    app(
        "migrations.RunSQL('INSERT INTO a_s VALUES (7); ALTER TABLE elsewhere ADD n int')",
        LOCK_TIMEOUT_MS=30,
    )
    migrate("a", "zero", accept_data_loss=True)
    other.execute("CREATE TABLE elsewhere ()")
    other.execute("BEGIN; SELECT * FROM elsewhere")
    with later(0.4, lambda: other.execute("COMMIT")):
        said = migrate("a", "--group")
    other.execute("SELECT id FROM a_s ORDER BY id")
    assert other.fetchall() == [(1,), (7,)]
    tries = sum(entry.action == "retry" for entry in journal())
    assert said.count("Applying a.0001_tables... OK") == 1 + tries > 1
    assert journal()[-1].detail == {"outcome": "done", "steps": 2}
    assert len(names("a")) == 2


def test_a_deadlock_is_tried_again(
    app: Use, migrate: Use, names: Use, journal: Use, other: Any
) -> None:
    app(
        "migrations.RunSQL(\"SET LOCAL deadlock_timeout = '10ms'; LOCK a_t\"), "
        'migrations.RunSQL("SELECT pg_sleep(0.3)"), migrations.RunSQL("LOCK a_s")',
        LOCK_TIMEOUT_MS=5000,
    )
    other.execute("SET deadlock_timeout = '1min'; BEGIN; LOCK a_s")

    def cross() -> None:
        other.execute("LOCK a_t; COMMIT")

    with later(0.2, cross):
        said = migrate("a")
    (retry,) = [entry for entry in journal() if entry.action == "retry"]
    assert retry.error == "deadlock detected"
    assert "\n    deadlock" in said
    assert len(names("a")) == 2


def test_when_the_time_is_up_it_says_who_is_in_the_way(
    app: Use, migrate: Use, names: Use, journal: Use, other: Any
) -> None:
    app(ADD, LOCK_TIMEOUT_MS=20, RETRY_SECONDS=1)
    other.execute("BEGIN; SELECT * FROM a_t")
    with pytest.raises(CommandError) as refusal:
        migrate("a")
    pid = other.connection.info.backend_pid
    assert refusal.value.returncode == 2
    assert re.fullmatch(
        r"a\.0002_next still meets a lock timeout after 1 s of trying, and was rolled back\. "
        rf"The table is held by process {pid}, role \w+(?: on [.:0-9]+)?, "
        r"idle in transaction for \d s\. "
        r"End what holds the table \(SELECT pg_terminate_backend\(PID\)\), or try at a quieter "
        r"hour: manage\.py migrate goes on from here\.",
        str(refusal.value),
    )
    assert names("a") == ["0001_tables"]
    assert [entry.action for entry in journal()][-2:] == ["fail", "end"]


@pytest.mark.parametrize(
    ("operation", "blocks"),
    [
        ('migrations.RunSQL("UPDATE a_s SET id = 3")', "SELECT * FROM a_s FOR UPDATE"),
        ('migrations.RunSQL("DROP INDEX a_x")', "SELECT * FROM a_s"),
        (
            'migrations.AddField("T", "s", models.ForeignKey("S", models.CASCADE, null=True))',
            "UPDATE a_s SET id = 1",
        ),
        ("migrations.RunPython(insert)", "LOCK a_s IN SHARE MODE"),
    ],
)
def test_it_finds_out_who_is_in_the_way(
    app: Use, migrate: Use, other: Any, operation: str, blocks: str
) -> None:
    app(operation, LOCK_TIMEOUT_MS=20, RETRY_SECONDS=0)
    other.execute(f"BEGIN; {blocks}")
    pid = other.connection.info.backend_pid
    with pytest.raises(CommandError, match=rf" is held by process {pid}, role "):
        migrate("a")
