"""From bytes to text: one call for every format, one file for every family of formats.

A further format is a file with a reader and an entry in READERS; formats.py already knows
what the common ones look like.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from documents.extraction import formats, html, json_text, plain, tables
from documents.extraction.original import Original, Read, Unreadable

__all__ = ["Extraction", "Unreadable", "extract"]


@dataclass(frozen=True)
class Extraction:
    chunks: Iterator[str]
    """The text in pieces, read as they are asked for: close the source afterwards."""
    facts: dict[str, Any]
    """What was found, fit for jsonb; complete once the chunks are exhausted."""


@dataclass(frozen=True)
class Reader:
    called: str
    read: Read
    max_bytes: int | None = None


READERS = {
    "plain": Reader("plain text", plain.read_plain),
    "markdown": Reader("Markdown", plain.read_markdown),
    "html": Reader("HTML", html.read_html, max_bytes=html.MAX_BYTES),
    "csv": Reader("CSV", tables.read_csv),
    "json": Reader("JSON", json_text.read_json),
}


def extract(
    source: BinaryIO,
    *,
    content_type: str,
    filename: str,
    size: int,
    declared_charset: str = "",
) -> Extraction:
    """The text of a seekable file of a known size, or Unreadable."""
    original = Original(
        source=source,
        size=size,
        content_type=content_type,
        filename=filename,
        declared_charset=declared_charset,
    )
    kind = formats.kind_of(original)
    reader = READERS.get(kind.name)
    if reader is None:
        raise _unsupported(kind)
    if reader.max_bytes is not None and size > reader.max_bytes:
        raise _too_large(reader, size=size, max_bytes=reader.max_bytes)
    facts: dict[str, Any] = {"format": kind.name}
    return Extraction(reader.read(original, facts=facts), facts)


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
