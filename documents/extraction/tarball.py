"""tar and gzip: the files inside are documents of their own, like those of a ZIP.

A .tar.gz is a gzip with one document, a tar, in it.
"""

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any, cast

from documents.extraction.allowance import Allowance
from documents.extraction.archive import (
    BLOCK_BYTES,
    Sparing,
    corrupt,
    listed,
    refuse_too_many,
    skip,
)
from documents.extraction.names import UNNAMED, clean_path, file_name
from documents.extraction.original import Original, Part, Piece

_GZIP = 31  # what zlib calls the format
_MAGIC = b"\x1f\x8b"
_WITHOUT_ENDING = {".gz": "", ".tgz": ".tar", ".taz": ".tar", ".svgz": ".svg"}
# What tarfile raises for damaged or hostile bytes; a chain of long names makes it recurse.
_DAMAGED = (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, RecursionError)


# --- tar -----------------------------------------------------------------------------------


def read_tar(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    try:
        original.source.seek(0)
        archive = tarfile.TarFile(fileobj=cast("IO[bytes]", Sparing(original.source)))
        files = list(_files(archive, facts=facts))
    except _DAMAGED as error:
        raise corrupt("tar") from error
    facts["members"] = len(files)
    yield from listed(map(_path_of, files))
    for file in files:
        if file.size:
            yield Part(filename=_path_of(file), content_type="", chunks=_content(archive, file))
        else:
            skip(facts, reason="empty")


def _files(archive: tarfile.TarFile, *, facts: dict[str, Any]) -> Iterator[tarfile.TarInfo]:
    at = -1
    members = 0
    while (member := archive.next()) is not None:
        members += 1
        refuse_too_many(members)
        if member.offset <= at:
            raise tarfile.ReadError("It leads back to where it was read already.")
        at = member.offset
        # A sparse file is as large as it says it is, and holds next to nothing.
        if member.isreg() and not member.issparse():
            yield member
        elif not member.isdir():
            skip(facts, reason="not_a_file")


def _path_of(member: tarfile.TarInfo) -> str:
    """What is no UTF-8 was most likely written in the code page of Western Windows."""
    raw = member.name.encode("utf-8", "surrogateescape")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp1252", "replace")
    return clean_path(name) or UNNAMED


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    if content := archive.extractfile(member):
        while block := content.read(BLOCK_BYTES):
            yield block


# --- gzip ----------------------------------------------------------------------------------


def read_gzip(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    """Inflated once to see that it is whole and no bomb, and again to be handed over."""
    name = _inner_name(original.filename)
    allowance = Allowance(size=original.size)
    try:
        for block in _inflated(original):
            allowance.spend(len(block))
    except (zlib.error, EOFError) as error:
        raise corrupt("gzip") from error
    facts["members"] = 1
    yield f"{name}\n"
    yield Part(filename=name, content_type="", chunks=_inflated(original))


def _inner_name(filename: str) -> str:
    name = file_name(filename)
    ending = PurePosixPath(name).suffix
    inner = _WITHOUT_ENDING.get(ending.lower())
    return name if inner is None else name.removesuffix(ending) + inner


def _inflated(original: Original) -> Iterator[bytes]:
    """Of all that were written one after the other, as gzip has it; what follows is padding."""
    decoder = zlib.decompressobj(_GZIP)
    for read in _blocks(original):
        block = read
        while block:
            if decoder.eof:
                if not _MAGIC.startswith(block[:2]):
                    return
                decoder = zlib.decompressobj(_GZIP)
            yield decoder.decompress(block, BLOCK_BYTES)
            block = decoder.unconsumed_tail or decoder.unused_data
    yield decoder.flush()
    if not decoder.eof:
        raise EOFError


def _blocks(original: Original) -> Iterator[bytes]:
    at = 0
    while block := original.bytes_at(at, length=BLOCK_BYTES):
        at += len(block)
        yield block
