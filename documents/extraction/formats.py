"""What a file is: its content decides, and between kinds of text what the sender said."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from documents.extraction.containers import inside_ole, inside_zip
from documents.extraction.encodings import byte_order_mark, canonical_name
from documents.extraction.mail_shape import is_mail, mail_fields
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
XML = Kind("xml", "XML")
EMAIL = Kind("email", "an e-mail")
PDF = Kind("pdf", "a PDF")
BINARY = Kind("binary", "binary data")

# What the two containers of Office files hold is seen when they are looked into.
_ZIP = Kind("zip", "a ZIP archive")
_OLE = Kind("ole", "an old Office document or an Outlook message")
_CONTAINED = {
    "docx": Kind("docx", "a Word document"),
    "xlsx": Kind("xlsx", "an Excel workbook"),
    "xlsb": Kind("xlsb", "a binary Excel workbook"),
    "pptx": Kind("pptx", "a PowerPoint presentation"),
    "ooxml": Kind("ooxml", "an Office document"),
    "odf": Kind("odf", "an OpenDocument file"),
    "epub": Kind("epub", "an EPUB book"),
    "zip": _ZIP,
    "ole": _OLE,
}
_TIFF = Kind("tiff", "a TIFF image")
_PROGRAM = Kind("program", "a program")
_VIDEO = Kind("video", "a video")
_AUDIO = Kind("audio", "an audio recording")
_FONT = Kind("font", "a font")

# These decide at once.
_SIGNATURES = (
    Signature(PDF, b"%PDF-"),
    Signature(Kind("postscript", "a PostScript file"), b"%!PS-"),
    Signature(Kind("rtf", "an RTF document"), b"{\\rtf"),
    Signature(_CONTAINED["epub"], b"mimetypeapplication/epub+zip", 30),
    Signature(_CONTAINED["odf"], b"mimetypeapplication/vnd.oasis.opendocument", 30),
    Signature(_ZIP, b"PK\x03\x04"),
    Signature(_ZIP, b"PK\x05\x06"),
    Signature(_ZIP, b"PK\x07\x08"),
    Signature(_OLE, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
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
    "application/xml": XML,
    "text/xml": XML,
    "message/rfc822": EMAIL,
    "application/mbox": EMAIL,
}
_ENDINGS = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    **dict.fromkeys((".csv", ".tsv"), CSV),
    **dict.fromkeys((".md", ".markdown", ".mkd"), MARKDOWN),
    **dict.fromkeys((".json", ".ndjson", ".jsonl", ".geojson"), JSON),
    **dict.fromkeys((".xml", ".xsd", ".xsl", ".xslt", ".rss", ".atom", ".svg", ".kml"), XML),
    **dict.fromkeys((".eml", ".mbox"), EMAIL),
    **dict.fromkeys((".txt", ".text", ".log", ".rst"), PLAIN),
}
_HTML_START = re.compile(
    r"(?:\s|<!--.{0,2000}?-->|<\?xml[^>]{0,200}>)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_JSON_START = re.compile(r"\s*+[{\[]")
_XML_START = re.compile(
    r"\s*+(?:<\?xml\s|(?:<!--.{0,2000}?-->\s*+)*+<[\w.:-]{1,200}\s[^<>]{0,4000}?\bxmlns[:=\s])",
    re.DOTALL,
)
_PDF_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*+%PDF-\d")
PDF_START_WITHIN = 1024


def kind_of(original: Original) -> Kind:
    head = original.bytes_at(0, length=SAMPLE_BYTES)
    if known := _first(_SIGNATURES, head):
        return _contained(original, head=head, container=known)
    if _PDF_START.match(head):
        return PDF
    wide = _wide_encoding(original, head=head)
    if any(_is_binary(sample, encoding=wide) for sample in _samples(original)):
        return _binary(head)
    start = head.decode(wide or "latin-1", "replace").removeprefix("\ufeff")
    start = start.removeprefix("\xef\xbb\xbf")
    return _declared(original, start=start) or _apparent(start)


def _contained(original: Original, *, head: bytes, container: Kind) -> Kind:
    if container is _ZIP:
        return _CONTAINED[inside_zip(original, head=head)]
    if container is _OLE:
        return _CONTAINED[inside_ole(original)]
    return container


def _binary(head: bytes) -> Kind:
    """Programs that read PDFs look for their start in the first kilobyte."""
    if b"%PDF-" in head[:PDF_START_WITHIN]:
        return PDF
    return _first(_WEAK_SIGNATURES, head) or BINARY


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


def _declared(original: Original, *, start: str) -> Kind | None:
    content_type = original.content_type.partition(";")[0].strip().lower()
    if content_type.endswith("+json"):
        return JSON
    kind = _TYPES.get(content_type) or _ENDINGS.get(PurePath(original.filename).suffix.lower())
    if kind is None and content_type.endswith("+xml"):
        kind = XML
    if kind is EMAIL and not mail_fields(start):
        return None
    if kind is XML:
        return _markup(start)
    return kind or (PLAIN if content_type == "text/plain" else None)


def _markup(start: str) -> Kind | None:
    if _HTML_START.match(start):
        return HTML
    return XML if start.lstrip().startswith("<") else None


def _apparent(start: str) -> Kind:
    if _HTML_START.match(start):
        return HTML
    if _XML_START.match(start):
        return XML
    if is_mail(start):
        return EMAIL
    return JSON if _JSON_START.match(start) else PLAIN
