"""A scratch database takes the place of the live one, and nothing of it stays."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import (
    DatabaseError,
    NotSupportedError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper

import ingestion
from ingestion.schema.errors import MayNotCreateDatabases, NoRoomForScratch, ScratchStays
from ingestion.schema.scratch import refusing_full_disk, scratch, sweep

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

PROJECT = Path(ingestion.__file__ or "").parents[1]
MAKER = """
import django; django.setup()
from ingestion.schema.scratch import scratch
with scratch() as temporary:
    print(temporary.settings_dict["NAME"], flush=True)
    input()
"""


def ask(question: str, *, of: BaseDatabaseWrapper = connection) -> Any:
    with of.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


def name_of(database: BaseDatabaseWrapper) -> str:
    return str(database.settings_dict["NAME"])


def exists(name: str) -> bool:
    return bool(ask(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"))


@pytest.fixture
def beside() -> Iterator[Callable[[str], Any]]:
    """Ask beside the test's transaction, where databases and roles can be made."""
    with closing(connection.copy()) as other:
        yield lambda statement: ask(statement, of=other)


@pytest.fixture
def role(beside: Callable[[str], Any]) -> Iterator[str]:
    name = f"no one {os.getpid()}"
    beside(f'CREATE ROLE "{name}"')
    yield name
    beside(f'DROP ROLE "{name}"')


@contextmanager
def alias(name: str, **settings: Any) -> Iterator[str]:
    """An alias like the default one, with other settings."""
    other = connections["default"].copy()
    other.settings_dict |= settings
    connections[name] = other
    try:
        yield name
    finally:
        other.close()
        del connections[name]


@pytest.fixture
def maker() -> Iterator[subprocess.Popen[str]]:
    """Another process, inside its scratch block."""
    with subprocess.Popen(
        [sys.executable, "-c", MAKER],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def made_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def wait_until(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def test_the_alias_leads_to_it_and_back() -> None:
    live = connections["default"]
    with scratch() as temporary:
        assert connections["default"] is temporary
        assert ask("SELECT current_database()") == name_of(temporary) != name_of(live)
    assert connections["default"] is live
    assert ask("SELECT current_database()") == name_of(live)


def test_it_is_where_everybody_else_connects_to_as_well() -> None:
    def of_settings() -> str:
        with closing(connections.create_connection("default")) as other:
            return str(ask("SELECT current_database()", of=other))

    before, name = of_settings(), name_of(connections["default"])
    with scratch() as temporary:
        with ThreadPoolExecutor() as pool:
            found = [of_settings(), pool.submit(ask, "SELECT current_database()").result()]
        assert found == [name_of(temporary)] * 2
        assert settings.DATABASES["default"]["NAME"] == name_of(temporary)
        assert name_of(connections["default"]) != name
    assert (of_settings(), name_of(connections["default"])) == (before, name)


@contextmanager
def another_alias(**other: Any) -> Iterator[str]:
    connections.settings["other"] = {**connections["default"].settings_dict, **other}
    try:
        yield "other"
    finally:
        connections["other"].close()
        del connections["other"], connections.settings["other"]


def test_another_alias_to_the_live_database_leads_to_it_as_well() -> None:
    with another_alias(OPTIONS={"application_name": "somebody else"}) as alias:
        live = connections[alias].settings_dict["NAME"]
        with scratch("default") as temporary:
            there = connections[alias]
            assert there.settings_dict["NAME"] == temporary.settings_dict["NAME"] != live
            assert there.settings_dict["OPTIONS"]["application_name"] == "somebody else"
            assert connections.settings[alias]["NAME"] == temporary.settings_dict["NAME"]
        assert connections[alias].settings_dict["NAME"] == live
        assert connections.settings[alias]["NAME"] == live


@pytest.mark.parametrize(
    "place",
    [{"NAME": "elsewhere"}, {"HOST": "elsewhere"}, {"ENGINE": "django.db.backends.sqlite3"}],
)
def test_an_alias_to_another_database_stays_as_it_is(place: dict[str, str]) -> None:
    with another_alias(**place) as alias:
        before = connections[alias].settings_dict["NAME"]
        with scratch("default"):
            assert connections[alias].settings_dict["NAME"] == before


def test_it_is_empty() -> None:
    with scratch():
        assert connection.introspection.table_names() == []


def test_it_is_outside_of_the_live_transaction() -> None:
    assert connection.in_atomic_block
    with scratch() as temporary:
        assert not connection.in_atomic_block
        ask("CREATE TABLE notes ()")
        ask("SELECT count(*) FROM notes", of=temporary)


def test_it_is_dropped_afterwards() -> None:
    with scratch() as temporary:
        assert exists(name_of(temporary))
    assert not exists(name_of(temporary))
    assert temporary.connection is None


def test_it_is_dropped_after_an_error() -> None:
    live = connections["default"]
    with (
        pytest.raises(DatabaseError, match="division"),
        scratch() as temporary,
        transaction.atomic(),
    ):
        ask("SELECT 1 / 0")
    assert connections["default"] is live
    assert not exists(name_of(temporary))


def test_one_that_cannot_be_dropped_is_named(beside: Callable[[str], Any]) -> None:
    with pytest.raises(ScratchStays) as refusal, scratch() as temporary:
        ask(f"ALTER DATABASE {name_of(temporary)} IS_TEMPLATE true", of=temporary)
    name = name_of(temporary)
    assert str(refusal.value) == (
        f"The database {name}, which was only needed for a while, cannot be dropped: cannot drop "
        "a template database. The next use drops it. Mostly the server's disk is full: free some "
        "of it, and run this again."
    )
    beside(f"ALTER DATABASE {name} IS_TEMPLATE false")
    assert name in sweep()


def test_what_went_wrong_in_it_is_said_first(beside: Callable[[str], Any]) -> None:
    as_template = "ALTER DATABASE {} IS_TEMPLATE true; COMMIT; SELECT 1 / 0"
    with pytest.raises(DatabaseError, match="division"), scratch() as temporary:
        ask(as_template.format(name_of(temporary)), of=temporary)
    beside(f"ALTER DATABASE {name_of(temporary)} IS_TEMPLATE false")
    assert name_of(temporary) in sweep()


def test_it_is_dropped_although_somebody_is_still_in_it() -> None:
    with scratch() as temporary:
        guest = temporary.copy()
        ask("SELECT 1", of=guest)
    assert not exists(name_of(temporary))
    guest.close()


def test_the_live_session_goes_on_undisturbed() -> None:
    about_it = """
        SELECT (pg_backend_pid(), current_setting('my.mark'), pg_current_xact_id(),
                (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND objid = 4711))::text
    """
    ask("SELECT pg_advisory_lock(4711); SET my.mark = 'here'")
    before = ask(about_it)
    with scratch():
        pass
    assert ask(about_it) == before
    assert ask("SELECT pg_advisory_unlock(4711)")


def test_the_live_connection_stays_of_use_to_its_holder() -> None:
    live = connections["default"]
    with scratch():
        assert ask("SELECT current_database()", of=live) == name_of(live)


def test_there_can_be_one_inside_another() -> None:
    with scratch() as outer:
        with scratch() as inner:
            assert name_of(inner) != name_of(outer)
        assert connections["default"] is outer
        assert exists(name_of(outer))


def test_the_search_path_of_the_database_is_kept() -> None:
    with scratch() as outer:
        ask("CREATE SCHEMA shop")
        ask(f"ALTER DATABASE {name_of(outer)} SET search_path = shop, public, missing")
        with scratch():
            ask("CREATE TABLE notes ()")
            assert ask("SHOW search_path") == "shop, public, missing"
            assert ask("SELECT 'shop.notes'::regclass::text") == "notes"


def test_what_decides_how_tables_are_made_is_set_alike() -> None:
    how = "-c default_toast_compression=pglz -c default_tablespace=pg_default"
    with alias("other", OPTIONS={"options": how}), scratch("other") as temporary:
        plain = temporary.copy()
        plain.settings_dict["OPTIONS"] = {}
        with closing(plain):
            assert ask("SHOW default_toast_compression", of=plain) == "pglz"
            assert ask("SHOW default_tablespace", of=plain) == "pg_default"


@pytest.mark.parametrize(
    "options",
    [
        "ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
        "ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'",
        "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'sv'",
        "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'sv' ICU_RULES '&a < g'",
        "ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
    ],
)
def test_it_sorts_and_encodes_like_the_live_one(beside: Callable[[str], Any], options: str) -> None:
    about_it = """
        SELECT (to_jsonb(d) - '{oid,datname,datfrozenxid,datminmxid,datdba,datacl}'::text[])::text
          FROM pg_database d WHERE datname = current_database()
    """
    name = f"other_{os.getpid()}"
    try:
        beside(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
    except (NotSupportedError, ProgrammingError) as error:
        pytest.skip(f"not on this server: {error}")
    try:
        with alias("other", NAME=name):
            before = ask(about_it, of=connections["other"])
            with scratch("other") as temporary:
                assert ask(about_it, of=temporary) == before
    finally:
        beside(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_a_living_maker_has_is_not_swept(maker: subprocess.Popen[str]) -> None:
    name = made_by(maker)
    assert name not in sweep()
    assert exists(name)
    maker.communicate("\n")
    assert (maker.returncode, exists(name)) == (0, False)


def test_the_next_use_drops_what_a_killed_maker_left(maker: subprocess.Popen[str]) -> None:
    name = made_by(maker)
    maker.kill()
    maker.wait()
    lock = f"SELECT count(*) FROM pg_locks WHERE objsubid = 2 AND objid = hashtext('{name}')::oid"
    assert exists(name)
    assert wait_until(lambda: ask(lock) == 0)
    with scratch():
        assert not exists(name)


def test_what_another_role_left_stays_without_a_word(
    beside: Callable[[str], Any], role: str
) -> None:
    name = f"schema_scratch_{os.getpid():016x}"
    beside(f"CREATE DATABASE {name} TEMPLATE template0")
    with alias("poor", OPTIONS={"assume_role": role}):
        assert name not in sweep("poor")
    sweep()
    assert not exists(name)


def test_a_database_with_another_name_is_never_swept(beside: Callable[[str], Any]) -> None:
    name = f"schema_scratch_of_{os.getpid()}"
    beside(f"CREATE DATABASE {name} TEMPLATE template0")
    assert name not in sweep()
    beside(f"DROP DATABASE {name}")


def test_it_refuses_a_role_that_may_not_create_databases(role: str) -> None:
    with (
        alias("poor", OPTIONS={"assume_role": role}),
        pytest.raises(MayNotCreateDatabases) as refusal,
        scratch("poor"),
    ):
        pass
    assert str(refusal.value) == (
        f"The role {role} may not create databases, and this needs an empty one for a while. "
        f'Let an administrator of the server run: ALTER ROLE "{role}" CREATEDB'
    )


def test_a_full_disk_is_said_in_words() -> None:
    full = "DO $$ BEGIN RAISE 'No space left on device' USING ERRCODE = 'disk_full'; END $$"
    with (
        closing(connection.copy()) as other,
        other.cursor() as cursor,
        pytest.raises(NoRoomForScratch) as refusal,
        refusing_full_disk(),
    ):
        cursor.execute(full)
    assert str(refusal.value) == (
        "The server's disk is too full for the empty database that this needs for a while. "
        "Free about 10 MB there, and run this again."
    )


def test_of_what_fills_the_disk_the_tables_go_first() -> None:
    full = "DO $$ BEGIN RAISE 'No space left on device' USING ERRCODE = 'disk_full'; END $$"
    as_template = "CREATE TABLE large (); ALTER DATABASE {} IS_TEMPLATE true; COMMIT; "
    with pytest.raises(NoRoomForScratch), scratch() as temporary:
        ask(as_template.format(name_of(temporary)) + full)  # so that it stays
    with alias("left", NAME=name_of(temporary)):
        assert ask("SELECT to_regclass('large')", of=connections["left"]) is None
        ask(f"ALTER DATABASE {name_of(temporary)} IS_TEMPLATE false", of=connections["left"])
    assert name_of(temporary) in sweep()


def test_another_error_passes() -> None:
    with (
        alias("lost", NAME="there_is_no_such_database"),
        pytest.raises(DatabaseError, match="there_is_no_such_database"),
        scratch("lost"),
    ):
        pass
