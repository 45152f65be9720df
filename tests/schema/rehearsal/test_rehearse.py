"""A rehearsal tells what the plan does on a copy, and whether it may go ahead."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from ingestion.embedded import server
from ingestion.schema.errors import SchemaError
from ingestion.schema.rehearsal.budget import milliseconds, read_budget, size_in_bytes
from ingestion.schema.units import brief, size

Use = Callable[..., Any]
Rehearse = Callable[..., tuple[int, str]]

FILE = """
from django.db import migrations, models
{python}
class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [{before}]
    operations = [{operations}]
"""
TABLE = 'migrations.RunSQL("CREATE TABLE t (id int PRIMARY KEY, s text)", "DROP TABLE t")'
FILL = "INSERT INTO t SELECT i, 'S' || i FROM generate_series(1, 1000) AS i"


def sql(forwards: str, backwards: str | None = "") -> str:
    return f"migrations.RunSQL({forwards!r}, {backwards!r})"


PENDING = sql("ALTER TABLE t ADD COLUMN a int", "ALTER TABLE t DROP COLUMN a")


def ask(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.fixture
def shop(own_database: Any, story: Use, write_app: Use, migrate: Use, settings: Any) -> Use:
    """shop(OPERATIONS, …): the table t with a thousand rows, and a migration of each to come."""

    def install(*bodies: str, python: str = "", atomic: bool = True) -> None:
        before = ""
        files: dict[str, str] = {}
        for number, operations in enumerate([TABLE, *bodies], 1):
            name = f"{number:04}_step"
            files[name] = FILE.format(
                python=python, atomic=atomic, before=before, operations=operations
            )
            before = f'("shop", "{name}")'
        write_app("shop", files)
        story("shop")
        settings.SCHEMA = {"PROGRAMS": lambda: server.binaries() / "bin"}
        migrate("shop", "0001", verbosity=0)
        migrate("contenttypes", verbosity=0)
        ask(FILL)

    return install


@pytest.fixture
def rehearse(own_database: Any) -> Rehearse:
    """rehearse("shop", "+1", schema_only=True, …) → the exit code, and what is printed."""

    def run(*words: str, **options: Any) -> tuple[int, str]:
        said = StringIO()
        try:
            call_command("schema", "rehearse", *words, stdout=said, no_color=True, **options)
        except SystemExit as ended:
            return int(ended.code or 0), said.getvalue()
        except CommandError as error:
            return error.returncode, f"{error}"
        return 0, said.getvalue()

    return run


def facts(said: str) -> Any:
    return json.loads(said)


def wrong(said: str) -> list[str]:
    return [each["what"] for each in facts(said)["findings"]]


# --- What it tells ---------------------------------------------------------------------------


def test_with_nothing_pending_it_says_so(shop: Use, rehearse: Rehearse) -> None:
    shop()
    assert rehearse() == (
        0,
        "Nothing to rehearse: migrate would do nothing. What is applied already can be undone on "
        "the copy and applied again: manage.py schema rehearse APP -1\n",
    )


def test_on_empty_tables_it_tells_what_is_locked_and_undone(shop: Use, rehearse: Rehearse) -> None:
    shop(sql("ALTER TABLE t ADD COLUMN a int", "ALTER TABLE t DROP COLUMN a"))
    code, said = rehearse("--schema-only")
    assert code == 0, said
    assert said.startswith("Applying 1 migration, rehearsed on empty tables like those of schema_")
    assert "AccessExclusiveLock on t: reading and writing wait" in said
    is_of_all = "WAL is the whole server's: what others wrote meanwhile is in it.\n" in said
    assert is_of_all is (int(ask("SHOW server_version_num")) < 180000)
    assert "Undoing it leads back to the same tables.\n" in said
    assert said.endswith(
        "\n\nIt can be done; what it costs, only a rehearsal with all data tells.\n"
    )
    assert ask("SELECT count(*) FROM t") == 1000


@pytest.mark.slow
def test_on_empty_tables_it_names_the_live_ones_that_would_take_long(
    shop: Use, rehearse: Rehearse
) -> None:
    shop(sql("ALTER TABLE t ALTER s TYPE varchar(9)", "ALTER TABLE t ALTER s TYPE text"))
    live = size(ask("SELECT pg_total_relation_size('t')"))
    name = connection.settings_dict["NAME"]
    assert (
        f"With rows, shop.0002_step rewrites t ({live} in {name}) while others wait for it.\n"
        in rehearse("--schema-only")[1]
    )


@pytest.mark.slow
def test_with_all_data_it_counts_rows_and_bytes(shop: Use, rehearse: Rehearse) -> None:
    shop(sql("UPDATE t SET s = lower(s)", "UPDATE t SET s = upper(s)"))
    code, said = rehearse("--json")
    assert code == 0, said
    found = facts(said)
    assert found["passed"] is True
    assert found["copy"]["has_data"] is True
    up, down, again = found["passes"]
    assert [each["backwards"] for each in (up, down, again)] == [False, True, False]
    (step,) = up["steps"]
    assert step["rows"] == 1000
    assert step["duration_ms"] == round(step["duration_ms"], 3)
    assert step["wal_bytes"] > 10_000
    assert step["statements"][0]["updated"] == [{"relation": "t", "count": 1000}]
    assert ask("SELECT max(s) FROM t") == "S999"


@pytest.mark.slow
def test_one_that_is_over_its_budget_is_named_with_whom_it_keeps_waiting(
    shop: Use, rehearse: Rehearse
) -> None:
    shop(sql("ALTER TABLE t ADD COLUMN a int; SELECT pg_sleep(0.3)", "ALTER TABLE t DROP a"))
    code, said = rehearse("--json")
    (told,) = wrong(said)
    assert code == 1
    assert told.startswith("shop.0002_step keeps whoever reads or writes t waiting for up to 3")
    assert told.endswith(
        "(AccessExclusiveLock on t, taken by ALTER TABLE t ADD COLUMN a int)"
        "; at most 250 ms is allowed"
    )
    assert rehearse("--max-block", "30s")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "most", "says"),
    [
        ("--max-duration", "1ms", "shop.0002_step takes "),
        ("--max-wal", "1 kB", "shop.0002_step writes WAL of "),
        ("--max-growth", "4kb", "shop.0002_step needs more disk: "),
    ],
)
def test_time_log_and_disk_have_their_budget(
    shop: Use, rehearse: Rehearse, option: str, most: str, says: str
) -> None:
    shop(sql("CREATE TABLE u AS SELECT * FROM t", "DROP TABLE u"))
    code, said = rehearse("--json", option, most)
    (told,) = wrong(said)
    assert code == 1
    assert told.startswith(says)


@pytest.mark.slow
def test_rows_that_stay_locked_keep_others_waiting(shop: Use, rehearse: Rehearse) -> None:
    shop(
        f"{sql('UPDATE t SET s = lower(s)', 'UPDATE t SET s = upper(s)')}, "
        f"{sql('SELECT pg_sleep(0.3)')}"
    )
    code, said = rehearse("--json")
    (told,) = wrong(said)
    assert code == 1
    assert told.startswith(
        "shop.0002_step keeps whoever writes to the same 1,000 rows of t waiting for up to 3"
    )


@pytest.mark.slow
def test_a_page_for_the_review_has_the_verdict_first(shop: Use, rehearse: Rehearse) -> None:
    shop(sql("ALTER TABLE t ADD COLUMN a int DEFAULT 1", "ALTER TABLE t DROP COLUMN a"))
    code, said = rehearse("--format", "markdown")
    assert code == 0
    title, _, head, *_ = said.splitlines()
    assert title == "## ✅ Rehearsal: It may go ahead."
    assert head.startswith(r"Applying 1 migration, rehearsed on a copy of schema\_scratch\_")
    assert "\n| + `shop.0002_step` |" in said
    assert "```sql\nALTER TABLE t ADD COLUMN a int DEFAULT 1\n```\n- " in said
    assert said.count("<details>") == said.count("</details>") == 3


ODD = "a|b `c` <b>*d*</b> &amp; $e$\n# f"


@pytest.mark.slow
def test_no_name_breaks_the_page(shop: Use, rehearse: Rehearse) -> None:
    shop(sql(f'CREATE INDEX i ON "{ODD}" (n)', "DROP INDEX i"))
    ask(f'CREATE TABLE "{ODD}" (n int)')
    code, said = rehearse("--format", "markdown", "--max-block", "0ms")
    assert code == 1
    lines = [
        each for each in said.splitlines() if each.startswith("- **") or "ShareLock on" in each
    ]
    assert lines
    for line in lines:
        assert r'\"a\|b \`c\` \<b\>\*d\*\</b\> \&amp; \$e\$ # f"'.replace(r"\"", '"') in line, line


@pytest.mark.slow
def test_the_size_of_a_table_that_somebody_holds_is_not_waited_for_without_end(
    shop: Use, rehearse: Rehearse, own_database: Any
) -> None:
    shop(sql("ALTER TABLE t ALTER s TYPE varchar(9)", "ALTER TABLE t ALTER s TYPE text"))
    with closing(own_database.copy()) as other, other.cursor() as cursor:
        other.set_autocommit(False)
        cursor.execute("LOCK TABLE t")
        code, said = rehearse("--schema-only", "--lock-wait", "1")
    assert code == 2
    assert said.startswith("Somebody is changing the tables of the live database")


@pytest.mark.slow
def test_a_plan_that_goes_back_is_undone_by_going_forwards(
    shop: Use, rehearse: Rehearse, migrate: Use
) -> None:
    shop(PENDING)
    migrate(verbosity=0)
    ask("UPDATE t SET a = 7 WHERE id <= 40")
    code, said = rehearse("shop", "0001")
    assert code == 1
    assert said.startswith("Undoing 1 migration, rehearsed on a copy of ")
    assert "It loses:\n  40 values of t.a\n" in said
    assert "! after applying it again, t.a: 40 values before, 0 now. If that is meant" in said


# --- What is wrong ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_migration_that_fails_on_the_data_is_named_with_its_statement(
    shop: Use, rehearse: Rehearse
) -> None:
    shop(sql("ALTER TABLE t ADD CHECK (s <> 'S77')", "ALTER TABLE t DROP CONSTRAINT t_s_check"))
    code, said = rehearse("--json")
    assert code == 1
    assert wrong(said) == [
        'shop.0002_step fails on this data: check constraint "t_s_check" of relation "t" is '
        "violated by some row"
    ]
    assert facts(said)["passes"][0]["failure"]["statement"] == (
        "ALTER TABLE t ADD CHECK (s <> 'S77')"
    )
    assert rehearse("--schema-only")[0] == 0


@pytest.mark.slow
def test_of_one_that_is_no_transaction_what_stays_is_told(shop: Use, rehearse: Rehearse) -> None:
    add, index = "ALTER TABLE t ADD COLUMN a int", "CREATE INDEX CONCURRENTLY i ON t (s)"
    shop(f"{sql(add)}, {sql(index)}, {sql('INSERT INTO t VALUES (1)')}", atomic=False)
    code, said = rehearse()
    assert code == 1
    assert (
        "! shop.0002_step fails on this data: duplicate key value violates unique constraint "
        '"t_pkey". It fails at INSERT INTO t VALUES (1); not being one transaction, it has done '
        "2 statements before that, which would stay.\n" in said
    )
    page = rehearse("--format", "markdown")[1]
    assert "(nothing was done)" in page
    assert f"```sql\n{add}\n```\n```sql\n{index}\n```\nwere done by" in page


@pytest.mark.slow
def test_an_error_of_python_is_told(shop: Use, rehearse: Rehearse) -> None:
    python = "def run(apps, editor):\n    raise ValueError('not so')\n"
    shop("migrations.RunPython(run, run)", python=python)
    assert wrong(rehearse("--json", "--schema-only")[1]) == [
        "shop.0002_step fails on empty tables: ValueError: not so"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("sys.exit(0)", "SystemExit: 0"),
        ("editor.connection.close()", "LockLost: The connection was closed in the middle, and "),
    ],
)
def test_one_that_ends_the_program_or_its_connection_is_told(
    shop: Use, rehearse: Rehearse, code: str, told: str
) -> None:
    shop("migrations.RunPython(run)", python=f"import sys\ndef run(apps, editor):\n    {code}\n")
    code_found, said = rehearse("--json", "--schema-only")
    assert code_found == 1
    assert wrong(said)[0].startswith(f"shop.0002_step fails on empty tables: {told}")


@pytest.mark.slow
def test_what_migrations_print_is_no_part_of_the_report(
    shop: Use, rehearse: Rehearse, capsys: pytest.CaptureFixture[str]
) -> None:
    shop(PENDING, python="print('as it is read')")
    for module in [each for each in sys.modules if each.startswith("shop")]:
        del sys.modules[module]
    capsys.readouterr()
    assert rehearse("--json", "--schema-only")[0] == 0
    said = capsys.readouterr()
    assert (said.out, "as it is read" in said.err) == ("", True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("back", "left"),
    [
        ("", "column t.a is left over, column t.b is left over"),
        ("ALTER TABLE t DROP COLUMN a", "column t.b is left over"),
        (
            "ALTER TABLE t DROP a, DROP b, ALTER s SET NOT NULL",
            "column t.s is text NOT NULL, and was text",
        ),
    ],
)
def test_what_undoing_leaves_is_told(shop: Use, rehearse: Rehearse, back: str, left: str) -> None:
    shop(sql("ALTER TABLE t ADD IF NOT EXISTS a int, ADD IF NOT EXISTS b int", back))
    code, said = rehearse("--json", "--schema-only")
    assert code == 1
    assert f"undoing it does not lead back to the same tables: {left}" in wrong(said)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "statement", "thing"),
    [
        (
            "ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
            "ALTER TABLE t VALIDATE CONSTRAINT c",
            "constraint t.c",
        ),
        (
            "CREATE MATERIALIZED VIEW m AS SELECT id FROM t WITH NO DATA",
            "REFRESH MATERIALIZED VIEW m",
            "materialized view m",
        ),
    ],
)
def test_what_stays_valid_is_no_fault(
    shop: Use, rehearse: Rehearse, migrate: Use, before: str, statement: str, thing: str
) -> None:
    shop(sql(before, "SELECT 1"), sql(statement))
    migrate("shop", "0002", verbosity=0)
    code, said = rehearse("--schema-only")
    assert code == 0, said
    assert f"Undoing it leads back to the same tables, but that it stays valid: {thing}.\n" in said
    assert rehearse("shop", "0001", "--schema-only")[0] == 1  # its reverse does not drop it


STUCK = "migrations.RunSQL('ALTER TABLE t ADD COLUMN z int DEFAULT 1')"


@pytest.mark.slow
def test_past_what_cannot_be_undone_there_is_no_way_back(shop: Use, rehearse: Rehearse) -> None:
    shop(STUCK)
    code, said = rehearse("--schema-only")
    assert code == 1
    assert said.endswith(
        "\n! shop.0002_step cannot be undone: there is no way back from Raw SQL operation. Give "
        "the operation a reverse (reverse_sql, reverse_code), or say why not: lint_waivers = "
        '{"irreversible": "the reason"} in the migration. If that is meant this time, add '
        "--accept-data-loss.\n\n"
        "1 thing to see. There is no way back past shop.0002_step.\n"
    )
    code, said = rehearse("--accept-data-loss", "--max-block", "9s")
    assert code == 0
    assert "Accepted: shop.0002_step cannot be undone: there is no way back from Raw SQL" in said
    assert said.endswith("\nIt may go ahead. There is no way back past shop.0002_step.\n")


@pytest.mark.slow
def test_what_follows_it_is_undone_all_the_same(shop: Use, rehearse: Rehearse) -> None:
    made = sql("CREATE TABLE u AS SELECT id FROM t", "DROP TABLE u")
    shop(sql("UPDATE t SET s = 'x'"), STUCK, made, PENDING)
    code, said = rehearse("--json", "--accept-data-loss", "--max-block", "9s")
    assert code == 0, said
    found = facts(said)
    names = [[each["step"]["key"][1] for each in one["steps"]] for one in found["passes"]]
    later = ["0004_step", "0005_step"]
    assert names == [["0002_step", "0003_step", *later], later[::-1], later]
    assert found["changed"] == found["not_undone"] == found["not_again"] == []

    code, said = rehearse("--format", "markdown")
    assert code == 1
    assert "\nUndoing what follows shop.0003\\_step leads back to the same tables.\n" in said
    assert "<summary>Undoing what follows shop.0003_step: every statement" in said


@pytest.mark.slow
def test_what_is_wrong_with_undoing_the_rest_is_told(shop: Use, rehearse: Rehearse) -> None:
    shop(STUCK, sql("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int"))
    code, said = rehearse("--json", "--schema-only", "--accept-data-loss")
    assert code == 1
    assert wrong(said) == [
        "undoing what follows shop.0002_step does not lead back to the same tables: "
        "column t.a is left over"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["file", "settings"])
def test_a_reason_for_having_no_way_back_is_read_as_verify_reads_it(
    shop: Use, rehearse: Rehearse, settings: Any, where: str
) -> None:
    waivers = {"irreversible": "Nobody wants it back."}
    shop(STUCK if where == "settings" else f"{STUCK}]; lint_waivers = {waivers!r}; x = [1")
    if where == "settings":
        settings.SCHEMA = {**settings.SCHEMA, "WAIVERS": {"shop.0002_step": waivers}}
    code, said = rehearse("--schema-only")
    assert code == 0, said
    assert (
        "Waived: shop.0002_step cannot be undone: there is no way back from Raw SQL operation. "
        "(Nobody wants it back.)\n" in said
    )
    assert said.endswith(" There is no way back past shop.0002_step.\n")


@pytest.mark.slow
def test_what_is_for_the_whole_server_is_not_done(shop: Use, rehearse: Rehearse) -> None:
    role = f"rehearsed_{os.getpid()}"
    shop(
        sql(
            f"CREATE ROLE {role}; GRANT SELECT ON t TO {role}; "
            "ALTER ROLE CURRENT_USER PASSWORD 'a'",
            f"DROP OWNED BY {role}; DROP ROLE {role}",
        )
    )
    code, said = rehearse()
    assert code == 0, said
    assert (
        "Not done on the copy, since it is for the whole server:\n"
        "  ALTER ROLE CURRENT_USER PASSWORD '***'\n"
    ) in said
    assert not ask(f"SELECT count(*) FROM pg_roles WHERE rolname = '{role}'")


@pytest.mark.slow
def test_what_undoing_loses_is_measured(shop: Use, rehearse: Rehearse) -> None:
    operations = (
        "migrations.CreateModel('Note', [('id', models.BigAutoField(primary_key=True)), "
        "('text', models.TextField())]), "
        + sql("INSERT INTO shop_note (text) SELECT s FROM t WHERE id <= 40")
    )
    shop(operations)
    code, said = rehearse()
    assert code == 0, said
    assert "Undoing it would lose:\n  40 rows of shop_note\n" in said


@pytest.mark.slow
def test_data_that_undoing_does_not_bring_back_is_told(shop: Use, rehearse: Rehearse) -> None:
    shop(sql("UPDATE t SET s = 'x'"))
    code, said = rehearse("--json")
    assert code == 1
    assert wrong(said) == [
        "after undoing it, t.s: of its 1,000 values some or all are other ones now"
    ]
    assert rehearse("--accept-data-loss")[0] == 0


# --- What a migration reaches besides ---------------------------------------------------------

CHILD = """
import os, subprocess, sys
CODE = "import psycopg2; print(psycopg2.connect({dsn}).info.dbname)"
def run(apps, editor):
    said = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert said.stdout.strip() == editor.connection.settings_dict["NAME"], said
    assert os.environ.get("DATABASE_URL", "") == {url!r}.format(**editor.connection.settings_dict)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "during"),
    [
        ("postgres://a:b%40@h:1//tmp/{NAME}?x=1", "postgres://a:b%40@h:1//tmp/{NAME}?x=1"),
        ("postgres://a@h/another", "postgres://a@h/another"),
        ("", ""),
    ],
)
def test_a_program_that_a_migration_starts_finds_the_copy(
    shop: Use,
    rehearse: Rehearse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    before: str,
    during: str,
) -> None:
    (tmp_path / "services").write_text("[usual]\ndbname=another\n")
    shop(
        "migrations.RunPython(run, migrations.RunPython.noop)",
        python=CHILD.format(dsn="''", url=during),
    )
    monkeypatch.setenv("DATABASE_URL", before.format(**connection.settings_dict))
    monkeypatch.setenv("PGDATABASE", "another")
    monkeypatch.setenv("PGSERVICEFILE", f"{tmp_path / 'services'}")
    monkeypatch.setenv("PGSERVICE", "usual")
    environment = {**os.environ}
    code, said = rehearse("--schema-only")
    assert code == 0, said
    assert environment == os.environ


ELSEWHERE = """
from django.db import connections
def run(apps, editor):
    for _ in range(3):
        connections["other"].cursor().execute("SELECT 1")
"""


@pytest.mark.slow
def test_who_uses_a_database_without_a_copy_is_told_once(shop: Use, rehearse: Rehearse) -> None:
    connections.settings["other"] = {**connection.settings_dict, "NAME": "postgres"}
    shop("migrations.RunPython(run, run)", python=ELSEWHERE)
    try:
        code, said = rehearse("--schema-only")
    finally:
        connections["other"].close()
        del connections["other"], connections.settings["other"]
    assert code == 0, said
    assert said.count("of which there is no copy") == 1
    assert (
        "\nshop.0002_step used postgres (the alias other), of which there is no copy: it could "
        "only read there.\n" in said
    )


WRITING = """
from django.db import connections, transaction
def run(apps, editor):
    with transaction.atomic(using="other"):
        connections["other"].cursor().execute("CREATE TABLE never (id int)")
"""


@pytest.mark.slow
def test_nothing_is_written_to_a_database_without_a_copy(shop: Use, rehearse: Rehearse) -> None:
    connections.settings["other"] = {**connection.settings_dict, "NAME": "postgres"}
    shop("migrations.RunPython(run)", python=WRITING)
    try:
        code, said = rehearse("--json", "--schema-only", "--accept-data-loss")
        is_there = connections["other"].introspection.table_names()
    finally:
        connections["other"].close()
        del connections["other"], connections.settings["other"]
    assert code == 1
    assert wrong(said) == [
        "shop.0002_step fails on empty tables: cannot execute CREATE TABLE in a read-only "
        "transaction; what is not on the copy is only read"
    ]
    assert "never" not in is_there


FOREIGN = """
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %s, port %s, dbname %s);
    CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user %s);
    CREATE FOREIGN TABLE there (id int) SERVER here OPTIONS (table_name 't');
"""


@pytest.mark.slow
def test_nothing_is_written_to_a_foreign_table(shop: Use, rehearse: Rehearse) -> None:
    shop(sql("DELETE FROM there WHERE id = 7"))
    known = connection.settings_dict
    with connection.cursor() as cursor:
        place = [f"{known[key]}" for key in ("HOST", "PORT", "NAME", "USER")]
        cursor.execute(FOREIGN, place)
    code, said = rehearse("--json")
    ask("DROP EXTENSION postgres_fdw CASCADE")
    assert code == 1
    assert wrong(said) == [
        'shop.0002_step fails on this data: foreign table "there" does not allow deletes; '
        "what is not on the copy is only read"
    ]
    assert ask("SELECT count(*) FROM t") == 1000


# --- What cannot be rehearsed ----------------------------------------------------------------


@pytest.mark.slow
def test_a_target_is_read_as_migrate_reads_it(shop: Use, rehearse: Rehearse) -> None:
    shop(sql("SELECT 1"), sql("SELECT 2"))
    assert facts(rehearse("--json", "--schema-only", "shop", "+1")[1])["plan"] == ["shop.0002_step"]
    code, said = rehearse("shop", "+9")
    assert code == 2
    assert said.startswith("shop has only 2 migration(s) to apply, and 9 were asked for")


@pytest.fixture
def as_role(shop: Use) -> Iterator[Callable[..., None]]:
    """as_role("LOGIN …", setting=value): the alias connects as such a role from now on."""
    live = connections["default"]
    name = f"rehearser_{os.getpid()}"
    others: list[Any] = []

    def use(options: str, *grants: str) -> None:
        ask(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' {options}")
        for grant in grants:
            ask(f"GRANT {grant} TO {name}")
        other = live.copy()
        other.settings_dict |= {"USER": name, "PASSWORD": "secret"}
        others.append(other)
        connections["default"] = other

    yield use
    connections["default"] = live
    for other in others:
        other.close()
    ask(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.mark.slow
def test_a_role_that_may_not_create_databases_is_told(
    shop: Use, rehearse: Rehearse, as_role: Use
) -> None:
    shop(PENDING)
    as_role("", "pg_read_all_data")
    name = f"rehearser_{os.getpid()}"
    for option in ([], ["--schema-only"]):
        assert rehearse(*option) == (
            2,
            f"The role {name} may not create databases, and this needs an empty one for a while. "
            f"Let an administrator of the server run: ALTER ROLE {name} CREATEDB",
        )


@pytest.mark.slow
def test_a_role_that_may_not_see_what_is_applied_is_told(
    shop: Use, rehearse: Rehearse, as_role: Use
) -> None:
    shop(PENDING)
    as_role("CREATEDB")
    name = f"rehearser_{os.getpid()}"
    for option in ([], ["--schema-only"]):
        assert rehearse(*option) == (
            2,
            f"The role {name} may not read all that is to be copied: permission denied for table "
            "django_migrations. Run this as the role that owns the tables, or let an "
            f"administrator run: GRANT pg_read_all_data TO {name}",
        )


@pytest.mark.slow
def test_a_role_that_only_reads_is_told(shop: Use, rehearse: Rehearse, as_role: Use) -> None:
    shop(PENDING)
    as_role("CREATEDB", "pg_read_all_data")
    connections["default"].settings_dict["OPTIONS"] = {
        "options": "-c default_transaction_read_only=on"
    }
    assert rehearse() == (
        2,
        "This role only reads, and a rehearsal makes a database for a while. Run it as a role "
        "that may write; the live database itself is not written to.",
    )


@pytest.mark.slow
def test_a_role_that_owns_nothing_rehearses_on_a_copy_of_its_own(
    shop: Use, rehearse: Rehearse, as_role: Use
) -> None:
    shop(PENDING)
    as_role("CREATEDB", "pg_read_all_data")
    code, said = rehearse()
    assert code == 0, said


@pytest.mark.slow
def test_nothing_of_the_live_database_is_changed(
    shop: Use, rehearse: Rehearse, applied: Use, journal: Use, catalog_now: Use
) -> None:
    shop(PENDING)
    before = applied(), len(journal()), catalog_now()
    databases = ask("SELECT count(*) FROM pg_database")
    assert rehearse()[0] == 0
    assert (applied(), len(journal()), catalog_now()) == before
    assert ask("SELECT count(*) FROM pg_database") == databases


@pytest.mark.slow
def test_who_reads_and_writes_the_live_database_goes_on(
    shop: Use, rehearse: Rehearse, own_database: Any
) -> None:
    shop(f"{PENDING}, {sql('SELECT pg_sleep(0.5)')}")
    with closing(own_database.copy()) as other, other.cursor() as cursor:
        other.set_autocommit(False)
        cursor.execute("UPDATE t SET s = 'in use' WHERE id = 1")
        assert rehearse("--max-block", "10s")[0] == 0
        cursor.execute("UPDATE t SET s = 'still in use' WHERE id = 1")
        other.commit()
    assert ask("SELECT s FROM t WHERE id = 1") == "still in use"


# --- Budgets ---------------------------------------------------------------------------------


def test_times_and_sizes_are_read_with_their_units(settings: Any) -> None:
    settings.SCHEMA = {"MAX_BLOCK": "1s", "MAX_WAL": "2 GB"}
    assert read_budget({}).block_ms == 1000
    assert read_budget({"max_block": "1.5 min"}).block_ms == 90_000
    assert read_budget({}).wal_bytes == 2 * 1024**3
    assert read_budget({}).growth_bytes is None


def test_a_budget_that_says_nothing_is_none() -> None:
    for said in ({"max_block": ""}, {"max_wal": ""}):
        with pytest.raises(SchemaError):
            read_budget(said)


def test_a_budget_in_the_settings_needs_its_unit_too(settings: Any) -> None:
    settings.SCHEMA = {"MAX_BLOCK": 250}
    with pytest.raises(SchemaError) as refused:
        read_budget({"max_block": None})
    assert f"{refused.value}".startswith("'250' is no amount that can be compared. Write")


@pytest.mark.parametrize("text", ["250", "ms", "1 year", "-1s", "1,5s", ""])
def test_what_is_no_amount_is_refused(text: str) -> None:
    for read in (milliseconds, size_in_bytes):
        with pytest.raises(SchemaError) as refused:
            read(text)
        assert f"{refused.value}".startswith(f"'{text}' is no amount that can be compared. Write")


def test_times_and_sizes_are_written_for_people() -> None:
    assert [brief(each) for each in (0.2, 12.3, 999.4, 1000, 61_000)] == [
        "<1 ms", "12 ms", "999 ms", "1.00 s", "1 min 1 s"
    ]  # fmt: skip
    assert [size(each) for each in (0, 100, 8192, 15 * 1024**2, -2048)] == [
        "0 bytes", "100 bytes", "8.0 kB", "15 MB", "-2.0 kB"
    ]  # fmt: skip
