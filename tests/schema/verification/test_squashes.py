"""A squashed migration makes the same schema and the same rows as what it replaces."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.limits import limits
from ingestion.schema.origin import origin
from ingestion.schema.sources import own_apps
from ingestion.schema.verification.findings import Found
from ingestion.schema.verification.squashes import squashes
from tests.schema.conftest import Use, WriteApp

pytestmark = pytest.mark.slow
Compare = Callable[..., Found]


def migration(
    *operations: str, needs: str = "", replaces: tuple[str, ...] = (), extra: str = ""
) -> str:
    return (
        "from django.db import migrations, models\n"
        f"{extra}\n"
        "class Migration(migrations.Migration):\n"
        f"    replaces = {[('shop', part) for part in replaces]!r}\n"
        f"    dependencies = {[('shop', needs)] if needs else []!r}\n"
        f"    operations = [{', '.join(operations)}]\n"
    )


def cup(size: int) -> str:
    return (
        'migrations.CreateModel("Cup", [("id", models.BigAutoField(primary_key=True)), '
        f'("size", models.IntegerField(db_default={size}))], options={{"db_table": "cups"}})'
    )


def sql(statement: str) -> str:
    return f'migrations.RunSQL("{statement}", "SELECT 1")'


ADD_NAME = 'migrations.AddField("cup", "name", models.TextField(db_default=""))'
ADD_TIME = "ALTER TABLE cups ADD washed_at timestamptz DEFAULT clock_timestamp()"
ROW = "INSERT INTO cups (size, name) VALUES ({}, '{}')"
PARTS = ("0001_cup", "0002_name", "0003_rows")


@pytest.fixture
def compared(own_database: DatabaseWrapper, write_app: WriteApp, story: Use) -> Compare:
    """compared(*operations) → what is found of a squashed migration that does these."""

    def run(*operations: str, drop: str = "") -> Found:
        files = {
            "0001_cup": migration(cup(2)),
            "0002_name": migration(ADD_NAME, sql(ADD_TIME), needs="0001_cup"),
            "0003_rows": migration(sql(ROW.format(5, "mug")), needs="0002_name"),
            "0001_squashed_0003_rows": migration(*operations, replaces=PARTS),
            "0004_last": migration(sql("SELECT 1"), needs="0003_rows"),
        }
        files.pop(drop, None)
        write_app("shop", files)
        story("shop")
        return squashes(connection, origin=origin(), limits=limits(), own=own_apps())

    return run


def told(found: Found) -> list[str]:
    assert {(each.rule, each.migration) for each in found.findings} <= {
        ("squash-differs", "shop.0001_squashed_0003_rows")
    }
    start = "shop.0001_squashed_0003_rows is not what it replaces: "
    assert all(each.says.startswith(start) for each in found.findings)
    return [each.says.removeprefix(start) for each in found.findings]


def test_one_that_is_the_same_is_fine(compared: Compare) -> None:
    found = compared(cup(2), ADD_NAME, sql(ADD_TIME), sql(ROW.format(5, "mug")))
    assert (told(found), found.notes) == ([], [])


def test_another_default_is_told(compared: Compare) -> None:
    found = compared(cup(1), ADD_NAME, sql(ADD_TIME), sql(ROW.format(5, "mug")))
    assert told(found) == [
        "column cups.size is integer NOT NULL DEFAULT 1, "
        "and with the parts integer NOT NULL DEFAULT 2."
    ]


def test_what_one_of_them_does_not_make_is_told(compared: Compare) -> None:
    more = "CREATE TABLE plates ()"
    found = compared(cup(2), ADD_NAME, sql(more), sql(ROW.format(5, "mug")))
    assert told(found) == [
        "it does not make column cups.washed_at, and the parts do.",
        "it makes table plates, and the parts do not.",
    ]


def test_other_rows_are_told(compared: Compare) -> None:
    assert told(compared(cup(2), ADD_NAME, sql(ADD_TIME))) == [
        "cups has 0 rows, and with the parts 1."
    ]


def test_other_values_are_told(compared: Compare) -> None:
    found = compared(cup(2), ADD_NAME, sql(ADD_TIME), sql(ROW.format(5, "cup")))
    assert told(found) == ["cups.name has other values than with the parts."]


def test_one_that_does_not_run_is_told(compared: Compare) -> None:
    assert told(compared(cup(2), sql("SELECT nothing"))) == [
        'it does not run: column "nothing" does not exist.'
    ]


def test_one_whose_parts_are_gone_is_noted(compared: Compare) -> None:
    found = compared(cup(2), drop="0003_rows")
    assert told(found) == []
    assert found.notes == [
        "shop.0001_squashed_0003_rows was not compared with what it replaces: shop.0003_rows has "
        "no file any more."
    ]


def test_one_that_replaces_a_single_migration_is_compared(
    own_database: DatabaseWrapper, write_app: WriteApp, story: Use
) -> None:
    write_app(
        "shop",
        {
            "0001_cup": migration(cup(2)),
            "0001_squashed": migration(cup(3), replaces=("0001_cup",)),
        },
    )
    story("shop")
    found = squashes(connection, origin=origin(), limits=limits(), own=own_apps())
    assert [each.says for each in found.findings] == [
        "shop.0001_squashed is not what it replaces: column cups.size is integer NOT NULL "
        "DEFAULT 3, and with the parts integer NOT NULL DEFAULT 2."
    ]
