"""A trigger stands in for a stored column only where nothing else is done with it."""

import pytest

from ingestion.schema.linting.computed import Computed
from ingestion.schema.linting.tables import Tables

STORED = "ADD COLUMN d int GENERATED ALWAYS AS (a * (2 + b)) STORED"


def test_the_expression_is_what_stands_in_the_outer_parentheses() -> None:
    found = Computed.read([f'ALTER TABLE "T" {STORED}'], Tables())
    assert found is not None
    assert (found.table, found.expression, found.column.type) == ('"T"', "a * (2 + b)", "int")


@pytest.mark.parametrize(
    "statements",
    [
        [f"ALTER TABLE t {STORED}, DROP COLUMN e"],
        [f"ALTER TABLE t {STORED} UNIQUE"],
        [f"ALTER TABLE t {STORED}", "CREATE INDEX ON t (d)"],
        ["ALTER TABLE t ADD d int GENERATED ALWAYS AS (a) VIRTUAL"],
        ["ALTER TABLE t ADD d int GENERATED ALWAYS AS IDENTITY"],
    ],
)
def test_whatever_else_is_done_would_be_lost(statements: list[str]) -> None:
    assert Computed.read(statements, Tables()) is None


def test_tables_that_inherit_would_not_have_the_trigger() -> None:
    things = {"table t": "TABLE", "table heir": "TABLE INHERITS (t)"}
    assert Computed.read([f"ALTER TABLE t {STORED}"], Tables(things, things)) is None
