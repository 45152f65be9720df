"""What a file is: its content decides, and between kinds of text what the sender said."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from documents.extraction.encodings import byte_order_mark, canonical_name
from documents.extraction.original import Original

SAMPLE_BYTES = 32 * 1024
# Random bytes hold 11 % control characters, machine code more; text hardly any.
MAX_CONTROL_SHARE = 0.05
FEW_CONTROLS = 4
# Tab, the line ends, backspace and escape stand in text that a terminal was meant to show.
_LAYOUT = "\t\n\v\f\r\b\x1b"
_CONTROLS = bytes(code for code in (*range(32), 127) if chr(code) not in _LAYOUT)


@dataclass(frozen=True)
class Kind:
    """What a file seems to be: a format's name, and how to call it in a sentence."""

    name: str
    seen_as: str


@dataclass(frozen=True)
class Signature:
    kind: Kind
    magic: bytes
    offset: int = 0

    def fits(self, head: bytes) -> bool:
        return head.startswith(self.magic, self.offset)


PLAIN = Kind("plain", "plain text")
MARKDOWN = Kind("markdown", "Markdown")
HTML = Kind("html", "HTML")
CSV = Kind("csv", "CSV")
JSON = Kind("json", "JSON")
BINARY = Kind("binary", "binary data")

_ARCHIVE = Kind("zip", "a ZIP archive")
_OFFICE = Kind("ooxml", "an Office document")
_OPEN_DOCUMENT = Kind("odf", "an OpenDocument file")
_OLD_OFFICE = Kind("ole", "an old Office document or an Outlook message")
_TIFF = Kind("tiff", "a TIFF image")
_PROGRAM = Kind("program", "a program")
_VIDEO = Kind("video", "a video")
_AUDIO = Kind("audio", "an audio recording")
_FONT = Kind("font", "a font")

# These decide at once.
_SIGNATURES = (
    Signature(Kind("pdf", "a PDF"), b"%PDF-"),
    Signature(Kind("postscript", "a PostScript file"), b"%!PS-"),
    Signature(Kind("rtf", "an RTF document"), b"{\\rtf"),
    Signature(Kind("epub", "an EPUB book"), b"mimetypeapplication/epub+zip", 30),
    Signature(_OPEN_DOCUMENT, b"mimetypeapplication/vnd.oasis.opendocument", 30),
    Signature(_OFFICE, b"[Content_Types].xml", 30),
    Signature(_ARCHIVE, b"PK\x03\x04"),
    Signature(_ARCHIVE, b"PK\x05\x06"),
    Signature(_ARCHIVE, b"PK\x07\x08"),
    Signature(_OLD_OFFICE, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    Signature(Kind("gzip", "a gzip archive"), b"\x1f\x8b"),
    Signature(Kind("xz", "an xz archive"), b"\xfd7zXZ\x00"),
    Signature(Kind("zstd", "a Zstandard archive"), b"\x28\xb5\x2f\xfd"),
    Signature(Kind("7z", "a 7z archive"), b"7z\xbc\xaf\x27\x1c"),
    Signature(Kind("rar", "a RAR archive"), b"Rar!\x1a\x07"),
    Signature(Kind("tar", "a tar archive"), b"ustar", 257),
    Signature(Kind("png", "a PNG image"), b"\x89PNG\r\n\x1a\n"),
    Signature(Kind("jpeg", "a JPEG image"), b"\xff\xd8\xff"),
    Signature(Kind("gif", "a GIF image"), b"GIF87a"),
    Signature(Kind("gif", "a GIF image"), b"GIF89a"),
    Signature(_TIFF, b"II*\x00"),
    Signature(_TIFF, b"MM\x00*"),
    Signature(Kind("sqlite", "an SQLite database"), b"SQLite format 3\x00"),
    Signature(_PROGRAM, b"\x7fELF"),
    Signature(_PROGRAM, b"\xcf\xfa\xed\xfe"),
    Signature(_PROGRAM, b"\xca\xfe\xba\xbe"),
    Signature(_PROGRAM, b"\x00asm"),
    Signature(_VIDEO, b"\x1a\x45\xdf\xa3"),
    Signature(_FONT, b"\x00\x01\x00\x00\x00"),
)

# These are letters that a text can begin with too: they only name what is not text.
_WEAK_SIGNATURES = (
    Signature(_PROGRAM, b"MZ"),
    Signature(Kind("bmp", "a BMP image"), b"BM"),
    Signature(Kind("bzip2", "a bzip2 archive"), b"BZh"),
    Signature(Kind("webp", "a WebP image"), b"WEBP", 8),
    Signature(_AUDIO, b"WAVE", 8),
    Signature(_VIDEO, b"AVI ", 8),
    Signature(Kind("heic", "a HEIC image"), b"ftyphei", 4),
    Signature(Kind("avif", "an AVIF image"), b"ftypavif", 4),
    Signature(_VIDEO, b"ftyp", 4),
    Signature(_AUDIO, b"ID3"),
    Signature(_AUDIO, b"OggS"),
    Signature(_AUDIO, b"fLaC"),
    Signature(Kind("parquet", "a Parquet file"), b"PAR1"),
    Signature(_FONT, b"OTTO"),
    Signature(_FONT, b"wOF"),
)

# What senders call the kinds of text. text/plain and application/octet-stream say less than
# the end of a file name does: clients send them for whatever they do not know.
_TYPES = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "text/csv": CSV,
    "text/tab-separated-values": CSV,
    "application/csv": CSV,
    "text/markdown": MARKDOWN,
    "text/x-markdown": MARKDOWN,
    "application/json": JSON,
    "application/x-ndjson": JSON,
    "application/ndjson": JSON,
    "application/jsonl": JSON,
    "application/json-seq": JSON,
}
_ENDINGS = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    **dict.fromkeys((".csv", ".tsv"), CSV),
    **dict.fromkeys((".md", ".markdown", ".mkd"), MARKDOWN),
    **dict.fromkeys((".json", ".ndjson", ".jsonl", ".geojson"), JSON),
    **dict.fromkeys((".txt", ".text", ".log", ".rst"), PLAIN),
}
_HTML_START = re.compile(
    r"(?:\s|<!--.{0,2000}?-->|<\?xml[^>]{0,200}>)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_JSON_START = re.compile(r"\s*+[{\[]")


def kind_of(original: Original) -> Kind:
    head = original.bytes_at(0, length=SAMPLE_BYTES)
    if known := _first(_SIGNATURES, head):
        return known
    wide = _wide_encoding(original, head=head)
    if any(_is_binary(sample, encoding=wide) for sample in _samples(original)):
        return _first(_WEAK_SIGNATURES, head) or BINARY
    return _declared(original) or _apparent(head.decode(wide or "latin-1", "replace"))


def _first(signatures: tuple[Signature, ...], head: bytes) -> Kind | None:
    return next((signature.kind for signature in signatures if signature.fits(head)), None)


# --- text or not ---------------------------------------------------------------------------


def _wide_encoding(original: Original, *, head: bytes) -> str | None:
    """UTF-16 or UTF-32, whose bytes look like anything but text."""
    mark = byte_order_mark(head)
    name = mark.name if mark else canonical_name(original.declared_charset)
    is_wide = name is not None and name.startswith(("utf-16", "utf-32"))
    return name if is_wide and (mark or b"\x00" in head) else None


def _samples(original: Original) -> Iterator[bytes]:
    """The beginning, the middle and the end, each at the border of a character."""
    last = max(0, original.size - SAMPLE_BYTES)
    for start in sorted({0, last // 2, last}):
        yield original.bytes_at(start - start % 4, length=SAMPLE_BYTES)


def _is_binary(sample: bytes, *, encoding: str | None) -> bool:
    if encoding is None:
        strange, total = len(sample) - len(sample.translate(None, _CONTROLS)), len(sample)
    else:
        text = sample.decode(encoding, "replace")
        strange, total = sum(map(_is_strange, text)), len(text)
    return strange > max(FEW_CONTROLS, total * MAX_CONTROL_SHARE)


def _is_strange(char: str) -> bool:
    """Controls, and what random bytes make in UTF-16: unassigned, private, undecodable."""
    unusual = unicodedata.category(char) in {"Cc", "Cn", "Co"} and char not in _LAYOUT
    return unusual or char == "\ufffd"


# --- which kind of text --------------------------------------------------------------------


def _declared(original: Original) -> Kind | None:
    content_type = original.content_type.partition(";")[0].strip().lower()
    if content_type.endswith("+json"):
        return JSON
    kind = _TYPES.get(content_type) or _ENDINGS.get(PurePath(original.filename).suffix.lower())
    return kind or (PLAIN if content_type == "text/plain" else None)


def _apparent(start: str) -> Kind:
    start = start.removeprefix("\ufeff").removeprefix("\xef\xbb\xbf")
    if _HTML_START.match(start):
        return HTML
    return JSON if _JSON_START.match(start) else PLAIN
