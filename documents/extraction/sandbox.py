"""Reads documents, each in a throwaway process: nothing in a document can hurt the worker.

Here is the worker's end of it. template.py is the process that forks one for each document,
child.py what happens there, lockdown.py what is taken away from it before.
"""

import logging
import os
import select
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

from documents.extraction import Extraction, endings, shared
from documents.extraction.frames import (
    Frame,
    Garbled,
    Sort,
    Splitter,
    object_of,
    page_of,
    text_of,
)
from documents.extraction.launch import TEMPLATE, Hold
from documents.extraction.limits import Limits
from documents.extraction.order import Ending, Order
from documents.extraction.original import Page, Part, Piece
from documents.extraction.shared import SHARED

log = logging.getLogger(__name__)

BLOCK_BYTES = 256 * 1024
# The parent of a child that just ended has nothing to do but to say so.
ENDING_SECONDS = 30.0

_DEFAULT = Limits()
_missing_and_said: set[str] = set()


@contextmanager
def sandboxed(
    source: BinaryIO,
    *,
    content_type: str,
    filename: str,
    size: int,
    declared_charset: str = "",
    limits: Limits = _DEFAULT,
    reader: str = "",
) -> Iterator[Extraction]:
    """As `extract`, elsewhere. This and its pieces raise Unreadable, or Interrupted."""
    order = Order(
        size=size,
        content_type=content_type,
        filename=filename,
        declared_charset=declared_charset,
        reader=reader,
        memory_bytes=limits.memory_bytes,
        cpu_seconds=int(limits.most_seconds) + 1,
    )
    with _descriptor_of(source) as original, ExitStack() as stack:
        child = None
        if size <= shared.MAX_BYTES and not reader:
            child = stack.enter_context(_in_a_shared_child(order, original, limits=limits))
        if child is None:
            hold = TEMPLATE.place(order, original=original)
            stack.callback(hold.close)  # and with it the child ends
            child = _Child(hold, limits=limits, size=size)
        facts: dict[str, Any] = {}
        yield Extraction(child.pieces(facts), facts)


@contextmanager
def _in_a_shared_child(order: Order, original: int, *, limits: Limits) -> Iterator["_Child | None"]:
    """None where it is no text."""
    seat = SHARED.take(replace(order, is_shared=True), original=original)
    child = _Child(seat.hold, limits=limits, size=order.size)
    is_given_back = False
    try:
        if is_other := child.has_other():
            SHARED.give_back(seat)
            is_given_back = True
        yield None if is_other else child
        if child.is_done:
            SHARED.give_back(seat)
            is_given_back = True
    finally:
        if not is_given_back:
            seat.hold.close()


@contextmanager
def _descriptor_of(source: BinaryIO) -> Iterator[int]:
    """One that can only be read. What the storage keeps elsewhere is copied here first."""
    try:
        descriptor = source.fileno()
    except (OSError, AttributeError):
        with NamedTemporaryFile(prefix="original-") as copy:
            shutil.copyfileobj(source, copy, BLOCK_BYTES)
            copy.flush()
            with open(copy.name, "rb") as readable:  # noqa: PTH123  (a name, not a path)
                yield readable.fileno()
    else:
        yield descriptor


class _Child:
    """What comes from one child, and for how long it is waited for."""

    def __init__(self, hold: Hold, *, limits: Limits, size: int) -> None:
        self.hold, self.limits, self.size = hold, limits, size
        self.poll = select.poll()
        self.poll.register(hold.pipe, select.POLLIN)
        self.frames = self._frames()
        self.is_done = False
        """Heard to its last frame, and all was well."""
        self.started, self.waited = time.monotonic(), 0.0
        self.pages = self.characters = self.parts = self.part_bytes = 0

    def has_other(self) -> bool:
        """Of a shared child: whether the document is no text for it."""
        first = next(self.frames)
        self.frames = chain([first], self.frames)
        return first[0] is Sort.OTHER

    def pieces(self, facts: dict[str, Any]) -> Iterator[Piece]:
        try:
            for sort, payload in self.frames:
                match sort:
                    case Sort.TEXT:
                        yield self._text(payload)
                    case Sort.PAGE:
                        yield self._page(payload)
                    case Sort.PART:
                        yield from self._part(payload)
                    case Sort.FACTS:
                        facts.update(object_of(payload))
                        self.is_done = True
                        return
                    case _:
                        raise Garbled(f"{sort.name} where it does not belong")
        except Garbled as error:
            log.warning("The process that read a document sent %s", error)
            raise endings.unforeseen("a garbled answer") from error

    def _text(self, payload: bytes) -> str:
        text = text_of(payload)
        self.characters += len(text)
        most = self.limits.characters_for(size=self.size)
        if self.characters > most:
            raise endings.too_much_text(most)
        return text

    def _page(self, payload: bytes) -> Page:
        self.pages += 1
        if self.pages > self.limits.pages:
            raise endings.too_many_pages(self.limits.pages)
        return Page(page_of(payload))

    def _part(self, payload: bytes) -> Iterator[Part]:
        self.parts += 1
        if self.parts > self.limits.parts:
            raise endings.too_many_parts(self.limits.parts)
        about = object_of(payload)
        chunks = self._chunks()
        yield Part(str(about.get("filename")), str(about.get("content_type")), chunks)
        for _ in chunks:  # what was not wanted
            pass

    def _chunks(self) -> Iterator[bytes]:
        for sort, payload in self.frames:
            if sort is Sort.PART_END:
                return
            if sort is not Sort.BYTES:
                raise Garbled(f"{sort.name} within a part")
            self.part_bytes += len(payload)
            if self.part_bytes > self.limits.part_bytes:
                raise endings.parts_too_large(self.limits)
            yield payload

    def _frames(self) -> Iterator[Frame]:
        """Up to the last one. Raises what the child says of its end, or what is seen of it."""
        splitter = Splitter()
        while block := self._block():
            for sort, payload in splitter.feed(block):
                match sort:
                    case Sort.NOTICE:
                        say_once(endings.printable(text_of(payload))[:200])
                    case Sort.FAILED:
                        raise self._told(object_of(payload))
                    case _:
                        yield sort, payload
        raise endings.seen(self._ending(), limits=self.limits)

    def _block(self) -> bytes:
        """What has come; empty at the end.

        Only waiting counts, not what the worker does in between; but for the very last limit.
        """
        quiet = self.limits.quiet_seconds_for(size=self.size)
        total = self.limits.seconds_for(size=self.size, pages=self.pages)
        before = time.monotonic()
        arrived = self.poll.poll(1000 * max(0.0, min(quiet, total - self.waited)))
        self.waited += time.monotonic() - before
        if self.waited >= total or before - self.started > self.limits.most_seconds:
            raise endings.slow(seconds=total)
        if not arrived:
            raise endings.silent(seconds=quiet)
        return os.read(self.hold.pipe, BLOCK_BYTES)

    def _told(self, failure: dict[str, Any]) -> Exception:
        if trace := endings.printable(str(failure.get("log", ""))):
            log.error("A reader failed:\n%s", trace)
        return endings.told(failure, limits=self.limits)

    def _ending(self) -> Ending:
        self.hold.line.settimeout(ENDING_SECONDS)
        try:
            raw = self.hold.line.recv(BLOCK_BYTES)
        except OSError:
            raw = b""
        if not raw:
            raise endings.Interrupted("The template process ended while it was being read.")
        return Ending.from_bytes(raw)


def say_once(missing: str) -> None:
    if missing not in _missing_and_said:
        _missing_and_said.add(missing)
        log.warning("Documents are read without this protection of the system: %s", missing)
