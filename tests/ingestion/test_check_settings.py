"""A setting that cannot work is a system check with an id and a hint."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

from ingestion import checks

NOBODY = 65534


@pytest.fixture(autouse=True)
def no_laptop(settings: Any) -> None:
    settings.LAPTOP = False


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that this user may not look into."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o000)
    is_root = os.geteuid() == 0
    if is_root:  # who may look into every folder
        os.setresuid(NOBODY, NOBODY, 0)
    yield folder
    if is_root:
        os.setresuid(0, 0, 0)


def found() -> list[str | None]:
    """The ids of what our own checks find."""
    return [message.id for message in ours(run_checks())]


def ours(messages: list[CheckMessage]) -> list[CheckMessage]:
    return [message for message in messages if str(message.id).startswith("ingestion.")]


def test_good_settings_have_nothing_to_be_said() -> None:
    assert found() == []


def test_e001_psycopg_3_is_installed() -> None:
    (message,) = checks.driver(is_third=True)
    assert message.id == "ingestion.E001"


@pytest.mark.parametrize("key", ["short", "a" * 60, "django-insecure-" + "0123456789" * 5])
def test_e002_the_secret_key_is_weak(settings: Any, key: str) -> None:
    settings.SECRET_KEY = key
    assert found() == ["ingestion.E002"]


def test_w002_on_a_laptop_it_may_be(settings: Any) -> None:
    settings.SECRET_KEY, settings.LAPTOP = "short", True
    assert found() == ["ingestion.W002"]


def test_e003_the_password_of_the_database_is_well_known(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDED = False
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "password")
    assert found() == ["ingestion.E003"]


def test_e003_counts_where_the_password_comes_from_the_environment(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDED = False
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "")
    monkeypatch.setenv("PGPASSWORD", "postgres")
    assert found() == ["ingestion.E003"]


def test_w003_on_a_laptop_it_may_be(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMBEDDED, settings.LAPTOP = False, True
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "")
    monkeypatch.setenv("PGPASSWORD", "postgres")
    assert found() == ["ingestion.W003"]


def test_a_password_of_your_own_is_fine(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMBEDDED = False
    monkeypatch.setenv("PGPASSWORD", "8Zk-2pQwXv")
    assert found() == []


def test_the_embedded_database_needs_no_password(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDED = True
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "")
    monkeypatch.setenv("PGPASSWORD", "postgres")
    assert found() == []


def test_e004_documents_cannot_be_kept_in_a_file(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.STORAGE_DIR = tmp_path / "file" / "storage"
    (message,) = ours(run_checks())
    assert message.id == "ingestion.E004"
    assert f"{tmp_path / 'file'} is not a folder" in message.msg


def test_e004_documents_cannot_be_kept_where_we_may_not_look(settings: Any, closed: Path) -> None:
    settings.STORAGE_DIR = closed / "storage"
    assert [message.id for message in checks.storage()] == ["ingestion.E004"]


def test_a_folder_that_can_be_made_is_fine(settings: Any, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path / "a" / "b" / "c"
    assert found() == []


@pytest.mark.django_db
def test_e005_the_server_is_too_old() -> None:
    (message,) = checks.server_version(["default"], oldest=990000)
    assert message.id == "ingestion.E005"
    assert "Database default runs PostgreSQL " in message.msg


@pytest.mark.django_db
def test_this_server_is_new_enough() -> None:
    assert checks.server_version(["default"]) == []


def test_e006_debug_is_on_in_public(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["localhost", "docs.example.com"]
    (message,) = ours(run_checks())
    assert message.id == "ingestion.E006"
    assert message.msg == "DEBUG is on and the service answers to docs.example.com."


@pytest.mark.parametrize("hosts", [["localhost", "127.0.0.1", "[::1]"], []])
def test_debug_may_be_on_for_this_machine_alone(settings: Any, hosts: list[str]) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, hosts
    assert found() == []


def test_debug_may_be_on_on_a_laptop(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS, settings.LAPTOP = True, ["docs.local"], True
    assert found() == []


def test_every_finding_says_what_to_do(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.STORAGE_DIR = tmp_path / "file"
    settings.SECRET_KEY = "short"
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["docs.example.com"]
    messages = ours(run_checks())
    assert len(messages) == 3
    assert all(message.hint for message in messages)
