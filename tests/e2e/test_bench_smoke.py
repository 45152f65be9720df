"""`make bench` at a small size: every part gives its rows, and nothing is left behind."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.e2e.conftest import clean_environment, copy_to

# What each part is about, by the start of its rows.
SUBJECTS = {
    "migrate, from empty, 3 migrations",
    "POST, 8 clients: documents a second",
    "POST, 8 clients: p99",
    "POST of known content, 8 clients",
    "bulk of 1,500: until acknowledged",
    "bulk of 1,500: until all is searchable",
    "bulk of 1,500: all of them known",
    "bulk of 1,000: memory of the web processes",
    "a POST on an idle service is found: after (longest)",
    "text of 2 PDF files, 25 pages",
    "GET by id, 8 clients: answers a second",
    "list of 3,000, page 60: p50",
    "search in 3,000, word in 40 %: p50",
}


def test_a_small_run_measures_everything_and_leaves_nothing_behind(tmp_path: Path) -> None:
    project = copy_to(tmp_path / "project")
    place = "/var/tmp" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="ingestion-smoke-", dir=place) as folder:
        Path(folder).chmod(0o755)
        env = clean_environment(SMALL="1", CLIENTS="8", BENCH_DIR=folder)
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench"],
            cwd=project,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert list(Path(folder).iterdir()) == []
    (kept,) = (project / ".cache" / "bench").glob("2*.json")
    rows = json.loads(kept.read_text())["rows"]
    assert {row["what"] for row in rows} >= SUBJECTS
    assert all(figure > 0 for row in rows for figure in row["rounds"] if row["unit"] != "MB")
