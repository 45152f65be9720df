"""A copy of the live database with all its data, by pg_dump and pg_restore, for a while.

pg_dump ─► this process ─► pg_restore: no file is left behind when it is killed, and neither
program goes on without it. The live database stays in use: its tables are only read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg2.extensions import make_dsn

from ingestion.schema.errors import (
    CannotCopy,
    LiveTablesLocked,
    MayNotReadAll,
    NeedsOtherPrograms,
    NoProgramsToCopy,
    NoRoomForCopy,
    NoTemporaryFolder,
    RehearsalLost,
    SchemaError,
)
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.scratch import scratch

BLOCK = 1 << 20
# libpq's parameters that have a variable of their own (PostgreSQL manual, 32.15). A password on a
# command line is read by everybody on the machine.
VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "client_encoding": "PGCLIENTENCODING",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "gssencmode": "PGGSSENCMODE",
    "krbsrvname": "PGKRBSRVNAME",
    "channel_binding": "PGCHANNELBINDING",
    "require_auth": "PGREQUIREAUTH",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
_FOREIGN = Path(__file__).with_name("foreign.sql").read_text(encoding="utf-8")
ERROR = re.compile(r"error: (?:.*?(?:ERROR|FATAL|PANIC):\s+)?(.+)")
# pg_dump sets the first of these to what it may wait for a lock.
LOCKED = re.compile("due to (?:statement|lock) timeout")
# pg_restore from 17 on sets a timeout that servers before 17 do not know. Event triggers are a
# superuser's: who may not make them gets a copy without.
PASSED = re.compile(
    'unrecognized configuration parameter "transaction_timeout"'
    '|permission denied to create event trigger|event trigger ".*" does not exist$'
)
NO_SPACE = re.compile("No space left on device|[Dd]isk full|could not extend file")
# A full disk may take the whole server down.
LOST = re.compile("server closed the connection|terminating connection")
DENIED = re.compile("permission denied|row-level security|must be owner|may lack SELECT privilege")


@dataclass(frozen=True)
class Programs:
    """pg_dump and pg_restore of one version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


@contextmanager
def copied(
    live: BaseDatabaseWrapper, *, lock_wait: int, say: Callable[[int, int], None]
) -> Iterator[DatabaseWrapper]:
    """The alias leads to the copy; `say` hears how many bytes of how many have come, roughly."""
    chosen = programs(live)
    size = size_of(live)

    def fill(copy: DatabaseWrapper) -> None:
        _pour(live, copy, chosen, lock_wait=lock_wait, say=lambda so_far: say(so_far, size))
        with cancelled_by_ctrl_c(copy), copy.cursor() as cursor:
            # As on a server that has been up for a while; and so that autovacuum stays away.
            cursor.execute("VACUUM (ANALYZE)")

    with scratch(live.alias, fill=fill) as copy:
        yield copy


def programs(live: BaseDatabaseWrapper) -> Programs:
    """The ones on PATH, else those that the project names; not older than the server."""
    needed = server_major(live)
    found = [each for folder in _folders() if (each := _in(folder))]
    fitting = next((each for each in found if each.major >= needed), None)
    if fitting is None:
        raise NoProgramsToCopy(needed, found=[each.major for each in found])
    return fitting


def server_major(connection: BaseDatabaseWrapper) -> int:
    connection.ensure_connection()
    return int(connection.connection.server_version) // 10000


def size_of(connection: BaseDatabaseWrapper) -> int:
    """Of the database on disk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _folders() -> Iterator[Path]:
    if on_path := shutil.which("pg_restore"):
        yield Path(on_path).parent
    named = getattr(settings, "SCHEMA", {}).get("PROGRAMS")
    if folder := named() if callable(named) else named:
        yield Path(folder)


def _in(folder: Path) -> Programs | None:
    """None where one of the two is missing, or does not run here."""
    majors = [_major(folder / name) for name in ("pg_dump", "pg_restore")]
    return Programs(folder, min(majors)) if all(majors) else None


def _major(program: Path) -> int:
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"\d+", said)
    return int(number[0]) if number else 0


# --- From one database into the other --------------------------------------------------------


def _pour(
    live: BaseDatabaseWrapper,
    copy: BaseDatabaseWrapper,
    chosen: Programs,
    *,
    lock_wait: int,
    say: Callable[[int], None],
) -> None:
    as_role = _assumed(live)
    dump = [
        *(chosen.path("pg_dump"), *_to(live), *as_role),
        *("--format=custom", "--compress=0", "--no-subscriptions"),
        f"--lock-wait-timeout={max(lock_wait * 1000, 1)}",
    ]
    restore = [chosen.path("pg_restore"), *_to(copy), *as_role]
    if not _is_lenient(chosen, live):
        restore.append("--exit-on-error")
    restore += _without_foreign(live)
    with _words() as dump_said, _words() as restore_said:
        _run(dump, restore, said=(dump_said, restore_said), env=_environment(live, copy), say=say)
        failures = [
            ("pg_dump", _errors(dump_said)),
            ("pg_restore", _errors(restore_said)),
        ]
    for program, errors in failures:
        if errors:
            raise _refusal(program, errors[0], live=live)


def _run(
    dump: list[str],
    restore: list[str],
    *,
    said: tuple[IO[str], IO[str]],
    env: Mapping[str, str],
    say: Callable[[int], None],
) -> None:
    out_said, into_said = said
    with _program(restore, env, said=into_said, stdin=subprocess.PIPE) as into:
        with _program(dump, env, said=out_said, stdout=subprocess.PIPE) as out:
            if _pass_on(out.stdout, into.stdin, say):
                _note_failure(out, out_said)
        _note_failure(into, into_said)


def _words() -> IO[str]:
    try:
        return TemporaryFile("w+", errors="replace")
    except FileNotFoundError as error:  # so it says that no folder can be written
        raise NoTemporaryFolder from error


@contextmanager
def _program(
    command: list[str],
    env: Mapping[str, str],
    *,
    said: IO[str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Killed when the block ends, however it does."""
    with subprocess.Popen(
        command, env=env, stdin=stdin, stdout=stdout, stderr=said, bufsize=0
    ) as it:
        try:
            yield it
        finally:
            it.kill()


def _pass_on(out: Any, into: Any, say: Callable[[int], None]) -> bool:
    """False if it was not wanted to the end: then who did not want it has said why."""
    passed = 0
    try:
        while block := out.read(BLOCK):
            rest = memoryview(block)
            while rest:
                rest = rest[into.write(rest) :]
            passed += len(block)
            say(passed)
    except BrokenPipeError:
        return False
    finally:
        into.close()
    return True


def _note_failure(process: "subprocess.Popen[bytes]", said: IO[str]) -> None:
    """Once it has ended; a program that is killed says nothing itself."""
    code = process.wait()
    said.seek(0)
    if code and not ERROR.search(said.read()):
        said.write(f"error: it ended with {code}\n")


def _errors(said: IO[str]) -> list[str]:
    said.seek(0)
    found = [match[1].strip() for line in said if (match := ERROR.search(line))]
    return [error for error in found if not PASSED.match(error)]


def _refusal(program: str, error: str, *, live: BaseDatabaseWrapper) -> SchemaError:
    if NO_SPACE.search(error):
        return NoRoomForCopy(size_of(live))
    if program == "pg_dump" and DENIED.search(error):
        return may_not_read(live, error)
    if LOCKED.search(error):
        return LiveTablesLocked()
    if LOST.search(error):
        return RehearsalLost()
    if "SSL" in error:
        return NeedsOtherPrograms(program, error, server_major(live))
    return CannotCopy(program, error)


def may_not_read(
    live: BaseDatabaseWrapper, error: str, *, is_for_data: bool = True
) -> MayNotReadAll:
    with live.cursor() as cursor:
        cursor.execute("SELECT current_user, quote_ident(current_user)")
        role, quoted = cursor.fetchone()
    return MayNotReadAll(role, error, cure=_may_read(error, quoted), is_for_data=is_for_data)


def _may_read(error: str, role: str) -> str:
    if "row-level security" in error:
        return f"let an administrator run: ALTER ROLE {role} BYPASSRLS"
    if "large object" in error:
        return "let an administrator make it the owner of that one"
    return f"let an administrator run: GRANT pg_read_all_data TO {role}"


# --- How they connect ------------------------------------------------------------------------


def _to(connection: BaseDatabaseWrapper) -> list[str]:
    """The name is said here, because a service file would be preferred to a variable."""
    name = connection.get_connection_params().get("dbname") or ""
    return ["--no-password", "--dbname", make_dsn(dbname=name)]


def _environment(live: BaseDatabaseWrapper, copy: BaseDatabaseWrapper) -> dict[str, str]:
    known = live.get_connection_params()
    said = {VARIABLES[key]: f"{value}" for key, value in known.items() if key in VARIABLES}
    # A pg_dump that waits for a table does not see that this process was killed: by this name the
    # next one finds it.
    return {**os.environ, **said, "PGAPPNAME": f"{copy.settings_dict['NAME']}", "LC_ALL": "C"}


def _assumed(connection: BaseDatabaseWrapper) -> list[str]:
    role = connection.settings_dict["OPTIONS"].get("assume_role")
    return [f"--role={role}"] if role else []


def _without_foreign(connection: BaseDatabaseWrapper) -> list[str]:
    """What this role cannot give back to others is its own on the copy, or is not there."""
    may_become = "SET" if server_major(connection) >= 16 else "MEMBER"
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN, {"may_become": may_become})
        found = cursor.fetchone()
    options = ("--no-owner", "--no-privileges", "--no-publications")
    return [option for option, is_there in zip(options, found, strict=True) if is_there]


def _is_lenient(chosen: Programs, live: BaseDatabaseWrapper) -> bool:
    if chosen.major >= 17 > server_major(live):
        return True
    with live.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser'), count(*) FROM pg_event_trigger")
        is_superuser, triggers = cursor.fetchone()
    return bool(triggers and is_superuser != "on")
