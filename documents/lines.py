"""One line of NDJSON → one document to keep, or the reason why not.

The same rules as for a single document (documents/api/shapes.py describes those); written by
hand, because a serializer costs more than all the rest of a line.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings

from documents import metadata, strict_json
from documents.blobs import Incoming
from documents.bulk import Bad, Item
from documents.errors import DocumentError, EmptyContent, Invalid, StorageUnavailable, TooLarge
from documents.label import Label
from documents.media_types import charset_of, media_type
from documents.models import SOURCE_LENGTH, TITLE_LENGTH
from documents.ndjson import Line

FILENAME_LENGTH = 255
LAST_LINE_OF_EXPORT = frozenset(
    {"complete", "documents", "omitted", "omitted_count", "omitted_truncated"}
)
TEXT_FIELDS = frozenset({"content", "title", "source", "metadata"})
FILE_FIELDS = frozenset(
    {"content_base64", "title", "source", "metadata", "content_type", "filename"}
)


def items(lines: Iterable[Line]) -> Iterator[Item | Bad]:
    """What each line says. Blank ones, and the last line of an export, say nothing."""
    for line in lines:
        try:
            found = _item(line)
        except StorageUnavailable:
            raise  # this is not about the line
        except DocumentError as error:
            yield Bad(line.number, error)
        else:
            if found is not None:
                yield found


def _item(line: Line) -> Item | None:
    if line.is_too_long:
        raise TooLarge(limit=settings.MAX_JSON_BYTES, what="line")
    if not line.raw:
        return None
    said = strict_json.loads_flat(line.raw)
    _demand_object(said)
    if said.get("complete") is True and said.keys() <= LAST_LINE_OF_EXPORT:
        return None
    if "content_base64" in said:
        return _file(said, line=line)
    return _text(said, line=line)


def _text(said: dict[str, Any], *, line: Line) -> Item:
    if "content" not in said:
        raise Invalid(
            "The line has neither content nor content_base64.", pointer="/content", code="required"
        )
    label, content = read_text(said)
    return Item(line.number, label, content)


def read_text(said: Any) -> tuple[Label, str]:
    """A document whose text is in the JSON. Raises Invalid."""
    _demand_object(said)
    _demand_known(said, known=TEXT_FIELDS)
    content = _string(said, "content")
    if not content:
        raise EmptyContent(pointer="/content")
    return _label(said), content


def _demand_object(said: Any) -> None:
    if not isinstance(said, dict):
        raise Invalid(
            "This is no JSON object with the content of one document.", code="not_an_object"
        )


def _file(said: dict[str, Any], *, line: Line) -> Item:
    _demand_known(said, known=FILE_FIELDS)
    filename = _string(said, "filename", most=FILENAME_LENGTH)
    declared = _string(said, "content_type", most=FILENAME_LENGTH)
    raw = _decoded(_string(said, "content_base64"))
    label = _label(
        {"title": filename, **said},
        content_type=media_type(declared, filename=filename),
        charset=charset_of(declared),
        filename=filename,
    )
    incoming = Incoming(limit=settings.MAX_JSON_BYTES)
    incoming.write(raw)
    return Item(line.number, label, incoming)


def _label(said: dict[str, Any], **more: Any) -> Label:
    return Label(
        title=_string(said, "title", most=TITLE_LENGTH),
        source=_string(said, "source", most=SOURCE_LENGTH),
        metadata=_metadata(said.get("metadata", {})),
        **more,
    )


def _metadata(said: Any) -> dict[str, Any]:
    if isinstance(said, dict) and metadata.is_surely_small(said):
        return said
    try:
        return metadata.checked(said)
    except Invalid as error:
        raise Invalid(error.detail, code=error.code, pointer="/metadata") from error


def _string(said: dict[str, Any], name: str, *, most: int | None = None) -> str:
    text = said.get(name, "")
    if not isinstance(text, str):
        raise Invalid(f"{name} is a text.", pointer=f"/{name}", code="invalid")
    if most is not None and len(text) > most:
        raise Invalid(
            f"{name} has more than {most} characters. Shorten it.",
            pointer=f"/{name}",
            code="max_length",
        )
    return text


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(
            f"content_base64 is no base64 (RFC 4648, section 4): {error}.",
            pointer="/content_base64",
            code="malformed_base64",
        ) from error
    if not raw:
        raise EmptyContent(pointer="/content_base64")
    return raw


def _demand_known(said: dict[str, Any], *, known: frozenset[str]) -> None:
    if unknown := sorted(said.keys() - known):
        raise Invalid(
            f"There is no field {unknown[0][:100]} here. There are: {', '.join(sorted(known))}.",
            pointer=strict_json.pointer((unknown[0],)),
            code="unknown_field",
        )
