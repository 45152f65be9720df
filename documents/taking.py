"""Files that were found → documents, in batches; what became of each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from documents import files, line_files, unpacking
from documents.bulk import Bad, Item, Result, load
from documents.files import Piece
from documents.finding import STANDARD_INPUT, Found


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How files are to be taken."""

    limit: int
    """The largest document, in bytes."""
    unpack: bool = False
    """The members of archives, instead of the archive."""
    whole: bool = False
    """Also a file of lines is one document."""


@dataclass(frozen=True, slots=True)
class Origin:
    path: str
    line: int | None
    weight: int


@dataclass(frozen=True, slots=True)
class Outcome:
    origin: Origin
    result: Result


def take(
    found: Iterable[Found],
    *,
    owner_id: int,
    wish: Wish,
    dry_run: bool = False,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Outcome]:
    """In order; each once it is kept. An order to stop ends it after what is under way."""
    # Of what is in the few batches under way, and no more.
    under_way: deque[Origin] = deque()

    def items() -> Iterator[Item | Bad]:
        arriving = _pieces(found, wish=wish, is_stopped=is_stopped)
        for number, piece in enumerate(arriving, start=1):
            under_way.append(Origin(piece.path, piece.line, piece.weight))
            yield _item(piece, number=number)
            if is_stopped():
                return

    for result in load(items(), owner_id=owner_id, dry_run=dry_run):
        yield Outcome(under_way.popleft(), result)


def _item(piece: Piece, *, number: int) -> Item | Bad:
    if isinstance(piece.what, files.Arriving):
        return Item(number, piece.what.label, piece.what.content)
    return Bad(number, piece.what)


def _pieces(
    found: Iterable[Found], *, wish: Wish, is_stopped: Callable[[], bool]
) -> Iterator[Piece]:
    for each in found:
        if each.error is not None:
            yield Piece(each.path, each.error)
        elif each.path == STANDARD_INPUT:
            yield from line_files.pieces_of_standard_input(is_stopped=is_stopped)
        elif each.is_named and not wish.whole and line_files.has_lines(each.path):
            yield from line_files.pieces_of_file(each.path)
        elif wish.unpack and unpacking.is_archive(each.path):
            yield from unpacking.pieces(each.path, limit=wish.limit)
        else:
            yield files.piece(each.path, limit=wish.limit)
