"""Text formats say who wrote them and when, each in its own way; we call it the same."""

from io import BytesIO
from typing import Any

import pytest

from documents.extraction.dates import iso_date
from documents.extraction.html import read_html
from documents.extraction.json_text import read_json
from documents.extraction.original import Original, Read
from documents.extraction.plain import read_markdown

FACTS = ("title", "author", "language", "created", "modified")


def noted(content: str, *, read: Read) -> dict[str, Any]:
    raw = content.encode()
    facts: dict[str, Any] = {}
    for _ in read(Original(source=BytesIO(raw), size=len(raw)), facts=facts):
        pass
    return {name: facts[name] for name in FACTS if name in facts}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '<meta name="DC.creator" content="Ann"><meta name=date content=2024-03-01>'
            '<meta http-equiv="Content-Language" content="de">',
            {"author": "Ann", "created": "2024-03-01", "language": "de"},
        ),
        (
            '<meta property="article:published_time" content="2024-03-01T10:00:00Z">'
            '<meta property="article:modified_time" content="yesterday">',
            {"created": "2024-03-01T10:00:00+00:00"},
        ),
        (
            '<html lang=en><meta name=language content=fr><meta name=x content="y">',
            {"language": "en"},
        ),
    ],
)
def test_a_page_says_it_in_its_head(content: str, expected: dict[str, str]) -> None:
    assert noted(content, read=read_html) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '---\ntitle: "Herons"\nauthor: Ann Lee\ndate: 2024-03-01\n'
            "lang: de\ntags: [a, b]\n---\n# Not this\n",
            {"title": "Herons", "author": "Ann Lee", "created": "2024-03-01", "language": "de"},
        ),
        ("---\ntitle: |\n  Long\n---\n# Herons\n", {"title": "Herons"}),
        ("---\ntitle: Herons\n\nnever closed", {}),
        ("title: Herons\n", {}),
    ],
)
def test_markdown_says_it_in_its_front_matter(content: str, expected: dict[str, str]) -> None:
    assert noted(content, read=read_markdown) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '{"title": " A\\u0000B ", "author": {"name": "x"}, "created": "2024-03-01T10:00:00"}',
            {"title": "AB", "created": "2024-03-01T10:00:00"},
        ),
        ('{"title": [7], "language": "en\\ud800"}', {"language": "en"}),
        ('[{"title": "one"}]', {}),
        ('{"title": "one"}\n{"title": "two"}', {}),
    ],
)
def test_json_says_it_in_its_one_object(content: str, expected: dict[str, str]) -> None:
    assert noted(content, read=read_json) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024"),
        ("2024-03", "2024-03"),
        ("2024-03-01", "2024-03-01"),
        ("2024-13", ""),
        ("2024-03-01T10:00:00Z", "2024-03-01T10:00:00+00:00"),
        ("2024-03-01 10:00", "2024-03-01T10:00:00"),
        ("Fri, 01 Mar 2024 10:00:00 -0500", "2024-03-01T10:00:00-05:00"),
        ("1 Mar 24 10:00 GMT", "2024-03-01T10:00:00+00:00"),
        ("Fri, 01 Mar 2024 10:00:00 -0000", "2024-03-01T10:00:00+00:00"),
        ("1 Jan 2024 10:00:00 +99999999999999", ""),
        ("1 Jan 99999999999 10:00:00 +0000", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_dates_are_iso_8601(text: str, expected: str) -> None:
    assert iso_date(text) == expected
