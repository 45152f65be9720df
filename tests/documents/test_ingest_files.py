"""`manage.py ingest` takes in files and folders, says what it did, and goes on after a refusal."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from accounts.models import User
from documents.models import Document, State
from tests.documents.commands import ingest, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """b.txt, sub/a.txt, sub/deep/c.md, and things that are left out."""
    root = tmp_path / "folder"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "b.txt").write_text("B")
    (root / "sub" / "a.txt").write_text("A")
    (root / "sub" / "deep" / "c.md").write_text("C")
    (root / ".hidden").write_text("hidden")
    (root / ".git" / "config").write_text("hidden too")
    (root / "again").symlink_to(root / "sub", target_is_directory=True)
    return root


def titles() -> set[str]:
    return set(Document.objects.values_list("title", flat=True))


def test_it_takes_a_file_in(alice: User, folder: Path) -> None:
    summary, code = ingest(folder / "b.txt")
    assert (summary["created"], summary["bytes"], code) == (1, 1, 0)
    kept = Document.objects.get()
    assert (kept.owner, kept.title, kept.content_type) == (alice, "b.txt", "text/plain")
    assert kept.source == str(folder / "b.txt")


def test_it_takes_every_file_below_a_folder_but_hidden_ones(alice: User, folder: Path) -> None:
    summary, code = ingest(folder)
    assert titles() == {"b.txt", "a.txt", "c.md"}
    assert (summary["created"], code) == (3, 0)


def test_it_takes_a_hidden_file_that_is_named(alice: User, folder: Path) -> None:
    ingest(folder / ".hidden")
    assert titles() == {".hidden"}


def test_it_goes_on_where_it_stopped(alice: User, folder: Path) -> None:
    ingest(folder / "b.txt")
    summary, code = ingest(folder)
    found = (summary["created"], summary["duplicates"], summary["refused"], code)
    assert found == (2, 1, 0, 0)


def test_it_refuses_an_empty_file_and_goes_on(alice: User, folder: Path) -> None:
    (folder / "a_empty.txt").touch()
    summary, code = ingest(folder)
    assert (summary["created"], summary["refused"], code) == (3, 1, 1)
    [error] = summary["errors"]
    assert error["path"] == str(folder / "a_empty.txt")
    assert "0 bytes" in error["detail"]


def test_it_refuses_a_file_above_the_limit(
    alice: User, folder: Path, settings: Any, storage: Path
) -> None:
    settings.MAX_UPLOAD_BYTES = 5
    (folder / "large.txt").write_text("123456")
    summary, code = ingest(folder)
    assert (summary["created"], summary["refused"], code) == (3, 1, 1)
    assert list((storage / "incoming").iterdir()) == []


def test_it_says_in_words_what_it_did(alice: User, folder: Path) -> None:
    (folder / "empty.txt").touch()
    out, _, code = run("ingest", folder, "--owner", "alice@example.com")
    first, last = out.splitlines()
    assert first == (
        f"refused: {folder}/empty.txt: The content has 0 bytes; there is nothing to keep."
    )
    assert re.fullmatch(
        r"3 kept, 0 there already, 1 refused \(0\.0 MB in \d+\.\d s, [\d,]+ documents/s\)", last
    )
    assert code == 1


def test_it_finds_the_owner_however_the_address_is_written(alice: User, folder: Path) -> None:
    assert ingest(folder, owner=" Alice@Example.COM ")[1] == 0


@pytest.mark.parametrize("owner", ["nobody@example.com", "", "alice"])
def test_it_does_nothing_for_an_unknown_owner(alice: User, folder: Path, owner: str) -> None:
    with pytest.raises(CommandError, match="There is no active user") as caught:
        ingest(folder, owner=owner)
    assert caught.value.returncode == 2
    assert titles() == set()


def test_it_does_nothing_for_an_owner_whose_account_was_closed(alice: User, folder: Path) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="There is no active user"):
        ingest(folder)


def test_it_does_nothing_when_a_path_is_missing(alice: User, folder: Path) -> None:
    with pytest.raises(CommandError, match=f"There is no file at {folder}/missing") as caught:
        ingest(folder, folder / "missing")
    assert caught.value.returncode == 2
    assert titles() == set()


def test_it_does_nothing_for_an_empty_folder(alice: User, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="no file") as caught:
        ingest(tmp_path / "empty")
    assert caught.value.returncode == 2


def test_it_takes_a_file_whose_name_is_no_text(alice: User, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("We met.")
    assert ingest(path)[1] == 0
    assert titles() == {"caf\ufffd.txt"}


def test_it_takes_a_file_whose_name_is_longer_than_a_title_can_be_in_bytes(
    alice: User, tmp_path: Path
) -> None:
    (tmp_path / ("é" * 120 + ".txt")).write_text("We met.")
    ingest(tmp_path / ("é" * 120 + ".txt"))
    assert titles() == {"é" * 120 + ".txt"}


def test_it_keeps_one_document_for_two_files_of_the_same_content(alice: User, folder: Path) -> None:
    (folder / "copy.txt").write_text("B")
    summary, _ = ingest(folder)
    assert (summary["created"], summary["duplicates"]) == (3, 1)


def test_what_it_took_in_becomes_text(alice: User, folder: Path, work: Callable[[], int]) -> None:
    ingest(folder)
    work()
    assert set(Document.objects.values_list("state", flat=True)) == {State.READY}


def test_it_says_what_it_would_do_and_keeps_nothing(alice: User, folder: Path) -> None:
    ingest(folder / "b.txt")
    summary, code = ingest(folder, "--dry-run")
    found = (summary["created"], summary["duplicates"], summary["dry_run"], code)
    assert found == (2, 1, True, 0)
    assert titles() == {"b.txt"}


def test_the_summary_can_be_read_by_a_program(alice: User, folder: Path) -> None:
    summary, _ = ingest(folder)
    assert summary.pop("seconds") > 0
    assert summary.pop("documents_per_second") > 0
    assert summary.pop("bytes_per_second") >= 0
    assert summary == {
        "documents": 3,
        "created": 3,
        "duplicates": 0,
        "refused": 0,
        "bytes": 3,
        "dry_run": False,
        "stopped": False,
        "errors": [],
        "errors_truncated": False,
    }


def test_what_was_lost_in_the_storage_is_put_back(alice: User, folder: Path, storage: Path) -> None:
    ingest(folder / "b.txt")
    blob = storage / Document.objects.get().blob
    blob.unlink()
    assert ingest(folder / "b.txt")[0]["duplicates"] == 1
    assert blob.read_bytes() == b"B"
