"""Markdown keeps its text; its first heading becomes the title."""

from io import BytesIO
from typing import Any

import pytest

from documents.extraction.original import Original
from documents.extraction.plain import first_heading, read_markdown


@pytest.mark.parametrize(
    ("markdown", "heading"),
    [
        ("Some text.\n\n## The title ##\n\n# Another\n", "The title"),
        ("The title\n=========\n", "The title"),
        ("The title\n---\n", "The title"),
        ("---\n# a remark: in front matter\n---\n# The title", "The title"),
        ("```sh\n# a remark\n```\n# The title", "The title"),
        ("#\n# The title", "The title"),
        ("#hashtag\n\n---\n\ntext", ""),
        ("---", ""),
        ("", ""),
    ],
)
def test_it_finds_the_first_heading(markdown: str, heading: str) -> None:
    assert first_heading(markdown) == heading


def test_it_keeps_the_text_and_notes_the_title() -> None:
    raw = b"# Hello\r\n\r\n*World*  \r\n"
    facts: dict[str, Any] = {}
    chunks = read_markdown(Original(source=BytesIO(raw), size=len(raw)), facts=facts)
    assert ("".join(chunks), facts["title"]) == (raw.decode(), "Hello")
