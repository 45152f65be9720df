"""A database for a while, on the same server, in the place of the live one: empty, or filled.

While it lasts the alias itself leads to it, and all others that lead to the live one, so that a
migration which says `django.db.connection` cannot reach the live database, nor one that connects
by itself as the settings say, or in a thread of its own; what other aliases lead to is only read.
It is dropped afterwards; if its maker was killed, by the next one who makes or sweeps.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psycopg2.errors
from django.db import DatabaseError, Error, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.utils import CursorWrapper

from ingestion.schema.apart import only_reading
from ingestion.schema.confined import MARKED, confined
from ingestion.schema.errors import (
    MayNotCreateDatabases,
    NoRoomForCopy,
    NoRoomForScratch,
    NotPostgres,
    OnlyReads,
    ScratchStays,
)
from ingestion.schema.failures import chain

Fill = Callable[[DatabaseWrapper], None]
"""Is given the connection to a database like a new one, and puts something in."""

LOOPBACK = {"127.0.0.1", "::1"}

# The first half of an advisory lock; the second is a hash of the database's name.
LOCKS = 0x5C4A7C4  # "scratch", nearly

# Nobody answers for the database of this name. Its maker has locked the name before it created it,
# and what a query sees in pg_locks is newer than what it sees in pg_database.
_UNANSWERED = """NOT EXISTS (
               SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND objsubid = 2
                  AND classid = %s AND objid = hashtext({})::oid)"""

ABANDONED = f"""
    SELECT datname
      FROM pg_database
     WHERE datname ~ '^schema_scratch_[0-9a-f]{{16}}$'
       AND {_UNANSWERED.format("datname")}
"""  # noqa: S608

# Made from a scratch database, of this name or one that nobody answers for.
ROLES_OF = f"""
    SELECT quote_ident(rolname)
      FROM pg_roles,
           substring(shobj_description(oid, 'pg_authid') FROM %s) AS made_for
     WHERE made_for = %s
        OR made_for IS NOT NULL AND {_UNANSWERED.format("made_for")}
"""  # noqa: S608

# What still works for a maker that is gone, elsewhere than in its database.
ORPHANS = f"""
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE application_name ~ '^schema_scratch_[0-9a-f]{{16}}$' AND usename = session_user
       AND {_UNANSWERED.format("application_name")}
"""  # noqa: S608

OTHERS = """
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
LARGEST = """
    SELECT oid::regclass::text
      FROM pg_class
     WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
     ORDER BY pg_total_relation_size(oid) DESC
     LIMIT 50
"""

# Settings on which it depends what a migration makes, and where.
DECISIVE = (
    "search_path",
    "default_tablespace",
    "default_table_access_method",
    "default_toast_compression",
)

# PostgreSQL 15 and 16 say daticulocale, the later ones datlocale.
LIKE_THIS_ONE = """
    SELECT option, value
      FROM pg_database d,
           to_jsonb(d) AS row,
           coalesce(row ->> 'datlocale', row ->> 'daticulocale') AS locale,
           LATERAL (VALUES
                   ('ENCODING', pg_encoding_to_char(encoding)),
                   ('LOCALE_PROVIDER', CASE datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu'
                                                           WHEN 'b' THEN 'builtin' END),
                   ('LC_COLLATE', datcollate),
                   ('LC_CTYPE', datctype),
                   ('ICU_LOCALE', CASE datlocprovider WHEN 'i' THEN locale END),
                   ('ICU_RULES', row ->> 'daticurules'),
                   ('BUILTIN_LOCALE', CASE datlocprovider WHEN 'b' THEN locale END)
           ) AS options (option, value)
     WHERE datname = current_database() AND value IS NOT NULL
"""
# What is set for this database, or for this role in it; what is set elsewhere holds anyway.
SETTINGS = """
    SELECT DISTINCT quote_ident(split_part(unnest(setconfig), '=', 1))
      FROM pg_db_role_setting
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND setrole IN (0, current_user::regrole)
"""


@contextmanager
def scratch(alias: str = "default", *, fill: Fill | None = None) -> Iterator[DatabaseWrapper]:
    """The connection that the alias leads to as long as the block lasts."""
    live = _connection(alias)
    with (
        refusing_full_disk(),
        _administrator(live) as administrator,
        administrator.cursor() as cursor,
    ):
        _refuse_read_only(cursor)
        _sweep(cursor)
        with _database(cursor) as name, closing(_to(name, live=live)) as temporary:
            _confine(temporary, live)
            if fill is None:
                _make_schemas(temporary, like=cursor)
            else:
                _set_as(live, name)
                fill(temporary)
            with _all_leading_to(temporary, live):
                yield temporary


def sweep(alias: str = "default") -> list[str]:
    """Drop what killed makers have left on the server; the names of what was dropped."""
    with _administrator(_connection(alias)) as administrator, administrator.cursor() as cursor:
        return _sweep(cursor)


def _connection(alias: str) -> DatabaseWrapper:
    connection = connections[alias]
    if not isinstance(connection, DatabaseWrapper):
        raise NotPostgres(alias, connection.vendor)
    return connection


def _to(name: str, *, live: DatabaseWrapper) -> DatabaseWrapper:
    """Another connection of the same class and settings."""
    other = live.copy()
    other.settings_dict |= {"NAME": name, "CONN_MAX_AGE": 0, "AUTOCOMMIT": True}
    other.settings_dict["OPTIONS"].pop("cursor_factory", None)  # where the live one is a scratch
    return other


def _confine(
    temporary: DatabaseWrapper, live: DatabaseWrapper, *, left_out: list[str] | None = None
) -> None:
    own = live.settings_dict["OPTIONS"].get("cursor_factory")
    temporary.settings_dict["OPTIONS"]["cursor_factory"] = confined(
        temporary.settings_dict["NAME"], like=own, left_out=left_out
    )


@contextmanager
def _all_leading_to(temporary: DatabaseWrapper, live: DatabaseWrapper) -> Iterator[None]:
    """Each alias as its own role."""
    factory = temporary.settings_dict["OPTIONS"]["cursor_factory"]
    others = others_to(live)
    with ExitStack() as stack:
        stack.enter_context(_leading_to(temporary, live.alias))
        for alias in others:
            other = _to(temporary.settings_dict["NAME"], live=_connection(alias))
            _confine(other, _connection(alias), left_out=factory.left_out)
            stack.enter_context(_leading_to(stack.enter_context(closing(other)), alias))
        stack.enter_context(only_reading(connections.settings.keys() - {live.alias, *others}))
        yield


def others_to(live: BaseDatabaseWrapper) -> list[str]:
    """The other aliases that lead to the same database."""
    place = _place(live.settings_dict)
    return [
        alias
        for alias, known in connections.settings.items()
        if alias != live.alias
        and _place(known) == place
        and isinstance(connections[alias], DatabaseWrapper)
    ]


def _place(known: Mapping[str, Any]) -> tuple[str, ...]:
    options = known.get("OPTIONS") or {}
    host, port, name = (
        f"{known.get(key) or options.get(option) or usual}"
        for key, option, usual in (("HOST", "host", ""), ("PORT", "port", 5432), ("NAME", "", ""))
    )
    return "localhost" if host in LOOPBACK else host, port, name, options.get("service") or ""


@contextmanager
def _leading_to(temporary: DatabaseWrapper, alias: str) -> Iterator[None]:
    """In this thread, and in the settings for all who connect from now on."""
    live = connections[alias]
    known = connections.settings.get(alias)
    connections[alias] = temporary
    if known is not None:
        connections.settings[alias] = {
            **known,
            "NAME": temporary.settings_dict["NAME"],
            "OPTIONS": {
                **known.get("OPTIONS", {}),
                "cursor_factory": temporary.settings_dict["OPTIONS"]["cursor_factory"],
            },
        }
    try:
        yield
    finally:
        connections[alias] = live
        if known is not None:
            connections.settings[alias] = known


@contextmanager
def _administrator(live: DatabaseWrapper) -> Iterator[DatabaseWrapper]:
    """A session beside the live one, which may be inside a transaction: CREATE DATABASE may not."""
    with closing(_to(live.settings_dict["NAME"], live=live)) as connection:
        with connection.cursor() as cursor:
            # Its lock has to last as long as the block, which may be long and idle here.
            cursor.execute(
                "SET idle_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = 0"
            )
        yield connection


def _refuse_read_only(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT current_setting('transaction_read_only')::boolean, pg_is_in_recovery()")
    only_reads, is_replica = cursor.fetchone()
    if only_reads:
        raise OnlyReads(is_replica=is_replica)


@contextmanager
def _database(cursor: CursorWrapper) -> Iterator[str]:
    name = f"schema_scratch_{secrets.token_hex(8)}"
    cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [LOCKS, name])
    try:
        _create(cursor, name)
        yield name
    except BaseException as error:
        if _is_about_room(error):
            with suppress(Error):
                _make_room(_to(name, live=cursor.db))
        with suppress(Error):  # a sweep does it; what went wrong before tells more
            _drop(cursor, name)
            _drop_roles(cursor, name)
        raise
    try:
        _drop(cursor, name)
        _drop_roles(cursor, name)
    except DatabaseError as error:
        raise ScratchStays(name, f"{error}".partition("\n")[0]) from error


def _is_about_room(error: BaseException) -> bool:
    kinds = (psycopg2.errors.DiskFull, NoRoomForCopy)
    return any(isinstance(each, kinds) for each in chain(error))


def _make_room(temporary: DatabaseWrapper) -> None:
    """A database is dropped with a checkpoint, which takes room itself; a table is not."""
    with closing(temporary), temporary.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute(OTHERS)
        cursor.execute(LARGEST)
        for (table,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE IF EXISTS {table} CASCADE")


def _create(cursor: CursorWrapper, name: str) -> None:
    cursor.execute(LIKE_THIS_ONE)
    options = dict(cursor.fetchall())
    wanted = " ".join(f"{option} %s" for option in options)
    with refusing(cursor):
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 {wanted}", [*options.values()])
    # They may be set for a role in one database only, or for the database.
    for setting in DECISIVE:
        cursor.execute(f"ALTER DATABASE {name} SET {setting} FROM CURRENT")


def _drop(cursor: CursorWrapper, name: str) -> None:
    cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _drop_roles(cursor: CursorWrapper, name: str = "") -> None:
    cursor.execute(ROLES_OF, [MARKED, name, LOCKS])
    for (role,) in cursor.fetchall():
        with suppress(DatabaseError):  # another scratch database has grants to it: a sweep does it
            cursor.execute(f"DROP ROLE IF EXISTS {role}")


def _set_as(live: DatabaseWrapper, name: str) -> None:
    """What is set for the live database, as far as this role may."""
    with closing(_to(live.settings_dict["NAME"], live=live)) as other, other.cursor() as cursor:
        cursor.execute(SETTINGS)
        for (setting,) in cursor.fetchall():
            with suppress(ProgrammingError):  # one that only superusers may set
                cursor.execute(f"ALTER DATABASE {name} SET {setting} FROM CURRENT")


def _make_schemas(temporary: DatabaseWrapper, *, like: CursorWrapper) -> None:
    """Those of the search path, empty: migrations expect them."""
    like.execute("SELECT quote_ident(unnest(current_schemas(false)))")
    with temporary.cursor() as cursor:
        for (schema,) in like.fetchall():
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def _sweep(cursor: CursorWrapper) -> list[str]:
    cursor.execute(ABANDONED, [LOCKS])
    dropped = []
    for (name,) in cursor.fetchall():
        with suppress(DatabaseError):  # another one was faster, or it belongs to another role
            _drop(cursor, name)
            dropped.append(name)
    _drop_roles(cursor)
    with suppress(ProgrammingError):  # this role may not
        cursor.execute(ORPHANS, [LOCKS])
    return dropped


@contextmanager
def refusing(cursor: CursorWrapper) -> Iterator[None]:
    """Say in our words why there can be no database; other errors pass."""
    try:
        yield
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT current_user, quote_ident(current_user)")
            role, quoted = cursor.fetchone()
            raise MayNotCreateDatabases(role, quoted=quoted) from error
        raise


@contextmanager
def refusing_full_disk() -> Iterator[None]:
    """Also when it fills up in the middle of a migration, whatever is said of that already."""
    try:
        yield
    except Exception as error:
        if any(isinstance(each, psycopg2.errors.DiskFull) for each in chain(error)):
            raise NoRoomForScratch() from error
        raise
