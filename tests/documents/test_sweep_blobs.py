"""`manage.py sweep` deletes bytes that no document names, and no others."""

import json
import os
import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from documents import blobs
from documents.blobs import Incoming
from documents.models import Document
from tests.documents.threads import beside

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
DAY = 86_400


def age(folder: Path) -> None:
    """Everything below is a day old."""
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - DAY,) * 2)


def files_in(storage: Path) -> set[str]:
    return {str(p.relative_to(storage)) for p in storage.rglob("*") if p.is_file()}


def sweep(*arguments: str) -> str:
    out = StringIO()
    call_command("sweep", *arguments, stdout=out)
    return out.getvalue()


def test_it_deletes_what_no_document_names(alice: User, keep_file: Keep, storage: Path) -> None:
    kept, gone = keep_file(alice, b"We met."), keep_file(alice, b"We left.")
    gone.delete()
    age(storage)
    assert json.loads(sweep("--json")) == {"blobs": 1, "bytes": 8}
    assert files_in(storage) == {kept.blob}


def test_it_says_so_in_words(alice: User, keep_file: Keep, storage: Path) -> None:
    keep_file(alice, b"We left.").delete()
    age(storage)
    assert sweep() == "1 orphan blob(s) older than 3600 s deleted, 8 bytes freed\n"


def test_it_keeps_what_another_owner_names(
    alice: User, bob: User, keep_file: Keep, storage: Path
) -> None:
    keep_file(alice, b"We met.").delete()
    kept = keep_file(bob, b"We met.")
    age(storage)
    sweep()
    assert files_in(storage) == {kept.blob}


def test_it_deletes_bytes_that_only_a_text_in_json_has(
    alice: User, keep_file: Keep, keep_text: Keep, storage: Path
) -> None:
    keep_file(alice, b"We met.").delete()
    keep_text(alice, "We met.")
    age(storage)
    sweep()
    assert files_in(storage) == set()


def test_it_keeps_what_is_young(alice: User, keep_file: Keep, storage: Path) -> None:
    gone = keep_file(alice, b"We left.")
    gone.delete()
    assert json.loads(sweep("--json"))["blobs"] == 0
    assert files_in(storage) == {gone.blob}


def test_it_can_be_asked_to_look_at_younger_ones(
    alice: User, keep_file: Keep, storage: Path
) -> None:
    keep_file(alice, b"We left.").delete()
    assert json.loads(sweep("--json", "--older-than", "0"))["blobs"] == 1


def test_it_deletes_uploads_that_were_never_finished(storage: Path) -> None:
    (storage / "incoming").mkdir(parents=True)
    (storage / "incoming" / "left-behind").write_bytes(b"We m")
    age(storage)
    assert json.loads(sweep("--json")) == {"blobs": 1, "bytes": 4}


def test_it_keeps_an_upload_that_goes_on(storage: Path) -> None:
    with Incoming(limit=100) as incoming:
        incoming.write(b"We m")
        sweep()
        assert incoming.path.exists()


def test_it_leaves_alone_what_is_not_its_own(storage: Path) -> None:
    foreign = {"lost+found/x", "ab/.DS_Store", "ab/cd/README", "ab/cd/" + "g" * 64, "note"}
    for name in foreign:
        (storage / name).parent.mkdir(parents=True, exist_ok=True)
        (storage / name).write_bytes(b"x")
    age(storage)
    assert json.loads(sweep("--json"))["blobs"] == 0
    assert files_in(storage) == foreign


def test_it_has_nothing_to_do_where_nothing_was_kept(storage: Path) -> None:
    assert json.loads(sweep("--json")) == {"blobs": 0, "bytes": 0}


def test_what_was_swept_can_be_sent_again(alice: User, keep_file: Keep, storage: Path) -> None:
    keep_file(alice, b"We met.").delete()
    age(storage)
    sweep()
    again = keep_file(alice, b"We met.")
    assert (storage / again.blob).read_bytes() == b"We met."


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_a_row_that_is_about_to_name_the_bytes(
    alice: User, keep_file: Keep, storage: Path
) -> None:
    keep_file(alice, b"We met.").delete()
    age(storage)
    with transaction.atomic():
        kept = keep_file(alice, b"We met.")
        sweeping = beside(lambda: blobs.sweep(older_than_seconds=60))[0]
        threading.Event().wait(0.3)
        assert not sweeping.done()
    assert sweeping.result(timeout=5).blobs == 0
    assert files_in(storage) == {kept.blob}


def test_it_leaves_an_upload_that_is_under_way(storage: Path) -> None:
    with Incoming(limit=100) as incoming:
        incoming.write(b"We m")
        sweep("--older-than", "0")
        assert incoming.path.exists()


@pytest.mark.parametrize("age", ["-5", "nan", "inf"])
def test_it_refuses_what_is_no_age(age: str) -> None:
    with pytest.raises(CommandError, match="no number of seconds"):
        sweep(f"--older-than={age}")
