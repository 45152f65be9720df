"""A look into the two containers that Office files come in, without opening what they hold."""

import re
import struct
from pathlib import PurePath

from documents.extraction.ooxml import OLE_MAGIC, open_zip
from documents.extraction.original import Original, Unreadable

_MANIFEST = "[content_types].xml"
_FOLDERS = {"word": "docx", "xl": "xlsx", "ppt": "pptx"}
# The names in front of the members tell enough where the directory at the end is cut off.
_LOCAL_FOLDER = re.compile(rb"PK\x03\x04.{26}(word|xl|ppt)/", re.DOTALL | re.IGNORECASE)
_LOCAL_MANIFEST = re.compile(
    rb"PK\x03\x04.{26}(?:\[content_types\]\.xml|_rels/\.rels|docprops/)", re.DOTALL | re.IGNORECASE
)


def inside_zip(original: Original, *, head: bytes) -> str:
    """docx, xlsx, xlsb, pptx, ooxml for its other kinds, odf, epub, or zip."""
    try:
        members = open_zip(original.source).namelist()
    except Unreadable:
        return _inside_damaged(head)
    names = {name.replace("\\", "/").lower().lstrip("/") for name in members}
    if _MANIFEST in names:
        return _office(names)
    if "mimetype" in names and "meta-inf/container.xml" in names:
        return "epub"
    return "odf" if "mimetype" in names and "meta-inf/manifest.xml" in names else "zip"


def _office(names: set[str]) -> str:
    folders = {name.partition("/")[0] for name in names if "/" in name}
    kind = next((kind for folder, kind in _FOLDERS.items() if folder in folders), "ooxml")
    return "xlsb" if "xl/workbook.bin" in names else kind


def _inside_damaged(head: bytes) -> str:
    if not _LOCAL_MANIFEST.search(head):
        return "zip"
    found = _LOCAL_FOLDER.search(head)
    return _FOLDERS[found[1].decode().lower()] if found else "ooxml"


# --- the old container, in which new documents are encrypted -------------------------------

_STREAM = "EncryptedPackage".encode("utf-16-le")
_ENTRY_BYTES = 128
_MOST_SECTORS = 64
_LAST_SECTOR = 0xFFFF_FFFA


def inside_ole(original: Original) -> str:
    """The kind of the encrypted document, as its name says; ole if it is none."""
    if not _has_encrypted_package(original):
        return "ole"
    ending = PurePath(original.filename).suffix.lower()[1:4]
    return {"xls": "xlsx", "xlt": "xlsx", "ppt": "pptx", "pps": "pptx"}.get(ending, "docx")


def _has_encrypted_package(original: Original) -> bool:
    header = original.bytes_at(0, length=512)
    if len(header) < 512 or not header.startswith(OLE_MAGIC):
        return False
    shift, sector = struct.unpack_from("<H", header, 30)[0], struct.unpack_from("<I", header, 48)[0]
    if shift not in {9, 12}:
        return False
    for _ in range(_MOST_SECTORS):
        content = _sector(original, number=sector, shift=shift)
        if any(content.startswith(_STREAM, at) for at in range(0, len(content), _ENTRY_BYTES)):
            return True
        sector = _next_sector(original, header=header, number=sector, shift=shift)
        if sector >= _LAST_SECTOR:
            break
    return False


def _sector(original: Original, *, number: int, shift: int) -> bytes:
    return original.bytes_at((number + 1) << shift, length=1 << shift)


def _next_sector(original: Original, *, header: bytes, number: int, shift: int) -> int:
    """The allocation table says it; the header says where the first sectors of the table lie."""
    table, entry = divmod(number, 1 << shift - 2)
    if table >= 109:
        return _LAST_SECTOR
    (where,) = struct.unpack_from("<I", header, 76 + 4 * table)
    content = _sector(original, number=where, shift=shift)
    if len(content) < 4 * entry + 4:
        return _LAST_SECTOR
    return int(struct.unpack_from("<I", content, 4 * entry)[0])
