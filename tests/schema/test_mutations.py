"""Each kind of hand-made drift is reported, repaired by the printed statements, and then gone.

And the other way: the same statements, asked the other way round, make the drift.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.catalog import Catalog, Things, things
from ingestion.schema.drift import differences
from ingestion.schema.repair import repairs
from ingestion.schema.scratch import scratch
from ingestion.schema.statements import split
from tests.schema.conftest import EMPTY
from tests.schema.mutations import MUTATIONS, RICH, Mutation

QUICK = {
    "a table that others point to is gone",
    "a partition is detached",
    "a column is called something else",
    "a bigger key",
    "a function that an index needs is gone",
    "a label has another name",
    "odd names",
}
"""The others are left to `make e2e`."""

Rows = dict[str, list[dict[str, Any]]]


class Rich:
    """A database that is as `rich.sql` makes it, whenever a test begins."""

    def __init__(self, database: DatabaseWrapper) -> None:
        self.database = database
        self.clean: Things = {}
        self.rows: Rows = {}

    def renew(self) -> None:
        """Only if a test has left it different."""
        if self.clean and self.is_clean():
            return
        self.type(f"{EMPTY}; SET search_path = public, archive; {RICH}")
        self.clean, self.rows = self.look(), self.look_into()

    def is_clean(self) -> bool:
        return same(self.look(), self.clean) and self.look_into() == self.rows

    def type(self, sql: str) -> None:
        """As psql sends it: one statement after the other, each committed at once."""
        with self.database.cursor() as cursor:
            for statement in split(sql):
                cursor.execute(statement)

    def look(self) -> Things:
        return things(self.database)

    def look_into(self) -> Rows:
        """What is in each table that was there from the start."""
        found: Rows = {}
        with self.database.cursor() as cursor:
            for thing in (self.clean or self.look()).values():
                if thing.kind == "table" and "foreign" not in thing.facts:
                    table = ".".join(thing.facts["quoted"])
                    cursor.execute(f"SELECT to_json(t) FROM ONLY {table} t ORDER BY t::text")
                    found[thing.name] = [row for (row,) in cursor.fetchall()]
        return found

    def repair(self, want: Things) -> None:
        """By the statements that are printed, until it is so."""
        statements = repairs(self.look(), want)
        assert statements
        for statement in statements:
            self.type(statement.sql)
        assert same(self.look(), want), "\n".join(statement.sql for statement in statements)


def definitions(of: Things) -> Catalog:
    return {name: thing.definition for name, thing in of.items()}


def same(one: Things, other: Things) -> bool:
    return definitions(one) == definitions(other)


@pytest.fixture(scope="module")
def database(django_db_blocker: Any) -> Iterator[Rich]:
    live = connections["default"]
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            rich = Rich(stack.enter_context(scratch("default")))
        connections["default"] = live
        yield rich
        with django_db_blocker.unblock():
            stack.close()


@pytest.fixture
def rich(database: Rich, django_db_blocker: Any) -> Iterator[Rich]:
    with django_db_blocker.unblock():
        database.renew()
        yield database


def untouched(rows: Rows, clean: Things, found: Things) -> Rows:
    """Of tables that are still there, the columns that are as they were."""
    return {
        table: sorted(
            (
                {
                    column: value
                    for column, value in row.items()
                    if not _is_changed(
                        f"column {table.removeprefix('table ')}.", column, clean, found
                    )
                }
                for row in each
            ),
            key=str,
        )
        for table, each in rows.items()
        if table in found
    }


def _is_changed(head: str, column: str, clean: Things, found: Things) -> bool:
    name = next((each for each in clean if each in {head + column, f'{head}"{column}"'}), None)
    return name is None or name not in found or found[name].definition != clean[name].definition


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(each, id=each.id, marks=() if each.id in QUICK else pytest.mark.slow)
        for each in MUTATIONS
    ],
)
def test_it_is_reported_and_repaired_in_either_direction(rich: Rich, mutation: Mutation) -> None:
    if rich.database.pg_version < mutation.from_version:
        pytest.skip("PostgreSQL 18 brought it")
    rich.type(mutation.sql)
    found = rich.look()
    reported = differences(definitions(rich.clean), definitions(found))
    assert mutation.thing in {difference.thing for difference in reported}
    kept = untouched(rich.look_into() if same_tables(rich, found) else {}, rich.clean, found)
    rich.repair(rich.clean)
    assert untouched(rich.look_into(), rich.clean, found).items() >= kept.items()
    if mutation.leads_back:
        rich.repair(found)
        rich.repair(rich.clean)


def same_tables(rich: Rich, found: Things) -> bool:
    return all(name in found for name in rich.rows)


def test_an_unchanged_database_needs_no_statement(rich: Rich) -> None:
    assert repairs(rich.look(), rich.clean) == []


def test_of_nothing_it_makes_everything(rich: Rich) -> None:
    rich.type(f"{EMPTY}; CREATE SCHEMA archive")
    rich.repair(rich.clean)


def test_of_everything_it_makes_nothing(rich: Rich) -> None:
    rich.repair({"schema archive": rich.clean["schema archive"]})


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 2, 7, 31])
def test_it_repairs_two_at_once(rich: Rich, step: int) -> None:
    chosen = [each for each in MUTATIONS if _applies(rich, each)]
    for one, other in zip(chosen, chosen[step:], strict=False):
        rich.type(f"{one.sql}; {other.sql}")
        found = rich.look()
        rich.repair(rich.clean)
        rich.repair(found)
        rich.repair(rich.clean)


def test_it_repairs_all_at_once(rich: Rich) -> None:
    for mutation in MUTATIONS:
        if _applies(rich, mutation):
            rich.type(mutation.sql)
    found = rich.look()
    rich.repair(rich.clean)
    rich.repair(found)
    rich.repair(rich.clean)


def _applies(rich: Rich, mutation: Mutation) -> bool:
    is_known = rich.database.pg_version >= mutation.from_version
    return is_known and mutation.goes_with_others and mutation.leads_back


def test_there_are_enough_kinds() -> None:
    assert len({mutation.id for mutation in MUTATIONS}) == len(MUTATIONS) >= 150
