"""What a sender calls the content: its media type, and the charset that may stand beside it."""

import mimetypes
import re
from email.message import Message

MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,90}/[A-Za-z0-9!#$&^_.+-]{1,90}")
OCTETS = "application/octet-stream"
COMPRESSED = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "br": OCTETS,
    "compress": "application/x-compress",
}


def media_type(declared: str, *, filename: str) -> str:
    """The declared type without its parameters; where it claims nothing, what the name says."""
    essence = declared.split(";", maxsplit=1)[0].strip().lower()
    if MEDIA_TYPE.fullmatch(essence) and essence != OCTETS:
        return essence
    return by_name(filename)


def by_name(filename: str) -> str:
    """What the end of a file's name says; of something compressed, what it is compressed with."""
    kind, compression = mimetypes.guess_type(filename)
    return COMPRESSED.get(compression, OCTETS) if compression else kind or OCTETS


def charset_of(declared: str) -> str:
    """The charset parameter of a media type, empty if there is none that can be read."""
    if ";" not in declared:
        return ""
    header = Message()
    header["Content-Type"] = declared
    charset = header.get_param("charset", "")
    return charset if isinstance(charset, str) and charset.isprintable() else ""
