"""A plan is done wholly or not at all, one migration at a time or all as one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connection

Use = Callable[..., Any]

HEAD = """
from django.db import connection, migrations, models, transaction
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.models import BigAutoField, ForeignKey, IntegerField, TextField, CASCADE

def run(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
"""
TABLE = """
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("T", [("id", BigAutoField(primary_key=True)), ("n", IntegerField())])
    ]
"""


@pytest.fixture
def shop(story: Use, write_app: Use) -> Callable[..., None]:
    """shop(BODY, …): an app `shop` with a table shop_t, then a migration of each of these.

    A body is a list of operations, or a file of its own if it has a class.
    """

    def install(*bodies: str, atomic: bool = True, first: str = TABLE) -> None:
        files = {"0001_table": HEAD + first}
        for number, body in enumerate(bodies, 2):
            before = list(files)[-1]
            files[f"{number:04}_next"] = HEAD + _file(body, before, atomic)
        write_app("shop", files)
        story("shop")

    return install


def _file(body: str, before: str, atomic: bool) -> str:
    functions, _, operations = body.rpartition("---")
    return f"""
{functions}
class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("shop", "{before}")]
    operations = [{operations}]
"""


@pytest.fixture
def apply(migrate: Use) -> Callable[..., str]:
    """apply("0001", "--group") → what `migrate shop …` prints."""
    return lambda *words: migrate("shop", *words)


def ask(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


def actions(journal: Use, *of: str) -> list[str]:
    return [
        f"{entry.action} {entry.migration or ''}".strip()
        for entry in journal()
        if not of or entry.action in of
    ]


ADD = 'migrations.AddField("T", "{}", IntegerField(null=True))'
INSERT = 'migrations.RunSQL("INSERT INTO shop_t (n) VALUES ({})", migrations.RunSQL.noop)'
FAILS = 'migrations.RunSQL("SELECT 1/0")'


# --- One migration -------------------------------------------------------------------------


def test_a_failure_takes_the_whole_migration_back(
    shop: Use, apply: Use, names: Use, catalog_now: Use
) -> None:
    shop(f"{ADD.format('a')}, {INSERT.format(1)}, {FAILS}")
    apply("0001")
    before = catalog_now()
    with pytest.raises(
        CommandError, match=r"^shop.0002_next failed: division by zero. It was"
    ) as e:
        apply()
    assert e.value.returncode == 2
    assert (names("shop"), catalog_now(), ask("SELECT n FROM shop_t")) == (
        ["0001_table"],
        before,
        [],
    )


def test_what_was_done_before_the_failure_stays_and_it_says_so(shop: Use, apply: Use) -> None:
    shop(ADD.format("a"), FAILS)
    with pytest.raises(CommandError) as refusal:
        apply()
    assert str(refusal.value) == (
        "shop.0003_next failed: division by zero. It was rolled back; the 2 done before it stay. "
        "Mend the migration, and run migrate again; --traceback shows where it was."
    )


def test_an_error_of_python_keeps_its_traceback(
    shop: Use, apply: Use, names: Use, journal: Use, capsys: Any
) -> None:
    shop(f"""
def mistake(apps, editor):
    run("INSERT INTO shop_t (n) VALUES (1)")
    raise KeyError("mist\\x00ake \\udcff")
--- {ADD.format("a")}, migrations.RunPython(mistake)""")
    with pytest.raises(CommandError) as refusal:
        apply()
    assert refusal.value.returncode == 2
    assert "shop.0002_next failed: KeyError: " in str(refusal.value)
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert "in mistake\n" in said
    assert (names("shop"), ask("SELECT n FROM shop_t")) == (["0001_table"], [])
    (fail,) = [entry for entry in journal() if entry.action == "fail"]
    assert fail.error == "KeyError"  # what it says may be data


def test_what_waits_for_the_commit_runs_after_it(
    shop: Use, apply: Use, names: Use, capfd: Any
) -> None:
    shop("""
def later():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE name = '0002_next'")
        print("there are", cursor.fetchall())

def hook(apps, editor):
    transaction.on_commit(later)
    with transaction.atomic():
        transaction.on_commit(lambda: print("nested too"))
--- migrations.RunPython(hook)""")
    apply()
    assert capfd.readouterr().out.splitlines() == ["there are [('0002_next',)]", "nested too"]


def test_what_fails_after_the_commit_takes_nothing_back(shop: Use, apply: Use, names: Use) -> None:
    shop("""
def hook(apps, editor):
    transaction.on_commit(lambda: run("DO $$ BEGIN RAISE lock_not_available; END $$"))
--- migrations.RunPython(hook)""")
    with pytest.raises(CommandError) as refusal:
        apply()
    assert len(names("shop")) == 2
    assert str(refusal.value).startswith(
        "shop.0002_next failed: lock_not_available. It is done, but for what was to follow it. "
    )


def test_python_that_mends_a_failed_statement_goes_on(shop: Use, apply: Use, settings: Any) -> None:
    shop("""
def attempt(apps, editor):
    run("ALTER TABLE shop_t ADD CONSTRAINT small CHECK (n < 5) NOT VALID")
    run("ALTER TABLE shop_t DISABLE TRIGGER ALL")
    try:
        with transaction.atomic():
            run("ALTER TABLE shop_t VALIDATE CONSTRAINT no_such")
    except Exception as error:
        run("UPDATE shop_t SET n = 4")
    assert probe() == "200ms"

def probe():
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]
--- migrations.RunPython(attempt)""")
    apply("0001")
    ask("INSERT INTO shop_t (n) VALUES (9)")
    apply()
    assert ask("SELECT n FROM shop_t") == [4]


@pytest.mark.parametrize("how", ["COMMIT", "INSERT INTO shop_t (n) VALUES (2); commit; BEGIN"])
def test_sql_that_ends_the_transaction_is_refused(
    shop: Use, apply: Use, names: Use, how: str
) -> None:
    shop(f"{INSERT.format(1)}, migrations.RunSQL('{how}')")
    with pytest.raises(CommandError) as refusal:
        apply()
    assert str(refusal.value) == (
        "shop.0002_next ends the transaction that it is in with COMMIT, and was rolled back. "
        "Take the statement out, or set atomic = False in the migration."
    )
    assert (names("shop"), ask("SELECT n FROM shop_t")) == (["0001_table"], [])


def test_sql_may_go_back_to_a_savepoint(shop: Use, apply: Use) -> None:
    script = "; ".join(
        [
            "SAVEPOINT a",
            "INSERT INTO shop_t (n) VALUES (2)",
            "ROLLBACK TO SAVEPOINT a",
            "RELEASE a",
        ]
    )
    shop(f"{INSERT.format(1)}, migrations.RunSQL('{script}')")
    apply()
    assert ask("SELECT n FROM shop_t") == [1]


def test_a_transaction_that_must_be_the_outermost_is_refused_as_django_does(
    shop: Use, apply: Use, names: Use
) -> None:
    shop("""
def durably(apps, editor):
    with transaction.atomic(durable=True):
        run("INSERT INTO shop_t (n) VALUES (1)")
--- migrations.RunPython(durably)""")
    with pytest.raises(CommandError, match="durable atomic block cannot be nested"):
        apply()
    assert names("shop") == ["0001_table"]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_migration_that_closes_the_connection_has_lost_the_lock(
    shop: Use, apply: Use, names: Use, journal: Use, *, atomic: bool
) -> None:
    shop(
        """
def close(apps, editor):
    connection.close()
--- migrations.RunPython(close), """
        + INSERT.format(1),
        atomic=atomic,
    )
    with pytest.raises(CommandError) as refusal:
        apply()
    assert str(refusal.value).startswith("The connection was closed in the middle, and with it")
    assert names("shop") == ["0001_table"]
    assert ask("SELECT n FROM shop_t") == []
    assert actions(journal) == ["begin", "apply 0001_table", "fail 0002_next", "end"]


def test_a_session_that_ends_between_two_statements_is_said(
    shop: Use, apply: Use, names: Use
) -> None:
    shop("""
def end(apps, editor):
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    run("REINDEX INDEX CONCURRENTLY shop_t_pkey")
--- migrations.RunPython(end)""")
    with pytest.raises(CommandError) as refusal:
        apply()
    assert refusal.value.returncode == 2
    assert str(refusal.value).startswith(
        "The connection to the server was lost during shop.0002_next. "
    )
    assert names("shop") == ["0001_table"]


# --- Group ---------------------------------------------------------------------------------


def test_a_group_is_applied_as_one(shop: Use, apply: Use, names: Use) -> None:
    note = INSERT.format("pg_current_xact_id()::text::int")
    shop(f"{ADD.format('a')}, {note}", f"{ADD.format('b')}, {note}")
    apply("--group")
    assert len(names("shop")) == 3
    assert len(set(ask("SELECT n FROM shop_t"))) == 1


def test_of_a_group_that_fails_nothing_is_applied(
    shop: Use, apply: Use, names: Use, journal: Use, catalog_now: Use
) -> None:
    shop(ADD.format("a"), FAILS, ADD.format("b"), ADD.format("c"))
    before = catalog_now()
    with pytest.raises(CommandError) as refusal:
        apply("--group")
    assert str(refusal.value).startswith(
        "shop.0003_next failed: division by zero. Nothing was changed. "
    )
    assert (names("shop"), catalog_now()) == ([], before)
    assert actions(journal) == ["begin", "fail 0003_next", "end"]
    assert journal()[-1].detail == {"outcome": "failed", "steps": 0}


def test_a_group_with_one_that_cannot_be_in_it_is_refused(shop: Use, refuse: Use) -> None:
    shop(ADD.format("a"), atomic=False)
    assert refuse("shop", "--group") == (
        "--group is one transaction, in which shop.0002_next cannot be. Nothing was changed. "
        "Apply what comes before without --group, or leave it out."
    )


REFERS = """
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "T", [("id", BigAutoField(primary_key=True)), ("n", IntegerField())]
        ),
        migrations.CreateModel(
            "R", [("id", BigAutoField(primary_key=True)), ("t", ForeignKey("T", CASCADE))]
        ),
    ]
"""
LATE = """migrations.RunSQL(
    "INSERT INTO shop_r (id, t_id) VALUES ({0}, {0}); INSERT INTO shop_t VALUES ({0}, 1)"
)"""
ORPHAN = 'migrations.RunSQL("INSERT INTO shop_r (id, t_id) VALUES (7, 7)")'


def test_a_group_changes_tables_with_data_that_waited_for_the_end(
    shop: Use, apply: Use, names: Use
) -> None:
    add = 'migrations.AddField("R", "a", IntegerField(null=True))'
    shop(LATE.format(1), add, LATE.format(2), first=REFERS)
    apply("--group")
    assert len(names("shop")) == 4


def test_a_group_that_leaves_an_orphan_fails_where_it_is_made(
    shop: Use, apply: Use, names: Use
) -> None:
    shop(ORPHAN, 'migrations.AddField("R", "a", IntegerField(null=True))', first=REFERS)
    with pytest.raises(CommandError, match=r"^shop.0002_next failed: insert or update on table"):
        apply("--group")
    assert names("shop") == []


def test_a_constraint_that_is_checked_at_once_stays_so_in_a_group(shop: Use, apply: Use) -> None:
    unique = 'migrations.RunSQL("ALTER TABLE shop_t ADD CONSTRAINT one UNIQUE (n) DEFERRABLE")'
    twice = (
        'migrations.RunSQL("INSERT INTO shop_t VALUES (1, 1), (2, 1); UPDATE shop_t SET n = id")'
    )
    shop(unique, twice)
    with pytest.raises(CommandError, match="duplicate key"):
        apply("--group")


def test_after_the_commit_of_a_group_a_failure_does_not_deny_it(
    shop: Use, apply: Use, names: Use
) -> None:
    shop("""
def hook(apps, editor):
    transaction.on_commit(lambda: run("SELECT 1/0"))
--- migrations.RunPython(hook)""")
    with pytest.raises(CommandError) as refusal:
        apply("--group")
    assert len(names("shop")) == 2
    assert "Nothing was changed" not in str(refusal.value)
