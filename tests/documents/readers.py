"""What the tests of the readers share: reading bytes, and writing Office files with a twist."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from documents.extraction.original import Original, Page, Piece, Read, Unreadable

Facts = dict[str, Any]


def pieces_of(reader: Read, raw: bytes) -> tuple[list[Piece], Facts]:
    facts: Facts = {}
    return list(reader(Original(source=BytesIO(raw), size=len(raw)), facts=facts)), facts


def read(reader: Read, raw: bytes) -> tuple[str, Facts]:
    """The whole text, and the facts."""
    pieces, facts = pieces_of(reader, raw)
    return "".join(piece for piece in pieces if isinstance(piece, str)), facts


def pages(reader: Read, raw: bytes) -> dict[int, str]:
    """The words of each page."""
    found: dict[int, str] = {}
    for piece in pieces_of(reader, raw)[0]:
        if isinstance(piece, Page):
            number = piece.number
            found[number] = ""
        elif isinstance(piece, str):
            found[number] += piece
    return {number: text.strip() for number, text in found.items()}


def refusal(reader: Read, raw: bytes) -> tuple[str, str]:
    """The code and the sentence with which it is refused."""
    with pytest.raises(Unreadable) as refused:
        pieces_of(reader, raw)
    return refused.value.code, refused.value.detail


def saved(save: Callable[[Any], Any]) -> bytes:
    file = BytesIO()
    save(file)
    return file.getvalue()


def parts_of(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(raw)) as package:
        return {name: package.read(name) for name in package.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def with_part(raw: bytes, *, name: str, content: bytes | str) -> bytes:
    """The same package with another content of one part."""
    encoded = content.encode() if isinstance(content, str) else content
    return zipped({**parts_of(raw), name: encoded})
