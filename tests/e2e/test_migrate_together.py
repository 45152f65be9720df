"""Several at once, some killed, with others at work on the tables: real processes, real locks."""

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.schema.processes import Tiny, tiny

TABLE = 'migrations.CreateModel("T", [("id", models.BigAutoField(primary_key=True))])'
SLEEP = 'migrations.RunSQL("SELECT pg_sleep({})", "")'
ADD = 'migrations.AddField("T", "n", models.IntegerField(null=True))'
HOLDER = (
    r"\S+ \(role \S+\) on \S+ \(process {pid}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC, "
    r"with `migrate`\)"
)


@pytest.fixture
def project(django_db_blocker: Any) -> Iterator[Tiny]:
    with django_db_blocker.unblock(), tiny() as project:
        yield project


def said(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=60)[0]


def wait_for_word(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout is not None
    while word not in (line := process.stdout.readline()):
        assert line


# --- One at a time -------------------------------------------------------------------------


def test_of_eight_at_once_each_migration_is_applied_by_one(project: Tiny) -> None:
    project.write("a", TABLE, SLEEP.format(1), ADD)
    project.write("b", TABLE, ADD)
    several = [project.start("migrate") for _ in range(8)]
    texts = [said(process) for process in several]
    assert [process.returncode for process in several] == [0] * 8, texts
    assert sorted(project.actions("apply")) == sorted(
        ["apply 0001", "apply 0002", "apply 0003", "apply 0001", "apply 0002"]
    )
    assert project.is_true_to_its_journal()
    waited = [text for text in texts if re.search(r"Waiting for .*; \d s so far", text)]
    assert len(waited) >= 4


def test_it_waits_so_long_and_says_for_whom(project: Tiny) -> None:
    project.write("a", TABLE, SLEEP.format(60))
    holder = project.start("migrate")
    project.wait_for_statement("SELECT pg_sleep%")
    started = time.monotonic()
    refused = project.run("migrate", "--lock-wait", "1")
    assert refused.code == 2
    assert 1 <= time.monotonic() - started < 30  # the holder takes twice as long
    whom = HOLDER.format(pid=holder.pid)
    assert re.fullmatch(
        rf"  Waiting for {whom}; 0 s so far\n"
        rf"CommandError: Another migration is running: {whom}; waited 1 s\. Nothing was changed\. "
        r"Run this again when it is done, or wait longer with --lock-wait SECONDS\.\n",
        refused.said,
    ), refused.said
    holder.kill()
    said(holder)


def test_when_the_holder_is_killed_the_next_one_takes_over(project: Tiny) -> None:
    project.write("a", TABLE, f"{ADD}, {SLEEP.format(60)}")
    holder = project.start("migrate")
    project.wait_for_statement("SELECT pg_sleep%")
    next_one = project.start("migrate", "a", "0001")
    wait_for_word(next_one, "Waiting")
    holder.kill()
    started = time.monotonic()
    assert "No migrations to apply" in said(next_one)
    assert time.monotonic() - started < 6
    assert next_one.returncode == 0
    assert project.actions() == ["begin", "apply 0001"]
    assert (
        project.ask("SELECT 1 FROM pg_attribute WHERE attrelid = 'a_t'::regclass AND attname = 'n'")
        == []
    )
    said(holder)


def test_a_concurrent_index_and_three_that_wait_do_not_deadlock(project: Tiny) -> None:
    index = 'AddIndexConcurrently("T", models.Index(fields=["id"], name="again"))'
    project.write("a", TABLE, index, atomic=False)
    assert project.run("migrate", "a", "0001").code == 0
    with closing(project.connect()) as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM a_t")
        holder = project.start("migrate")
        project.wait_for_statement("CREATE INDEX CONCURRENTLY%")
        waiting = [project.start("migrate") for _ in range(3)]
        for process in waiting:
            wait_for_word(process, "Waiting")
        time.sleep(2)
        assert holder.poll() is None
        cursor.execute("COMMIT")
    for process in (holder, *waiting):
        assert said(process)
        assert process.returncode == 0
    assert project.actions("step", "retry", "fail") == ["step 0001", "step 0002"]


def test_an_index_whose_builder_was_killed_is_built_anew(project: Tiny) -> None:
    index = 'AddIndexConcurrently("T", models.Index(fields=["id"], name="again"))'
    project.write("a", TABLE, index, atomic=False)
    assert project.run("migrate", "a", "0001").code == 0
    with closing(project.connect()) as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        holder = project.start("migrate")
        pid = project.wait_for_statement("CREATE INDEX CONCURRENTLY%")
        project.wait_for("SELECT 1 FROM pg_index WHERE NOT indisvalid")
        holder.kill()
        said(holder)
        gone = f"SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"
        project.wait_for(gone, seconds=5)
        next_one = project.start("migrate")
        project.wait_for_statement("%INDEX CONCURRENTLY%")
        cursor.execute("COMMIT")
    assert "removes what was left broken: DROP INDEX CONCURRENTLY" in said(next_one)
    assert next_one.returncode == 0
    assert project.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'again'::regclass") == [
        (True,)
    ]


# --- Beside those who use the tables -------------------------------------------------------


class Readers(threading.Thread):
    """Reads the table again and again, and knows how long it waited at most."""

    def __init__(self, project: Tiny) -> None:
        super().__init__()
        self.session = project.connect()
        self.longest = 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        with closing(self.session), self.session.cursor() as cursor:
            while not self.stopped.is_set():
                started = time.monotonic()
                cursor.execute("SELECT * FROM a_t")
                self.longest = max(self.longest, time.monotonic() - started)
                time.sleep(0.005)


def test_behind_a_long_reader_it_tries_again_and_holds_nobody_up(project: Tiny) -> None:
    project.write("a", TABLE, ADD)
    assert project.run("migrate", "a", "0001").code == 0
    readers = Readers(project)
    readers.start()
    with closing(project.connect()) as reader, reader.cursor() as cursor:
        cursor.execute("SET application_name = 'report'; BEGIN; SELECT * FROM a_t")
        process = project.start("migrate")
        project.wait_for("SELECT 1 FROM schema_journal WHERE action = 'retry'")
        time.sleep(5)
        pid = reader.info.backend_pid
        cursor.execute("COMMIT")
    text = said(process)
    readers.stopped.set()
    readers.join()
    assert process.returncode == 0, text
    assert readers.longest < 0.3
    assert re.search(
        rf"lock timeout, held by process {pid}, role \S+, idle in transaction for \d+ s; "
        r"rolled back, try 2 in 0\.\d s",
        text,
    ), text
    entries = [each for each in project.journal() if each.action == "retry"]
    assert [each.detail["try"] for each in entries] == list(range(1, len(entries) + 1))
    assert entries[0].detail["blockers"][0].startswith(f"process {pid}, role ")
    assert entries[0].error == "canceling statement due to lock timeout"


# --- Ended in the middle -------------------------------------------------------------------


@pytest.mark.parametrize("atomic", [True, False])
def test_ctrl_c_ends_a_long_statement_at_once(project: Tiny, *, atomic: bool) -> None:
    project.write("a", TABLE, f"{ADD}, {SLEEP.format(60)}", atomic=atomic)
    process = project.start("migrate")
    project.wait_for_statement("SELECT pg_sleep%")
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    text = said(process)
    assert time.monotonic() - started < 2
    assert process.returncode == 130
    assert text.splitlines()[-1].endswith(
        "CommandError: Interrupted. It was rolled back; the 1 done before it stay."
        if atomic
        else "CommandError: Interrupted. What it had done by then stays; the 1 done before it "
        "stay, and migrate goes on from there."
    ), text
    *_, fail, end = project.journal()
    assert (fail.action, fail.migration, fail.error) == ("fail", "0002", "interrupted")
    assert end.detail == {"outcome": "interrupted", "steps": 1}
    assert_it_goes_on(project)


def assert_it_goes_on(project: Tiny) -> None:
    """With the sleep out of the way."""
    for path in project.folder.glob("a/migrations/0002.py"):
        path.write_text(path.read_text().replace("pg_sleep(60)", "1"))
    process = project.start("migrate")
    text = said(process)
    assert process.returncode == 0, text
    assert project.applied() == {("a", "0001"), ("a", "0002")}
    assert project.is_true_to_its_journal()


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_ctrl_c_at_any_time_leaves_nothing_half_done(project: Tiny, pause: float) -> None:
    many = ", ".join([ADD.replace('"n"', f'"n{number}"') for number in range(150)])
    project.write("a", TABLE, many)
    process = project.start("migrate")
    project.wait_for("SELECT to_regclass('django_migrations') WHERE to_regclass('a_t') IS NOT NULL")
    time.sleep(pause)
    process.send_signal(signal.SIGINT)
    text = said(process)
    assert process.returncode in {0, 130}, text
    assert "Traceback" not in text
    (count,) = project.ask(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'a_t'::regclass AND attname LIKE 'n%'"
    )
    assert count[0] == (150 if ("a", "0002") in project.applied() else 0)
    assert project.actions("end") == ["end"]


def test_a_session_that_is_ended_says_so_and_leaves_nothing_half_done(project: Tiny) -> None:
    project.write("a", TABLE, f"{ADD}, {SLEEP.format(60)}")
    process = project.start("migrate")
    pid = project.wait_for_statement("SELECT pg_sleep%")
    project.ask(f"SELECT pg_terminate_backend({pid})")
    text = said(process)
    assert process.returncode == 2, text
    assert text.splitlines()[-1].endswith(
        "CommandError: The connection to the server was lost during a.0002. What was not recorded "
        "is rolled back. Run migrate again when the server is there: it goes on from what was "
        "recorded."
    )
    assert project.applied() == {("a", "0001")}
    assert project.actions() == ["begin", "apply 0001", "fail 0002", "end"]
    assert_it_goes_on(project)
