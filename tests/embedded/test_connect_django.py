"""Django's engine: the first connection starts the server."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ingestion.embedded import server

pytestmark = pytest.mark.slow

PROJECT = Path(server.__file__).parents[2]
Processes = Callable[[Path], list[psutil.Process]]
IsGone = Callable[[Path], bool]

SETTINGS = """
import sys
from pathlib import Path
import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from ingestion.embedded import server

folder, link = Path(sys.argv[1]), Path(sys.argv[2])
database = {
    "ENGINE": "ingestion.embedded", "NAME": server.DATABASE, "USER": server.USER,
    "HOST": str(server.socket_dir(folder)), "PORT": "5432", "EMBEDDED_FOLDER": str(folder),
    "EMBEDDED_OPTIONS": "-c fsync=off", "EMBEDDED_LINK": str(link),
}
apps = ["django.contrib.contenttypes"]
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps, USE_TZ=True)
django.setup()
"""


@pytest.fixture
def django(folder: Path, tmp_path: Path) -> Callable[[str], str]:
    """Run some lines in a process of their own, and return what they print."""

    def run(lines: str) -> str:
        command = [sys.executable, "-W", "error", "-c", SETTINGS + lines]
        arguments = [str(folder), str(tmp_path / ".postgres")]
        return subprocess.check_output([*command, *arguments], cwd=PROJECT, text=True).strip()

    return run


Django = Callable[[str], str]


def test_setting_up_starts_nothing(django: Django, folder: Path, processes: Processes) -> None:
    (folder / "socket").rmdir()
    django("call_command('check')")
    assert not (folder / "socket").exists()


def test_a_query_starts_the_server_until_the_process_ends(
    django: Django, folder: Path, is_gone: IsGone
) -> None:
    lines = "c = connection.cursor(); c.execute('SHOW fsync'); print(c.fetchone())"
    assert django(lines) == "('off',)"
    assert is_gone(folder)


def test_a_test_database_is_made_migrated_and_destroyed(django: Django) -> None:
    lines = """
name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
with connection.cursor() as cursor:
    cursor.execute("SELECT current_database(), count(*) FROM django_content_type")
    print(cursor.fetchone())
connection.creation.destroy_test_db("ingestion", verbosity=0)
"""
    assert django(lines) == "('test_ingestion', 1)"


def test_dbshell_has_the_psql_of_the_build(django: Django) -> None:
    assert django("call_command('dbshell', '--', '-Atc', 'SELECT 7')") == "7"


def test_the_folder_is_found_where_people_look(
    django: Django, folder: Path, tmp_path: Path
) -> None:
    django("connection.ensure_connection()")
    assert (tmp_path / ".postgres").readlink() == folder
