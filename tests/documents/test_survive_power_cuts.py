"""The bytes are on the disk, under their name, before the row that names them is committed."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from documents.blobs import Incoming
from documents.bulk import Item, load
from documents.label import Label
from documents.models import Document

STEPS = {"fsync", "replace", "commit"}


def steps_of(work: Callable[[], object]) -> list[str]:
    """The calls of the operating system and the driver that matter here, in their order."""
    seen: list[str] = []

    def watch(_: object, event: str, called: Any) -> None:
        if (
            event == "c_call"
            and called.__name__ in STEPS
            and not isinstance(getattr(called, "__self__", None), str | bytes)
        ):
            seen.append(called.__name__)

    threading.setprofile(watch)  # for threads that start from now on
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return seen


@pytest.mark.django_db(transaction=True)
def test_file_and_folder_are_synced_before_the_commit(
    alice: User, keep_file: Callable[..., Document], storage: Path
) -> None:
    gone = keep_file(alice, b"We met.")  # so that its folders are there
    gone.delete()
    (storage / gone.blob).unlink()
    steps = steps_of(lambda: keep_file(alice, b"We met."))
    assert steps[:4] == ["fsync", "replace", "fsync", "commit"]  # file, name, folder, row


@pytest.mark.django_db(transaction=True)
def test_those_of_a_batch_are_synced_before_its_commit(
    alice: User, keep_file: Callable[..., Document], storage: Path
) -> None:
    gone = keep_file(alice, b"We met.")
    gone.delete()
    (storage / gone.blob).unlink()
    incoming = Incoming(limit=100)
    incoming.write(b"We met.")
    item = Item(1, Label(), incoming)
    steps = steps_of(lambda: list(load([item], owner_id=alice.pk)))
    assert steps[: steps.index("commit") + 1] == ["fsync", "replace", "fsync", "commit"]
    assert (storage / gone.blob).read_bytes() == b"We met."
