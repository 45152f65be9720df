"""The container of Word, Excel and PowerPoint files: parts in a ZIP, and how they relate.

Every part is inflated in blocks against one allowance; the names and sizes that the ZIP
declares are not believed.
"""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from documents.extraction.allowance import Allowance
from documents.extraction.facts import note, note_date
from documents.extraction.original import Original, Unreadable
from documents.extraction.xml_events import Attributes, broken, parse

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BLOCK_BYTES = 256 * 1024
# The directory of a large presentation takes some 100 KB.
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
MAX_RELATIONS = 50_000

# What zipfile raises for a damaged or hostile file.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError),
    *(ValueError, NotImplementedError, OverflowError, RuntimeError),
)


@dataclass(frozen=True)
class Relation:
    id: str
    kind: str
    """The last word of its type: "slide", "header"."""
    part: str
    """The part that it leads to; it may be missing."""


class Package:
    """An open container. A part is named by its path, in lower case and without a slash before."""

    def __init__(self, original: Original) -> None:
        if original.bytes_at(0, length=len(OLE_MAGIC)) == OLE_MAGIC:
            raise _encrypted()
        self.allowance = Allowance(size=original.size)
        self._zip = open_zip(original.source)
        self._members = {_path(info.filename): info for info in self._zip.infolist()}

    def has(self, part: str) -> bool:
        return part in self._members

    def blocks(self, part: str) -> Iterator[bytes]:
        """What a part holds, as it is asked for."""
        if part not in self._members:
            raise broken(f"its part {part[:100]!r} is missing")
        member = self._members[part]
        if member.flag_bits & 1:
            raise _encrypted()
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise broken("it is compressed in a way that Office does not use")
        try:
            with self._zip.open(member) as inside:
                while block := inside.read(BLOCK_BYTES):
                    self.allowance.spend(len(block))
                    yield block
        except _ZIP_ERRORS as error:
            raise broken(f"its part {part[:100]!r} is damaged") from error

    def relations(self, part: str) -> list[Relation]:
        """Where a part leads to inside the package; "" is the package itself."""
        folder, name = posixpath.split(part)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.has(listed):
            return []
        found = _Relations(folder)
        for _ in parse(self.blocks(listed), handler=found):
            pass
        return found.relations

    def related(self, part: str, *kinds: str) -> list[str]:
        """The parts of these kinds that a part leads to, each once, in order."""
        parts = (each.part for each in self.relations(part) if each.kind in kinds)
        return [each for each in dict.fromkeys(parts) if self.has(each)]

    def main_part(self) -> str:
        """The document, workbook or presentation itself."""
        parts = self.related("", "officeDocument")
        if not parts:
            raise broken("the part that holds the document is missing")
        return parts[0]


def open_zip(source: BinaryIO) -> zipfile.ZipFile:
    """The directory of a ZIP, unless it is damaged or longer than that of any Office file."""
    try:
        return zipfile.ZipFile(_Sparing(source))
    except _ZIP_ERRORS as error:
        raise broken("it breaks off or is damaged") from error


class _Sparing:
    """zipfile reads a whole directory at once, as long as it says it is: here it asks in vain."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.tell = source.tell
        self.seekable = source.seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0 and offset < 0:
            raise zipfile.BadZipFile("An offset lies before the beginning.")
        return self.source.seek(offset, whence)

    def read(self, length: int = -1) -> bytes:
        if length > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("The directory is too long.")
        return self.source.read(MAX_DIRECTORY_BYTES if length < 0 else length)


def _path(name: str) -> str:
    """Part names do not tell case apart, and some programs write backslashes."""
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()


def _encrypted() -> Unreadable:
    return Unreadable(
        "encrypted",
        "This Office document is protected by a password. "
        "The original is kept; save it without the password and send that.",
    )


class _Relations:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.relations: list[Relation] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        if len(self.relations) == MAX_RELATIONS:
            raise broken(f"a part of it leads to more than {MAX_RELATIONS:,} others")
        target = posixpath.join("/", self.folder, attributes.get("Target", ""))
        kind = attributes.get("Type", "").rpartition("/")[2]
        self.relations.append(Relation(attributes.get("Id", ""), kind, _path(target)))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


# --- what the file says about itself -------------------------------------------------------

_TEXTS = {
    "title": "title",
    "creator": "author",
    "language": "language",
    "subject": "subject",
    "description": "description",
    "keywords": "keywords",
}
_DATES = ("created", "modified")


def note_properties(package: Package, *, facts: dict[str, Any]) -> None:
    """Title, author and the like. A file may have none, and is read without them."""
    for part in package.related("", "core-properties")[:1]:
        found = _Properties()
        for _ in parse(package.blocks(part), handler=found):
            pass
        for name, fact in _TEXTS.items():
            note(facts, name=fact, value=found.values.get(name, ""))
        for name in _DATES:
            note_date(facts, name=name, value=found.values.get(name, ""))


class _Properties:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.open = ""

    def start(self, name: str, attributes: Attributes) -> None:
        self.open = name if name in _TEXTS or name in _DATES else ""

    def end(self, name: str) -> None:
        self.open = ""

    def text(self, text: str) -> None:
        if self.open:
            self.values[self.open] = (self.values.get(self.open, "") + text)[:10_000]
