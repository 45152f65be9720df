"""`manage.py ingest` with more than goes into a batch, and stopped in the middle."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from documents.bulk import BATCH_DOCUMENTS, BATCH_FILES
from documents.models import Document, Job
from tests.documents.commands import ALICE, ingest, start

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_what_became_of_a_file_is_told_of_that_file(
    alice: User, tmp_path: Path, storage: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(3 * BATCH_FILES):
        empty = number % 50 == 7
        (folder / f"{number:03}.txt").write_text("" if empty else f"text {number}")
    summary, code = ingest(folder)
    assert (summary["created"], summary["duplicates"], code) == (188, 0, 1)
    assert [Path(error["path"]).name for error in summary["errors"]] == [
        "007.txt",
        "057.txt",
        "107.txt",
        "157.txt",
    ]
    assert Document.objects.count() == 188
    assert sum(len(job.documents) for job in Job.objects.all()) == 188
    assert list((storage / "incoming").iterdir()) == []
    assert ingest(folder)[0]["duplicates"] == 188


def test_what_became_of_a_line_is_told_of_that_line(alice: User, tmp_path: Path) -> None:
    for name in "ab":
        lines = [{"content": f"{name} {n}" if n % 900 else ""} for n in range(2 * BATCH_DOCUMENTS)]
        (tmp_path / f"{name}.ndjson").write_text("\n".join(map(json.dumps, lines)))
    summary, _ = ingest(tmp_path / "a.ndjson", tmp_path / "b.ndjson")
    assert [(Path(e["path"]).stem, e["line"]) for e in summary["errors"]] == [
        (name, line) for name in "ab" for line in (1, 901, 1801)
    ]
    assert Document.objects.count() == summary["created"] == 4 * BATCH_DOCUMENTS - 6


@pytest.fixture
def under_way(alice: User) -> Any:
    """It has read lines from standard input, and waits for more."""
    process = start("ingest", "-", "--owner", ALICE, "--json", stdin=subprocess.PIPE)
    assert process.stdin
    for number in range(2000):  # more than the pipe holds, so that it has begun to read
        process.stdin.write(b'{"content": "%d %s"}\n' % (number, b"x" * 200))
    process.stdin.flush()
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_keeps_what_it_has_and_says_so(
    under_way: "subprocess.Popen[bytes]", number: signal.Signals
) -> None:
    under_way.send_signal(number)
    assert under_way.wait(timeout=30) == 128 + number
    assert under_way.stdout
    assert under_way.stderr
    summary = json.loads(under_way.stdout.read())
    assert summary["stopped"] is True
    assert summary["refused"] == 0
    assert 0 < summary["created"] == Document.objects.count() <= 2000
    assert under_way.stderr.read().decode().splitlines() == [
        "",
        "Stopping after what is under way. Ctrl-C again stops at once.",
        "Stopped. What was kept is kept: run the same again, and it goes on from there.",
    ]


def test_killed_it_goes_on_from_there(under_way: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    under_way.kill()
    under_way.wait()
    kept = Document.objects.count()
    lines = tmp_path / "a.ndjson"
    lines.write_text("".join(f'{{"content": "{n} {"x" * 200}"}}\n' for n in range(2000)))
    summary, code = ingest(lines)
    assert (summary["duplicates"], summary["created"], code) == (kept, 2000 - kept, 0)
    assert sum(len(job.documents) for job in Job.objects.all()) == 2000
