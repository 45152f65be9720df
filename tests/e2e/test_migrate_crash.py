"""`migrate` killed with kill -9 after each statement, and run again. Three minutes or more."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ingestion.schema.catalog import Catalog
from tests.schema.processes import Tiny, drop_database, make_database, tiny

EFFECTS = "SELECT name, count(*) FROM {}_effect GROUP BY name ORDER BY name"
MAY_RUN_AGAIN = {"python", "nested"}
START = "tiny_start"


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture(params=["run_atomic", "run_pieces"])
def project(request: pytest.FixtureRequest) -> Iterator[Tiny]:
    with tiny(request.param) as project:
        yield project


@pytest.fixture(params=["forwards", "backwards"])
def words(request: pytest.FixtureRequest, project: Tiny) -> Iterator[list[str]]:
    """A command, and a database in which it has everything to do."""
    app = project.apps[0].rpartition(".")[2]
    before = {"forwards": "0001", "backwards": "head"}[request.param]
    after = {"forwards": "head", "backwards": "0001"}[request.param]
    assert project.run("migrate", app, before).code == 0
    make_database(START, like=project.database["NAME"])
    yield ["migrate", app, after, "--accept-data-loss"]
    drop_database(START)


def outcome(project: Tiny) -> tuple[Catalog, dict[str, int]]:
    """What is there: its schema, and how often each thing was done."""
    assert project.is_true_to_its_journal()
    return project.catalog(), dict(project.ask(EFFECTS.format(project.apps[0].rpartition(".")[2])))


@pytest.mark.parametrize("first", ["before", "after"])
def test_killed_at_each_statement_and_run_again_it_is_as_if_never_killed(
    project: Tiny, words: list[str], first: str
) -> None:
    assert project.run(*words).code == 0
    schema, effects = outcome(project)
    for number in count(1):
        make_database(project.database["NAME"], like=START)
        if project.run(*words, dies=(first, number)).code == 0:
            break
        again = project.run(*words)
        assert again.code == 0, (number, again.said)
        found_schema, found_effects = outcome(project)
        assert found_schema == schema, number
        for name in found_effects.keys() | effects.keys():
            most = effects[name] + (name in MAY_RUN_AGAIN)
            assert effects[name] <= found_effects[name] <= most, (number, name)
        assert_named(again.said, found_effects, effects)
    assert number > 4


def assert_named(said: str, found: dict[str, int], expected: dict[str, int]) -> None:
    """What was done twice is what the run says it does again."""
    for name in MAY_RUN_AGAIN & found.keys():
        if found[name] > expected[name]:
            assert "may have run before, runs again" in said
