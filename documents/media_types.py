"""What a sender calls the content: its media type, and the charset that may stand beside it."""

import mimetypes
import re
from email.message import Message

MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,90}/[A-Za-z0-9!#$&^_.+-]{1,90}")
OCTETS = "application/octet-stream"


def media_type(declared: str, *, filename: str) -> str:
    """The declared type without its parameters; where it claims nothing, what the name says."""
    essence = declared.split(";", maxsplit=1)[0].strip().lower()
    if MEDIA_TYPE.fullmatch(essence) and essence != OCTETS:
        return essence
    return mimetypes.guess_type(filename)[0] or OCTETS


def charset_of(declared: str) -> str:
    """The charset parameter of a media type, empty if there is none that can be read."""
    if ";" not in declared:
        return ""
    header = Message()
    header["Content-Type"] = declared
    charset = header.get_param("charset", "")
    return charset if isinstance(charset, str) and charset.isprintable() else ""
