"""The header of a mail or of a part of it, whatever was written there.

The standard library folds and splits; its modern parser of addresses and dates is left alone,
since it answers what is malformed with a handful of different exceptions, or very slowly.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value

from documents.extraction.encodings import canonical_name
from documents.extraction.facts import readable
from documents.extraction.transfer import decode_base64

MAX_VALUE = 64 * 1024
# The time to split parameters grows with the square of their length.
MAX_PARAMETERS = 8 * 1024
MAX_CHARSET = 40

_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the reader of a part wants to know."""

    content_type: str
    charset: str = ""
    filename: str = ""
    is_attachment: bool = False
    encoding: str = ""
    """How the bytes were made fit for transport."""
    boundary: bytes = b""


class Fields:
    """The fields of one header by name; of several with one name, the first."""

    def __init__(self, block: bytes) -> None:
        text = decode(block, label=_charset_in(block))
        self._message = HeaderParser(policy=compat32).parsestr(text, headersonly=True)

    def value(self, name: str) -> str:
        """In one line, encoded words decoded; empty where the field is missing."""
        raw = str(self._message.get(name, ""))[:MAX_VALUE]
        return " ".join(readable(decode_words(raw)).split())

    def raw(self, name: str) -> str:
        return " ".join(str(self._message.get(name, ""))[:MAX_PARAMETERS].split())


def header_of(fields: Fields, *, default_type: str = "text/plain") -> Header:
    content, disposition = fields.raw("content-type"), fields.raw("content-disposition")
    found = _TYPE.match(content.lower())
    content_type = found[0] if found else default_type
    boundary = ""
    if content_type.startswith("multipart/"):
        boundary = _parameter(content, "boundary").rstrip()
        content_type = content_type if boundary else default_type
    name = _parameter(disposition, "filename") or _parameter(content, "name")
    return Header(
        content_type=content_type,
        charset=_parameter(content, "charset")[:MAX_CHARSET],
        filename=decode_words(name),
        is_attachment=disposition.lower().startswith("attachment"),
        encoding=fields.raw("content-transfer-encoding").strip("\"' ;").lower(),
        boundary=boundary.encode("utf-8", "replace"),
    )


def _parameter(value: str, name: str) -> str:
    """Also one that is split or encoded as RFC 2231 says."""
    message: Message = Message()
    message["Content-Type"] = value
    try:
        return collapse_rfc2231_value(message.get_param(name, "", unquote=True) or "")
    except (TypeError, ValueError, LookupError):
        # Numbered and unnumbered pieces of one name, an endless number, a charset with a NUL.
        return ""


def _charset_in(block: bytes) -> str:
    found = _CHARSET.search(block)
    return found[1].decode("ascii") if found else ""


def decode(raw: bytes, *, label: str = "") -> str:
    """A few bytes whose encoding is at best named: UTF-8 first, whatever the name."""
    named = canonical_name(label) or "cp1252"
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(named, "replace")


# --- RFC 2047 ------------------------------------------------------------------------------


def decode_words(value: str) -> str:
    """Encoded words in their place. Some programs cut a letter in two: equals are joined first."""
    if "=?" not in value:
        return value
    return "".join(
        decode(raw, label=charset) if charset else raw.decode("utf-8", "surrogatepass")
        for charset, raw in _joined(_split(value))
    )


def _split(value: str) -> Iterable[tuple[str, bytes]]:
    """Pairs of a charset and bytes; of plain text, no charset."""
    at = 0
    for found in _ENCODED_WORD.finditer(value):
        between = value[at : found.start()]
        if between.strip() or not at:  # white space between two encoded words does not count
            yield "", between.encode("utf-8", "surrogatepass")
        charset = found[1].partition("*")[0].lower()  # RFC 2231 adds a language behind a star
        yield charset, _unwrapped(found[3], how=found[2].lower())
        at = found.end()
    yield "", value[at:].encode("utf-8", "surrogatepass")


def _unwrapped(text: str, *, how: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if how == "b":
        return decode_base64(raw)
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), raw.replace(b"_", b" "))


def _joined(pieces: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, bytes]]:
    last, held = "", b""
    for charset, raw in pieces:
        if charset != last:
            yield last, held
            held = b""
        last, held = charset, held + raw
    yield last, held
