"""Migrations run in every order that their dependencies allow, and make the same schema."""

from collections.abc import Callable, Sequence
from itertools import permutations

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.limits import limits
from ingestion.schema.origin import origin
from ingestion.schema.plan import Key
from ingestion.schema.sources import own_apps
from ingestion.schema.verification.findings import Found
from ingestion.schema.verification.orders import Pairs
from ingestion.schema.verification.reorder import reorder
from tests.schema.conftest import Use, WriteApp

Reorder = Callable[..., Found]
A1, A2, A3 = ("a", "1"), ("a", "2"), ("a", "3")
B1, B2, C1 = ("b", "1"), ("b", "2"), ("c", "1")


def all_orders(pairs: Pairs) -> list[Sequence[Key]]:
    orders: list[Sequence[Key]] = [pairs.usual]
    while order := pairs.next():
        assert len(orders) < 20
        orders.append(order.keys)
        pairs.see(order.keys)
    return orders


def test_where_all_depend_on_each_other_there_is_one_order() -> None:
    assert all_orders(Pairs({A1: set(), A2: {A1}, A3: {A2}}, {"a"})) == [[A1, A2, A3]]


def test_two_chains_are_seen_one_after_the_other_both_ways() -> None:
    needs = {A1: set(), A2: {A1}, B1: set(), B2: {B1}}
    assert all_orders(Pairs(needs, {"a", "b"})) == [[A1, A2, B1, B2], [B1, B2, A1, A2]]


def test_each_pair_is_seen_both_ways_and_each_order_keeps_to_the_dependencies() -> None:
    needs = {A1: set(), B1: {A1}, A2: {A1}, C1: set(), A3: {A2, C1}, B2: {B1}}
    orders = all_orders(Pairs(needs, {"a", "b", "c"}))
    for order in orders:
        assert sorted(order) == sorted(needs)
        assert all(order.index(key) > order.index(n) for key in needs for n in needs[key])
    pairs = Pairs(needs, {"a", "b", "c"})
    for one, other in permutations(needs, 2):
        if pairs.are_apart(one, other):
            assert any(order.index(one) < order.index(other) for order in orders)


def test_what_two_libraries_are_to_each_other_is_not_asked() -> None:
    pairs = Pairs({A1: set(), B1: set()}, {"c"})
    assert (pairs.left, pairs.next()) == (0, None)


def test_a_thousand_migrations_of_many_apps_take_few_orders() -> None:
    keys = [[(f"app{app}", f"{number}") for number in range(20)] for app in range(50)]
    needs = {
        key: {chain[place - 1]} if place else set()
        for chain in keys
        for place, key in enumerate(chain)
    }
    assert len(all_orders(Pairs(needs, {"app0", "app7", "app49"}))) <= 5


# --- On a database -------------------------------------------------------------------------


def migration(*needs: tuple[str, str], sql: str, back: str = "SELECT 1") -> str:
    return (
        "from django.db import migrations\n\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = {list(needs)!r}\n"
        f"    operations = [migrations.RunSQL({sql!r}, {back!r})]\n"
    )


@pytest.fixture
def tried(own_database: DatabaseWrapper, write_app: WriteApp, story: Use) -> Reorder:
    """tried(ant={"0001": …}, bee={…}) → what is found in the orders of their migrations."""

    def run(*, most: int = 8, **apps: dict[str, str]) -> Found:
        for app, files in apps.items():
            write_app(app, files)
        story(*apps)
        return reorder(connection, origin=origin(), limits=limits(), own=own_apps(), most=most)

    return run


@pytest.mark.slow
@pytest.mark.django_db
def test_the_services_own_run_in_every_order() -> None:
    found = reorder(connection, origin=origin(), limits=limits(), own=own_apps())
    assert (found.findings, found.notes) == ([], [])


@pytest.mark.slow
def test_a_dependency_that_is_not_said_is_found(tried: Reorder) -> None:
    found = tried(
        ant={
            "0001": migration(sql="CREATE TABLE ants (id int)"),
            "0002": migration(("ant", "0001"), sql="CREATE TABLE hills (id int)"),
            "0003": migration(("ant", "0002"), sql="ALTER TABLE ants ADD name text"),
        },
        bee={
            "0001": migration(sql="CREATE TABLE bees (id int)"),
            "0002": migration(("bee", "0001"), sql="CREATE VIEW seen AS SELECT * FROM hills"),
        },
    )
    assert [(each.rule, each.migration, each.says, each.hint) for each in found.findings] == [
        (
            "order-dependence",
            "bee.0002",
            "bee.0002 needs ant.0002, and does not say so in its dependencies: "
            'without it, relation "hills" does not exist.',
            "Add ('ant', '0002') to its dependencies.",
        )
    ]


@pytest.mark.slow
def test_a_schema_that_depends_on_the_order_is_found(tried: Reorder) -> None:
    found = tried(
        ant={"0001": migration(sql="CREATE TABLE IF NOT EXISTS shared (id int)")},
        bee={"0001": migration(sql="CREATE TABLE IF NOT EXISTS shared (id text)")},
    )
    assert [each.says for each in found.findings] == [
        "The schema depends on an order that nothing asks for: when ant.0001 comes as late as "
        "it may, column shared.id is text, and in the usual order integer.",
    ]


@pytest.mark.slow
def test_one_that_is_no_transaction_names_what_it_may_need(tried: Reorder) -> None:
    lonely = migration(sql="ALTER TABLE ants ADD name text").replace(
        "    dep", "    atomic = False\n    dep"
    )
    found = tried(ant={"0001": migration(sql="CREATE TABLE ants (id int)")}, bee={"0001": lonely})
    assert [each.says + " " + each.hint for each in found.findings] == [
        "bee.0001 does not run when ant.0001 comes as late as it may: "
        'relation "ants" does not exist. It may need ant.0001: add what it does need to its '
        "dependencies."
    ]


@pytest.mark.slow
def test_it_says_when_there_are_too_many_orders(tried: Reorder) -> None:
    apps = {
        name: {"0001": migration(sql=f"CREATE TABLE {name} (id int)")}
        for name in ("ant", "bee", "cow", "dog")
    }
    found = tried(most=1, **apps)
    assert found.findings == []
    assert found.notes == [
        "Beside the usual order 1 other was tried, which is the most; for 9 pairs of migrations it "
        "was not seen what happens when the other one comes first."
    ]
