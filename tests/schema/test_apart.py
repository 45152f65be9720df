"""While there is a scratch database, what other aliases lead to is only read."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO
from typing import Any

import psycopg2.errors
import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.scratch import scratch

pytestmark = pytest.mark.slow


@pytest.fixture
def other(own_database: DatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    connections.settings["other"] = {**own_database.settings_dict, "NAME": "postgres"}
    yield connections["other"]
    connections["other"].close()
    del connections["other"], connections.settings["other"]


def only_reads(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone()[0] == "on")


def write(of: BaseDatabaseWrapper) -> None:
    with of.cursor() as cursor:
        cursor.copy_expert("COPY pg_description FROM STDIN", StringIO(""))


def of_this_thread() -> None:
    write(connections["other"])


def by_itself() -> None:
    with closing(connections.create_connection("other")) as own:
        write(own)


def in_another_thread() -> None:
    with ThreadPoolExecutor() as threads:
        threads.submit(by_itself).result()


@pytest.mark.parametrize("way", [of_this_thread, by_itself, in_another_thread])
def test_nothing_is_written_there(other: BaseDatabaseWrapper, way: Callable[[], None]) -> None:
    assert not only_reads(other)
    with scratch(), pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        way()
    assert not only_reads(other)


WRITES = """
from django.db import connections, migrations

def run(apps, editor):
    if editor.connection.settings_dict["NAME"].startswith("schema_scratch_"):
        connections["other"].cursor().execute("CREATE TABLE never (id int)")

class Migration(migrations.Migration):
    operations = [migrations.RunPython(run)]
"""


def test_drift_says_so(
    other: BaseDatabaseWrapper,
    drift: Callable[[], tuple[int, str]],
    story: Any,
    write_app: Any,
    migrate: Any,
) -> None:
    write_app("shop", {"0001": WRITES}, installed=True)
    story("shop")
    migrate("shop", fake=True, verbosity=0)
    with pytest.raises(Exception, match="what is not on the copy is only read") as refused:
        drift()
    assert getattr(refused.value, "returncode", None) == 2
