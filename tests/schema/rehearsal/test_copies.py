"""A copy holds all that the live database holds, which stays in use meanwhile."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.embedded import server
from ingestion.schema.catalog import catalog
from ingestion.schema.errors import (
    CannotCopy,
    LiveTablesLocked,
    MayNotReadAll,
    NeedsOtherPrograms,
    NoProgramsToCopy,
    NoRoomForCopy,
    NoTemporaryFolder,
    RehearsalLost,
)
from ingestion.schema.rehearsal.checksums import changed, checksums
from ingestion.schema.rehearsal.copies import copied, programs, server_major
from tests.schema.conftest import Stays

Program = Callable[[str, str], None]
pytestmark = pytest.mark.slow

TABLES = """
    CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s text, n numeric);
    COMMENT ON TABLE t IS 'what was told';
    INSERT INTO t (s, n) SELECT i::text, NULLIF(i, 3) FROM generate_series(1, 1000) AS i;
    CREATE INDEX t_s ON t (s);
    CREATE SCHEMA other;
    CREATE TABLE other."odd name" (a json, "b c" int);
    INSERT INTO other."odd name" VALUES ('{"a": 1}', 1);
    CREATE VIEW v AS SELECT s FROM t;
    CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS n WITH NO DATA;
"""


def ask(question: str, *, of: BaseDatabaseWrapper = connection) -> Any:
    with of.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


def silent(so_far: int, size: int) -> None:
    pass


@pytest.fixture
def live(own_database: Any, settings: Any) -> Iterator[Any]:
    settings.SCHEMA = {"PROGRAMS": server.binaries() / "bin"}
    ask(TABLES)
    yield own_database
    ask("SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata")  # they are in no schema


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """program("pg_dump", SCRIPT) → the first of this name on PATH."""
    folder = tmp_path / "bin"

    def make(name: str, script: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")

    return make


def copy_of(live: Any, say: Callable[[int, int], None] = silent) -> Any:
    return copied(live, lock_wait=1, say=say)


def test_it_has_the_same_tables_rows_and_counters(live: Any) -> None:
    there, held = catalog(live), checksums(live)
    with copy_of(live) as copy:
        assert connections["default"] is copy
        assert catalog(copy) == there
        assert changed(held, checksums(copy)) == []
        assert ask("INSERT INTO t (s) VALUES ('') RETURNING id", of=copy) == 1001
    assert ask("SELECT count(*) FROM t") == 1000


def test_the_live_database_stays_in_use_meanwhile(live: Any) -> None:
    written = []

    def write(so_far: int, size: int) -> None:
        assert size > 0
        written.append(ask("INSERT INTO t (s) VALUES ('new') RETURNING id", of=live))

    with copy_of(live, write) as copy:
        assert written
        assert ask("SELECT count(*) FROM t", of=copy) == 1000
    assert ask("SELECT count(*) FROM t") == 1000 + len(written)


def test_nothing_of_it_stays(live: Any, stays: Stays) -> None:
    with copy_of(live):
        assert len(stays()) == 1
    assert not stays()


def test_what_is_set_for_the_database_is_set_for_the_copy(live: Any) -> None:
    name = live.settings_dict["NAME"]
    ask(f"ALTER DATABASE {name} SET search_path = other, public")
    ask(f"ALTER DATABASE {name} SET statement_timeout = '77s'")
    live.close()
    try:
        with copy_of(live) as copy:
            assert ask("SHOW search_path", of=copy) == "other, public"
            assert ask("SHOW statement_timeout", of=copy) == "77s"
    finally:
        ask(f"ALTER DATABASE {name} RESET search_path")
        ask(f"ALTER DATABASE {name} RESET statement_timeout")


@pytest.fixture
def role(live: Any) -> Iterator[str]:
    """Who may log in and make databases, and nothing else."""
    name = f"copier_{os.getpid()}"
    ask(f"CREATE ROLE {name} LOGIN CREATEDB PASSWORD 'very secret'")
    yield name
    live.close()
    ask(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
def as_role(live: Any, role: str) -> Iterator[Any]:
    other = live.copy()
    other.settings_dict |= {"USER": role, "PASSWORD": "very secret"}
    connections["default"] = other
    with closing(other):
        yield other
    connections["default"] = live


def test_a_password_is_on_no_command_line(
    live: Any, as_role: Any, program: Program, tmp_path: Path
) -> None:
    ask(f"GRANT pg_read_all_data TO {as_role.settings_dict['USER']}", of=live)
    chosen = programs(as_role)
    for name in ("pg_dump", "pg_restore"):
        program(name, f'echo "$@" >> {tmp_path}/said; exec {chosen.path(name)} "$@"')
    with copy_of(as_role) as copy:
        assert ask("SELECT count(*) FROM t", of=copy) == 1000
    said = (tmp_path / "said").read_text()
    assert "--format=custom" in said
    assert "secret" not in said


def test_a_role_that_may_not_read_a_table_is_told(live: Any, as_role: Any, stays: Stays) -> None:
    role = as_role.settings_dict["USER"]
    with pytest.raises(MayNotReadAll) as refused, copy_of(as_role):
        pass
    assert f"{refused.value}" == (
        f"The role {role} may not read all that is to be copied: permission denied for table t. "
        "Run this as the role that owns the tables, let an administrator run: GRANT "
        f"pg_read_all_data TO {role}, or rehearse on empty tables: --schema-only"
    )
    assert not stays()


@pytest.mark.parametrize(
    "foreign",
    [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE mood AS ENUM ('good')",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor",
        "CREATE PUBLICATION copied_tables FOR ALL TABLES",
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
        "CREATE EVENT TRIGGER copied_trigger ON ddl_command_end EXECUTE FUNCTION f(); "
        "COMMENT ON EVENT TRIGGER copied_trigger IS 'of a superuser'",
    ],
)
def test_what_belongs_to_others_keeps_nobody_from_copying(
    live: Any, as_role: Any, foreign: str
) -> None:
    role = as_role.settings_dict["USER"]
    ask(
        f"DROP SCHEMA other CASCADE; GRANT ALL ON SCHEMA public TO {role}; "
        f"ALTER TABLE t OWNER TO {role}; ALTER VIEW v OWNER TO {role}; "
        f"ALTER MATERIALIZED VIEW never_filled OWNER TO {role}",
        of=live,
    )
    ask(foreign, of=live)
    try:
        with copy_of(as_role) as copy:
            assert ask("SELECT count(*) FROM t", of=copy) == 1000
    finally:
        ask("DROP PUBLICATION IF EXISTS copied_tables", of=live)
        ask("DROP EVENT TRIGGER IF EXISTS copied_trigger", of=live)


def test_a_role_that_may_not_read_a_sequence_is_told(live: Any, as_role: Any) -> None:
    role = as_role.settings_dict["USER"]
    ask("DROP SCHEMA other, public CASCADE; CREATE SCHEMA public; CREATE SEQUENCE q", of=live)
    ask(f"GRANT USAGE ON SCHEMA public TO {role}", of=live)
    with pytest.raises(MayNotReadAll) as refused, copy_of(as_role):
        pass
    assert f"GRANT pg_read_all_data TO {role}, or rehearse on empty" in f"{refused.value}"


def test_who_may_not_read_every_row_is_told_how_to(live: Any, as_role: Any) -> None:
    role = as_role.settings_dict["USER"]
    ask(f"GRANT pg_read_all_data TO {role}; ALTER TABLE t ENABLE ROW LEVEL SECURITY", of=live)
    with pytest.raises(MayNotReadAll) as refused, copy_of(as_role):
        pass
    assert f"let an administrator run: ALTER ROLE {role} BYPASSRLS, or" in f"{refused.value}"


def test_what_the_copy_refuses_is_said(live: Any, stays: Stays) -> None:
    ask(
        "CREATE FUNCTION is_short(text) RETURNS bool LANGUAGE sql AS 'SELECT length($1) < 9 "
        "AND EXISTS (SELECT FROM v)'; ALTER TABLE t ADD CHECK (is_short(s))"
    )
    with pytest.raises(CannotCopy) as refused, copy_of(live):
        pass
    assert f"{refused.value}" == (
        'The database cannot be copied: pg_restore says: relation "v" does not exist. The copy is '
        "dropped. Put that right, or rehearse on empty tables: --schema-only"
    )
    assert not stays()


def test_a_table_that_somebody_holds_is_not_waited_for_without_end(live: Any) -> None:
    with closing(live.copy()) as other:
        other.set_autocommit(False)
        ask("LOCK TABLE t", of=other)
        with pytest.raises(LiveTablesLocked), copy_of(live):
            pass


# --- Which programs ------------------------------------------------------------------------


@pytest.fixture
def fake(program: Program) -> Callable[[str], None]:
    """fake("17.4") → pg_dump and pg_restore on PATH that say they are of this version."""

    def make(version: str) -> None:
        for name in ("pg_dump", "pg_restore"):
            program(name, f"echo '{name} (PostgreSQL) {version}'")

    return make


def test_those_on_the_path_come_first(
    live: Any, fake: Callable[[str], None], tmp_path: Path
) -> None:
    fake("99.1")
    assert programs(live).folder == tmp_path / "bin"


def test_the_named_ones_stand_in_for_older_ones(live: Any, fake: Callable[[str], None]) -> None:
    fake("9.6.24")
    assert programs(live).folder == server.binaries() / "bin"


def test_without_any_it_says_what_to_install(
    live: Any, fake: Callable[[str], None], settings: Any
) -> None:
    fake("9.6.24")
    settings.SCHEMA = {"PROGRAMS": lambda: None}
    major = server_major(live)
    with pytest.raises(NoProgramsToCopy) as refused:
        programs(live)
    assert f"{refused.value}" == (
        f"A copy with all data takes pg_dump and pg_restore of PostgreSQL {major} or newer; those "
        "found are of 9. Install them (Debian and Ubuntu: apt install "
        f"postgresql-client-{major}), or rehearse on empty tables: --schema-only"
    )


@pytest.mark.parametrize(
    ("says", "refusal"),
    [
        ('ERROR:  could not extend file "base/5/16385": No space left on device', NoRoomForCopy),
        ("server closed the connection unexpectedly", RehearsalLost),
    ],
)
def test_a_full_disk_is_told(
    live: Any, program: Program, says: str, refusal: Any, stays: Stays
) -> None:
    dump = programs(live).path("pg_dump")
    program("pg_dump", f'exec {dump} "$@"')
    error = f'pg_restore: error: COPY failed for table "t": {says}'
    program(
        "pg_restore", f"[ $1 = --version ] && exec echo pg_restore 99\necho '{error}' >&2; exit 1"
    )
    with pytest.raises(refusal), copy_of(live):
        pass
    assert not stays()


def test_without_a_temporary_folder_it_says_so(
    live: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: Stays
) -> None:
    monkeypatch.setattr("tempfile.tempdir", f"{tmp_path}/gone")
    with pytest.raises(NoTemporaryFolder), copy_of(live):
        pass
    assert not stays()


def test_programs_without_ssl_are_no_use_where_the_server_wants_it(
    live: Any, program: Program
) -> None:
    says = 'pg_dump: error: sslmode value "require" invalid when SSL support is not compiled in'
    for name in ("pg_dump", "pg_restore"):
        program(name, f"[ $1 = --version ] && exec echo {name} 99\necho '{says}' >&2; exit 1")
    with pytest.raises(NeedsOtherPrograms) as refused, copy_of(live):
        pass
    assert "apt install postgresql-client-" in f"{refused.value}"


# --- What became other ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT 1", []),
        ("UPDATE t SET id = DEFAULT WHERE false; VACUUM FULL t", []),
        ("UPDATE t SET s = 'x' WHERE id = 1", ["t.s: of its 1,000 values some or all are other "
         "ones now"]),
        ("UPDATE t SET s = NULL WHERE id = 1", ["t.s: 1,000 values before, 999 now"]),
        ("DELETE FROM t WHERE id = 3", ["t: 1,000 rows before, 999 now"]),
        ("DROP VIEW v; ALTER TABLE t DROP s", ["t.s: the column is gone, with 1,000 values"]),
        ("DROP VIEW v; DROP TABLE t", ["t: 1,000 rows before, the table is gone"]),
        ("ALTER TABLE t ADD a int DEFAULT 1; ALTER TABLE t ALTER n TYPE float", []),
        ("UPDATE u SET filled = 1", []),
        ("SELECT nextval('t_id_seq')", []),
        ("ALTER TABLE t ALTER id DROP IDENTITY; ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS "
         "IDENTITY", ["t_id_seq begins again after 0: it had given 1,000 numbers"]),
        ("ALTER SEQUENCE down RESTART", ["down begins again after 0: it had given 2 numbers"]),
        ("SELECT lo_unlink(oid) FROM pg_largeobject_metadata LIMIT 1", ["pg_largeobject_metadata: "
         "2 rows before, 1 now"]),
        ('ALTER TABLE other."odd name" DROP "b c"', ['other."odd name"."b c": the column is gone, '
         "with 1 value"]),
        ('UPDATE other."odd name" SET a = \'{"b": 1}\'', ['other."odd name".a: of its 1 value '
         "some or all are other ones now"]),
    ],
)  # fmt: skip
def test_what_tables_hold_is_compared(live: Any, statement: str, found: list[str]) -> None:
    ask("CREATE SEQUENCE down INCREMENT -5; SELECT nextval('down'), nextval('down')")
    ask("SELECT lo_from_bytea(0, 'a'), lo_from_bytea(0, 'b')")
    ask("CREATE TABLE u AS SELECT 1 AS id, NULL::int AS filled")
    before = checksums(live)
    for each in statement.split("; "):
        ask(each)
    assert [f"{each}" for each in changed(before, checksums(live))] == found
