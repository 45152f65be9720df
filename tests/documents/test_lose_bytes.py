"""Bytes that the storage has lost, or cannot take: said clearly, and mended by sending again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from documents.blobs import Incoming
from documents.errors import StorageUnavailable
from documents.models import Document
from tests.conftest import api
from tests.documents.answers import URL, refused
from tests.documents.forms import file, form, send

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]


def test_a_file_that_is_missing_is_a_problem_and_no_broken_download(
    alice: User, keep_file: Keep, storage: Path
) -> None:
    document = keep_file(alice, b"We met.")
    (storage / document.blob).unlink()
    refused(api(alice).get(f"{URL}{document.pk}/file/"), 500, "blob_missing")


@pytest.mark.parametrize("left", [None, b"", b"We m"])
def test_sending_it_again_puts_it_back(
    alice: User, keep_file: Keep, storage: Path, left: bytes | None
) -> None:
    document = keep_file(alice, b"We met.")
    blob = storage / document.blob
    blob.unlink() if left is None else blob.write_bytes(left)
    assert send(api(alice), form(file(b"We met."))).status_code == 200
    assert blob.read_bytes() == b"We met."


@pytest.mark.parametrize("way", ["one", "bulk"])
def test_sending_its_text_puts_it_back_too(
    alice: User, keep_file: Keep, storage: Path, way: str
) -> None:
    blob = storage / keep_file(alice, b"We met.").blob
    blob.unlink()
    kind = {"one": "application/json", "bulk": "application/x-ndjson"}[way]
    url = URL if way == "one" else f"{URL}bulk/"
    answer = api(alice).post(url, b'{"content": "We met."}', content_type=kind)
    assert answer.status_code == 200
    assert blob.read_bytes() == b"We met."


def test_a_disk_that_is_full_is_said_and_nothing_is_left(storage: Path) -> None:
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        fill_the_disk()
    assert list((storage / "incoming").iterdir()) == []


def fill_the_disk() -> None:
    with Incoming(limit=2**31) as incoming:
        assert incoming.file is not None
        incoming.file.close()
        incoming.file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
        incoming.write(b"We met.")


def test_a_storage_that_is_no_folder_is_the_service_s_fault(alice: User, storage: Path) -> None:
    storage.parent.mkdir(exist_ok=True)
    storage.write_text("in the way")
    answer = send(api(alice), form(file(b"We met.")))
    refused(answer, 503, "storage_unavailable")
    assert answer.headers["Retry-After"]
