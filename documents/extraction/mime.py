"""The structure of a mail: where its parts lie, without holding any of them.

The standard library's parser holds the whole mail several times and descends by recursion.
Here the file is read once, line by line, and only headers and places are kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from documents.extraction.mail_header import Fields, Header, header_of
from documents.extraction.original import Unreadable

BLOCK_BYTES = 64 * 1024
MAX_HEADER_BYTES = 256 * 1024
MAX_PARTS = 10_000
MAX_DEPTH = 100

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]+\S|>?From ")


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A part that has no parts."""

    header: Header
    start: int
    end: int
    choice: int | None = None
    """Leaves with the same number say the same in different formats."""

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass
class Level:
    """A multipart that is being read."""

    boundary: bytes
    start: int
    part_type: str
    choice: int | None
    has_parts: bool = False


@dataclass
class Structure:
    """Fed with the lines of a mail; `fields` and `leaves` are complete once it is closed."""

    fields: Fields | None = None
    leaves: list[Leaf] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    depth_of: dict[bytes, int] = field(default_factory=dict)
    block: list[bytes] | None = field(default_factory=list)
    """The header that is being read."""
    block_bytes: int = 0
    header: Header | None = None
    """Of the leaf that is being read."""
    start: int = 0
    parts: int = 0
    choices: int = 0

    def take(self, line: bytes, *, at: int, is_fresh: bool, break_before: int) -> None:
        boundary = line.rstrip() if is_fresh and line.startswith(b"--") else b""
        if boundary[2:] in self.depth_of:
            self._separate(self.depth_of[boundary[2:]], at=at - break_before)
        elif boundary.endswith(b"--") and boundary[2:-2] in self.depth_of:
            self._close_to(self.depth_of[boundary[2:-2]], at=at - break_before)
        elif self.block is not None:
            self._take_header(line, at=at, is_fresh=is_fresh)

    def close(self, *, at: int) -> None:
        self._close_to(0, at=at)

    def _take_header(self, line: bytes, *, at: int, is_fresh: bool) -> None:
        if is_fresh and not line.strip():
            self._begin(at + len(line))
        elif is_fresh and not _FIELD.match(line):
            self._begin(at)  # no field: the text begins without the empty line
        elif self.block is not None and self.block_bytes < MAX_HEADER_BYTES:
            self.block.append(line)
            self.block_bytes += len(line)

    def _begin(self, start: int) -> None:
        """The header is complete, the content begins."""
        fields = Fields(b"".join(self.block or []))
        self.block, self.block_bytes = None, 0
        self.fields = self.fields or fields
        above = self.levels[-1] if self.levels else None
        header = header_of(fields, default_type=above.part_type if above else "text/plain")
        self.start = start
        if header.boundary:
            self._descend(header, start=start, choice=above.choice if above else None)
        else:
            self.header = header

    def _descend(self, header: Header, *, start: int, choice: int | None) -> None:
        if len(self.levels) == MAX_DEPTH:
            raise Unreadable(
                "too_deep",
                f"The parts of this mail stand more than {MAX_DEPTH} deep in each other. "
                "Save the inner mail or its attachments as files and send those.",
            )
        if choice is None and header.content_type == "multipart/alternative":
            choice = self.choices = self.choices + 1
        is_digest = header.content_type == "multipart/digest"
        self.depth_of.setdefault(header.boundary, len(self.levels))
        self.levels.append(
            Level(
                boundary=header.boundary,
                start=start,
                part_type="message/rfc822" if is_digest else "text/plain",
                choice=choice,
            )
        )

    def _separate(self, depth: int, *, at: int) -> None:
        """The next part of the multipart at this depth begins."""
        self._close_to(depth + 1, at=at)
        self.levels[depth].has_parts = True
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise Unreadable(
                "too_large",
                f"This mail has more than {MAX_PARTS} parts, the most that are read. "
                "Save its attachments as files and send those.",
            )
        self.block = []

    def _close_to(self, depth: int, *, at: int) -> None:
        """End what is open from this depth on."""
        if self.block is not None:
            self._begin(at)
        if self.header is not None:
            self._leaf(self.header, start=self.start, end=at)
            self.header = None
        while len(self.levels) > depth:
            level = self.levels.pop()
            if self.depth_of.get(level.boundary) == len(self.levels):
                del self.depth_of[level.boundary]
            if not level.has_parts:  # its boundary never came: then it is all text
                self._leaf(Header(content_type="text/plain"), start=level.start, end=at)

    def _leaf(self, header: Header, *, start: int, end: int) -> None:
        choice = self.levels[-1].choice if self.levels else None
        self.leaves.append(Leaf(header=header, start=start, end=max(start, end), choice=choice))


def structure_of(source: BinaryIO) -> Structure:
    structure = Structure()
    at, break_before, is_fresh = 0, 0, True
    source.seek(0)
    while line := source.readline(BLOCK_BYTES):
        structure.take(line, at=at, is_fresh=is_fresh, break_before=break_before)
        at += len(line)
        is_fresh = line.endswith(b"\n")
        break_before = 2 if line.endswith(b"\r\n") else int(is_fresh)
    structure.close(at=at)
    return structure


def blocks(source: BinaryIO, *, start: int, end: int) -> Iterator[bytes]:
    """Others may read elsewhere in the file between two blocks."""
    while start < end:
        source.seek(start)
        block = source.read(min(BLOCK_BYTES, end - start))
        if not block:
            return
        start += len(block)
        yield block


# --- several mails in one file -------------------------------------------------------------

_POSTMARK = re.compile(rb"From \S+\s.{0,80}\d\d:\d\d")


def mails_in(source: BinaryIO) -> list[tuple[int, int]]:
    """Where the mails of an mbox file begin, each behind its "From " line, and end."""
    begins: list[tuple[int, int]] = []
    at, is_after_gap = 0, True
    source.seek(0)
    while line := source.readline(BLOCK_BYTES):
        if is_after_gap and line.startswith(b"From ") and _POSTMARK.match(line):
            begins.append((at, at + len(line)))
        elif not begins:
            return []
        at += len(line)
        is_after_gap = not line.strip() and line.endswith(b"\n")
    ends = [*(begin for begin, _ in begins), at][1:]
    return [(start, end) for (_, start), end in zip(begins, ends, strict=True)]


def fields_at(source: BinaryIO, *, start: int, end: int) -> Fields:
    source.seek(start)
    block = source.read(min(MAX_HEADER_BYTES, end - start))
    found = re.search(rb"\r?\n\r?\n", block)
    return Fields(block[: found.start()] if found else block)
