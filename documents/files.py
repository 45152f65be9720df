"""A file of this machine → a document on its way in, or the reason why it is none."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from documents.blobs import CHUNK, Incoming
from documents.errors import DocumentError, EmptyContent, StorageUnavailable, TooLarge
from documents.finding import OVERHEAD, CannotRead
from documents.label import Label
from documents.media_types import media_type
from documents.models import SOURCE_LENGTH, TITLE_LENGTH

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@dataclass(frozen=True, slots=True)
class Arriving:
    label: Label
    content: str | Incoming


@dataclass(frozen=True, slots=True)
class Piece:
    """What may become one document."""

    path: str
    """Of the file; of a member of an archive with its name behind."""
    what: Arriving | DocumentError
    line: int | None = None
    """Where the file has a document in each line."""
    weight: int = 0
    """Its part of `finding.weight`."""


def piece(path: str, *, limit: int) -> Piece:
    """One file as one document."""
    weight = OVERHEAD
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            weight += size
            if size > limit:
                raise TooLarge(limit=limit, what="file")
            incoming = taken(blocks(file), limit=limit)
    except OSError as error:
        return Piece(path, CannotRead.because(error), weight=weight)
    except StorageUnavailable:
        raise  # this is not about the file
    except DocumentError as error:
        return Piece(path, error, weight=weight)
    return Piece(path, Arriving(label(path), incoming), weight=weight)


def blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(CHUNK):
        yield block


def taken(blocks: Iterable[bytes], *, limit: int) -> Incoming:
    """All of them together. Raises TooLarge or EmptyContent, or what reading raises."""
    incoming = Incoming(limit=limit)
    try:
        for block in blocks:
            incoming.write(block)
        if not incoming.length:
            raise EmptyContent
    except BaseException:
        incoming.close()
        raise
    return incoming


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file, unbuffered. Raises CannotRead for what is none."""
    try:
        _demand_file(Path(path).stat().st_mode)
        # If a named pipe takes its place now, opening must not wait for somebody to write.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _reason(path, error) from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        _demand_file(os.fstat(descriptor).st_mode)
        yield file


def _demand_file(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise CannotRead(
            f"This is {kind}, not a file. Write what comes out of it to a file, and name that.",
            code="not_a_file",
        )


def _reason(path: str, error: OSError) -> CannotRead:
    if not isinstance(error, FileNotFoundError):
        return CannotRead.because(error)
    if Path(path).is_symlink():
        return CannotRead("This link leads nowhere. Mend it, or take it away.", code="broken_link")
    return CannotRead("It was there, and is gone. Run it again.", code="vanished")


def label(path: str) -> Label:
    """What the name says about the content."""
    name = storable(PurePosixPath(path).name)
    return Label(
        title=name[:TITLE_LENGTH],
        source=storable(path)[:SOURCE_LENGTH],
        content_type=media_type("", filename=name),
        filename=name,
    )


def storable(name: str) -> str:
    """A file's name may hold bytes that are no text; the database keeps only text."""
    return os.fsencode(name).decode(errors="replace").replace("\x00", "\ufffd")
