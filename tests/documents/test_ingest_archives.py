"""`manage.py ingest --unpack` takes the members of archives, and leaves bombs."""

import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from accounts.models import User
from documents import unpacking
from documents.models import Document
from documents.tar_stream import MAX_HEADER
from tests.documents.commands import ingest

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

MEMBERS = {
    "a.txt": b"We met.",
    "sub/b.txt": b"We agreed." * 1000,
    ".hidden": b"hidden",
    "sub/.git/config": b"hidden too",
    "__MACOSX/a.txt": b"of macOS",
}
Make = Callable[[Path, dict[str, bytes]], Path]


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("sub")
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: dict[str, bytes], **more: Any) -> Path:
    mode: Any = "w" if path.suffix == ".tar" else "w:gz"
    with tarfile.open(path, mode, **more) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


KINDS = {"a.zip": make_zip, "a.tar": make_tar, "a.tar.gz": make_tar, "A.TGZ": make_tar}
each_kind = pytest.mark.parametrize(("name", "make"), KINDS.items(), ids=list(KINDS))


@each_kind
def test_members_become_documents(alice: User, tmp_path: Path, name: str, make: Make) -> None:
    summary, code = ingest(make(tmp_path / name, MEMBERS), "--unpack")
    assert (summary["created"], code) == (2, 0)
    assert set(Document.objects.values_list("title", "source", "size", "content_type")) == {
        ("a.txt", f"{tmp_path}/{name}/a.txt", 7, "text/plain"),
        ("b.txt", f"{tmp_path}/{name}/sub/b.txt", 10_000, "text/plain"),
    }


@each_kind
def test_without_asking_an_archive_is_one_document(
    alice: User, tmp_path: Path, name: str, make: Make
) -> None:
    assert ingest(make(tmp_path / name, MEMBERS))[0]["created"] == 1
    assert Document.objects.get().title == name


def test_archives_below_a_folder_are_unpacked_and_those_in_them_are_not(
    alice: User, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    inner = make_zip(tmp_path / "inner.zip", MEMBERS).read_bytes()
    make_zip(tmp_path / "folder" / "outer.zip", {"inner.zip": inner, "c.txt": b"C"})
    ingest(tmp_path / "folder", "--unpack")
    assert set(Document.objects.values_list("title", flat=True)) == {"inner.zip", "c.txt"}


@each_kind
def test_an_empty_member_and_one_beyond_the_limit_cost_no_other(
    alice: User, tmp_path: Path, settings: Any, name: str, make: Make
) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    members = {"empty": b"", "large": bytes(3_000_000), "small": b"small"}
    summary, code = ingest(make(tmp_path / name, members), "--unpack")
    assert (summary["created"], code) == (1, 1)
    assert [(error["path"], error["code"]) for error in summary["errors"]] == [
        (f"{tmp_path}/{name}/empty", "empty_content"),
        (f"{tmp_path}/{name}/large", "too_large"),
    ]


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_bomb_is_left(alice: User, tmp_path: Path, name: str, storage: Path) -> None:
    half = bytes(unpacking.ALWAYS_ALLOWED // 2)
    members = {"small": b"small", "1": half, "2": half, "3": half, "4": b"behind"}
    summary, code = ingest(KINDS[name](tmp_path / name, members), "--unpack")
    assert code == 1
    # The halves are one document, and what is behind the budget is none.
    assert (summary["created"], summary["refused"]) == (2, 1)
    [error] = summary["errors"]
    assert (error["path"], error["code"]) == (f"{tmp_path}/{name}", "archive_bomb")
    assert list((storage / "incoming").iterdir()) == []


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar"])
@pytest.mark.parametrize("cut", [0.4, 0.8])
def test_what_comes_before_a_break_is_kept(
    alice: User, tmp_path: Path, name: str, cut: float
) -> None:
    numbers = random.Random(1)
    members = {f"{number}": numbers.randbytes(3000) for number in range(20)}
    path = make_tar(tmp_path / name, members)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut) // 512 * 512 + 100])
    summary, code = ingest(path, "--unpack")
    assert code == 1
    assert summary["created"] >= 5
    assert [error["code"] for error in summary["errors"]] == ["malformed_archive"]


def test_a_broken_header_is_not_the_end(alice: User, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"a": b"A", "b": b"B", "c": b"C"})
    raw = bytearray(path.read_bytes())
    raw[1024:1034] = b"\xff" * 10  # in the header of b
    path.write_bytes(raw)
    summary, code = ingest(path, "--unpack")
    assert (summary["created"], code) == (1, 1)
    assert summary["errors"][0]["code"] == "malformed_archive"


@pytest.mark.parametrize("name", list(KINDS))
def test_what_is_no_archive_is_refused(alice: User, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"We met." * 1000)
    summary, code = ingest(tmp_path / name, "--unpack")
    assert (summary["refused"], code) == (1, 1)
    assert summary["errors"][0]["code"] == "malformed_archive"
    assert "Get a whole one" in summary["errors"][0]["detail"]


def test_a_member_that_is_broken_costs_no_other(alice: User, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"A" * 100, "b": b"B" * 100, "c": b"C" * 100})
    raw = bytearray(path.read_bytes())
    at = raw.index(b"b", raw.index(b"PK\x03\x04", 60) + 30) + 1
    raw[at] ^= 0xFF  # the first byte of what is packed
    path.write_bytes(raw)
    summary, _ = ingest(path, "--unpack")
    assert summary["created"] == 2
    [error] = summary["errors"]
    assert (error["path"], error["code"]) == (f"{path}/b", "malformed_member")


def test_a_locked_member_and_one_packed_oddly_are_refused(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("locked", b"locked")
        archive.writestr("odd", b"odd", zipfile.ZIP_LZMA)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    summary, _ = ingest(path, "--unpack")
    codes = [error["code"] for error in summary["errors"]]
    assert codes == ["encrypted", "unsupported_compression"]


def test_a_directory_that_says_it_is_huge_is_not_read(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    entries = unpacking.MAX_DIRECTORY + 100
    with path.open("wb") as file:
        file.truncate(entries)
        file.seek(entries)
        end = b"PK\x05\x06" + bytes(4) + b"\x01\x00\x01\x00"
        file.write(end + entries.to_bytes(4, "little") + bytes(6))
    summary, _ = ingest(path, "--unpack")
    assert [error["code"] for error in summary["errors"]] == ["too_many_members"]


def test_a_header_that_says_it_is_huge_is_not_read(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    make_tar(path, {"a" * (MAX_HEADER + 1): b"A"}, format=tarfile.GNU_FORMAT)
    summary, _ = ingest(path, "--unpack")
    assert [error["code"] for error in summary["errors"]] == ["malformed_archive"]
    assert "a header is too long" in summary["errors"][0]["detail"]


def test_links_in_an_archive_are_left_out(alice: User, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "file").write_text("file")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "link", "link")
        archive.add(tmp_path / "file", "file")
    summary, code = ingest(tmp_path / "a.tar", "--unpack")
    assert (summary["documents"], code) == (1, 0)


def test_an_archive_without_members_has_no_document(alice: User, tmp_path: Path) -> None:
    for name, make in KINDS.items():
        with pytest.raises(CommandError, match="Nothing arrived") as caught:
            ingest(make(tmp_path / name, {}), "--unpack")
        assert caught.value.returncode == 2
