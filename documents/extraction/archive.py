"""ZIP archives: every file in one is a document of its own; the text is the list of their names.

What an archive says of itself is not believed. Before the first member is handed over, all of
them have been inflated once and thrown away: a bomb or a damaged member is known by then, and
nobody has to take back half of an archive.
"""

import contextlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from documents.extraction.allowance import Allowance
from documents.extraction.names import UNNAMED, clean_path
from documents.extraction.original import Original, Part, Piece, Unreadable

BLOCK_BYTES = 256 * 1024
MAX_MEMBERS = 10_000
# Of the directory, which zipfile reads at once; a member takes some 100 bytes in it.
MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
NAMES_AT_ONCE = 1_000

# The two that all programs read. zipfile inflates the others without a bound: 4 KB of bzip2 to
# 80 MB at once.
_COMPRESSIONS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8_NAME = 0x800
_LOCAL_HEADER_BYTES = 30
_UNIX = 3
# What systems leave behind in folders, with no words of anybody.
_LEFT_BEHIND = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
# What zipfile raises for damaged or hostile bytes.
_DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError),
    *(struct.error, ValueError, OverflowError, NotImplementedError, RuntimeError),
)


def read_zip(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    archive = _opened(original)
    files = [each for each in archive.infolist() if not each.filename.endswith(("/", "\\"))]
    refuse_too_many(len(files))
    _refuse_overlaps(files)
    members = _readable(archive, files=files, size=original.size, facts=facts)
    facts["members"] = len(files)
    yield from listed(map(path_of, files))
    for member in members:
        yield Part(
            filename=path_of(member),
            content_type="",
            chunks=_blocks(archive, member),
        )


def listed(paths: Iterator[str]) -> Iterator[str]:
    """A line for each."""
    batch: list[str] = []
    for path in paths:
        batch.append(f"{path}\n")
        if len(batch) == NAMES_AT_ONCE:
            yield "".join(batch)
            batch.clear()
    if batch:
        yield "".join(batch)


def skip(facts: dict[str, Any], *, reason: str) -> None:
    reasons = facts.setdefault("skipped", {})
    reasons[reason] = reasons.get(reason, 0) + 1


# --- the directory -------------------------------------------------------------------------


class Sparing:
    """zipfile and tarfile read as much at once as a file tells them to: here they ask in vain."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.tell, self.seekable = source.tell, source.seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.source.seek(offset, whence)

    def read(self, length: int = -1) -> bytes:
        most = MAX_DIRECTORY_BYTES + 1
        block = self.source.read(min(length, most) if length >= 0 else most)
        if len(block) == most:
            raise _too_large(f"a directory of more than {MAX_DIRECTORY_BYTES:,} bytes")
        return block


def _opened(original: Original) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(cast("IO[bytes]", Sparing(original.source)))
    except _DAMAGED as error:
        raise corrupt("ZIP") from error


def refuse_too_many(members: int) -> None:
    if members > MAX_MEMBERS:
        raise _too_large(f"{members:,} files")


def _too_large(what: str) -> Unreadable:
    return Unreadable(
        "too_large",
        f"This archive has {what}, and {MAX_MEMBERS:,} files are read at most. The original is "
        "kept; send its files by themselves, or in several archives.",
    )


def corrupt(what: str) -> Unreadable:
    return Unreadable(
        "corrupt",
        f"This {what} archive breaks off or is damaged. The original is kept; test it with the "
        "program that made it, and send it again or its files by themselves.",
    )


def _refuse_overlaps(files: list[zipfile.ZipInfo]) -> None:
    """Members that share their bytes make a small file a very large one, at any ratio."""
    end = -1
    for start, length in sorted((file.header_offset, _least_length(file)) for file in files):
        if start < end:
            raise Unreadable(
                "bomb",
                "The files in this archive lie over each other, as they do in archives that are "
                "made to exhaust a reader. The original is kept; if it is genuine, unpack it and "
                "send its files by themselves.",
            )
        end = start + length


def _least_length(file: zipfile.ZipInfo) -> int:
    return _LOCAL_HEADER_BYTES + file.compress_size


def path_of(member: zipfile.ZipInfo) -> str:
    """The standard knows UTF-8 and the code page of the first PCs; many write UTF-8 unmarked."""
    name = member.orig_filename
    if not member.flag_bits & _UTF8_NAME and not name.isascii():
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return clean_path(name) or UNNAMED


# --- the members ---------------------------------------------------------------------------


def _readable(
    archive: zipfile.ZipFile,
    *,
    files: list[zipfile.ZipInfo],
    size: int,
    facts: dict[str, Any],
) -> list[zipfile.ZipInfo]:
    """Those that can be handed over; the others are counted by why they cannot."""
    allowance, found = Allowance(size=size), []
    for file in files:
        if reason := _why_not(file) or _why_broken(archive, file, allowance=allowance):
            skip(facts, reason=reason)
        else:
            found.append(file)
    skipped = facts.get("skipped", {})
    if files and not found:
        _refuse_if_all(skipped, files=len(files))
    return found


def _refuse_if_all(skipped: dict[str, int], *, files: int) -> None:
    """An archive of which nothing can be read, for a reason that somebody can mend."""
    if skipped.get("encrypted") == files:
        raise Unreadable(
            "encrypted",
            "All files in this archive are encrypted. The original is kept; "
            "unpack it with its password and send the files.",
        )
    if skipped.get("compression") == files:
        raise Unreadable(
            "unsupported_compression",
            "The files in this archive are compressed in a way that is not read here; Deflate "
            "is. The original is kept; pack them anew with Deflate, or send them by themselves.",
        )
    if skipped.get("damaged"):
        raise corrupt("ZIP")


def _why_not(file: zipfile.ZipInfo) -> str:
    path = path_of(file)
    mode = file.external_attr >> 16 if file.create_system == _UNIX else 0
    if file.flag_bits & _ENCRYPTED:
        return "encrypted"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return "not_a_file"  # a link says where something lies, and that is not here
    if file.compress_type not in _COMPRESSIONS:
        return "compression"
    if path.startswith("__MACOSX/") or path.rpartition("/")[2] in _LEFT_BEHIND:
        return "of_the_system"
    return ""


def _why_broken(archive: zipfile.ZipFile, file: zipfile.ZipInfo, *, allowance: Allowance) -> str:
    length = 0
    try:
        for block in _blocks(archive, file):
            allowance.spend(len(block))
            length += len(block)
    except _DAMAGED:
        return "damaged"
    return "" if length else "empty"


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as content:
        while block := content.read(BLOCK_BYTES):
            yield block
