"""What an applied set makes is known from before, as long as nothing that decides it changes."""

import gzip
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.catalog import Thing, Things
from ingestion.schema.drift.expected import Expected, expected
from ingestion.schema.drift.grounds import Grounds, grounds, key_of
from ingestion.schema.drift.kept import MOST, Kept, kept
from ingestion.schema.limits import limits
from ingestion.schema.origin import origin
from ingestion.schema.project import Project

Use = Callable[..., Any]

FIRST = """
from django.db import migrations, models
{head}
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Note", [
            ("id", models.BigAutoField(primary_key=True)),
            ("text", models.CharField(max_length={length})),
        ]),
    ]
"""
THINGS: Things = {
    "column notes.title": Thing("column", ("notes", "title"), "", {"type": "text", "goes_with": []})
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


# --- On the disk ---------------------------------------------------------------------------


def test_what_is_kept_is_found_again(folder: Path) -> None:
    Kept([folder]).put("a", THINGS)
    assert Kept([folder]).get("a") == THINGS
    assert Kept([folder]).get("b") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-9],
        lambda raw: raw[:20] + b"!" + raw[21:],
        lambda raw: b"",
        lambda raw: b"\x1f\x8b",
        lambda raw: gzip.compress(b'[{"kind": "table"}]'),
        lambda raw: gzip.compress(b'[{"kind": "t", "path": [], "rest": "", "facts": {}}]'),
    ],
)
def test_what_is_damaged_is_not_found(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    Kept([folder]).put("a", THINGS)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert Kept([folder]).get("a") is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Kept([tmp_path / "file" / "folder"])
    store.put("a", THINGS)
    assert store.get("a") is None


def test_the_first_folder_that_can_be_written_takes_it(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").touch()
    store = Kept([tmp_path / "file" / "folder", folder])
    store.put("a", THINGS)
    assert store.get("a") == THINGS


def test_nobody_else_may_read_it(folder: Path) -> None:
    Kept([folder]).put("a", THINGS)
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, file)] == [0o700, 0o600]


def test_a_folder_that_everybody_writes_to_is_not_trusted(folder: Path) -> None:
    store = Kept([folder])
    store.put("a", THINGS)
    folder.chmod(0o777)
    store.put("b", THINGS)
    assert (store.get("a"), store.get("b")) == (None, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_trusted(folder: Path) -> None:
    store = Kept([folder])
    store.put("a", THINGS)
    os.chown(folder, 65534, 65534)
    assert store.get("a") is None


def test_only_the_files_that_were_used_last_stay(folder: Path) -> None:
    store = Kept([folder])
    for number in range(MOST):
        store.put(f"{number}", THINGS)
        os.utime(folder / f"{number}.json.gz", (number, number))
    store.get("0")
    store.put("new", THINGS)
    assert {path.name.partition(".")[0] for path in folder.iterdir()} == {
        "new",
        "0",
        *map(str, range(2, MOST)),
    }


@pytest.mark.parametrize(
    ("settings_say", "expected_folders"),
    [
        ({"CACHE_DIR": "/c", "PROJECT": "/p"}, ["/c"]),
        ({"PROJECT": "/p"}, ["/p/.cache/schema", "/x/django-schema"]),
        ({}, ["/x/django-schema"]),
    ],
)
def test_it_is_kept_with_the_project_or_the_user(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    settings_say: dict[str, str],
    expected_folders: list[str],
) -> None:
    settings.SCHEMA = settings_say
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert list(map(str, kept().folders)) == expected_folders


# --- What decides it -----------------------------------------------------------------------


@pytest.fixture
def key(own_database: DatabaseWrapper, story: Use, write_app: Use) -> Use:
    """key(length=10, head="import …", apps=(…)) → of an app "shop", written like this."""

    def make(*, length: int = 10, head: str = "", apps: tuple[str, ...] = (), **how: Any) -> str:
        return key_of(made(length=length, head=head, apps=apps, **how))

    def made(*, length: int, head: str, apps: tuple[str, ...], **how: Any) -> Grounds:
        write_app("shop", {"0001_note": FIRST.format(length=length, head=head)})
        story("shop", *apps)
        found = grounds(Project.supposing(own_database, "head"), **how)
        assert found is not None
        return found

    return make


def test_the_same_has_the_same_key(key: Use) -> None:
    assert key() == key()


def test_a_migration_that_is_edited_changes_it(key: Use) -> None:
    assert key(length=10) != key(length=11)


@pytest.mark.parametrize(
    "how",
    ["import shop.lengths", "from . import _lengths", "if 1:\n    from shop.lengths import LONG"],
)
def test_so_does_a_module_that_it_imports(key: Use, write_app: Use, how: str) -> None:
    keys = set()
    for number in range(2):
        folder = write_app("shop")
        for file in ("lengths.py", "migrations/_lengths.py"):
            (folder / file).write_text(f"LONG = {number}\n")
        keys.add(key(head=how))
    assert len(keys) == 2


def test_so_does_one_that_this_imports_in_turn(key: Use, write_app: Use) -> None:
    keys = set()
    for number in range(2):
        folder = write_app("shop")
        (folder / "lengths.py").write_text("from .deeper import LONG\n")
        (folder / "deeper.py").write_text(f"LONG = {number}\n")
        keys.add(key(head="from shop.lengths import LONG"))
    assert len(keys) == 2


def test_another_version_of_django_changes_it(key: Use) -> None:
    assert key() != key(django_version="6.1")


@pytest.mark.parametrize(
    ("name", "value"), [("DEFAULT_AUTO_FIELD", "django.db.models.AutoField"), ("SHOP_SIZE", 7)]
)
def test_so_does_a_setting_that_decides_or_is_named(
    key: Use, settings: Any, name: str, value: Any
) -> None:
    head = "from django.conf import settings\nsize = getattr(settings, 'SHOP_SIZE', 0)"
    before = key(head=head)
    setattr(settings, name, value)
    assert key(head=head) != before


@pytest.mark.parametrize("how", ["environ['SHOP_SIZE']", "environ.get('SHOP_SIZE')"])
def test_so_does_a_variable_of_the_environment_that_is_named(
    key: Use, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    keys = set()
    for value in ("7", "8"):
        monkeypatch.setenv("SHOP_SIZE", value)
        keys.add(key(head=f"import os\nsize = os.{how}"))
    assert len(keys) == 2


def test_so_does_a_script_that_it_reads(key: Use, write_app: Use) -> None:
    keys = set()
    folder = write_app("shop") / "sql"
    folder.mkdir()
    for text in ("SELECT 1", "SELECT 2"):
        (folder / "view.sql").write_text(text)
        keys.add(key(head="from pathlib import Path\nscript = Path('sql/view.sql')"))
    assert len(keys) == 2


def test_a_setting_that_nobody_names_does_not(key: Use, settings: Any) -> None:
    before = key()
    settings.SHOP_SIZE = 7
    assert key() == before


def test_another_app_beside_it_changes_it(key: Use) -> None:
    assert key() != key(apps=("django.contrib.sites",))


def test_other_schemas_change_it(key: Use, own_database: DatabaseWrapper) -> None:
    before = key()
    with own_database.cursor() as cursor:
        cursor.execute("CREATE SCHEMA shop; SET search_path = public, shop")
    assert key() != before


# --- Known from before, or by a replay -----------------------------------------------------


@pytest.fixture
def known(own_database: DatabaseWrapper, folder: Path) -> Callable[..., Expected]:
    def look(*, cached: bool = True) -> Expected:
        store = Kept([folder]) if cached else None
        return expected(Project.read(own_database), kept=store, origin=origin(), limits=limits())

    return look


@pytest.mark.slow
def test_the_second_time_nothing_is_replayed(story: Use, migrate: Use, known: Use) -> None:
    story("linear")
    migrate(verbosity=0)
    first, second = known(), known()
    assert (first.is_cached, second.is_cached) == (False, True)
    assert first.things == second.things
    assert "index linear_book.book_title" in second.things


@pytest.mark.slow
def test_what_was_damaged_is_made_again(story: Use, migrate: Use, known: Use, folder: Path) -> None:
    story("linear")
    migrate(verbosity=0)
    first = known()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    second, third = known(), known()
    assert (second.is_cached, third.is_cached) == (False, True)
    assert first.things == second.things


@pytest.mark.slow
def test_it_can_be_replayed_all_the_same(story: Use, migrate: Use, known: Use) -> None:
    story("linear")
    migrate(verbosity=0)
    known()
    assert not known(cached=False).is_cached


@pytest.mark.slow
def test_where_nothing_is_applied_only_what_is_born_with_it_is_expected(
    story: Use, known: Use
) -> None:
    story("linear")
    assert set(known().things) <= {"grant schema public to public"}
