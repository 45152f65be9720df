"""An archive → its members, one after the other, each a document on its way in.

Only the member in hand is unpacked. What an archive says about sizes is not believed: what comes
out is counted, and a bomb is left.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from tarfile import TarError, TarFile, TarInfo
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from documents.blobs import CHUNK
from documents.errors import DocumentError, Invalid, StorageUnavailable
from documents.files import Arriving, Piece, blocks, label, opened, taken
from documents.finding import OVERHEAD, CannotRead
from documents.ndjson import gunzip
from documents.tar_stream import TarStream

ZIPS = (".zip",)
TARS = (".tar", ".tar.gz", ".tgz")
# Deflate reaches 1032:1, real files seldom 50:1. A small archive may be dense.
MAX_RATIO = 200
ALWAYS_ALLOWED = 64 * 1024**2
# Read at once, and ten times as large in memory.
MAX_DIRECTORY = 32 * 1024**2
ELSE = "Unpack the archive yourself, and name the folder."
INSTEAD = "If it is genuine, unpack it yourself, and name the folder."

ZIP_ERRORS = (BadZipFile, zlib.error, EOFError, RuntimeError, struct.error, ValueError)
TAR_ERRORS = (TarError, EOFError, RecursionError, struct.error, ValueError)


class Unfit(Invalid):
    """The whole archive, and not one member: nothing more can be taken from it."""

    @classmethod
    def broken(cls, error: object) -> "Unfit":
        return cls(
            f"The archive is broken ({error}); what comes behind that was not read. "
            "Get a whole one, and run it again.",
            code="malformed_archive",
        )


def is_archive(path: str) -> bool:
    """Whether the name says so. A .docx is a zip file as well, and is left whole."""
    return path.lower().endswith((*ZIPS, *TARS))


def pieces(path: str, *, limit: int) -> Iterator[Piece]:
    """A document of each member. What is wrong with the archive itself comes last."""
    try:
        with opened(path) as file:
            members = _zipped if path.lower().endswith(ZIPS) else _tarred
            yield from members(file, path=path, limit=limit)
    except OSError as error:
        yield Piece(path, CannotRead.because(error))
    except StorageUnavailable:
        raise  # this is not about the archive
    except DocumentError as error:
        yield Piece(path, error)


class Budget:
    """How much may come out of an archive."""

    def __init__(self, archive: BinaryIO) -> None:
        self.size = os.fstat(archive.fileno()).st_size
        self.left = max(ALWAYS_ALLOWED, self.size * MAX_RATIO)

    def spend(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks. Raises Unfit when they are too many."""
        for block in blocks:
            self.left -= len(block)
            if self.left < 0:
                raise Unfit(
                    f"This archive of {self.size:,} bytes becomes more than {MAX_RATIO} times as "
                    f"much, as bombs do; the rest was not read. {INSTEAD}",
                    code="archive_bomb",
                )
            yield block


def _piece(blocks: Iterable[bytes], *, place: str, limit: int, weight: int) -> Piece:
    try:
        incoming = taken(blocks, limit=limit)
    except (StorageUnavailable, Unfit):
        raise
    except DocumentError as error:
        return Piece(place, error, weight=weight)
    return Piece(place, Arriving(label(place), incoming), weight=weight)


def _place(archive: str, name: str) -> str:
    return f"{archive}/{name.replace(chr(92), '/').lstrip('/')}"


def _is_shown(name: str) -> bool:
    """As below a folder, hidden ones are left out; so is what macOS adds."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)


# --- zip


class _Sips:
    """A file of which nobody takes more at once than a directory may have."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        raw = self._file.read(min(size, MAX_DIRECTORY + 1) if size >= 0 else MAX_DIRECTORY + 1)
        if len(raw) > MAX_DIRECTORY:
            raise Unfit(
                f"This archive has too many members to be read as it is. {ELSE}",
                code="too_many_members",
            )
        return raw


def _zipped(file: BinaryIO, *, path: str, limit: int) -> Iterator[Piece]:
    sips: Any = _Sips(file)
    try:
        archive = ZipFile(sips)
    except ZIP_ERRORS as error:
        raise Unfit.broken(error) from error
    budget = Budget(file)
    for info in archive.infolist():
        if _is_file(info) and _is_shown(info.filename):
            yield _piece(
                budget.spend(_unzipped(archive, info)),
                place=_place(path, info.filename),
                limit=limit,
                weight=info.compress_size + OVERHEAD,
            )


def _is_file(info: ZipInfo) -> bool:
    return not info.is_dir() and stat.S_IFMT(info.external_attr >> 16) in {0, stat.S_IFREG}


def _unzipped(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    if info.flag_bits & 1:
        raise Invalid(f"It is locked with a password. {ELSE}", code="encrypted")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise Invalid(
            f"It is packed in a way that is not read here. {ELSE}", code="unsupported_compression"
        )
    try:
        with archive.open(info) as member:
            while block := member.read(CHUNK):
                yield block
    except ZIP_ERRORS as error:
        raise Invalid(
            f"It is broken in the archive ({error}). Get a whole one, and run it again.",
            code="malformed_member",
        ) from error


# --- tar


def _tarred(file: BinaryIO, *, path: str, limit: int) -> Iterator[Piece]:
    packed = blocks(file)
    unpacked = packed if path.lower().endswith(".tar") else _gunzipped(packed)
    stream = TarStream(Budget(file).spend(unpacked))
    before = 0
    for archive, info in _members(stream):
        if info.isreg() and _is_shown(info.name):
            place, content = _place(path, info.name), _untarred(archive, info)
            piece = _piece(content, place=place, limit=limit, weight=file.tell() - before)
            before = file.tell()
            yield piece


def _gunzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from gunzip(blocks)
    except Invalid as error:
        raise Unfit.broken("it is no whole gzip file") from error


def _members(stream: TarStream) -> Iterator[tuple[TarFile, TarInfo]]:
    try:
        stream.begin_header()
        archive = TarFile(fileobj=stream)  # type: ignore[arg-type]
        while True:
            stream.begin_header()
            info = archive.next()
            stream.end_header()
            if info is None:
                break
            # Else all of them stay in memory.
            archive.members.clear()  # type: ignore[attr-defined]
            yield archive, info
    except TAR_ERRORS as error:
        raise Unfit.broken(error) from error
    # tarfile takes a header that it cannot read for the end.
    if stream.last.strip(b"\0"):
        raise Unfit.broken("a header cannot be read")


def _untarred(archive: TarFile, info: TarInfo) -> Iterator[bytes]:
    if info.issparse():
        raise Invalid(f"It is kept with holes, which is not read here. {ELSE}", code="sparse_file")
    try:
        member = archive.extractfile(info)
        while member is not None and (block := member.read(CHUNK)):
            yield block
    except TAR_ERRORS as error:
        raise Unfit.broken(error) from error
