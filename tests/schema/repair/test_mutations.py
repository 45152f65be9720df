"""Each kind of hand-made drift is reported, repaired by the printed statements, and then gone.

And the other way: the same statements, asked the other way round, make the drift.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.catalog import Catalog, Thing, Things, name, things
from ingestion.schema.drift.differences import differences
from ingestion.schema.repair import repairs
from ingestion.schema.scratch import scratch
from ingestion.schema.statements import split
from tests.schema.conftest import EMPTY
from tests.schema.repair.mutations import MUTATIONS, RICH, Mutation

QUICK = {
    "a partition is detached",
    "a column is called something else",
    "a bigger key",
    "odd names",
}
"""The others are left to `make e2e`."""

Rows = dict[str, list[dict[str, Any]]]


class Rich:
    """A database that is as `rich.sql` makes it, whenever a test begins."""

    def __init__(self, database: DatabaseWrapper) -> None:
        self.database = database
        self.clean: Things = {}
        self.clean_rows: Rows = {}
        self._seen: Things | None = None
        self._rows: Rows | None = None

    def renew(self) -> None:
        """Only if a test has left it different."""
        if self.clean and same(self.look(), self.clean) and self.rows() == self.clean_rows:
            return
        self.type(f"{EMPTY}; SET search_path = public, archive; {RICH}")
        self.clean, self.clean_rows = self.look(), self.rows()

    def type(self, sql: str) -> None:
        """As psql sends it: one statement after the other, each committed at once."""
        self._seen = self._rows = None
        with self.database.cursor() as cursor:
            for statement in split(sql):
                cursor.execute(statement)

    def look(self) -> Things:
        """What there is since something was typed last."""
        if self._seen is None:
            self._seen = things(self.database)
        return self._seen

    def rows(self) -> Rows:
        """Of each table that is there."""
        if self._rows is None:
            self._rows = {}
            with self.database.cursor() as cursor:
                for thing in self.look().values():
                    if thing.kind == "table" and "foreign" not in thing.facts:
                        table = ".".join(thing.facts["quoted"])
                        cursor.execute(f"SELECT to_json(t) FROM ONLY {table} t ORDER BY t::text")
                        self._rows[thing.name] = [row for (row,) in cursor.fetchall()]
        return self._rows

    def repair(self, want: Things) -> None:
        """By the statements that are printed, until it is so."""
        statements = repairs(self.look(), want)
        assert statements
        for statement in statements:
            self.type(statement.sql)
        left = differences(definitions(want), definitions(self.look()))
        assert not left, "\n".join([f"{left}", *(statement.sql for statement in statements)])


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
    """Of the tables that are still there, the columns that are as they were."""
    same_ones = {each for each in clean if each in found and _is_same(each, clean, found)}
    kept = {each for each in same_ones if same_ones.issuperset(_types(clean[each]))}
    return {
        table: sorted(
            (
                {column: value for column, value in row.items() if _column(table, column) in kept}
                for row in each
            ),
            key=str,
        )
        for table, each in rows.items()
        if table in clean and table in found and _keeps_rows_alike(clean[table], found[table])
    }


def _keeps_rows_alike(one: Thing, other: Thing) -> bool:
    """Not elsewhere in one of them, or in partitions."""
    facts = ("foreign", "partition_key")
    return all(one.facts.get(fact) == other.facts.get(fact) for fact in facts)


def _is_same(thing: str, clean: Things, found: Things) -> bool:
    return found[thing].definition == clean[thing].definition


def _types(column: Thing) -> set[str]:
    return {other for other in column.facts["needs"] if other.startswith("type ")}


def _column(table: str, own: str) -> str:
    return f"column {table.removeprefix('table ')}.{name(own)}"


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
    kept = untouched(rich.rows(), rich.clean, found)
    rich.repair(rich.clean)
    assert untouched(rich.rows(), rich.clean, found) == kept
    if mutation.leads_back:
        rich.repair(found)
        rich.repair(rich.clean)


def test_an_unchanged_database_needs_no_statement(rich: Rich) -> None:
    assert repairs(rich.look(), rich.clean) == []


def test_of_nothing_it_makes_everything(rich: Rich) -> None:
    rich.type(f"{EMPTY}; CREATE SCHEMA archive")
    rich.repair(rich.clean)


@pytest.mark.slow
def test_of_everything_it_makes_nothing(rich: Rich) -> None:
    rich.repair({"schema archive": rich.clean["schema archive"]})


@pytest.mark.slow
def test_it_repairs_two_at_once(rich: Rich) -> None:
    chosen = [each for each in MUTATIONS if _applies(rich, each)]
    half = len(chosen) // 2
    for one, other in zip(chosen, chosen[half:], strict=False):
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


@pytest.mark.slow
def test_rows_move_over_to_partitions_and_back(rich: Rich) -> None:
    (change,) = [each.sql for each in MUTATIONS if each.thing == "table notes_rest"]
    before = rich.rows()["table notes"]
    rich.type(change)
    found = rich.look()
    assert rich.rows()["table notes_rest"] == before
    rich.repair(rich.clean)
    assert rich.rows()["table notes"] == before
    rich.repair(found)
    assert rich.rows()["table notes_rest"] == before
    rich.type("INSERT INTO notes (document_id, \"the Text\") VALUES (1, 'It goes on counting.')")
    assert [row["id"] for row in rich.rows()["table notes_rest"]] == [1, 2, 3]


HEARD = """
    CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'A row that moves is none that is new.'; END $$;
    CREATE TABLE {name} (id int PRIMARY KEY, next int GENERATED ALWAYS AS (id + 1) STORED){key};
    {partition};
    INSERT INTO {name} VALUES (1);
    CREATE TRIGGER hears AFTER INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION hear();
"""
PARTITION = "CREATE TABLE part PARTITION OF {name} FOR VALUES IN (1)"


@pytest.mark.slow
def test_rows_that_move_are_not_heard_of(rich: Rich) -> None:
    """Under a name that nothing can be added to."""
    name = "t" * 63
    rich.type(EMPTY)
    rich.type(HEARD.format(name=name, key="", partition=""))
    plain, rows = rich.look(), rich.rows()
    rich.type(EMPTY)
    partition = PARTITION.format(name=name)
    rich.type(HEARD.format(name=name, key=" PARTITION BY LIST (id)", partition=partition))
    parted, in_part = rich.look(), rich.rows()
    assert not any("-- loses" in each.sql for each in repairs(parted, plain))
    rich.repair(plain)
    assert rich.rows() == rows
    rich.repair(parted)
    assert rich.rows() == in_part


@pytest.mark.slow
def test_values_stay_with_columns_that_have_each_others_names(rich: Rich) -> None:
    before = rich.rows()
    for change in [each.sql for each in MUTATIONS if each.id.endswith("each other's names")]:
        rich.type(change)
        rich.repair(rich.clean)
        assert rich.rows() == before


def test_there_are_enough_kinds() -> None:
    assert len({mutation.id for mutation in MUTATIONS}) == len(MUTATIONS) >= 150
