"""Where the embedded server keeps its files and its socket."""

import os
from pathlib import Path

import pytest

from ingestion.embedded.server import ensure, home, socket_dir

pytestmark = pytest.mark.slow

IS_ROOT = os.geteuid() == 0


@pytest.mark.skipif(IS_ROOT, reason="root may not run PostgreSQL there")
def test_it_lies_in_the_project(tmp_path: Path) -> None:
    assert home(tmp_path) == tmp_path / ".postgres"


@pytest.mark.skipif(not IS_ROOT, reason="only root needs another place")
def test_roots_lies_where_nobody_can_reach_it() -> None:
    assert home(Path("/srv/ingestion")) == Path("/var/tmp/ingestion-50fa896438")


def test_two_checkouts_of_the_same_name_do_not_meet(tmp_path: Path) -> None:
    assert home(tmp_path / "one" / "main") != home(tmp_path / "two" / "main")


def test_the_socket_lies_in_the_folder() -> None:
    assert socket_dir(Path("/srv/main/.postgres")) == Path("/srv/main/.postgres/socket")


def test_the_socket_of_a_long_path_gets_a_short_name() -> None:
    name = socket_dir(Path("/srv") / ("long" * 20) / ".postgres")
    assert len(str(name / ".s.PGSQL.5432")) < 100


def test_so_does_that_of_a_path_with_a_comma() -> None:
    assert "," not in str(socket_dir(Path("/srv/one, two/.postgres")))


def test_a_link_leads_to_it(folder: Path, tmp_path: Path) -> None:
    ensure(folder, link=tmp_path / ".postgres")
    assert (tmp_path / ".postgres").readlink() == folder


def test_a_stale_link_is_mended(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".postgres").symlink_to("/nowhere")
    ensure(folder, link=tmp_path / ".postgres")
    assert (tmp_path / ".postgres").readlink() == folder


def test_a_folder_in_the_place_of_the_link_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".postgres").mkdir()
    ensure(folder, link=tmp_path / ".postgres")
    assert not (tmp_path / ".postgres").is_symlink()


def test_a_checkout_that_takes_no_link_does_not_matter(folder: Path) -> None:
    ensure(folder, link=Path("/proc/.postgres"))


def test_asking_for_places_makes_none(tmp_path: Path) -> None:
    socket_dir(home(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert not home(tmp_path).exists()
