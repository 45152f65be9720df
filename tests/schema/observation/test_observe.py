"""What statements really do: their locks, rewrites and scans, as the server says."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, connection

from ingestion.schema.limits import Limits
from ingestion.schema.observation.observe import Observed, Rows, StepObserved, observing
from ingestion.schema.origin import origin
from ingestion.schema.plan import Step
from ingestion.schema.project import Project
from ingestion.schema.replay import alone, perform

Use = Callable[..., Any]
Observe = Callable[..., StepObserved]

FILE = """
from django.db import migrations, models, transaction
{python}
class Migration(migrations.Migration):
    atomic = {atomic}
    operations = [{operations}]
"""
TABLES = """
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE t (id int PRIMARY KEY, n int, s varchar(10), k int, parent int);
    CREATE INDEX t_n ON t (n);
    CREATE TABLE empty (id int);
    CREATE VIEW v AS SELECT k FROM t;
    CREATE SEQUENCE q;
    INSERT INTO parent SELECT generate_series(1, 10);
    INSERT INTO t SELECT i, i, 's', i, i FROM generate_series(1, 10) AS i;
"""
# Each with the locks that it takes on what was there (but AccessShare), and what it does there.
STATEMENTS = {
    "ALTER TABLE t ALTER n TYPE bigint": (
        "AccessExclusive t, t_n, t_pkey; rewritten t, t_n, t_pkey; scanned t"
    ),
    "ALTER TABLE t ALTER s TYPE varchar(20)": "AccessExclusive t",
    "ALTER TABLE t ALTER s TYPE varchar(15)": (
        "AccessExclusive t, t_n, t_pkey; rewritten t, t_n, t_pkey; scanned t"
    ),
    "ALTER TABLE t ADD CONSTRAINT c1 CHECK (n IS NOT NULL)": "AccessExclusive t; scanned t",
    "ALTER TABLE t ADD CONSTRAINT c2 CHECK (n IS NOT NULL) NOT VALID": "AccessExclusive t",
    "ALTER TABLE t VALIDATE CONSTRAINT c2": "ShareUpdateExclusive t; scanned t",
    "CREATE INDEX i1 ON t (s)": "Share t; scanned t",
    "CREATE INDEX CONCURRENTLY i2 ON t (s)": "ShareUpdateExclusive t; scanned t",
    "REINDEX INDEX CONCURRENTLY i2": "ShareUpdateExclusive i2, t; rewritten i2; scanned t",
    "DROP INDEX CONCURRENTLY i2": "ShareUpdateExclusive i2, t",
    "DROP INDEX i1": "AccessExclusive i1, t",
    "ALTER TABLE t ADD CONSTRAINT f1 FOREIGN KEY (parent) REFERENCES parent": (
        "ShareRowExclusive parent, t; scanned t"
    ),
    "ALTER TABLE t ADD CONSTRAINT f2 FOREIGN KEY (parent) REFERENCES parent NOT VALID": (
        "ShareRowExclusive parent, t"
    ),
    "ALTER TABLE t VALIDATE CONSTRAINT f2": ("ShareUpdateExclusive t; RowShare parent; scanned t"),
    "ALTER TABLE t ALTER n SET NOT NULL": "AccessExclusive t",
    "ALTER TABLE t ALTER k SET NOT NULL": "AccessExclusive t; scanned t",
    "ALTER TABLE t ALTER k DROP NOT NULL": "AccessExclusive t",
    "ALTER TABLE t ADD COLUMN a int": "AccessExclusive t",
    "ALTER TABLE t ADD COLUMN b int NOT NULL DEFAULT 7": "AccessExclusive t",
    "ALTER TABLE t ADD COLUMN c float NOT NULL DEFAULT random()": (
        "AccessExclusive t, t_n, t_pkey; rewritten t, t_n, t_pkey; scanned t"
    ),
    "ALTER TABLE t DROP COLUMN a": "AccessExclusive t",
    "ALTER TABLE t RENAME COLUMN b TO d": "AccessExclusive t",
    "ALTER TABLE t RENAME TO u": "AccessExclusive t",
    "ALTER TABLE u RENAME TO t": "AccessExclusive u",
    "ALTER TABLE t SET (fillfactor = 90)": "ShareUpdateExclusive t",
    "COMMENT ON TABLE t IS 'what was told'": "ShareUpdateExclusive t",
    "CREATE TABLE child (id int REFERENCES parent)": "ShareRowExclusive parent",
    "UPDATE t SET n = n + 1": "RowExclusive t, t_n, t_pkey; scanned t; 10 rows",
    "LOCK TABLE t IN EXCLUSIVE MODE": "Exclusive t",
    "ALTER TABLE empty ADD CHECK (id > 0)": "AccessExclusive empty; scanned empty",
    "DROP VIEW v": "AccessExclusive v",
    "DROP SEQUENCE q": "AccessExclusive q",
    "TRUNCATE empty": "AccessExclusive empty; emptied empty",
    "DROP TABLE empty": "AccessExclusive empty",
    "VACUUM (TRUNCATE false) t": "ShareUpdateExclusive t",
}


def words(observed: Observed) -> str:
    modes = dict.fromkeys(lock.mode for lock in observed.locks)
    held = [
        f"{mode.removesuffix('Lock')} {', '.join(names)}"
        for mode in modes
        if mode != "AccessShareLock" and (names := _names(observed, mode))
    ]
    done = [
        f"{verb} {', '.join(names)}"
        for verb in ("rewritten", "emptied", "scanned")
        if (names := getattr(observed, verb))
    ]
    return "; ".join([*held, *done, *([f"{observed.rows} rows"] if observed.rows else [])])


def _names(observed: Observed, mode: str) -> list[str]:
    """Of what was there, each with its strongest lock only."""
    strongest: dict[str, str] = {}
    for lock in observed.locks:
        if not lock.is_new:
            strongest.setdefault(lock.relation, lock.mode)
    return [name for name, its in strongest.items() if its == mode]


def ask(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.fixture
def observe(own_database: Any, story: Use, write_app: Use) -> Observe:
    """observe("ALTER …", …) → what a migration of these statements did."""
    ask(TABLES)

    def run(*statements: str, python: str = "", atomic: bool = True) -> StepObserved:
        operations = [f"migrations.RunSQL({each!r})" for each in statements]
        operations += ["migrations.RunPython(run)"] if python else []
        text = FILE.format(python=python, atomic=atomic, operations=", ".join(operations))
        write_app("seen", {"0001_initial": text})
        story("seen")
        project = Project.read(own_database)
        with observing(own_database) as observer:
            perform(
                project,
                [Step(("seen", "0001_initial"))],
                origin=origin(),
                limits=alone(Limits()),
                progress=observer,
                command="",
            )
        (step,) = observer.steps
        return step

    return run


def test_each_statement_is_known_by_what_it_locks_rewrites_and_scans(observe: Observe) -> None:
    step = observe(*STATEMENTS, atomic=False)
    assert {each.sql: words(each) for each in step.statements} == STATEMENTS
    assert not step.is_transaction


def test_a_lock_is_held_until_its_transaction_ends(observe: Observe) -> None:
    step = observe("ALTER TABLE t ADD COLUMN a int", "SELECT pg_sleep(0.2)")
    alter, sleep = step.statements
    (lock,) = [each for each in step.locks if each.mode == "AccessExclusiveLock"]
    assert lock.blocks_reads
    assert lock.held_ms >= 200 > alter.duration_ms
    assert step.duration_ms >= lock.held_ms
    assert sleep.locks == ()
    assert step.is_transaction


@pytest.mark.slow
def test_what_the_migration_itself_has_made_keeps_nobody_waiting(observe: Observe) -> None:
    step = observe(
        "CREATE TABLE fresh (id int)",
        "INSERT INTO fresh SELECT generate_series(1, 10)",
        "ALTER TABLE fresh ALTER id TYPE bigint",
        "CREATE INDEX fresh_id ON fresh (id)",
        atomic=False,
    )
    assert not any(lock.blocks_writes for lock in step.locks)
    assert [words(each) for each in step.statements] == ["", "10 rows", "", ""]


@pytest.mark.slow
def test_a_new_index_of_a_table_that_was_there_is_in_use_when_its_transaction_is_over(
    observe: Observe,
) -> None:
    make, drop = observe("CREATE INDEX i ON t (s)", "DROP INDEX i", atomic=False).statements
    assert {lock.is_new for lock in make.locks if lock.relation == "i"} == {True}
    assert {lock.is_new for lock in drop.locks if lock.relation == "i"} == {False}


LOOP = """
def run(apps, editor):
    with editor.connection.cursor() as cursor:
        for number in range(200):
            cursor.execute("UPDATE t SET k = %s WHERE id = 1", [number])
        cursor.execute("DELETE FROM t WHERE id = 2")
"""


@pytest.mark.slow
@pytest.mark.parametrize("atomic", [True, False])
def test_of_what_python_repeats_the_rest_is_one_entry(observe: Observe, *, atomic: bool) -> None:
    step = observe(python=LOOP, atomic=atomic)
    assert [each.count for each in step.statements] == [1] * 50 + [151]
    assert step.statements[-1].rows == 151
    assert step.rows == 201
    assert {lock.mode for lock in step.locks if lock.relation == "t"} >= {"RowExclusiveLock"}


@pytest.mark.slow
@pytest.mark.parametrize("atomic", [True, False])
def test_what_python_changes_of_the_schema_is_always_seen(
    observe: Observe, *, atomic: bool
) -> None:
    step = observe(python=f"{LOOP}        cursor.execute('DROP VIEW v')\n", atomic=atomic)
    assert words(step.statements[-1]) == "AccessExclusive v"
    assert step.statements[-2].count == 151


@pytest.mark.slow
def test_a_lock_goes_with_the_savepoint_that_is_rolled_back(observe: Observe) -> None:
    step = observe(
        python="""
def run(apps, editor):
    with editor.connection.cursor() as cursor:
        try:
            with transaction.atomic(using=editor.connection.alias):
                cursor.execute("LOCK TABLE t")
                cursor.execute("SELECT 1 / 0")
        except Exception:
            pass
        cursor.execute("SELECT pg_sleep(0.2)")
        cursor.execute("LOCK TABLE parent")
"""
    )
    held = {lock.relation: lock.held_ms for lock in step.locks}
    assert held["t"] < 200
    assert [each.sql for each in step.statements][-1] == "LOCK TABLE parent"


@pytest.mark.slow
def test_what_a_savepoint_took_back_is_not_blamed_on_the_next(observe: Observe) -> None:
    step = observe(
        python="""
def run(apps, editor):
    with editor.connection.cursor() as cursor:
        try:
            with transaction.atomic(using=editor.connection.alias):
                cursor.execute("ALTER TABLE t ALTER n TYPE bigint")
                cursor.execute("CREATE TABLE fresh (id int)")
                raise ValueError
        except ValueError:
            pass
        cursor.execute("LOCK TABLE t")
        cursor.execute("CREATE TABLE fresh (id int)")
"""
    )
    assert [words(each) for each in step.statements] == [
        "AccessExclusive t, t_n, t_pkey; rewritten t, t_n, t_pkey; scanned t",
        "",
        "AccessExclusive t",
        "",
    ]


@pytest.mark.slow
def test_a_statement_that_ends_its_own_transaction_is_seen_as_well(observe: Observe) -> None:
    ask(
        "CREATE PROCEDURE slowly() LANGUAGE plpgsql AS $$ BEGIN "
        "LOCK TABLE t; PERFORM pg_sleep(0.1); COMMIT; UPDATE t SET k = 0; END $$"
    )
    (call,) = observe("CALL slowly()", atomic=False).statements
    assert (call.sql, call.rows) == ("CALL slowly()", 10)
    assert ("t", "AccessExclusiveLock") in {(lock.relation, lock.mode) for lock in call.locks}
    assert 100 <= call.duration_ms < 1000


MANUALLY = """
def run(apps, editor):
    connection = editor.connection
    connection.set_autocommit(False)
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE t")
        cursor.execute("UPDATE t SET k = 0")
        cursor.execute("SELECT pg_sleep(0.2)")
        connection.rollback()
        for number in range(60):
            cursor.execute("UPDATE t SET k = k WHERE id = 1")
            connection.commit()
    connection.set_autocommit(True)
"""


@pytest.mark.slow
def test_transactions_that_python_begins_and_ends_itself_are_left_to_it(observe: Observe) -> None:
    lock, update, *_, rest = observe(python=MANUALLY, atomic=False).statements
    assert ask("SELECT count(*) FROM t WHERE k = 0") == 0
    assert {each.held_ms >= 200 for each in lock.locks if each.relation == "t"} == {True}
    assert update.held_ms >= 200
    assert rest.count > 5
    assert rest.held_ms < 100


@pytest.mark.slow
def test_a_statement_that_names_the_record_is_seen_like_any_other(observe: Observe) -> None:
    python = """
def run(apps, editor):
    editor.connection.cursor().execute("LOCK TABLE t -- not django_migrations")
"""
    for atomic in (True, False):
        (lock,) = observe(python=python, atomic=atomic).statements
        assert words(lock) == "AccessExclusive t"
        ask("DELETE FROM django_migrations")


@pytest.mark.slow
def test_a_lock_that_is_given_back_on_the_way_is_held_no_longer(observe: Observe) -> None:
    ask("CREATE TABLE big AS SELECT i, md5(i::text) FROM generate_series(1, 200000) AS i")
    (vacuum,) = observe("VACUUM FULL empty, big", atomic=False).statements
    held = {
        lock.relation: lock.held_ms for lock in vacuum.locks if lock.mode == "AccessExclusiveLock"
    }
    assert held["empty"] < 0.5 * held["big"] <= vacuum.duration_ms
    assert vacuum.scanned == ("big", "empty")


@pytest.mark.slow
def test_disk_and_log_are_counted(observe: Observe) -> None:
    ask("INSERT INTO t SELECT i, i, 's', i, i FROM generate_series(11, 20000) AS i")
    step = observe("ALTER TABLE t ALTER n TYPE bigint")
    (alter,) = step.statements
    assert alter.growth_bytes > 1_000_000
    assert step.peak_bytes >= alter.growth_bytes > step.growth_bytes
    assert step.wal_bytes > 100_000 < alter.wal_bytes


@pytest.mark.slow
@pytest.mark.parametrize("atomic", [True, False])
def test_what_others_write_of_the_log_does_not_count(
    observe: Observe, own_database: Any, *, atomic: bool
) -> None:
    python = """
from contextlib import closing
def run(apps, editor):
    with closing(editor.connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("CREATE TABLE theirs AS SELECT generate_series(1, 100000)")
"""
    step = observe(
        "INSERT INTO empty SELECT generate_series(1, 10000)", python=python, atomic=atomic
    )
    is_told = own_database.pg_version >= 180000
    assert step.is_wal_own is is_told
    assert (500_000 < step.wal_bytes < 1_500_000) is is_told, step.wal_bytes
    assert step.wal_bytes > 500_000


def test_the_statement_that_failed_is_known(own_database: Any, story: Use, write_app: Use) -> None:
    operations = 'migrations.RunSQL("SELECT 1"), migrations.RunSQL("SELECT 1 / 0")'
    text = FILE.format(python="", atomic=True, operations=operations)
    write_app("seen", {"0001_initial": text})
    story("seen")
    with observing(own_database) as observer, pytest.raises(DataError):
        perform(
            Project.read(own_database),
            [Step(("seen", "0001_initial"))],
            origin=origin(),
            limits=alone(Limits()),
            progress=observer,
            command="",
        )
    assert (f"{observer.step}", observer.statement) == ("seen.0001_initial", "SELECT 1 / 0")
    assert observer.steps == []


@pytest.mark.slow
def test_rows_are_locked_until_the_transaction_of_their_update_ends(observe: Observe) -> None:
    step = observe("UPDATE t SET k = 0", "SELECT pg_sleep(0.2)", "INSERT INTO t VALUES (11)")
    update, _, insert = step.statements
    assert update.updated == (Rows(relation="t", count=10),)
    assert update.held_ms >= 200 > update.duration_ms
    assert insert.updated == ()


BATCHES = """
def run(apps, editor):
    for number in range(60):
        with transaction.atomic(using=editor.connection.alias):
            with editor.connection.cursor() as cursor:
                cursor.execute("UPDATE t SET k = %s WHERE id = 1", [number])
                cursor.execute("SELECT pg_sleep(0.005)")
"""


@pytest.mark.slow
def test_of_many_transactions_the_longest_counts(observe: Observe) -> None:
    *_, rest = observe(python=BATCHES, atomic=False).statements
    assert rest.count == 70
    assert 5 <= rest.held_ms < 100 < rest.duration_ms
