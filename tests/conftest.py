"""The cast, and a place of its own for each test.

Alice owns, Bob owns other things, Charlie must see nothing, Sam is staff and may see all.
"""

import gc
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.configuration
import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import Client, TransactionTestCase

from accounts.models import User, new_token
from documents.blobs import Incoming
from documents.intake import accept
from documents.label import Label
from documents.models import Document
from documents.worker import Worker
from ingestion.refusals import in_one_line

PASSWORD = "correct horse 7"
ALL_SLOW = re.compile(r"^pytestmark = .*\bpytest\.mark\.slow\b", re.MULTILINE)

MADE_BY_DJANGO = {"django_content_type", "auth_permission"}
"""Tables that no test writes to."""
FILLED = "SELECT {name!r} WHERE EXISTS (SELECT FROM {name})"

# On two busy cores an example's time says nothing; the same examples each time, nothing left.
hypothesis.settings.register_profile("tests", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("tests")
hypothesis.configuration.set_hypothesis_home_dir(".cache/hypothesis")


def _empty(case: TransactionTestCase) -> None:
    """What a test without a transaction around it has filled.

    Django empties all tables, and then makes all content types and permissions again: that takes
    longer than most tests do.
    """
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        ours = sorted(set(tables) - MADE_BY_DJANGO)
        cursor.execute(" UNION ALL ".join(FILLED.format(name=name) for name in ours))
        if filled := ", ".join(name for (name,) in cursor.fetchall()):
            cursor.execute(f"TRUNCATE {filled} CASCADE")


TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]


def pytest_sessionstart() -> None:
    """A server that cannot be reached is said once, not in every test."""
    if os.environ["DATABASE_URL"]:
        try:
            with connection.wrap_database_errors:
                connection.get_new_connection(connection.get_connection_params()).close()
        except OperationalError as error:
            pytest.exit(in_one_line(error) or str(error), returncode=2)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files of which no test is wanted are not even read, unless they are asked for by name."""
    if not collection_path.match("test_*.py") or _is_named(collection_path, config):
        return None
    wanted = config.option.markexpr
    if wanted == "not slow":
        return bool(ALL_SLOW.search(collection_path.read_text())) or None
    return (wanted == "slow" and "pytest.mark.slow" not in collection_path.read_text()) or None


def pytest_collection_finish() -> None:
    """What has been loaded stays: the collector need not go through it again and again."""
    gc.freeze()


def _is_named(path: Path, config: pytest.Config) -> bool:
    folder = config.invocation_params.dir
    return any((folder / each.partition("::")[0]).resolve() == path for each in config.args)


@pytest.fixture(autouse=True)
def storage(settings: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "storage"
    settings.STORAGE_DIR = folder
    blobs = {"BACKEND": "documents.blobs.DurableStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "default": blobs}
    return folder


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.com", PASSWORD, full_name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.com", PASSWORD)


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie@example.com", PASSWORD)


@pytest.fixture
def sam(db: None) -> User:
    user = User.objects.create_user("sam@example.com", PASSWORD, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_document"))
    return user


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.com", PASSWORD)


def api(user: User) -> Client:
    """A client that sends a token of this user."""
    _, text = new_token(user, days=1)
    return Client(headers={"authorization": f"Bearer {text}"})


@pytest.fixture
def keep_text() -> Callable[..., Document]:
    """keep_text(owner, "the text", title=…) → its document."""

    def keep(owner: User, text: str, **label: Any) -> Document:
        return accept(text, owner_id=owner.pk, label=Label(**label)).document

    return keep


@pytest.fixture
def keep_file() -> Callable[..., Document]:
    """keep_file(owner, b"the bytes", filename=…, content_type=…) → its document."""

    def keep(owner: User, raw: bytes, **label: Any) -> Document:
        with Incoming(limit=2**31) as incoming:
            incoming.write(raw)
            label = {"content_type": "text/plain", "filename": "a.txt", **label}
            return accept(incoming, owner_id=owner.pk, label=Label(**label)).document

    return keep


@pytest.fixture
def work(db: None) -> Callable[[], int]:
    """work() → does all jobs that are due, and says how many they were."""
    return lambda: Worker().drain()
