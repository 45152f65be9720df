"""From bytes to text: one call for every format, one file for every family of formats.

A further format is a file with a reader and an entry in READERS; formats.py already knows
what the common ones look like. The service calls sandbox.py, which does this in a process of
its own.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from documents.extraction import formats, html
from documents.extraction.language import SAMPLE_CHARACTERS, language_of
from documents.extraction.original import Original, Piece, Read, Unreadable

__all__ = ["Extraction", "Piece", "Unreadable", "extract"]


@dataclass(frozen=True)
class Extraction:
    pieces: Iterator[Piece]
    """Read as they are asked for: close the source afterwards."""
    facts: dict[str, Any]
    """What was found, fit for jsonb; complete once the pieces are exhausted."""


class NoText(Exception):
    """It is something else than text, where only texts were to be read."""


@dataclass(frozen=True)
class Reader:
    called: str
    at: str
    """module:function, imported when the first such file comes."""
    max_bytes: int | None = None
    is_text: bool = False
    """Read by Python alone, without a parser in C: many may share a process."""


READERS = {
    "plain": Reader("plain text", "documents.extraction.plain:read_plain", is_text=True),
    "markdown": Reader("Markdown", "documents.extraction.plain:read_markdown", is_text=True),
    "html": Reader(
        "HTML", "documents.extraction.html:read_html", max_bytes=html.MAX_BYTES, is_text=True
    ),
    "csv": Reader("CSV", "documents.extraction.tables:read_csv", is_text=True),
    "json": Reader("JSON", "documents.extraction.json_text:read_json", is_text=True),
    "xml": Reader("XML", "documents.extraction.xml_text:read_xml"),
    "pdf": Reader("PDF", "documents.extraction.pdf:read_pdf"),
    "docx": Reader("Word documents", "documents.extraction.docx:read_docx"),
    "xlsx": Reader("Excel workbooks", "documents.extraction.xlsx:read_xlsx"),
    "pptx": Reader("PowerPoint presentations", "documents.extraction.pptx:read_pptx"),
    "email": Reader("e-mail", "documents.extraction.mail:read_mail"),
    "zip": Reader("ZIP archives", "documents.extraction.archive:read_zip"),
    "tar": Reader("tar archives", "documents.extraction.tarball:read_tar"),
    "gzip": Reader("gzip files", "documents.extraction.tarball:read_gzip"),
}


def extract(
    source: BinaryIO,
    *,
    content_type: str,
    filename: str,
    size: int,
    declared_charset: str = "",
    reader: str = "",
    only_text: bool = False,
) -> Extraction:
    """What stands in a seekable file of a known size. Raises Unreadable, or if wanted NoText.

    A reader's own place, module:function, goes before what the content looks like.
    """
    original = Original(
        source=source,
        size=size,
        content_type=content_type,
        filename=filename,
        declared_charset=declared_charset,
    )
    facts: dict[str, Any] = {}
    if not reader:
        kind = formats.kind_of(original)
        reader = _reader_of(kind, size=size, only_text=only_text).at
        facts["format"] = kind.name
    pieces = function_at(reader)(original, facts=facts)
    return Extraction(_with_language(pieces, facts=facts), facts)


def _with_language(pieces: Iterator[Piece], *, facts: dict[str, Any]) -> Iterator[Piece]:
    """The same, and at their end the language of their beginning, unless the original said it."""
    sample = ""
    for piece in pieces:
        if isinstance(piece, str) and len(sample) < SAMPLE_CHARACTERS:
            sample += piece[:SAMPLE_CHARACTERS]
        yield piece
    if "language" not in facts and (language := language_of(sample)):
        facts["language"] = language


def function_at(place: str) -> Read:
    module, _, name = place.partition(":")
    function: Read = getattr(importlib.import_module(module), name)
    return function


def _reader_of(kind: formats.Kind, *, size: int, only_text: bool) -> Reader:
    reader = READERS.get(kind.name)
    if reader is None:
        raise _unsupported(kind)
    if only_text and not reader.is_text:
        raise NoText
    if reader.max_bytes is not None and size > reader.max_bytes:
        raise _too_large(reader, size=size, max_bytes=reader.max_bytes)
    return reader


def _unsupported(kind: formats.Kind) -> Unreadable:
    *names, last = [reader.called for reader in READERS.values()]
    return Unreadable(
        "unsupported_type",
        f"This looks like {kind.seen_as}; this version reads {', '.join(names)} and {last}. "
        "The original is kept and can be retried later.",
    )


def _too_large(reader: Reader, *, size: int, max_bytes: int) -> Unreadable:
    return Unreadable(
        "too_large",
        f"{reader.called} is read up to {max_bytes} bytes and this has {size}. "
        "The original is kept; split it into smaller files and send those.",
    )
