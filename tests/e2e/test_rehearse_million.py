"""A wider type for a column of a million rows: at once it is rejected, step by step it passes."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ingestion.embedded import server
from tests.schema.processes import Tiny, tiny, until

ROWS = 1_000_000
TABLE = """migrations.RunSQL(
    "CREATE TABLE a_t (id bigint PRIMARY KEY, n int NOT NULL, name text NOT NULL)",
    "DROP TABLE a_t",
)"""
FILL = f"INSERT INTO a_t SELECT i, i % 1000, 'name ' || i FROM generate_series(1, {ROWS}) AS i"
AT_ONCE = """migrations.RunSQL(
    "ALTER TABLE a_t ALTER COLUMN n TYPE bigint", "ALTER TABLE a_t ALTER COLUMN n TYPE int"
)"""
# A second column, filled by a trigger and in batches, then put in the place of the first one.
STEP_BY_STEP = '''
from django.db import migrations, transaction

ADD = ["""ALTER TABLE a_t ADD COLUMN wide {type}""", """
    CREATE FUNCTION a_t_wide() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.wide := NEW.n; RETURN NEW; END'""", """
    CREATE TRIGGER a_t_wide BEFORE INSERT OR UPDATE OF n ON a_t
    FOR EACH ROW EXECUTE FUNCTION a_t_wide()""", """
    ALTER TABLE a_t ADD CONSTRAINT a_t_wide_filled CHECK (wide IS NOT NULL) NOT VALID"""]
VALIDATE = "ALTER TABLE a_t VALIDATE CONSTRAINT a_t_wide_filled"
SWAP = ["ALTER TABLE a_t ALTER COLUMN wide SET NOT NULL",
        "ALTER TABLE a_t DROP CONSTRAINT a_t_wide_filled",
        "DROP TRIGGER a_t_wide ON a_t", "DROP FUNCTION a_t_wide()",
        "ALTER TABLE a_t DROP COLUMN n", "ALTER TABLE a_t RENAME COLUMN wide TO n"]

def one(*statements):
    return "; ".join(["BEGIN", *statements, "COMMIT"])

def fill(apps, editor):
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM a_t")
        (last,) = cursor.fetchone()
        for first in range(0, last + 1, 1000):
            cursor.execute(
                "UPDATE a_t SET wide = n WHERE id >= %s AND id < %s AND wide IS NULL",
                [first, first + 1000])

class Migration(migrations.Migration):
    atomic = False
    dependencies = [("a", "0001")]
    operations = [
        migrations.RunSQL(one(*(each.format(type="bigint") for each in ADD)), one(*SWAP)),
        migrations.RunSQL(migrations.RunSQL.noop, VALIDATE),
        migrations.RunPython(fill, fill),
        migrations.RunSQL(VALIDATE, migrations.RunSQL.noop),
        migrations.RunSQL(one(*SWAP), one(*(each.format(type="int") for each in ADD))),
    ]
'''


@pytest.fixture(scope="module")
def project(django_db_blocker: Any) -> Iterator[Tiny]:
    with django_db_blocker.unblock(), tiny() as made:
        made.schema = {"PROGRAMS": str(server.binaries() / "bin")}
        made.write("a", TABLE, AT_ONCE)
        assert made.run("migrate", "a", "0001").code == 0
        made.ask(FILL)
        made.ask("VACUUM ANALYZE a_t")
        yield made


def rehearse(project: Tiny, *words: str) -> tuple[int, str]:
    process = project.start("schema", "rehearse", *words)
    said = process.communicate(timeout=600)[0]
    return process.returncode, said


def facts(said: str) -> Any:
    """Of the JSON, behind what it says meanwhile."""
    return json.loads(said[said.index("{\n") :])


def copies(project: Tiny) -> list[str]:
    """This process has one of its own for other tests."""
    return [
        name
        for (name,) in project.ask(
            "SELECT datname::text FROM pg_database WHERE datname LIKE 'schema_scratch_%'"
        )
    ]


class Watcher:
    """A second connection, which notes what it sees of the locks on a table."""

    def __init__(self, project: Tiny, table: str) -> None:
        self.query = (
            "SELECT mode FROM pg_locks WHERE granted AND pid <> pg_backend_pid() "
            f"AND relation = '{table}'::regclass"
        )
        self.seen: dict[str, list[float]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=[project])

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self, project: Tiny) -> None:
        with closing(project.connect()) as session, session.cursor() as cursor:
            # By its name at first: looking it up would wait for the lock.
            cursor.execute("SELECT 'a_t'::regclass::oid")
            query = self.query.replace("'a_t'::regclass", str(cursor.fetchone()[0]))
            while not self._is_over.wait(0.002):
                cursor.execute(query)
                for (mode,) in cursor.fetchall():
                    self.seen.setdefault(mode, []).append(time.monotonic())

    def held_ms(self, mode: str) -> float:
        return (self.seen[mode][-1] - self.seen[mode][0]) * 1000


@pytest.mark.parametrize("at", ["COPY %", "ALTER TABLE a_t%"])
def test_what_a_killed_rehearsal_leaves_is_dropped_by_the_next(project: Tiny, at: str) -> None:
    before = copies(project)
    process = project.start("schema", "rehearse")
    until(lambda: _is_at(project, at), seconds=60)
    (left,) = set(copies(project)) - set(before)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert left in copies(project)
    code, said = rehearse(project, "--schema-only")
    assert code == 0, said
    assert copies(project) == before
    assert not _programs()


def test_a_pg_dump_that_waits_for_a_table_goes_with_the_next(project: Tiny) -> None:
    dumps = (
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'schema_scratch_%'"
    )
    with closing(project.connect()) as other, other.cursor() as cursor:
        other.autocommit = False
        cursor.execute("LOCK TABLE a_t")
        process = project.start("schema", "rehearse")
        project.wait_for(dumps, seconds=60)
        project.wait_for("SELECT 1 FROM pg_locks WHERE relation = 'a_t'::regclass AND NOT granted")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert project.ask(dumps)
        rehearse(project, "--schema-only", "--lock-wait", "1")
        until(lambda: not project.ask(dumps))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["COPY %", "ALTER TABLE a_t%"])
def test_when_it_is_asked_to_stop_it_drops_the_copy(
    project: Tiny, at: str, number: signal.Signals
) -> None:
    before = copies(project)
    process = project.start("schema", "rehearse")
    until(lambda: _is_at(project, at), seconds=60)
    process.send_signal(number)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == (
        "CommandError: Interrupted. The copy is dropped; the live database was not changed."
    )
    assert copies(project) == before
    assert not _programs()


def test_a_rewrite_is_rejected_and_the_same_in_steps_passes(project: Tiny) -> None:
    before = copies(project)
    code, said = rehearse(project, "--json")
    assert code == 1, said
    found = facts(said)
    (finding,) = found["findings"]
    assert finding["kind"] == "blocks"
    assert finding["what"].startswith(
        "a.0002 keeps whoever reads or writes a_t waiting for up to "
    ), finding
    (step,) = found["passes"][0]["steps"]
    (statement,) = step["statements"]
    assert statement["rewritten"] == ["a_t", "a_t_pkey"]
    assert found["not_undone"] == found["changed"] == found["lost"] == []
    assert copies(project) == before

    with Watcher(project, "a_t") as watcher:
        assert project.run("migrate").code == 0
    reported = {lock["mode"]: lock for lock in step["locks"] if lock["relation"] == "a_t"}
    assert watcher.seen.keys() <= reported.keys()
    seen, told = watcher.held_ms("AccessExclusiveLock"), reported["AccessExclusiveLock"]["held_ms"]
    assert seen > 250
    assert told / 3 < seen < told * 3

    assert project.run("migrate", "a", "0001").code == 0
    (project.folder / "a/migrations/0002.py").write_text(STEP_BY_STEP)
    code, said = rehearse(project, "--json")
    found = facts(said)
    assert code == 0, found["findings"]
    assert found["passes"][0]["steps"][0]["rows"] == ROWS
    assert found["changed"] == found["not_undone"] == found["not_again"] == []


def _is_at(project: Tiny, statement: str) -> bool:
    return bool(
        project.ask(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
            f"AND query LIKE '{statement}' AND datname LIKE 'schema_scratch_%'"
        )
    )


def _programs() -> list[str]:
    """Of ours, that still run."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [
        line
        for line in listed.stdout.splitlines()
        if "pg_restore" in line and "schema_scratch_" in line
    ]
