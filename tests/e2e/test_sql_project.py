"""Long ways by script: with pieces and gaps, and the whole project up and down.

Waits for each to be walked twice, by `migrate` and by psql.
"""

from collections.abc import Callable

import pytest

from ingestion.schema.scratch import scratch
from tests.schema.test_sql import (
    ACCEPT,
    LEAVE_OUT,
    content_types,
    everything,
    migrate,
    run,
    sql,
    walk,
)

pytest_plugins = ["tests.schema.conftest"]
pytestmark = pytest.mark.usefixtures("own_database")
Use = Callable[..., None]


@pytest.mark.parametrize(
    ("app", "words"), [("sql_traps", "+1 +1 +1 -1 -1 -1"), ("renames", "+1 +1 +3 -1 -4")]
)
def test_a_script_for_each_way_up_and_down_equals_migrate(app: str, words: str, story: Use) -> None:
    story(app)
    walk(words, *ACCEPT)


@pytest.mark.parametrize(("app", "words"), [("nonatomic", "+1 +1 -1 -1"), ("sql_gaps", "+4 -4")])
def test_without_its_python_a_script_gives_the_same_tables(
    app: str, words: str, story: Use
) -> None:
    story(app)
    walk(words, *LEAVE_OUT, *ACCEPT)


def test_the_project_goes_up_and_down_as_with_migrate() -> None:
    with scratch():
        migrate(skip_checks=True)
        at_head, rows = everything(), content_types()
        migrate("zero", skip_checks=True)
        at_zero = everything()
    run(sql(start="zero", skip_checks=True))
    assert everything() == at_head
    assert content_types() == 0
    migrate(skip_checks=True)  # as the script says
    assert content_types() == rows > 0
    run(sql("zero", skip_checks=True))
    assert everything() == at_zero
