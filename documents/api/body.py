"""The body as it was announced: all of it, with the digest it was sent with, or nothing.

The server reports a client that died in the middle as a clean end of file, so what arrived
is counted and compared with Content-Length.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from documents.errors import DigestMismatch, IncompleteBody, Invalid, TooLarge, UnsupportedMedia

CHUNK = 256 * 1024
TAIL = 1024
ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
# One member of the header's dictionary (RFC 9530, section 2; RFC 8941): sha-256=:base64:
MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):\s*")


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Body:
    """Reads a request's body while it counts and hashes. Raises TooLarge before it reads.

    A chunked body announces no length; whoever reads one says so.
    """

    def __init__(
        self,
        stream: Readable,
        *,
        meta: Mapping[str, Any],
        limit: int,
        what: str,
        may_be_chunked: bool = False,
        encodings: Collection[str] = (),
    ) -> None:
        self._stream, self._limit, self._what = stream, limit, what
        length = meta.get("CONTENT_LENGTH")
        self.announced = None if may_be_chunked and not length else int(length or 0)
        self.received = 0
        self.tail = b""  # the last bytes that arrived
        self._expected = _content_digest(meta.get("HTTP_CONTENT_DIGEST"))
        self._hashes = {name: ALGORITHMS[name]() for name in self._expected}
        self.encoding = _encoding(meta.get("HTTP_CONTENT_ENCODING", ""), known=encodings)
        if (self.announced or 0) > limit:
            raise TooLarge(limit=limit, what=what)

    @property
    def has_digest(self) -> bool:
        return bool(self._expected)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; all that is left where no size is given. Empty at the end."""
        left = CHUNK if self.announced is None else self.announced - self.received
        chunk = self._stream.read(min(size, left) if size and size > 0 else left) if left else b""
        self.received += len(chunk)
        if self.received > self._limit:
            raise TooLarge(limit=self._limit, what=self._what)
        self.tail = (self.tail + chunk[-TAIL:])[-TAIL:]
        for hashed in self._hashes.values():
            hashed.update(chunk)
        return chunk

    def finish(self) -> None:
        """Read what is left, then compare. Raises IncompleteBody or DigestMismatch."""
        while self.read(CHUNK):
            pass
        if self.announced is not None and self.received != self.announced:
            raise IncompleteBody(announced=self.announced, received=self.received)
        for name, expected in self._expected.items():
            found = self._hashes[name].digest()
            if found != expected:
                raise DigestMismatch(
                    expected=f"{name} {_base64(expected)}",
                    found=_base64(found),
                    what="Content-Digest",
                )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _encoding(header: str, *, known: Collection[str]) -> str:
    """The Content-Encoding, empty for none. Raises UnsupportedMedia."""
    encoding = header.strip().lower()
    if encoding in {"", "identity"}:
        return ""
    if encoding not in known:
        raise UnsupportedMedia(
            f"A body in Content-Encoding {encoding[:50]} is not read here. Send it as it is."
        )
    return encoding


def _content_digest(header: str | None) -> dict[str, bytes]:
    """The digests that can be verified. Raises Invalid where there are none, or bad ones."""
    if header is None:
        return {}
    members = [MEMBER.fullmatch(member) for member in header.split(",")]
    try:
        found = {m[1]: base64.b64decode(m[2], validate=True) for m in members if m is not None}
    except binascii.Error:
        found = {}
    known = {name: value for name, value in found.items() if name in ALGORITHMS}
    if None in members or not known:
        raise Invalid(
            "Content-Digest cannot be verified. Send sha-256=:…: or sha-512=:…: with the digest "
            "of the body in base64 (RFC 9530).",
            code="invalid_content_digest",
        )
    return known
