"""PDF files and single pages that PDFium cannot read, read by pypdf."""

import errno
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from pypdf import PdfReader
from pypdf.errors import PdfReadError

from documents.extraction.original import Original

T = TypeVar("T")


class SecondTry:
    def __init__(self, original: Original) -> None:
        self._reader = _attempted(lambda: PdfReader(original.source))
        self.pages = _attempted(lambda: len(self._opened().pages)) or 0
        """How many it finds; 0 if it cannot open the file either."""

    def text(self, index: int) -> str | None:
        """The text of a page, or None if it cannot be read."""
        return _attempted(partial(self._page, index))

    def property(self, name: str) -> str:
        """Title, Author and the like, by their names in PDF."""
        return (
            _attempted(lambda: str(dict(self._opened().metadata or {}).get(f"/{name}", ""))) or ""
        )

    def _page(self, index: int) -> str:
        return self._opened().pages[index].extract_text()

    def _opened(self) -> PdfReader:
        if self._reader is None:
            raise PdfReadError("It could not be opened.")
        return self._reader


def _attempted(work: Callable[[], T]) -> T | None:
    """None where pypdf fails, which on broken files it does with whatever it ran into."""
    try:
        return work()
    except MemoryError:
        raise
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the beginning of the file
            return None
        raise
    except Exception:  # noqa: BLE001
        return None
