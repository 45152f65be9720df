"""A migration that cannot be one transaction: what it has done stays, and it goes on from there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands import migrate as stock
from django.db import connection

pytestmark = pytest.mark.slow

Use = Callable[..., Any]

FILE = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models

def run(text):
    with connection.cursor() as cursor:
        cursor.execute(text)

def n(number):
    return f"INSERT INTO shop_t (n) VALUES ({number})"

%s
class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_table")]
    operations = [%s]
"""
TABLE = """
from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "T", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]
        ),
        migrations.RunSQL("INSERT INTO shop_t (n) VALUES (1), (1)", ""),
    ]
"""
SQL = "migrations.RunSQL(n({}), n(-{}))"
FAILS = 'migrations.RunSQL("SELECT 1/(SELECT count(*) FROM shop_t WHERE n = 0)", "")'
INDEX = 'AddIndexConcurrently("T", models.Index(fields=["n"], name="shop_n"))'
UNIQUE = (
    'migrations.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY shop_n ON shop_t (n)", '
    '"DROP INDEX CONCURRENTLY shop_n")'
)


@pytest.fixture
def shop(story: Use, write_app: Use, migrate: Use) -> Callable[..., None]:
    """shop("OPERATIONS", "FUNCTIONS"): they are 0002 of the app; 0001, two rows, is applied."""

    def install(operations: str, functions: str = "") -> None:
        write_app("shop", {"0001_table": TABLE, "0002_pieces": FILE % (functions, operations)})
        story("shop")
        migrate("shop", "0001", verbosity=0)

    return install


@pytest.fixture
def change(write_app: Use) -> Callable[..., None]:
    """As `shop`, when it is applied in part."""
    return lambda operations, functions="": write_app(
        "shop", {"0002_pieces": FILE % (functions, operations)}
    )


@pytest.fixture
def apply(migrate: Use) -> Callable[..., str]:
    return lambda *words: migrate("shop", *words)


def ask(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


def numbers() -> list[int]:
    return ask("SELECT n FROM shop_t WHERE n <> 1 ORDER BY id")


def steps(journal: Use) -> int:
    return sum(entry.action == "step" for entry in journal())


def fails(apply: Use, *words: str) -> str:
    with pytest.raises(CommandError) as refusal:
        apply(*words)
    assert refusal.value.returncode == 2
    return str(refusal.value)


def test_what_is_done_stays_and_is_not_done_again(shop: Use, apply: Use, names: Use) -> None:
    shop(f"{SQL.format(2, 2)}, {SQL.format(2, 2)}, {FAILS}, {SQL.format(3, 3)}")
    assert fails(apply) == (
        "shop.0002_pieces failed: division by zero. What it had done by then stays, and migrate "
        "goes on from there. Mend the migration, and run migrate again; --traceback shows where "
        "it was."
    )
    assert numbers() == [2, 2]
    ask("INSERT INTO shop_t (n) VALUES (0)")
    assert "was stopped in the middle, goes on from there" in apply()
    assert numbers() == [2, 2, 0, 3]
    assert len(names("shop")) == 2


def test_it_goes_on_backwards_too(shop: Use, apply: Use, names: Use) -> None:
    back = 'migrations.RunSQL("", "SELECT 1/(SELECT count(*) FROM shop_t WHERE n = 0)")'
    shop(f"{SQL.format(2, 2)}, {back}, {SQL.format(3, 3)}")
    apply()
    fails(apply, "0001")
    assert numbers() == [2, 3, -3]
    ask("INSERT INTO shop_t (n) VALUES (0)")
    apply("0001")
    assert (numbers(), names("shop")) == ([2, 3, -3, 0, -2], ["0001_table"])


def test_a_second_time_round_it_begins_at_the_beginning(shop: Use, apply: Use) -> None:
    shop(SQL.format(2, 2))
    for words in ([], ["0001"], []):
        apply(*words)
    assert numbers() == [2, -2, 2]


def test_a_file_that_was_mended_goes_on_after_what_is_the_same(
    shop: Use, apply: Use, change: Use
) -> None:
    shop(f"{SQL.format(2, 2)}, {FAILS}")
    fails(apply)
    change(f"{SQL.format(4, 4)}, {SQL.format(2, 2)}, {SQL.format(5, 5)}")
    apply()
    assert numbers() == [2, 4, 5]


# --- Scripts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        ("{2}; {3}; SELECT 1/0", []),
        ("BEGIN; {2}; COMMIT; BEGIN; {3}; SELECT 1/0; COMMIT", [2]),
        ("{2}; START TRANSACTION; {3}; END; {4}; SELECT 1/0", [2, 3, 4]),
        ("BEGIN; {2}; SAVEPOINT a; {3}; ROLLBACK TO a; COMMIT; SELECT 1/0", [2]),
        ("BEGIN; {2}; ROLLBACK; {3}; BEGIN; SELECT 1/0; COMMIT", [3]),
        ("-- COMMIT\n{2}; SELECT 'COMMIT'; SELECT 1/0", []),
    ],
)
def test_what_stands_between_begin_and_commit_is_done_or_not(
    shop: Use, apply: Use, script: str, kept: list[int]
) -> None:
    text = script
    for number in (2, 3, 4):
        text = text.replace(f"{{{number}}}", f"INSERT INTO shop_t (n) VALUES ({number})")
    shop(f"migrations.RunSQL({text!r})")
    for _ in range(2):
        fails(apply)
        assert numbers() == kept


def test_sql_that_commits_by_itself_runs_outside_of_a_transaction(shop: Use, apply: Use) -> None:
    batches = (
        "DO $$ BEGIN FOR i IN 2..4 LOOP INSERT INTO shop_t (n) VALUES (i); COMMIT; END LOOP; END $$"
    )
    shop(f"migrations.RunSQL({batches!r}), {FAILS}")
    fails(apply)
    assert numbers() == [2, 3, 4]
    assert "runs again" not in fails(apply)
    assert numbers() == [2, 3, 4]


def test_what_is_set_for_the_session_is_set_again(shop: Use, apply: Use) -> None:
    insert = "INSERT INTO shop_t (n) SELECT current_setting('shop.n')::int"
    shop(f"""migrations.RunSQL("SET shop.n = '5'"), {FAILS}, migrations.RunSQL({insert!r})""")
    fails(apply)
    ask("RESET ALL; INSERT INTO shop_t (n) VALUES (0)")
    connection.close()
    apply()
    assert numbers() == [0, 5]


# --- Python --------------------------------------------------------------------------------

INSERTS = """
def inserts(apps, editor):
    run(n(2))
def refuses(apps, editor):
    run(n(3))
    if 0 not in numbers():
        raise ValueError("not yet")
def numbers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM shop_t")
        return [row[0] for row in cursor.fetchall()]
"""


def test_python_in_a_transaction_is_done_once(shop: Use, apply: Use) -> None:
    shop(
        "migrations.RunPython(inserts, atomic=True), migrations.RunPython(refuses, atomic=True)",
        INSERTS,
    )
    with pytest.raises(CommandError, match="ValueError: not yet"):
        apply()
    assert numbers() == [2]
    ask("INSERT INTO shop_t (n) VALUES (0)")
    assert "runs again" not in apply()
    assert numbers() == [2, 0, 3]


def test_python_without_a_transaction_runs_again_and_is_named(
    shop: Use, apply: Use, capsys: Any
) -> None:
    shop("migrations.RunPython(inserts), migrations.RunPython(refuses)", INSERTS)
    with pytest.raises(CommandError, match="ValueError: not yet"):
        apply()
    assert numbers() == [2, 3]
    ask("INSERT INTO shop_t (n) VALUES (0)")
    said = apply()
    assert said.count("may have run before, runs again: Raw Python operation") == 1
    assert numbers() == [2, 3, 0, 3]


def test_python_inside_of_another_operation_is_a_piece_of_its_own(shop: Use, apply: Use) -> None:
    inside = f"[migrations.RunPython(inserts), {SQL.format(5, 5)}, {FAILS}]"
    shop(f"migrations.SeparateDatabaseAndState({inside})", INSERTS)
    for _ in range(2):
        fails(apply)
        assert numbers() == [2, 5]


def test_so_it_is_on_the_way_back(shop: Use, apply: Use) -> None:
    fails_back = "migrations.RunSQL('', 'SELECT 1/0')"
    inside = f"[{fails_back}, migrations.RunPython(migrations.RunPython.noop, inserts)]"
    shop(f"migrations.SeparateDatabaseAndState({inside})", INSERTS)
    apply()
    for _ in range(2):
        fails(apply, "0001")
        assert numbers() == [2]


def test_vacuum_runs_again_and_is_named(shop: Use, apply: Use) -> None:
    shop(f"{SQL.format(2, 2)}, migrations.RunSQL('VACUUM shop_missing'), {SQL.format(3, 3)}")
    assert 'relation "shop_missing" does not exist' in fails(apply)
    ask("CREATE TABLE shop_missing ()")
    assert "may have run before, runs again: VACUUM shop_missing" in apply()
    assert numbers() == [2, 3]


# --- Concurrent indexes --------------------------------------------------------------------

INDEXES = """
    SELECT indexdef FROM pg_indexes JOIN pg_index ON indexrelid = to_regclass(indexname)
     WHERE indisvalid AND indexname LIKE 'shop_n%'
"""


def test_an_index_that_was_left_broken_is_made_anew(shop: Use, apply: Use) -> None:
    shop(UNIQUE)
    assert "could not create unique index" in fails(apply)
    assert ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop_n'::regclass") == [False]
    ask("UPDATE shop_t SET n = id")
    said = apply()
    assert (
        'removes what was left broken: DROP INDEX CONCURRENTLY IF EXISTS "public"."shop_n"' in said
    )
    assert ask(INDEXES) == ["CREATE UNIQUE INDEX shop_n ON public.shop_t USING btree (n)"]


def test_an_index_that_is_there_is_taken_as_done(shop: Use, apply: Use, journal: Use) -> None:
    shop(INDEX)
    ask("CREATE INDEX shop_n ON shop_t (n)")
    before = ask("SELECT 'shop_n'::regclass::oid")
    assert "is there already, whole and of the same shape: CREATE INDEX" in apply()
    assert ask("SELECT 'shop_n'::regclass::oid") == before
    assert steps(journal) == 1


def test_an_index_of_another_shape_is_refused(shop: Use, apply: Use, names: Use) -> None:
    shop(INDEX)
    ask("CREATE INDEX shop_n ON shop_t (n DESC)")
    assert fails(apply).startswith(
        'There is an index "public"."shop_n" already, and it is another one: expected '
    )
    assert names("shop") == ["0001_table"]


# --- Half done -----------------------------------------------------------------------------


def test_nothing_else_is_done_while_one_is_half_applied(shop: Use, apply: Use, refuse: Use) -> None:
    shop(f"{SQL.format(2, 2)}, {FAILS}")
    fails(apply)
    refusal = (
        "shop.0002_pieces is half applied: a run was stopped in the middle of it. Nothing was "
        "changed. First finish it with: manage.py migrate shop 0002_pieces"
    )
    assert refuse("shop", "zero", accept_data_loss=True) == refusal
    assert refuse("contenttypes") == refusal


def test_one_whose_file_is_gone_needs_it_back(
    shop: Use, apply: Use, refuse: Use, write_app: Use
) -> None:
    shop(f"{SQL.format(2, 2)}, {FAILS}")
    fails(apply)
    (write_app("shop") / "migrations" / "0002_pieces.py").unlink()
    assert refuse("contenttypes") == (
        "shop.0002_pieces is half applied: a run was stopped in the middle of it, and its file is "
        "gone. Nothing was changed. First bring the file back (the commit that took it away is "
        "named by: git log --diff-filter=D --all -- '*/0002_pieces.py'), then finish it with: "
        "manage.py migrate shop 0002_pieces"
    )


def test_nothing_to_do_is_no_answer_while_one_is_half_undone(
    shop: Use, apply: Use, refuse: Use
) -> None:
    shop('migrations.RunSQL("", "SELECT 1/0"), migrations.RunSQL(n(2), n(-2))')
    apply()
    fails(apply, "0001")
    assert refuse("shop") == (
        "shop.0002_pieces is half undone: a run was stopped in the middle of it. Nothing was "
        "changed. First undo it to its end with: manage.py migrate shop -1"
    )


def test_fake_settles_what_is_half_applied(shop: Use, apply: Use, names: Use) -> None:
    shop(f"{SQL.format(2, 2)}, {FAILS}, {SQL.format(3, 3)}")
    fails(apply)
    apply("--fake")
    assert (numbers(), len(names("shop"))) == ([2], 2)
    assert "No migrations to apply" in apply()


def test_fake_settles_what_is_half_undone(shop: Use, apply: Use, names: Use) -> None:
    shop(f"migrations.RunSQL('', 'SELECT 1/0'), {SQL.format(3, 3)}")
    apply()
    fails(apply, "0001")
    apply("0001", "--fake")
    assert (numbers(), names("shop")) == ([3, -3], ["0001_table"])
    apply()
    assert numbers() == [3, -3, 3]


def test_piece_by_piece_comes_what_django_makes(
    story: Use, migrate: Use, catalog_now: Use, own_database: Any
) -> None:
    story("run_atomic", "run_pieces")
    call_command(stock.Command(), verbosity=0)
    expected = catalog_now()
    ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO public")
    migrate()
    assert catalog_now() == expected


def test_each_piece_is_in_the_journal(shop: Use, apply: Use, journal: Use) -> None:
    shop(
        f"migrations.AddField('T', 'a', models.IntegerField(null=True)), {INDEX}, "
        f"{SQL.format(2, 2)}"
    )
    apply()
    found = [entry for entry in journal() if entry.migration == "0002_pieces"]
    assert [(entry.action, entry.ddl) for entry in found] == [
        ("step", 'ALTER TABLE "shop_t" ADD COLUMN "a" integer NULL;'),
        ("step", 'CREATE INDEX CONCURRENTLY "shop_n" ON "shop_t" ("n");'),
        ("step", None),
        (
            "apply",
            'ALTER TABLE "shop_t" ADD COLUMN "a" integer NULL;\n'
            'CREATE INDEX CONCURRENTLY "shop_n" ON "shop_t" ("n");',
        ),
    ]
    assert len({entry.hash for entry in found}) == 1
