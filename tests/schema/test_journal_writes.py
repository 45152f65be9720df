"""The journal takes in whatever an error or a file may say."""

from typing import Any

import pytest
from django.db import connection

from ingestion.schema.journal import Entry, Journal
from ingestion.schema.origin import origin


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\x00b", "ab"),
        ("half \ud83d", r"half \ud83d"),
        (r"\u0000 as text", r"\u0000 as text"),
        ("\\", "\\"),
        ("Ärger 😀", "Ärger 😀"),
    ],
)
def test_it_keeps_any_text(own_database: Any, said: str, kept: str) -> None:
    book = Journal(connection, origin())
    book.ensure([])
    book.append(Entry(action="fail", error=said, detail={said: [said, 1, None]}))
    entry = book.entries().get()
    assert (entry.error, entry.detail) == (kept, {kept: [kept, 1, None]})
