"""`migrate` on servers, and behind poolers, that do not let it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.embedded import server
from tests.e2e.pooler import pooler
from tests.schema.processes import PLAIN, Tiny, tiny

TABLE = 'migrations.CreateModel("T", [("id", models.BigAutoField(primary_key=True))])'
ADD = 'migrations.AddField("T", "n", models.IntegerField(null=True))'
SLEEP = 'migrations.RunSQL("SELECT pg_sleep(60)", "")'
LOST = (
    "CommandError: The connection to the server was lost during a.0002. What was not recorded is "
    "rolled back. Run migrate again when the server is there: it goes on from what was recorded."
)


@pytest.fixture
def project(django_db_blocker: Any) -> Iterator[Tiny]:
    with django_db_blocker.unblock(), tiny() as project:
        project.write("a", TABLE, ADD)
        yield project


# --- Behind a pooler -----------------------------------------------------------------------


@pytest.mark.parametrize("sessions", [1, 3])
def test_behind_a_transaction_pooler_it_refuses(project: Tiny, sessions: int) -> None:
    database = project.database
    if not database["HOST"].startswith("/"):
        pytest.skip("the pooler reaches the server of the tests through its socket")
    path = f"{database['HOST']}/.s.PGSQL.{database['PORT'] or 5432}"
    there = {"user": database["USER"], "database": database["NAME"]}
    before = project.catalog()
    with pooler(path, sessions=sessions, **there) as port:
        behind = Tiny({**database, "HOST": "127.0.0.1", "PORT": str(port)}, *_apps(project))
        assert behind.ask("SELECT 1") == [(1,)]
        several = [behind.start("migrate") for _ in range(3)]
        for process in several:
            text = process.communicate(timeout=60)[0]
            assert process.returncode == 2, text
            assert text == (
                "CommandError: The database is reached through a transaction pooler, where locks "
                "of a session do not work. Nothing was changed. Run migrate with DATABASE_URL "
                "leading straight to the server, not to the pooler.\n"
            )
        behind.end()
    assert project.catalog() == before
    assert project.applied() == set()
    assert project.run("migrate").code == 0


def test_so_does_drift(project: Tiny) -> None:
    database = project.database
    if not database["HOST"].startswith("/"):
        pytest.skip("the pooler reaches the server of the tests through its socket")
    path = f"{database['HOST']}/.s.PGSQL.{database['PORT'] or 5432}"
    there = {"user": database["USER"], "database": database["NAME"]}
    with pooler(path, sessions=1, **there) as port:
        behind = Tiny({**database, "HOST": "127.0.0.1", "PORT": str(port)}, *_apps(project))
        process = behind.start("schema", "drift")
        text = process.communicate(timeout=60)[0]
        assert process.returncode == 2, text
        assert text.startswith("CommandError: The database is reached through a transaction pooler")
        behind.end()


def _apps(project: Tiny) -> tuple[list[str], Path]:
    return project.apps, project.folder


# --- A server that goes away ---------------------------------------------------------------


@pytest.fixture
def own_server(tmp_path: Path, django_db_blocker: Any) -> Iterator[tuple[Tiny, Path]]:
    place = "/var/tmp" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="ingestion-stops-", dir=place))
    server.ensure(folder, options="-c fsync=off")
    database = {
        "ENGINE": PLAIN,
        "NAME": server.DATABASE,
        "USER": server.USER,
        "PASSWORD": "",
        "HOST": str(server.socket_dir(folder)),
        "PORT": "5432",
    }
    project = Tiny(database, [], tmp_path)
    with django_db_blocker.unblock():
        yield project, folder
    project.end()
    server.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("atomic", [True, False])
def test_when_the_server_stops_nothing_is_left_half_done(
    own_server: tuple[Tiny, Path], *, atomic: bool
) -> None:
    project, folder = own_server
    project.write("a", TABLE, f"{ADD}, {SLEEP}", atomic=atomic)
    process = project.start("migrate")
    project.wait_for_statement("SELECT pg_sleep%")
    server.stop(folder)
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 2, text
    assert text.splitlines()[-1].endswith(LOST)
    server.ensure(folder, options="-c fsync=off")
    file = project.folder / "a/migrations/0002.py"
    file.write_text(file.read_text().replace("pg_sleep(60)", "1"))
    again = project.start("migrate")
    assert "OK" in again.communicate(timeout=60)[0]
    assert again.returncode == 0
    assert project.is_true_to_its_journal()
    assert project.actions("end") == ["end"]


# --- Roles that may not --------------------------------------------------------------------

READ_ONLY = (
    "CommandError: {} failed: cannot execute {} in a read-only transaction. {} The server or the "
    "role only reads: connect to the primary, as a role that may write.\n"
)


def test_where_all_transactions_are_read_only_it_says_so(project: Tiny) -> None:
    project.database["OPTIONS"] = {"options": "-c default_transaction_read_only=on"}
    refused = project.run("migrate")
    assert refused.code == 2
    assert refused.said.endswith(
        READ_ONLY.format("the record of migrations", "CREATE TABLE", "Nothing was changed.")
    ), refused.said


def test_a_role_that_only_reads_changes_nothing(project: Tiny) -> None:
    role = f"reader_{os.getpid()}"
    assert project.run("migrate", "a", "0001").code == 0
    project.ask(f"CREATE ROLE {role} LOGIN; GRANT pg_read_all_data TO {role}")
    before = project.catalog(), project.actions()
    reading = Tiny({**project.database, "USER": role}, *_apps(project))
    try:
        refused = reading.run("migrate")
        assert refused.code != 0
        assert "permission denied for table schema_journal" in refused.said
        assert reading.run("migrate", "a", "0001").code == 0
        assert (project.catalog(), project.actions()) == before
    finally:
        reading.end()
        project.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_may_not_alter_the_tables_is_told_whose_they_are(project: Tiny) -> None:
    role = f"writer_{os.getpid()}"
    assert project.run("migrate", "a", "0001").code == 0
    project.ask(
        f"CREATE ROLE {role} LOGIN; GRANT pg_read_all_data, pg_write_all_data TO {role}; "
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    )
    writing = Tiny({**project.database, "USER": role}, *_apps(project))
    try:
        refused = writing.run("migrate")
        assert refused.code == 2
        assert refused.said.endswith(
            "CommandError: a.0002 failed: must be owner of table a_t. It was rolled back; nothing "
            "was changed. Run it as the role that owns the tables, or let the owner grant what is "
            "missing.\n"
        ), refused.said
        fail = project.journal()[-2]
        assert (fail.role, fail.error) == (role, "must be owner of table a_t")
    finally:
        writing.end()
        project.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")
