"""`manage.py ingest` refuses what is no file or cannot be read, says why, and goes on."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from accounts.models import User
from documents import files
from documents.errors import DocumentError
from documents.models import Document
from tests.documents.commands import ALICE, ingest, run

pytestmark = pytest.mark.django_db


def refused(*words: object) -> list[tuple[str, str]]:
    """Path and code of each; whatever else there is, is kept."""
    summary, code = ingest(*words)
    assert (summary["created"], code) == (1, 1), summary
    return [(error["path"], error["code"]) for error in summary["errors"]]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "good.txt").write_text("We met.")
    return tmp_path / "good.txt"


def test_a_named_pipe_is_refused_without_waiting_for_it(
    alice: User, good: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path) == [(f"{tmp_path}/pipe", "not_a_file")]


def test_a_socket_is_refused(
    alice: User, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert refused("socket", "good.txt") == [("socket", "not_a_file")]


def test_a_device_is_refused(alice: User, good: Path) -> None:
    assert refused("/dev/zero", good) == [("/dev/zero", "not_a_file")]


def test_links_that_lead_nowhere_are_refused(alice: User, good: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    expected = [(f"{tmp_path}/broken", "broken_link"), (f"{tmp_path}/circle", "unreadable")]
    assert refused(tmp_path) == expected


def test_a_link_to_a_file_is_that_file(alice: User, good: Path, tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(good)
    summary, code = ingest(tmp_path)
    assert (summary["created"], summary["duplicates"], code) == (1, 1, 0)


def test_a_file_that_vanished_is_refused(alice: User, tmp_path: Path) -> None:
    what = files.piece(str(tmp_path / "gone"), limit=100).what
    assert isinstance(what, DocumentError)
    assert (what.code, what.detail) == ("vanished", "It was there, and is gone. Run it again.")


def test_an_error_while_reading_refuses_that_file(alice: User, good: Path, storage: Path) -> None:
    # A file of this process's memory: it can be opened, and its first page cannot be read.
    assert refused("/proc/self/mem", good) == [("/proc/self/mem", "unreadable")]
    assert list((storage / "incoming").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_refused(alice: User, good: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0)
    (tmp_path / "secret.txt").touch(mode=0)
    try:
        found = refused(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert found == [(f"{tmp_path}/{name}", "unreadable") for name in ("closed", "secret.txt")]


def test_a_file_beyond_the_limit_is_not_even_read(
    alice: User, good: Path, tmp_path: Path, settings: Any
) -> None:
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(settings.MAX_UPLOAD_BYTES + 1)  # no disk is so fast
    assert refused(tmp_path) == [(f"{tmp_path}/huge", "too_large")]


def test_many_refusals_are_counted_and_the_report_names_all(alice: User, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(25):
        (folder / f"{number:02}.txt").touch()
    report = tmp_path / "report.ndjson"
    out, _, code = run("ingest", folder, "--owner", ALICE, "--report", report)
    *refusals, more, counts = out.splitlines()
    assert (len(refusals), code) == (20, 1)
    assert more == "… and 5 more; --report FILE names all of them"
    assert counts.startswith("0 kept, 0 there already, 25 refused ")
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(lines) == 25
    assert lines[24] == {
        "path": f"{folder}/24.txt",
        "code": "empty_content",
        "detail": "The content has 0 bytes; there is nothing to keep.",
    }


def test_a_report_that_cannot_be_written_stops_it(alice: User, good: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="The report cannot be written to /dev/full") as caught:
        run("ingest", "/dev/zero", "--owner", ALICE, "--report", "/dev/full")
    assert caught.value.returncode == 2


def test_a_storage_that_takes_nothing_stops_it(alice: User, good: Path, storage: Path) -> None:
    storage.write_text("where a folder should be")
    with pytest.raises(CommandError, match=r"The storage takes no more: .* run the same again"):
        run("ingest", good, "--owner", ALICE)
    assert not Document.objects.exists()
