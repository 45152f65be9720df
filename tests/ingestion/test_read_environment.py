"""A variable that cannot be read is named, with what it must be."""

from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from ingestion.environment import Environment


@pytest.fixture
def env() -> Environment:
    """The environment; it remembers nothing from one test to the next."""
    read = environ.FileAwareEnv()
    read.ENVIRON = FileAwareMapping(cache=False)
    return Environment(read)


@pytest.mark.parametrize("text", ["abc", "0", "-5", "1.5", "65536", "9" * 30, "٣"])
def test_a_number_out_of_range_is_refused(
    env: Environment, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(ImproperlyConfigured, match=r"PORT is .* a whole number from 1 to 65535"):
        env.number("PORT", default=8000, most=65535)


def test_an_empty_one_counts_as_not_set(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert env.number("PORT", default=8000, most=65535) == 8000


@pytest.mark.parametrize(("text", "value"), [("true", True), ("ON", True), ("0", False)])
def test_a_flag_is_on_or_off(
    env: Environment, monkeypatch: pytest.MonkeyPatch, text: str, value: bool
) -> None:
    monkeypatch.setenv("HTTPS", text)
    assert env.flag("HTTPS") is value


def test_a_flag_that_is_neither_is_refused(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS", "yep")
    with pytest.raises(ImproperlyConfigured, match="HTTPS is 'yep'; it must be true or false"):
        env.flag("HTTPS")


def test_a_file_that_is_not_there_is_named(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nope"))
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE names .*nope"):
        env.text("SECRET_KEY")


def test_names_stand_between_commas(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " a.example , b.example,")
    assert env.names("ALLOWED_HOSTS") == ["a.example", "b.example"]
