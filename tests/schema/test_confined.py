"""From a scratch database nothing reaches the rest of the server."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg2.extensions import AsIs
from psycopg2.extras import DictCursor

from ingestion.schema.confined import Reach, is_left_out, left_out, reach
from ingestion.schema.scratch import scratch, sweep
from ingestion.schema.statements import statements

MINE = f"confined_{os.getpid()}"
"""The first half of the names of the roles: other processes use the same server."""


@pytest.mark.parametrize(
    ("sql", "reached"),
    [
        ("CREATE ROLE reader LOGIN", Reach("make", ("reader",))),
        ('CREATE USER "A, b"', Reach("make", ("A, b",))),
        ("CREATE USER MAPPING FOR reader SERVER s", None),
        ("ALTER ROLE reader SET search_path = public", Reach("change", ("reader",))),
        ("ALTER ROLE ALL SET search_path = public", Reach("change", ("all",))),
        ("ALTER USER CURRENT_USER PASSWORD 'x'", Reach("change", ("current_user",))),
        ("DROP ROLE IF EXISTS a, b", Reach("change", ("a", "b"))),
        ("GRANT a, b TO c", Reach("join", ("c",), ("a", "b"))),
        ("REVOKE a FROM c CASCADE", Reach("join", ("c",), ("a",))),
        ("REVOKE ADMIN OPTION FOR a FROM b", Reach("join", ("b",), ("a",))),
        ("GRANT SELECT ON t TO reader", None),
        ("GRANT SELECT (a, b) ON t TO reader", None),
        ("GRANT USAGE ON SCHEMA database TO reader", None),
        ("GRANT CONNECT, TEMP ON DATABASE d TO reader", Reach("set", ("d",))),
        ("REVOKE GRANT OPTION FOR SET ON PARAMETER work_mem FROM a", Reach("other")),
        ("ALTER SYSTEM SET work_mem = '1GB'", Reach("other")),
        ("alter /* this */ database d SET work_mem = '1GB'", Reach("set", ("d",))),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", Reach("other")),
        ("REASSIGN OWNED BY a TO b", Reach("change", ("a",))),
        ("DROP OWNED BY a, b CASCADE", Reach("change", ("a", "b"))),
        ("COMMENT ON ROLE a IS 'reads'", Reach("other")),
        ("COMMENT ON COLUMN a.role IS 'database'", None),
        ("ALTER TABLE t SET TABLESPACE s", None),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader", None),
        ("INSERT INTO t VALUES ('; DROP ROLE a')", None),
        ("CREATE TABLE role (a int)", None),
    ],
)
def test_what_reaches_further_is_known(sql: str, reached: Reach | None) -> None:
    (statement,) = statements(sql)
    assert reach(statement) == reached


@pytest.mark.parametrize(
    ("verb", "known", "left"),
    [
        ("make", {}, False),
        ("make", {"a": True}, False),
        ("make", {"a": False}, True),
        ("change", {}, False),
        ("change", {"a": True, "b": True}, False),
        ("change", {"a": True, "b": False}, True),
        ("join", {}, True),
        ("join", {"a": True, "b": False}, True),
        ("join", {"a": True, "b": True}, False),
        ("join", {"c": True}, False),
        ("set", {}, True),
        ("other", {}, True),
    ],
)
def test_only_roles_of_its_own_are_changed(verb: str, known: dict[str, bool], left: bool) -> None:
    roles = () if verb == "other" else ("a", "b")
    given = ("c",) if verb == "join" else ()
    assert is_left_out(Reach(verb, roles, given), known, database="scratch") is left


def test_what_is_set_for_the_database_itself_is_set() -> None:
    assert not is_left_out(Reach("set", ("scratch",)), {}, database="scratch")


@pytest.fixture
def live(own_database: DatabaseWrapper) -> Iterator[DatabaseWrapper]:
    execute(f"CREATE ROLE {MINE}_live CONNECTION LIMIT 7", own_database)
    yield own_database
    execute(f"DROP ROLE {MINE}_live", own_database)


def execute(sql: str, of: Any = connection, values: list[Any] | None = None) -> list[Any]:
    with of.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def roles(of: Any = connection) -> dict[str, int]:
    mine = (
        "SELECT replace(rolname, %s, ''), rolconnlimit FROM pg_roles WHERE starts_with(rolname, %s)"
    )
    return dict(execute(mine, of, [f"{MINE}_", f"{MINE}_"]))


def test_a_role_that_is_missing_lasts_as_long_as_the_database(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        execute(
            f"CREATE TABLE t (a int); CREATE ROLE {MINE}_new; ALTER ROLE {MINE}_new CONNECTION "
            f"LIMIT 3; GRANT {MINE}_live TO {MINE}_new; GRANT SELECT ON t TO {MINE}_new"
        )
        assert roles() == {"live": 7, "new": 3}
        assert execute(f"SELECT has_table_privilege('{MINE}_new', 't', 'SELECT')") == [(True,)]
        assert left_out(copy) == []
    assert roles() == {"live": 7}


def test_after_an_error_it_goes_as_well(live: DatabaseWrapper) -> None:
    with pytest.raises(DatabaseError, match="division by zero"), scratch():
        execute(f"CREATE ROLE {MINE}_new; COMMIT; SELECT 1 / 0")
    assert roles() == {"live": 7}


def test_it_may_be_dropped_and_made_again(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        execute("CREATE TABLE t (a int)")
        for _ in range(2):
            execute(f"CREATE ROLE {MINE}_new; GRANT SELECT ON t TO {MINE}_new")
            execute(f"DROP OWNED BY {MINE}_new; DROP ROLE {MINE}_new")
        assert left_out(copy) == []
        assert roles() == {"live": 7}
        with pytest.raises(DatabaseError, match="does not exist"):
            execute(f"DROP ROLE {MINE}_new")


def test_what_is_live_stays_as_it_is(live: DatabaseWrapper) -> None:
    database = live.settings_dict["NAME"]
    said = [
        f"CREATE ROLE {MINE}_live",
        f"ALTER ROLE {MINE}_live CONNECTION LIMIT 1",
        "ALTER ROLE ALL SET work_mem = '***'",
        "ALTER ROLE CURRENT_USER SET work_mem = '***'",
        f"COMMENT ON ROLE {MINE}_live IS 'x'",
        f"COMMENT ON DATABASE {database} IS 'x'",
        f"ALTER DATABASE {database} RESET work_mem",
        "ALTER SYSTEM RESET work_mem",
        f"GRANT pg_monitor TO {MINE}_live",
        f"DROP OWNED BY {MINE}_live",
        f"DROP ROLE {MINE}_live",
    ]
    with scratch() as copy:
        for statement in said:
            execute(statement)
        there, *others = left_out(copy)
        assert (there, others) == (f"{said[0]} (that role is there)", said[1:])
    assert roles() == {"live": 7}
    assert execute(f"SELECT pg_has_role('{MINE}_live', 'pg_monitor', 'MEMBER')") == [(False,)]


def test_the_rest_of_a_script_is_done(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        execute(
            f"CREATE TABLE t (a text); ALTER ROLE {MINE}_live PASSWORD 'secret'; "
            "INSERT INTO t VALUES (%s)",
            values=["it's 100 % a ROLE"],
        )
        assert execute("SELECT a FROM t") == [("it's 100 % a ROLE",)]
        assert left_out(copy) == [f"ALTER ROLE {MINE}_live PASSWORD '***'"]


def test_another_session_is_confined_too(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        with closing(connections.create_connection("default")) as other:
            execute(f"DROP ROLE {MINE}_live", other)
            assert execute("SELECT current_database()", other) == execute(
                "SELECT current_database()"
            )
        assert left_out(copy) == [f"DROP ROLE {MINE}_live"]


def test_another_alias_to_the_live_database_is_confined_too(live: DatabaseWrapper) -> None:
    connections.settings["other"] = {**live.settings_dict}
    try:
        with scratch() as copy:
            execute("ALTER SYSTEM RESET work_mem", connections["other"])
            assert left_out(copy) == ["ALTER SYSTEM RESET work_mem"]
    finally:
        connections["other"].close()
        del connections["other"], connections.settings["other"]


def test_a_role_of_a_killed_maker_is_swept(live: DatabaseWrapper) -> None:
    """The comment is what a killed one leaves."""
    execute(f"CREATE ROLE {MINE}_left")
    name = f"schema_scratch_{os.getpid():016x}"
    execute(f"COMMENT ON ROLE {MINE}_left IS 'Made for {name}, and goes with it.'")
    sweep()
    assert roles() == {"live": 7}


def test_one_that_another_database_uses_stays_till_that_is_gone(live: DatabaseWrapper) -> None:
    with scratch():
        execute(f"CREATE ROLE {MINE}_new")
        execute(f"CREATE TABLE t (a int); GRANT SELECT ON t TO {MINE}_new", live)
    assert roles() == {"live": 7, "new": -1}
    execute("DROP TABLE t", live)
    sweep()
    assert roles() == {"live": 7}


BLOCK = """
    CREATE TABLE t (a int);
    DO $do$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}_new') THEN
            CREATE ROLE {0}_new;
        ELSE
            CREATE ROLE {0}_new NOLOGIN;
        END IF;
        EXECUTE 'CREATE ROLE "{0}_it''s"';
        BEGIN
            CREATE ROLE {0}_live;
        EXCEPTION WHEN duplicate_object THEN
            ALTER ROLE {0}_live CONNECTION LIMIT 1;
        END;
        GRANT {0}_new TO "{0}_it's";
        GRANT SELECT ON t TO {0}_new;
    END
    $do$;
"""


def test_it_looks_into_blocks(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        execute(BLOCK.format(MINE))
        assert roles() == {"live": 7, "new": -1, "it's": -1}
        assert execute(f"SELECT has_table_privilege('{MINE}_it''s', 't', 'SELECT')") == [(True,)]
        assert left_out(copy) == [
            f"CREATE ROLE {MINE}_live (that role is there)",
            f"ALTER ROLE {MINE}_live CONNECTION LIMIT 1",
        ]
    assert roles() == {"live": 7}


def test_what_is_made_twice_is_refused_as_it_would_be(live: DatabaseWrapper) -> None:
    with scratch():
        execute(f"CREATE ROLE {MINE}_new")
        with pytest.raises(DatabaseError, match="already exists"):
            execute(f"CREATE ROLE {MINE}_new")


def test_a_live_role_is_given_nothing_beside_a_new_one(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        execute(f"CREATE ROLE {MINE}_new; GRANT pg_monitor TO {MINE}_new, {MINE}_live")
        assert left_out(copy) == [f"GRANT pg_monitor TO {MINE}_new, {MINE}_live"]


def test_names_that_are_values_are_known_too(live: DatabaseWrapper) -> None:
    with scratch() as copy:
        values: Any = [[AsIs(f"{MINE}_live")]]
        execute("ALTER ROLE %s NOINHERIT", copy, *values)
        with copy.cursor() as cursor:
            cursor.executemany("DROP ROLE %s", values)
        assert left_out(copy) == [f"ALTER ROLE {MINE}_live NOINHERIT", f"DROP ROLE {MINE}_live"]


@pytest.mark.slow
def test_the_cursors_of_the_project_stay_what_they_are(live: DatabaseWrapper) -> None:
    live.settings_dict["OPTIONS"]["cursor_factory"] = DictCursor
    try:
        with scratch() as copy, scratch(), copy.cursor() as cursor:
            cursor.execute("SELECT 1 AS one")
            assert cursor.fetchone()["one"] == 1
    finally:
        del live.settings_dict["OPTIONS"]["cursor_factory"]


@pytest.mark.slow
def test_one_of_another_scratch_database_stays_as_long_as_it_is_needed(
    live: DatabaseWrapper,
) -> None:
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(scratch())
        execute(f"CREATE ROLE {MINE}_new")
        connections["default"] = live
        second.enter_context(scratch())
        execute(f"CREATE ROLE {MINE}_new")
        first.close()
        connections["default"].close()
        assert roles(live) == {"live": 7, "new": -1}
    assert roles(live) == {"live": 7}
