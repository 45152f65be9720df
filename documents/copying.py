"""Rows → COPY in PostgreSQL's binary format (manual, "COPY", section File Formats).

Binary, because nothing needs to be escaped: that is what costs most in the text format.
"""

import struct
from collections.abc import Iterable, Sequence
from io import BytesIO
from uuid import UUID

from django.db import connection

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_CHUNK = 16 * 1024 * 1024

_length = struct.Struct("!i").pack
_count = struct.Struct("!h").pack
_integer = struct.Struct("!ii").pack
_bigint = struct.Struct("!iq").pack


def text(value: str) -> bytes:
    raw = value.encode()
    return _length(len(raw)) + raw


def json(raw: bytes) -> bytes:
    """A jsonb value, from a JSON text in UTF-8; the first byte is the version of the format."""
    return _length(len(raw) + 1) + b"\x01" + raw


def integer(value: int) -> bytes:
    return _integer(4, value)


def bigint(value: int) -> bytes:
    return _bigint(8, value)


def uuid(value: UUID) -> bytes:
    return b"\x00\x00\x00\x10" + value.bytes


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[bytes]]) -> None:
    """COPY the rows, each a value for every column as the functions above make them."""
    start = _count(len(columns))
    parts = [_HEADER]
    for row in rows:
        parts.append(start)
        parts.extend(row)
    parts.append(_TRAILER)
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(statement, BytesIO(b"".join(parts)), _CHUNK)


def array(ids: Iterable[UUID]) -> str:
    """The text form of an array of ids: one parameter, however many there are."""
    return "{" + ",".join(each.hex for each in ids) + "}"
