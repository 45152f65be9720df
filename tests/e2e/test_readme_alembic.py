"""Each line of the README's table for those who come from Alembic does what it says.

Waits for some forty commands, a second or two each.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import PROJECT, Service

README = (PROJECT / "README.md").read_text()
OTHER = """from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("documents", "0007_language")]
"""
CONFLICT = "<<<<<<< HEAD\n0008_again\n=======\n0008_other\n>>>>>>> other\n"


@dataclass(frozen=True)
class Try:
    shown: str
    """As the table has it."""
    meant: str
    """With names in it."""
    says: str
    code: int = 0
    before: Callable[[Service], None] = lambda service: None
    types: str = ""


def add_field(service: Service) -> None:
    path = service.folder / "documents/models.py"
    text = path.read_text()
    at = text.index("\n    objects = ", text.index("class Document("))
    field = '\n    language = models.CharField(max_length=10, default="", db_default="")\n'
    path.write_text(text[:at] + field + text[at:])


def lose_history(service: Service) -> None:
    service.manage("dbshell", "--", "-c", "TRUNCATE django_migrations")


def second_branch(service: Service) -> None:
    (service.folder / "documents/migrations/0008_other.py").write_text(OTHER)


def in_conflict(service: Service) -> None:
    folder = service.folder / "documents/migrations"
    for merged in folder.glob("0009_*"):
        merged.unlink()
    (folder / "max_migration.txt").write_text(CONFLICT)


TRIES = [
    Try("migrate", "migrate", "Applying documents.0001_initial... OK"),
    Try("makemigrations -n NAME", "makemigrations -n language", "0007_language", before=add_field),
    Try("schema status", "schema status", "0007_language", code=1),
    Try("makemigrations APP --empty -n NAME", "makemigrations documents --empty -n again", "again"),
    Try("migrate +2", "migrate +2", "Applying documents.0008_again... OK"),
    Try("migrate -1", "migrate -1", "Unapplying documents.0008_again... OK"),
    Try("migrate APP -1", "migrate documents -1", "Unapplying documents.0007_language... OK"),
    Try("migrate --sql", "migrate --sql", 'ADD COLUMN "language"'),
    Try("migrate APP +2", "migrate documents +2", "Applying documents.0008_again... OK"),
    Try("migrate -1 --sql", "migrate -1 --sql", "DELETE FROM django_migrations"),
    Try("migrate APP zero --sql", "migrate documents zero --sql", 'DROP TABLE "documents"'),
    Try(
        "migrate APP B --sql --from APP:A",
        "migrate documents 0008 --sql --from documents:0006",
        'ADD COLUMN "language"',
    ),
    Try("migrate APP REV", "migrate documents 0006", "Unapplying documents.0007_language... OK"),
    Try("migrate head", "migrate head", "Applying documents.0008_again... OK"),
    Try("migrate --undo", "migrate --undo", "Unapplying documents.0008_again... OK"),
    Try("migrate --group", "migrate --group", "Applying documents.0008_again... OK"),
    Try("schema history", "schema history", "0008_again"),
    Try("schema history APP", "schema history documents", "0008_again"),
    Try("schema history --runs", "schema history --runs", "`migrate --group`"),
    Try("schema show APP REV", "schema show documents 0007", 'ADD COLUMN "language"'),
    Try("schema drift", "schema drift", "Clean:"),
    Try("schema lint", "schema lint documents 0007", "nothing that blocks anybody"),
    Try("schema rehearse", "schema rehearse documents -2", "It may go ahead."),
    Try("schema verify", "schema verify", "Clean"),
    Try("schema diagram", "schema diagram", "varchar(10) language"),
    Try("migrate APP REV --fake", "migrate documents 0007 --fake", "FAKED"),
    Try("schema adopt", "schema adopt", "0008_again", before=lose_history),
    Try("migrate APP zero", "migrate documents zero", "Unapplying documents.0001_initial... OK"),
    Try("migrate zero", "migrate zero", "Unapplying accounts.0001_initial... OK"),
    Try(
        "makemigrations --merge",
        "makemigrations --merge",
        "Created new merge migration",
        before=second_branch,
        types="y\n",
    ),
    Try("rebase_migration APP", "rebase_migration documents", "0009_other", before=in_conflict),
]


def table() -> list[str]:
    """The commands of its right column."""
    rows = re.search(r"\| Alembic \| here \|\n\|---\|---\|\n((?:\|.*\n)+)", README)
    assert rows
    right = "".join(re.split(r"(?<!\\)\|", row)[2] for row in rows[1].splitlines())
    tools = ("migrate", "makemigrations", "schema ", "rebase_migration")
    return [word for word in re.findall(r"`([^`]+)`", right) if word.startswith(tools)]


def test_nothing_in_the_table_is_left_out() -> None:
    assert set(table()) == {each.shown for each in TRIES}


def test_each_line_does_what_it_says(stopped_service: Service) -> None:
    for each in TRIES:
        each.before(stopped_service)
        done = subprocess.run(
            [sys.executable, "manage.py", *each.meant.split()],
            cwd=stopped_service.folder,
            env=stopped_service.env,
            input=each.types,
            text=True,
            capture_output=True,
            check=False,
        )
        said = done.stdout + done.stderr
        if each.says not in said or done.returncode != each.code:
            pytest.fail(f"manage.py {each.meant} ended with {done.returncode}:\n{said}")
