"""What a migration reaches besides the copy: programs that it starts, databases of other aliases.

A program finds the copy if it asks the environment. An alias or a foreign table that leads to
another database leads there in a rehearsal, too: there a migration only reads, and is told of.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.apart import let_it_only_read
from ingestion.schema.plan import Step
from ingestion.schema.rehearsal.copies import VARIABLES
from ingestion.schema.rehearsal.rehearsed import Elsewhere
from ingestion.schema.scratch import others_to

URL = "DATABASE_URL"
"""The one variable that many programs take for the database."""
SERVERS = """
    SELECT quote_ident(srvname),
           CASE WHEN 'updatable' IN (SELECT option_name FROM pg_options_to_table(srvoptions))
                THEN 'SET' ELSE 'ADD' END
      FROM pg_foreign_server s
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
      JOIN pg_proc handler ON handler.oid = w.fdwhandler
     WHERE handler.proname = 'postgres_fdw_handler' AND pg_has_role(s.srvowner, 'USAGE')
"""


@contextmanager
def children_led_to(copy: BaseDatabaseWrapper, *, database: str) -> Iterator[None]:
    """What DATABASE_URL and libpq's variables say, as long as the block lasts.

    `database` is the live one.
    """
    name = f"{copy.settings_dict['NAME']}"
    told = {**_of_libpq(copy), **_url(os.environ, database, name)}
    # A service would be preferred to the others.
    touched = {each: os.environ.pop(each, None) for each in {*told, "PGSERVICE", "PGHOSTADDR"}}
    os.environ.update(told)
    try:
        yield
    finally:
        for each, before in touched.items():
            if before is None:
                os.environ.pop(each, None)
            else:
                os.environ[each] = before


def _of_libpq(copy: BaseDatabaseWrapper) -> dict[str, str]:
    """How this session was connected in the end, whatever said so."""
    copy.ensure_connection()
    info = copy.connection.info
    known = {**info.dsn_parameters, "password": info.password}
    said = {"dbname": "PGDATABASE", **VARIABLES}
    for own in ("options", "client_encoding", "service", "hostaddr"):
        del said[own]
    return {variable: f"{known[key]}" for key, variable in said.items() if known.get(key)}


def _url(environment: Mapping[str, str], database: str, name: str) -> dict[str, str]:
    """The same one to the copy; none where it names another database."""
    url = urlsplit(environment.get(URL, ""))
    before, slash, named = url.path.rpartition("/")
    if not (url.scheme.startswith("postgres") and slash and unquote(named) == database):
        return {}
    return {URL: url._replace(path=f"{before}/{quote(name)}").geturl()}


@contextmanager
def noticing(
    copy: BaseDatabaseWrapper, *, now: Callable[[], Step | None]
) -> Iterator[list[Elsewhere]]:
    """Who uses an alias that leads to no copy; `now` is the migration that is at work."""
    found: list[Elsewhere] = []
    with ExitStack() as stack:
        for alias in connections.settings.keys() - {copy.alias, *others_to(copy)}:
            stack.enter_context(connections[alias].execute_wrapper(_Noting(alias, now, found)))
        yield found


def let_foreign_tables_only_read(copy: BaseDatabaseWrapper) -> None:
    """Those of postgres_fdw, as far as this role may say so."""
    with copy.cursor() as cursor:
        cursor.execute(SERVERS)
        for server, verb in cursor.fetchall():
            cursor.execute(f"ALTER SERVER {server} OPTIONS ({verb} updatable 'false')")


class _Noting:
    """Django's execute wrapper."""

    def __init__(self, alias: str, now: Callable[[], Step | None], found: list[Elsewhere]) -> None:
        self.alias = alias
        self.now = now
        self.found = found

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        if step := self.now():
            connection = context["connection"]
            used = Elsewhere(
                where=f"{step}",
                alias=self.alias,
                database=f"{connection.settings_dict['NAME']}",
                only_reads=connection.vendor == "postgresql",
            )
            if used not in self.found:
                self.found.append(used)
            if used.only_reads:
                let_it_only_read(connection)
        return execute(sql, params, many, context)
