"""The key is yours, or one made once beside the embedded database."""

from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from ingestion.environment import Environment
from ingestion.secret import FILE, secret_key


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The environment without a key; it remembers nothing from one test to the next."""
    monkeypatch.delenv("SECRET_KEY")
    env = environ.FileAwareEnv()
    env.ENVIRON = FileAwareMapping(cache=False)
    return Environment(env)


def test_yours_counts(env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", " mine ")
    assert secret_key(env, generate_in=tmp_path) == "mine"
    assert not (tmp_path / FILE).exists()


def test_yours_may_stand_in_a_file(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("mine\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))
    assert secret_key(env, generate_in=None) == "mine"


def test_one_is_made_once(env: Environment, tmp_path: Path) -> None:
    first = secret_key(env, generate_in=tmp_path)
    assert len(first) >= 50
    assert secret_key(env, generate_in=tmp_path) == first


def test_one_that_is_made_is_for_this_user_only(env: Environment, tmp_path: Path) -> None:
    secret_key(env, generate_in=tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_none_is_made_where_machines_could_disagree(env: Environment) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Set SECRET_KEY \(or SECRET_KEY_FILE\)"):
        secret_key(env, generate_in=None)
