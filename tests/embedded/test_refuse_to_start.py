"""What the embedded server says when it cannot start."""

import os
import pwd
from pathlib import Path

import pytest

from ingestion.embedded.server import EmbeddedServerError, ensure

IS_ROOT = os.geteuid() == 0


def refusal(folder: Path, *, options: str = "") -> str:
    with pytest.raises(EmbeddedServerError) as caught:
        ensure(folder, options=options)
    return str(caught.value)


@pytest.mark.skipif(IS_ROOT, reason="root owns the root folder")
def test_the_folder_is_of_another_user() -> None:
    me = pwd.getpwuid(os.geteuid())
    assert refusal(Path("/")) == (
        f"/ belongs to root, and this is {me.pw_name}. Remove it if nobody needs what is in it. "
        "Or set DATABASE_URL to use a PostgreSQL of your own."
    )


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder away")
def test_somebody_was_quicker_than_root(fresh: Path) -> None:
    fresh.mkdir()
    os.chown(fresh, 12345, 12345)
    said = refusal(fresh)
    os.chown(fresh, 0, 0)
    assert said == (
        f"{fresh} belongs to user 12345, and this is root. Remove it if nobody needs what is in "
        "it. Or set DATABASE_URL to use a PostgreSQL of your own."
    )


@pytest.mark.skipif(not IS_ROOT, reason="only root hands over to nobody")
def test_nobody_cannot_come_in(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert refusal(tmp_path / "server") == (
        f"`nobody`, who runs PostgreSQL for root, cannot enter {tmp_path}. Choose a folder that "
        "everybody can reach, below /var/tmp, say. "
        "Or set DATABASE_URL to use a PostgreSQL of your own."
    )
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(IS_ROOT, reason="root may write anywhere")
def test_the_checkout_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "Permission denied" in refusal(tmp_path / ".postgres")


def test_its_settings_are_wrong(folder: Path) -> None:
    said = refusal(folder, options="-c no_such_setting=1")
    assert 'FATAL:  unrecognized configuration parameter "no_such_setting"' in said
    assert said.endswith("Or set DATABASE_URL to use a PostgreSQL of your own.")


def test_a_failed_start_leaves_no_lease(folder: Path) -> None:
    refusal(folder, options="-c no_such_setting=1")
    ensure(folder)


def test_the_chosen_build_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: Path
) -> None:
    monkeypatch.setenv("EMBEDDED_POSTGRES_HOME", str(tmp_path))
    assert refusal(fresh) == (
        f"There is no bin/postgres in {tmp_path}. Point EMBEDDED_POSTGRES_HOME at the folder that "
        "contains the bin/ of PostgreSQL 17 or newer, or unset it."
    )


def test_the_chosen_build_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: Path
) -> None:
    old = program(tmp_path, "#!/bin/sh\necho 'postgres (PostgreSQL) 15.20 (Debian)'\n")
    monkeypatch.setenv("EMBEDDED_POSTGRES_HOME", str(tmp_path))
    assert refusal(fresh) == (
        f"{old} is postgres (PostgreSQL) 15.20 (Debian); the embedded server needs PostgreSQL 17 "
        "or newer. Point EMBEDDED_POSTGRES_HOME at such a one, or unset it."
    )


def test_the_chosen_build_is_for_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: Path
) -> None:
    alien = program(tmp_path, "#!/lib/no-such-loader.so\n")
    monkeypatch.setenv("EMBEDDED_POSTGRES_HOME", str(tmp_path))
    assert refusal(fresh).startswith(f"{alien} does not run on this machine: ")


def program(installation: Path, text: str) -> Path:
    (installation / "bin").mkdir()
    path = installation / "bin" / "postgres"
    path.write_text(text)
    path.chmod(0o755)
    installation.chmod(0o755)
    return path
