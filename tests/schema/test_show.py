"""`schema show` tells everything that is known of one migration."""

import hashlib
import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

STORIES = Path(__file__).with_name("stories")
Show = Callable[..., str]
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
SOURCE = """from django.db import migrations

class Migration(migrations.Migration):
    operations = [migrations.RunSQL("SELECT 1")]
"""


@pytest.fixture
def show(own_database: DatabaseWrapper) -> Show:
    """show("linear", "0001") → what `schema show` prints."""

    def run(*words: str) -> str:
        said = StringIO()
        call_command("schema", "show", *words, stdout=said, no_color=True)
        return said.getvalue()

    return run


def masked(said: str) -> str:
    said = re.sub(WHEN, "WHEN", said)
    said = re.sub(r"by \S+ \(role \w+\) on \S+", "by WHO", said)
    return re.sub(r"(?<=by )\S+ in", "WHO in", re.sub(r"\d+\.\d\d s", "0 s", said))


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_it_tells_what_a_migration_is_and_what_became_of_it(
    story: Any, migrate: Any, show: Show
) -> None:
    story("linear")
    migrate("linear")
    migrate("linear", "-1")
    migrate("linear")
    file = STORIES / "linear/migrations/0003_index.py"
    create = '    CREATE INDEX "book_title" ON "linear_book" ("title");\n'
    assert masked(show("linear", "0003")) == (
        "linear.0003_index\n"
        "  state       applied, WHEN by WHO in 0 s\n"
        f"  file        {file}\n"
        f"  hash        {digest(file)}, as when it was applied\n"
        "  depends on  linear.0002_pages\n"
        "  needed by   nothing\n"
        "  atomic      yes\n"
        "  reversible  yes\n"
        "Operations:\n"
        "  Create index book_title on field(s) title of model Book\n"
        "Journal:\n"
        "  WHEN  apply by WHO in 0 s\n"
        f"{create}"
        "  WHEN  unapply by WHO in 0 s\n"
        '    DROP INDEX IF EXISTS "book_title";\n'
        "  WHEN  apply by WHO in 0 s\n"
        f"{create}"
    )


def test_it_tells_of_one_that_is_pending(story: Any, show: Show) -> None:
    story("library", "linear")
    lines = show("linear", "0001_book").splitlines()
    assert lines[1] == "  state       pending"
    assert re.fullmatch(r"  hash        [0-9a-f]{64}", lines[3])
    assert lines[4:6] == [
        "  depends on  nothing",
        "  needed by   library.0001_shelf, linear.0002_pages",
    ]
    assert lines[-1] == "The journal has nothing about it."


def test_it_tells_what_is_done_piece_by_piece(story: Any, show: Show) -> None:
    story("nonatomic")
    assert "  atomic      no: done piece by piece" in show("nonatomic", "0002").splitlines()


def test_it_tells_what_has_no_way_back(story: Any, show: Show, write_app: Any) -> None:
    write_app("shop", {"0001_a": SOURCE})
    story("shop")
    lines = show("shop", "0001_a").splitlines()
    assert "  reversible  no" in lines
    assert lines[lines.index("Operations:") + 1] == "  Raw SQL operation (no way back)"


def test_it_tells_both_hashes_of_an_edited_file(
    story: Any, migrate: Any, show: Show, write_app: Any
) -> None:
    file = write_app("shop", {"0001_a": SOURCE}) / "migrations/0001_a.py"
    story("shop")
    migrate("shop")
    then = digest(file)
    file.write_text(f"{SOURCE}# edited\n")
    assert show("shop", "0001_a").splitlines()[3:5] == [
        f"  hash        {digest(file)}",
        f"              edited: when it was applied it was {then}",
    ]


def test_it_tells_the_error_of_a_failure(
    story: Any, migrate: Any, show: Show, write_app: Any
) -> None:
    write_app("shop", {"0001_a": SOURCE.replace("SELECT 1", "SELECT broken")})
    story("shop")
    with pytest.raises(CommandError):
        migrate("shop")
    assert masked(show("shop", "0001_a")).splitlines()[-2:] == [
        "  WHEN  fail by WHO",
        '    column "broken" does not exist',
    ]


def test_it_tells_what_a_squashed_one_replaces(story: Any, show: Show) -> None:
    story("squashed")
    lines = show("squashed", "0001_squashed").splitlines()
    assert "  replaces    squashed.0001_cup, squashed.0002_size" in lines
    assert show("squashed", "0002").splitlines()[1] == "  state       replaced"


def test_one_without_a_file_is_known_by_the_record(
    story: Any, migrate: Any, show: Show, own_database: DatabaseWrapper
) -> None:
    story("status_linear")
    migrate()
    MigrationRecorder(own_database).record_applied("status_linear", "0009_gone")
    assert masked(show("status_linear", "0009")).splitlines() == [
        "status_linear.0009_gone",
        "  state       applied, and not on disk, WHEN",
        "  file        not here",
        "  depends on  nothing",
        "  needed by   nothing",
        "The journal has nothing about it.",
    ]


def test_json_has_all_of_it(story: Any, migrate: Any, show: Show) -> None:
    story("linear")
    migrate("linear", "0002")
    report = json.loads(show("linear", "0002", "--json"))
    assert (report["app"], report["name"], report["state"]) == ("linear", "0002_pages", "applied")
    assert report["operations"] == [
        {"operation": "AddField", "does": "Add field pages to Book", "reversible": True}
    ]
    assert (report["atomic"], report["reversible"], report["edited"]) == (True, True, False)
    assert report["hash"] == report["applied"]["hash"] == report["journal"][0]["hash"]
    assert report["file"].endswith("/linear/migrations/0002_pages.py")
    assert report["needed_by"] == ["linear.0003_index"]
    assert "ADD COLUMN" in report["journal"][0]["ddl"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["linear", "0009"],
            "No migration of linear begins with '0009'. "
            "There are: 0001_book, 0002_pages, 0003_index",
        ),
        (
            ["linear", "000"],
            "3 migrations of linear begin with '000'. "
            "Write more of the name: 0001_book, 0002_pages, 0003_index",
        ),
        (
            ["shelves", "0001"],
            "There is no app with the label 'shelves'. "
            "Those that have migrations are linear, contenttypes.",
        ),
    ],
)
def test_it_refuses(story: Any, show: Show, words: list[str], sentence: str) -> None:
    story("linear")
    with pytest.raises(CommandError) as refusal:
        show(*words)
    assert (refusal.value.returncode, str(refusal.value)) == (2, sentence)
