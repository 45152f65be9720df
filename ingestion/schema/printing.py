"""How PostgreSQL prints constants and names depends on settings, of a session, role or database."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper

PLAIN = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
}


@contextmanager
def plainly(cursor: CursorWrapper) -> Iterator[None]:
    """Two databases say the same of the same, whatever is set for one of them."""
    names = list(PLAIN)
    cursor.execute("SELECT current_setting(name) FROM unnest(%s) AS name", [names])
    before = dict(zip(names, (value for (value,) in cursor.fetchall()), strict=True))
    _set(cursor, PLAIN)
    try:
        yield
    finally:
        with suppress(DatabaseError):  # inside a transaction that has failed it goes back by itself
            _set(cursor, before)


def _set(cursor: CursorWrapper, values: dict[str, str]) -> None:
    cursor.execute(
        "SELECT set_config(name, value, false) FROM unnest(%s, %s) AS pairs (name, value)",
        [[*values], [*values.values()]],
    )
