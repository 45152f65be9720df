"""A database of its own for a test, and tiny apps with a story in the place of the project's."""

import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ingestion.schema.catalog import Catalog, catalog
from ingestion.schema.journal import entries
from ingestion.schema.models import JournalEntry
from ingestion.schema.plan import Key
from ingestion.schema.scratch import scratch
from ingestion.schema.subcommands.adopt import answer

STORIES = Path(__file__).with_name("stories")
LIBRARIES = frozenset({"library"})
"""Stories that are not the project's own: they lie in a folder called site-packages."""
COPIED = frozenset({"edited"})
"""Stories whose files a test may change: it gets a copy of them."""

Use = Callable[..., None]
Migrate = Callable[..., str]
WriteApp = Callable[..., Path]
Adopt = Callable[..., tuple[str, int]]
Drift = Callable[..., tuple[int, str]]
Stays = Callable[[], list[str]]


# As a new database has it; to make one takes ten times as long.
EMPTY = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid();
    DO $$
    DECLARE name text;
    BEGIN
        FOR name IN SELECT quote_ident(nspname) FROM pg_namespace
                     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        LOOP
            EXECUTE 'DROP SCHEMA ' || name || ' CASCADE';
        END LOOP;
    END
    $$;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
    COMMENT ON SCHEMA public IS 'standard public schema';
"""


@pytest.fixture(scope="session")
def database_of_worker(django_db_blocker: Any) -> Iterator[DatabaseWrapper]:
    """One for all tests of a process, which no alias leads to yet."""
    live = connections["default"]
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            database = stack.enter_context(scratch("default"))
        connections["default"] = live
        del database.settings_dict["OPTIONS"]["cursor_factory"]  # it stands for a live one
        database.close()
        yield database
        with django_db_blocker.unblock():
            stack.close()


@pytest.fixture
def own_database(
    django_db_blocker: Any, database_of_worker: DatabaseWrapper
) -> Iterator[DatabaseWrapper]:
    """An empty database in the place of the default one, in autocommit, with a new session."""
    live = connections["default"]
    with django_db_blocker.unblock():
        with database_of_worker.cursor() as cursor:
            cursor.execute(EMPTY)
        connections["default"] = database_of_worker
        try:
            yield database_of_worker
        finally:
            connections["default"] = live
            database_of_worker.close()


@pytest.fixture
def stays(own_database: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> Stays:
    """stays() → which of the databases that this test has made are there.

    The other processes make theirs on the same server, so the names it drew are listened to.
    """
    drawn: list[str] = []
    draw = secrets.token_hex

    def listen(size: int) -> str:
        drawn.append(draw(size))
        return drawn[-1]

    def find() -> list[str]:
        assert drawn, "this test has made no database"
        with own_database.cursor() as cursor:
            names = [f"schema_scratch_{each}" for each in drawn]
            cursor.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", [names])
            return [name for (name,) in cursor.fetchall()]

    monkeypatch.setattr(secrets, "token_hex", listen)
    return find


@pytest.fixture
def write_app(tmp_path: Path) -> Iterator[WriteApp]:
    """write_app("shop", {"0001_initial": SOURCE}) → its folder; story("shop") installs it.

    `source` copies a folder instead, `installed` makes it a library.
    """
    written: set[str] = set()
    places = {True: tmp_path / "site-packages", False: tmp_path / "written-apps"}

    def write(
        app: str,
        migrations: Mapping[str, str] | None = None,
        *,
        source: Path | None = None,
        installed: bool = False,
    ) -> Path:
        folder = places[installed] / app
        if source is not None:
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "migrations").mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "migrations" / "__init__.py").touch()
        for name, text in (migrations or {}).items():
            (folder / "migrations" / f"{name}.py").write_text(text)
        written.add(app)
        _forget(written)
        return folder

    sys.path[:0] = [str(place) for place in places.values()]
    yield write
    for place in places.values():
        sys.path.remove(str(place))
    _forget(written)
    forget_models(written)


def _forget(packages: set[str]) -> None:
    """The modules of these, which other tests write anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def forget_models(labels: set[str]) -> None:
    """Django knows models for good; another test's app may be called the same."""
    for label in labels:
        apps.all_models.pop(label, None)
    apps.clear_cache()


@pytest.fixture
def story(settings: Any, write_app: WriteApp, tmp_path: Path) -> Use:
    """story("linear", …): install only these apps, content types and the tool.

    Each is one of `stories/`, or one that `write_app` has written, or a dotted name.
    """

    def use(*apps: str) -> None:
        for app in apps:
            if app in LIBRARIES | COPIED:
                write_app(app, source=STORIES / app, installed=app in LIBRARIES)
        settings.INSTALLED_APPS = [
            "ingestion.schema.apps.SchemaConfig",
            "django.contrib.contenttypes",
            *map(_module, apps),
        ]
        settings.SCHEMA = {
            "VERSION": "1.2.3",
            "COMMIT": "c0ffee",
            "CACHE_DIR": tmp_path / "schema-cache",
        }

    return use


def _module(app: str) -> str:
    is_story = (STORIES / app).is_dir() and app not in LIBRARIES | COPIED
    return f"tests.schema.stories.{app}" if is_story else app


@pytest.fixture
def migrate(own_database: DatabaseWrapper) -> Migrate:
    """migrate("linear", "-1", verbosity=0, …) → what the command prints."""

    def run(*words: str, **options: Any) -> str:
        said = StringIO()
        call_command("migrate", *words, stdout=said, no_color=True, **options)
        return said.getvalue()

    return run


@pytest.fixture
def applied(own_database: DatabaseWrapper) -> Callable[[], set[Key]]:
    """applied() → what `django_migrations` holds."""
    return lambda: set(MigrationRecorder(connection).applied_migrations())


@pytest.fixture
def journal(own_database: DatabaseWrapper) -> Callable[[], list[JournalEntry]]:
    """journal() → its entries, oldest first."""
    return lambda: list(entries(connection))


@pytest.fixture
def catalog_now(own_database: DatabaseWrapper) -> Callable[[], Catalog]:
    return lambda: catalog(connection)


@pytest.fixture
def names(applied: Callable[[], set[Key]]) -> Callable[[str], list[str]]:
    """names("linear") → of the migrations of this app that are applied, sorted."""
    return lambda app: sorted(name for label, name in applied() if label == app)


@pytest.fixture
def refuse(
    migrate: Migrate,
    applied: Callable[[], set[Key]],
    journal: Callable[[], list[JournalEntry]],
    catalog_now: Callable[[], Catalog],
) -> Migrate:
    """refuse("linear", "-99") → the sentences of the refusal; exit 2, and nothing is changed."""

    def run(*words: str, **options: Any) -> str:
        before = catalog_now(), applied(), journal()
        with pytest.raises(CommandError) as refusal:
            migrate(*words, **options)
        assert refusal.value.returncode == 2
        assert (catalog_now(), applied(), journal()) == before
        return str(refusal.value)

    return run


@pytest.fixture
def adopt(own_database: DatabaseWrapper) -> Adopt:
    """adopt(plan=True, …) → what the subcommand says, and its exit code."""

    def run(*, as_json: bool = False, plan: bool = False) -> tuple[str, int]:
        return answer(connection, {"json": as_json, "plan": plan, "lock_wait": 5})

    return run


@pytest.fixture
def drift(own_database: DatabaseWrapper) -> Drift:
    """drift("--sql", …) → the exit code of `schema drift`, and what it says."""

    def run(*words: str) -> tuple[int, str]:
        said = StringIO()
        try:
            call_command("schema", "drift", *words, stdout=said, no_color=True)
        except SystemExit as exited:
            return int(exited.code or 0), said.getvalue()
        return 0, said.getvalue()

    return run


def stop_during(live: DatabaseWrapper, statement: str, number: signal.Signals) -> None:
    """Send this process the signal, once the server is busy with the statement.

    For a thread: what it would connect to as the settings say is a scratch database, now and then.
    """
    with closing(live.copy()) as other, other.cursor() as cursor:
        for _ in range(300):
            cursor.execute("SELECT FROM pg_stat_activity WHERE query = %s", [statement])
            if cursor.fetchall():
                os.kill(os.getpid(), number)
                return
            time.sleep(0.1)


SHOP = """
from django.db import connection, migrations, models

class Migration(migrations.Migration):
    dependencies = [{after}]
    operations = [{operations}]
"""
NOTE = """
    migrations.CreateModel("Note", [
        ("id", models.BigAutoField(primary_key=True)),
        ("text", models.CharField(max_length=100)),
    ]),
"""


@pytest.fixture
def shop(story: Use, write_app: WriteApp, migrate: Migrate) -> Callable[..., Path]:
    """shop(OPERATIONS, …): an app with a migration of each, applied; by itself, a table of notes.

    It has no models, and is a library, so that nobody asks for them.
    """

    def install(*operations: str, upto: str = "head") -> Path:
        files = {}
        after = ""
        for number, each in enumerate(operations or (NOTE,), 1):
            files[f"{number:04}"] = SHOP.format(after=after, operations=each)
            after = f'("shop", "{number:04}")'
        folder = write_app("shop", files, installed=True)
        story("shop")
        migrate("shop", upto, verbosity=0)
        return folder

    return install
