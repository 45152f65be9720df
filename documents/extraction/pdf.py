"""PDF: the text of every page as PDFium finds it, or as pypdf does where PDFium gives up.

PDFium is five times as fast and mends more; pypdf finds its way in some files that have lost
theirs. A page that neither can read is counted, and the others are read.
"""

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pypdfium2
import pypdfium2.raw as pdfium

from documents.extraction.allowance import Allowance
from documents.extraction.facts import note, note_date, readable
from documents.extraction.original import Original, Page, Piece, Unreadable
from documents.extraction.pages import set_apart

if TYPE_CHECKING:
    from documents.extraction.pdf_second_try import SecondTry

MAX_PAGES = 20_000

_TEXTS = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords"}
# What ReportLab calls a document that nobody gave a title.
_SAYS_NOTHING = frozenset({"untitled", "anonymous", "unspecified"})
_DATES = {"CreationDate": "created", "ModDate": "modified"}
_DATE = re.compile(
    r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?"
)


def read_pdf(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    file = _File(original)
    with closing(file):
        facts["pages"] = file.count
        _note_properties(file.property, facts=facts)
        note(facts, name="language", value=file.language())
        yield from set_apart(_pages(file, facts=facts, allowance=Allowance(size=original.size)))


def _pages(file: "_File", *, facts: dict[str, Any], allowance: Allowance) -> Iterator[Piece]:
    unreadable = 0
    for number in range(1, file.count + 1):
        yield Page(number)
        text = file.text(number - 1)
        unreadable += text is None
        if text and (shown := readable(text).strip()):
            allowance.spend(len(shown))
            yield shown
    facts["reader"] = ", ".join(file.readers)
    if unreadable == file.count:
        raise _corrupt()
    if unreadable:
        facts["pages_unreadable"] = unreadable


class _File:
    """An open PDF. Pages count from 0 here, as in both libraries."""

    def __init__(self, original: Original) -> None:
        self.original = original
        self.document = _opened(original)
        self.readers: list[str] = []
        """Who read it, in order of appearance."""
        self.count = len(self.document) if self.document else self.second_try.pages
        if not self.count:
            raise _corrupt()
        if self.count > MAX_PAGES:
            raise _too_long(self.count)

    @cached_property
    def second_try(self) -> "SecondTry":
        # The import takes longer than most files do, and few need it.
        from documents.extraction.pdf_second_try import SecondTry  # noqa: PLC0415

        return SecondTry(self.original)

    def text(self, index: int) -> str | None:
        text, reader = _page_text(self.document, index=index), "pdfium"
        # Where it finds other pages, those of a number are not the same.
        if text is None and self.second_try.pages == self.count:
            text, reader = self.second_try.text(index), "pypdf"
        if text is not None and reader not in self.readers:
            self.readers.append(reader)
        return text

    def property(self, name: str) -> str:
        if self.document is None:
            return self.second_try.property(name)
        try:
            return str(self.document.get_metadata_value(name))
        except UnicodeDecodeError:  # half a character
            return ""

    def language(self) -> str:
        if self.document is None:
            return ""
        length = pdfium.FPDFCatalog_GetLanguage(self.document, None, 0)
        buffer = (ctypes.c_ushort * (length // 2 + 1))()
        pdfium.FPDFCatalog_GetLanguage(self.document, buffer, length)
        return bytes(buffer).decode("utf-16-le", "ignore").rstrip("\x00")

    def close(self) -> None:
        if self.document is not None:
            self.document.close()


def _opened(original: Original) -> Any:
    """PDFium's document, or None if the file is too broken for it."""
    try:
        return pypdfium2.PdfDocument(original.source)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise _encrypted() from error
        return None


def _page_text(document: Any, *, index: int) -> str | None:
    if document is None:
        return None
    try:
        with closing(document.get_page(index)) as page, closing(page.get_textpage()) as text:
            return str(text.get_text_range())
    except pypdfium2.PdfiumError:
        return None


def _note_properties(value_of: Callable[[str], str], *, facts: dict[str, Any]) -> None:
    for name, fact in _TEXTS.items():
        value = value_of(name)
        note(facts, name=fact, value="" if value in _SAYS_NOTHING else value)
    for name, fact in _DATES.items():
        note_date(facts, name=fact, value=_as_iso(value_of(name)))


def _as_iso(value: str) -> str:
    """D:20240131235959+01'00' as ISO 8601 writes it, or the value itself."""
    found = _DATE.match(value.strip())
    if not found:
        return value
    year, month, day, hour, minute, second, utc, east, minutes = found.groups()
    date = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    return date + ("+00:00" if utc else f"{east}:{minutes or '00'}" if east else "")


def _encrypted() -> Unreadable:
    return Unreadable(
        "encrypted",
        "This PDF is protected by a password. "
        "The original is kept; save it without the password and send that.",
    )


def _corrupt() -> Unreadable:
    return Unreadable(
        "corrupt",
        "This PDF is damaged or incomplete: no page of it can be read. "
        "The original is kept; print it to a new PDF or fetch it again, and send that.",
    )


def _too_long(count: int) -> Unreadable:
    return Unreadable(
        "too_large",
        f"This PDF has {count:,} pages and is read up to {MAX_PAGES:,}. "
        "The original is kept; split it and send the parts.",
    )
