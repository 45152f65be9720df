"""A command that cannot start says why in one line, with what to do, and exits with 2."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import environ
import psycopg2.errors
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, connection, connections
from django.db.utils import load_backend

import ingestion
from ingestion.database import database
from ingestion.environment import Environment
from ingestion.refusals import in_one_line

pytestmark = pytest.mark.slow

PROJECT = Path(ingestion.__file__ or "").parents[1]
KEY = "kQ3v9-Zt7pLw2XyB5nRs8HdJ4mFgC6aVeU1iTo0qYxWzNbKlGh3"
ROLE, PASSWORD = "refused_by_tests", "8Zk-2pQwXv"
NOWHERE = f"postgres://ann:{PASSWORD}@127.0.0.1:1/library"

Sql = Callable[..., Any]


def refusal(*command: str, url: str, key: str = KEY) -> str:
    """What the command says on stderr, which is one line, before it exits with 2."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url, "SECRET_KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert PASSWORD not in done.stderr + done.stdout
    return done.stderr.rstrip("\n")


@pytest.fixture
def sql(db: None) -> Iterator[Sql]:
    """Ask the tests' server beside the test's transaction, so that others see what it does."""
    beside = connections.create_connection("default")

    def ask(statement: str) -> Any:
        with beside.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    yield ask
    beside.close()


@pytest.fixture
def stranger(sql: Sql) -> Iterator[str]:
    """The URL of a role that may connect to a database, and no more."""
    sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
    place = SimpleNamespace(**connection.settings_dict)
    yield (
        f"postgres:///postgres?host={quote(place.HOST, safe='')}&port={place.PORT or 5432}"
        f"&user={ROLE}&password={PASSWORD}"
    )
    sql(f"DROP ROLE {ROLE}")


@pytest.fixture
def asks_for_passwords(sql: Sql) -> Iterator[None]:
    """The embedded server trusts everybody; now it asks one role for its password."""
    if not settings.EMBEDDED:
        yield
        return
    file, rules = sql("SHOW hba_file"), sql("SELECT pg_read_file(current_setting('hba_file'))")

    def write(text: str) -> None:
        Path(file).write_text(text)
        sql("SELECT pg_reload_conf()")

    write(f"local all {ROLE} scram-sha-256\n{rules}")
    yield
    write(rules)


def failure(url: str, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """What is said when a connection to this URL fails, without the cost of a process."""
    monkeypatch.setenv("DATABASE_URL", url)
    named = database(Environment(environ.Env()), project=PROJECT)
    chosen = {**connection.settings_dict, "HOST": "", "PORT": "", **named}
    here = connections["default"]
    connections["default"] = load_backend(named["ENGINE"]).DatabaseWrapper(chosen, "default")
    try:
        connection.ensure_connection()
    except OperationalError as error:
        return in_one_line(error)
    else:
        return None
    finally:
        connection.close()
        connections["default"] = here


def test_nobody_listens() -> None:
    assert refusal("migrate", url=NOWHERE) == (
        "Cannot connect to PostgreSQL at 127.0.0.1:1 as ann, database library: "
        "Connection refused. "
        "Check that it is running and that DATABASE_URL names it, or unset DATABASE_URL."
    )


def test_the_host_is_unknown() -> None:
    url = f"postgres://ann:{PASSWORD}@roles.invalid/library"
    said = refusal("check", "--database", "default", url=url)
    assert said.startswith(
        "Cannot connect to PostgreSQL at roles.invalid:5432 as ann, database library: "
        'could not translate host name "roles.invalid" to address: '
    )
    assert said.endswith(". Check the host name in DATABASE_URL.")


def test_the_role_may_not_create_tables(stranger: str) -> None:
    said = refusal("migrate", url=stranger)
    assert said.endswith(
        f" as {ROLE}, database postgres was refused: permission denied for schema public. Let the "
        "role create tables there, as the owner of the database: "
        f'GRANT CREATE, USAGE ON SCHEMA public TO "{ROLE}"'
    )


def test_the_role_may_not_write_a_table() -> None:
    error = ProgrammingError()
    error.__cause__ = psycopg2.errors.InsufficientPrivilege(
        "permission denied for table schema_journal"
    )
    assert (in_one_line(error) or "").endswith(
        " was refused: permission denied for table schema_journal. "
        "Ask the owner of the database to grant it."
    )


def test_the_url_cannot_be_read() -> None:
    assert refusal("migrate", url=f"//ann:{PASSWORD}@db.example.com/library") == (
        "DATABASE_URL cannot be read. It looks like postgres://user:password@host:5432/name, "
        "with special characters of the password written as %40 and the like."
    )


def test_there_is_no_secret_key() -> None:
    said = refusal("worker", url=NOWHERE, key="")
    assert said.startswith("SECRET_KEY is not set, and DATABASE_URL names a database of yours.")
    assert "secrets.token_urlsafe(50)" in said


@pytest.mark.usefixtures("asks_for_passwords")
def test_the_password_is_wrong(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = failure(stranger.replace(PASSWORD, "another"), monkeypatch)
    assert said is not None
    assert f'password authentication failed for user "{ROLE}". Check the user and' in said
    assert "another" not in said.replace("name another", "")


@pytest.mark.usefixtures("asks_for_passwords")
def test_there_is_no_password(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = failure(stranger.partition("&password")[0], monkeypatch)
    assert said is not None
    assert said.endswith("no password supplied. Add the password to DATABASE_URL.")


def test_the_database_is_missing(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = failure(stranger.replace("/postgres?", "/no_roles?"), monkeypatch)
    assert said is not None
    assert said.endswith(
        f"as {ROLE}, database no_roles: "
        'database "no_roles" does not exist. Create the database, or name another one in '
        "DATABASE_URL."
    )


@pytest.mark.usefixtures("db")
def test_the_role_is_missing(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not settings.EMBEDDED:
        pytest.skip("a server that asks for passwords does not say so")
    said = failure(stranger.replace(ROLE, "nobody_at_all"), monkeypatch)
    assert said is not None
    assert said.endswith(
        'role "nobody_at_all" does not exist. Create the role, or name another user in '
        "DATABASE_URL."
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("garbage", "DATABASE_URL cannot be read."),
        ("postgres://ann:pass/word@host/library", "DATABASE_URL cannot be read."),
        ("postgres://ann@host:65536/library", "DATABASE_URL cannot be read."),
        ("postgres://ann@[::1/library", "DATABASE_URL cannot be read."),
        ("sqlite:///db.sqlite3", "names django.db.backends.sqlite3; this service runs on"),
        ("mysql://ann@host/library", "names django.db.backends.mysql; this service runs on"),
        ("postgres://ann@host:5432", "DATABASE_URL names no database. Add it:"),
    ],
)
def test_the_url_names_nothing_to_connect_to(
    url: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        database(Environment(environ.Env()), project=PROJECT)


def test_a_bug_is_none_of_these() -> None:
    assert in_one_line(ZeroDivisionError("division by zero")) is None


@pytest.mark.django_db
def test_a_statement_that_fails_is_none_of_these() -> None:
    with pytest.raises(ProgrammingError) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    assert in_one_line(raised.value) is None


def test_tables_that_are_not_there_are_called_pending(db: None) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'documents'")
    error = ProgrammingError("relation does not exist")
    error.__cause__ = psycopg2.errors.UndefinedTable()
    said = in_one_line(error)
    assert said is not None
    assert "migration(s) are pending, documents.0001_initial first" in said
    assert "Run: manage.py migrate" in said
