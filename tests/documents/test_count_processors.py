"""How many workers a machine gets when nobody says so."""

import os
from pathlib import Path

import pytest

from documents.management.commands.worker import usable_cores

ALL = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000\n", ALL), ("50000 100000\n", 1), ("100000 100000\n", 1), (None, ALL)],
)
def test_a_container_has_what_it_is_granted(tmp_path: Path, quota: str | None, cores: int) -> None:
    file = tmp_path / "cpu.max"
    if quota:
        file.write_text(quota)
    assert usable_cores(quota=file) == cores
