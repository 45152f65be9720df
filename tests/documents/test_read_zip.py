"""An archive becomes the list of what is in it, and every file in it a document of its own."""

import gzip
import io
import random
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.extraction.archive import MAX_DIRECTORY_BYTES, MAX_MEMBERS, read_zip
from documents.extraction.original import Original, Part, Read, Unreadable
from documents.extraction.tarball import read_gzip, read_tar

WORDS = b"Herons stand at the bridge.\n"
Files = dict[str, bytes]


class Opened:
    """What came out of an archive."""

    def __init__(self, raw: bytes, *, read: Read = read_zip, filename: str = "a") -> None:
        self.facts: dict[str, Any] = {}
        self.text = ""
        self.parts: Files = {}
        original = Original(source=BytesIO(raw), size=len(raw), filename=filename)
        for piece in read(original, facts=self.facts):
            if isinstance(piece, Part):
                self.parts[piece.filename] = b"".join(piece.chunks)
            else:
                self.text += str(piece)


def refusal(raw: bytes, *, read: Read = read_zip) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        Opened(raw, read=read)
    return refused.value


def packed(files: Files, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = BytesIO()
    with zipfile.ZipFile(raw, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return raw.getvalue()


def with_entry(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    raw = BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        entry = zipfile.ZipInfo("a.txt")
        change(entry)
        archive.writestr(entry, WORDS)
        archive.writestr("b.txt", b"more words")
    return raw.getvalue()


def patched(raw: bytes, *, entry: int = 0, **values: int) -> bytes:
    """With other numbers in the directory, as hostile archives have them."""
    places = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<I"), "packed": (20, "<I")}
    places |= {"size": (24, "<I"), "offset": (42, "<I")}
    changed, at = bytearray(raw), -1
    for _ in range(entry + 1):
        at = raw.index(b"PK\x01\x02", at + 1)
    for name, value in values.items():
        where, spelling = places[name]
        struct.pack_into(spelling, changed, at + where, value)
    return bytes(changed)


def test_every_file_is_a_part_and_its_name_is_in_the_text() -> None:
    read = Opened(packed({"a.txt": WORDS, "folder/": b"", "folder/b.bin": b"\x00" * 9}))
    assert read.parts == {"a.txt": WORDS, "folder/b.bin": b"\x00" * 9}
    assert read.text == "a.txt\nfolder/b.bin\n"
    assert read.facts == {"members": 2}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_large_members_arrive_whole(compression: int) -> None:
    noise = random.Random(1).randbytes(3_000_000)
    assert Opened(packed({"noise": noise}, compression=compression)).parts == {"noise": noise}


def test_archives_inside_are_handed_over_as_they_are() -> None:
    inner = packed({"deep.txt": WORDS})
    read = Opened(packed({"inner.zip": inner}))
    assert Opened(read.parts["inner.zip"]).parts == {"deep.txt": WORDS}


def test_what_stands_before_an_archive_does_not_matter() -> None:
    assert Opened(b"#!/bin/sh\nexit\n" + packed({"a.txt": WORDS})).parts == {"a.txt": WORDS}


def test_it_reads_what_was_written_as_a_stream_and_as_zip64() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, block: Any) -> int:
            self.written += block
            return len(block)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive, archive.open("a", "w", force_zip64=True) as file:
        file.write(WORDS)
    assert Opened(bytes(pipe.written)).parts == {"a": WORDS}


def test_an_archive_without_files_is_empty() -> None:
    assert (Opened(packed({})).text, Opened(packed({"x/": b""})).text) == ("", "")


# --- names ---------------------------------------------------------------------------------


def named(raw: bytes, *, is_utf8: bool = False) -> bytes:
    """An archive of one file whose name is these bytes."""
    archive = packed({"N" * len(raw): WORDS}, compression=zipfile.ZIP_STORED)
    archive = archive.replace(b"N" * len(raw), raw)
    if is_utf8:
        archive = patched(archive, flags=0x800)
        return archive[:6] + b"\x00\x08" + archive[8:]
    return archive


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Grüße 日本.txt".encode(), "Grüße 日本.txt"),  # not marked as UTF-8, as macOS writes it
        ("Grüße.txt".encode("cp437"), "Grüße.txt"),
        (b"../../etc/passwd", "etc/passwd"),
        (b"/etc/passwd", "etc/passwd"),
        (b"C:\\temp\\..\\a.txt", "C:/temp/a.txt"),
        (b"a\x01\x1b[31mb.txt", "a[31mb.txt"),
        (b"./a//b/./c.txt", "a/b/c.txt"),
        (b"..", "unnamed"),
        ("a\u202egpj.exe".encode(), "agpj.exe"),
    ],
)
def test_names_are_cleaned(raw: bytes, expected: str) -> None:
    read = Opened(named(raw))
    assert (list(read.parts), read.text) == ([expected], f"{expected}\n")


def test_names_marked_as_utf8_are_read_as_such() -> None:
    assert list(Opened(named("Grüße.txt".encode(), is_utf8=True)).parts) == ["Grüße.txt"]


def test_a_name_that_breaks_its_promise_of_utf8_is_damage() -> None:
    assert refusal(named(b"a\xff\xfe.txt", is_utf8=True)).code == "corrupt"


# --- what is left out ----------------------------------------------------------------------


def test_encrypted_files_are_left_out_and_counted() -> None:
    read = Opened(patched(packed({"a.txt": WORDS, "b.txt": WORDS}), flags=1))
    assert list(read.parts) == ["b.txt"]
    assert read.text == "a.txt\nb.txt\n"
    assert read.facts["skipped"] == {"encrypted": 1}


def test_an_archive_of_encrypted_files_is_refused() -> None:
    refused = refusal(patched(packed({"a.txt": WORDS}), flags=1))
    assert (refused.code, refused.detail) == (
        "encrypted",
        "All files in this archive are encrypted. The original is kept; "
        "unpack it with its password and send the files.",
    )


def test_links_and_devices_are_left_out() -> None:
    def as_link(entry: zipfile.ZipInfo) -> None:
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    read = Opened(with_entry(as_link))
    assert (list(read.parts), read.facts["skipped"]) == (["b.txt"], {"not_a_file": 1})


def test_what_systems_leave_behind_is_left_out() -> None:
    files = {"a.txt": WORDS, "__MACOSX/._a.txt": b"\x00\x05", "folder/.DS_Store": b"Bud1"}
    read = Opened(packed(files))
    assert (list(read.parts), read.facts["skipped"]) == (["a.txt"], {"of_the_system": 2})


def test_empty_files_are_only_listed() -> None:
    read = Opened(packed({"a.txt": WORDS, "empty": b""}))
    assert (list(read.parts), read.facts["skipped"]) == (["a.txt"], {"empty": 1})


@pytest.mark.parametrize("changed", [{"crc": 1}, {"size": 3}, {"packed": 3}])
def test_a_damaged_file_is_left_out(changed: dict[str, int]) -> None:
    read = Opened(patched(packed({"a.txt": WORDS, "b.txt": WORDS}), **changed))
    assert (list(read.parts), read.facts["skipped"]) == (["b.txt"], {"damaged": 1})


def test_it_says_which_compression_it_reads() -> None:
    refused = refusal(packed({"a.txt": WORDS}, compression=zipfile.ZIP_BZIP2))
    assert refused.code == "unsupported_compression"
    assert "Deflate" in refused.detail


@pytest.mark.parametrize("kept", [1, 30, 60, 100, 130, -1])
def test_a_cut_off_archive_is_damaged(kept: int) -> None:
    raw = packed({"a.txt": random.Random(1).randbytes(100)})
    assert refusal(raw[:kept]).code == "corrupt"


# --- bombs ---------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_anything_is_handed_over() -> None:
    raw = packed({"a.txt": WORDS, "bomb": bytes(70_000_000)})
    assert len(raw) < 200_000
    handed_over: list[object] = []
    with pytest.raises(Unreadable) as refused:
        handed_over.extend(read_zip(Original(source=BytesIO(raw), size=len(raw)), facts={}))
    assert (refused.value.code, handed_over) == ("bomb", [])


def test_many_small_bombs_are_one() -> None:
    raw = packed({f"{number}": bytes(5_000_000) for number in range(15)})
    assert refusal(raw).code == "bomb"


def test_a_bomb_that_says_it_is_small_is_cut_short() -> None:
    raw = patched(packed({"a": bytes(9_000_000), "b": WORDS}), size=1_000)
    read = Opened(raw)
    assert (read.parts, read.facts["skipped"]) == ({"b": WORDS}, {"damaged": 1})


def test_a_file_that_says_it_is_huge_is_what_it_is() -> None:
    assert Opened(patched(packed({"a": WORDS}), size=0xFFFF_FFF0)).parts == {"a": WORDS}


@pytest.mark.parametrize("offset", [0, 10])
def test_files_that_lie_over_each_other_are_a_bomb(offset: int) -> None:
    raw = packed({"a": WORDS * 99, "b": WORDS * 99})
    refused = refusal(patched(raw, entry=1, offset=offset))
    assert refused.code == "bomb"
    assert "lie over each other" in refused.detail


def test_it_takes_as_many_files_as_it_says() -> None:
    read = Opened(packed(dict.fromkeys(map(str, range(MAX_MEMBERS)), b"x")))
    assert (len(read.parts), read.facts["members"]) == (MAX_MEMBERS, MAX_MEMBERS)


def test_it_refuses_more_files() -> None:
    refused = refusal(packed(dict.fromkeys(map(str, range(MAX_MEMBERS + 1)), b"")))
    assert (refused.code, refused.detail) == (
        "too_large",
        "This archive has 10,001 files, and 10,000 files are read at most. The original is kept; "
        "send its files by themselves, or in several archives.",
    )


def test_it_does_not_load_a_directory_without_end() -> None:
    count = MAX_DIRECTORY_BYTES // 46 + 1
    directory = (b"PK\x01\x02" + bytes(42)) * count
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    assert refusal(directory + end).code == "too_large"


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_no_bytes_break_it(at: int, noise: bytes) -> None:
    whole = packed({"a.txt": WORDS, "b.txt": WORDS * 9, "c": b""})
    at %= len(whole)
    try:
        read = Opened(whole[:at] + noise + whole[at + len(noise) :])
    except Unreadable as refused:
        assert refused.code in {"corrupt", "bomb", "encrypted", "too_large"}  # noqa: PT017
    else:
        assert "\x00" not in read.text


# --- tar and gzip --------------------------------------------------------------------------


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    return raw.getvalue()


def link(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


def test_the_files_of_a_tar_are_parts() -> None:
    raw = tarred(
        (tarfile.TarInfo("../../a.txt"), WORDS),
        (tarfile.TarInfo("x" * 150 + "/Grüße.txt"), WORDS * 2),
        (link("link"), b""),
        (tarfile.TarInfo("empty"), b""),
    )
    read = Opened(raw, read=read_tar)
    assert read.parts == {"a.txt": WORDS, "x" * 150 + "/Grüße.txt": WORDS * 2}
    assert read.facts == {"members": 3, "skipped": {"not_a_file": 1, "empty": 1}}
    assert read.text.splitlines() == [*read.parts, "empty"]


@pytest.mark.parametrize("kept", [100, 600, 5_000])
def test_a_cut_off_tar_is_damaged(kept: int) -> None:
    raw = tarred((tarfile.TarInfo("a"), bytes(9_000)), (tarfile.TarInfo("b"), bytes(9_000)))
    assert refusal(raw[:kept], read=read_tar).code == "corrupt"


def test_a_tar_with_a_name_without_end_is_refused() -> None:
    member = tarfile.TarInfo("a")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    header = member.tobuf(tarfile.GNU_FORMAT)
    assert refusal(header + bytes(9_000_000), read=read_tar).code == "too_large"


def test_a_gzip_holds_one_file() -> None:
    read = Opened(gzip.compress(WORDS), read=read_gzip, filename="notes.txt.gz")
    assert (read.parts, read.text) == ({"notes.txt": WORDS}, "notes.txt\n")


@pytest.mark.parametrize(
    ("filename", "expected"),
    [("a.tar.gz", "a.tar"), ("a.TGZ", "a.tar"), ("download", "download"), ("", "unnamed")],
)
def test_the_file_in_a_gzip_is_called_like_it(filename: str, expected: str) -> None:
    read = Opened(gzip.compress(b"x"), read=read_gzip, filename=filename)
    assert list(read.parts) == [expected]


def test_gzips_one_after_the_other_are_one_and_padding_is_none() -> None:
    raw = gzip.compress(WORDS) + gzip.compress(WORDS) + bytes(512)
    assert Opened(raw, read=read_gzip).parts == {"a": WORDS * 2}


@pytest.mark.parametrize("kept", [5, 20, -1])
def test_a_cut_off_gzip_is_damaged(kept: int) -> None:
    raw = gzip.compress(random.Random(1).randbytes(1_000))
    assert refusal(raw[:kept], read=read_gzip).code == "corrupt"


def test_a_gzip_bomb_is_refused() -> None:
    raw = zlib.compressobj(wbits=31)
    bomb = b"".join(raw.compress(bytes(1_000_000)) for _ in range(70)) + raw.flush()
    assert refusal(bomb, read=read_gzip).code == "bomb"
