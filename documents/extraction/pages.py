"""How the pages of a document stand apart in its text."""

from collections.abc import Iterator

from documents.extraction.original import Page, Piece


def set_apart(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """An empty line ends every page that has words, if another follows."""
    has_words = False
    for piece in pieces:
        if isinstance(piece, Page) and has_words:
            yield "\n\n"
            has_words = False
        elif isinstance(piece, str):
            has_words = True
        yield piece
