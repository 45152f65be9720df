"""Files of this machine, and standard input, that hold a document in each line."""

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from django.conf import settings

from documents.bulk import Bad
from documents.errors import DocumentError, StorageUnavailable
from documents.files import Arriving, Piece, blocks, opened
from documents.finding import STANDARD_INPUT, CannotRead
from documents.lines import items
from documents.ndjson import BLOCK, gunzip, lines

ENDINGS = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
GZIP_MAGIC = b"\x1f\x8b"
LOOK_SECONDS = 0.2


def has_lines(path: str) -> bool:
    """Whether the name says so."""
    return path.lower().endswith(ENDINGS)


def pieces_of_file(path: str) -> Iterator[Piece]:
    """A document of each line. What is wrong with the file itself comes last."""
    try:
        with opened(path) as file:
            yield from _pieces(blocks(file), path=path)
    except OSError as error:
        yield Piece(path, CannotRead.because(error))
    except StorageUnavailable:
        raise  # this is not about the file
    except DocumentError as error:
        yield Piece(path, error)


def pieces_of_standard_input(*, is_stopped: Callable[[], bool]) -> Iterator[Piece]:
    try:
        yield from _pieces(_piped(sys.stdin.fileno(), is_stopped), path=STANDARD_INPUT)
    except OSError as error:
        yield Piece(STANDARD_INPUT, CannotRead.because(error))
    except StorageUnavailable:
        raise
    except DocumentError as error:
        yield Piece(STANDARD_INPUT, error)


def _piped(descriptor: int, is_stopped: Callable[[], bool]) -> Iterator[bytes]:
    """Blocks as they come; while none comes, the order to stop is heard."""
    while not is_stopped():
        ready, _, _ = select.select([descriptor], [], [], LOOK_SECONDS)
        if ready:
            block = os.read(descriptor, BLOCK)
            if not block:
                return
            yield block


def _pieces(blocks: Iterable[bytes], *, path: str) -> Iterator[Piece]:
    counted = _Counted(blocks)
    for item in items(lines(_inflated(iter(counted)), limit=settings.MAX_JSON_BYTES)):
        what = item.error if isinstance(item, Bad) else Arriving(item.label, item.content)
        yield Piece(path, what, line=item.line, weight=counted.since_last())


def _inflated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(blocks, b"")
    whole = chain([first], blocks)
    # No line of JSON begins like gzip, whatever the file is called.
    return gunzip(whole) if first.startswith(GZIP_MAGIC) else whole


class _Counted:
    """The same blocks, and how many bytes they were."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self._count = self._said = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._count += len(block)
            yield block

    def since_last(self) -> int:
        """So many since this was asked."""
        new = self._count - self._said
        self._said = self._count
        return new
