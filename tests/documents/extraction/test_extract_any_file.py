"""One call for every file: its text and facts, or one sentence why not."""

import json
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.extraction import Extraction, Unreadable, extract, html


def extracted(raw: bytes, *, content_type: str = "", size: int | None = None) -> Extraction:
    length = len(raw) if size is None else size
    return extract(BytesIO(raw), content_type=content_type, filename="", size=length)


def text_of(extraction: Extraction) -> str:
    return "".join(piece for piece in extraction.pieces if isinstance(piece, str))


def test_it_gives_plain_text_exactly_as_it_was_written() -> None:
    raw = "  Line one\r\nLine two\n\n\tend\u2028 "
    assert text_of(extracted(raw.encode())) == raw


def test_it_gives_no_text_for_an_empty_file() -> None:
    assert list(extracted(b"").pieces) == []


def test_it_says_what_it_found() -> None:
    extraction = extracted(b"# Hello", content_type="text/markdown")
    list(extraction.pieces)
    assert extraction.facts == {
        "format": "markdown",
        "encoding": "utf-8",
        "encoding_basis": "utf-8",
        "encoding_confidence": 1.0,
        "title": "Hello",
    }


def test_it_refuses_a_format_that_it_cannot_read() -> None:
    with pytest.raises(Unreadable) as refused:
        extracted(b"\x89PNG\r\n\x1a\n", content_type="text/plain")
    assert (refused.value.code, refused.value.detail) == (
        "unsupported_type",
        "This looks like a PNG image; this version reads plain text, Markdown, HTML, CSV, JSON, "
        "XML, PDF, Word documents, Excel workbooks, PowerPoint presentations, e-mail, ZIP "
        "archives, tar archives and gzip files. The original is kept and can be retried later.",
    )


def test_it_refuses_a_page_that_is_too_large() -> None:
    with pytest.raises(Unreadable) as refused:
        extracted(b"<p>", content_type="text/html", size=html.MAX_BYTES + 1)
    assert (refused.value.code, refused.value.detail) == (
        "too_large",
        "HTML is read up to 67108864 bytes and this has 67108865. "
        "The original is kept; split it into smaller files and send those.",
    )


TYPES = st.sampled_from(["", "text/html", "text/csv", "text/markdown", "application/json"])
STARTS = st.sampled_from([b"", b"\xff\xfe", b"\xef\xbb\xbf", b"[", b'{"', b"<!doctype html><a b="])


@settings(deadline=None, max_examples=300)
@given(content_type=TYPES, start=STARTS, rest=st.binary(max_size=200) | st.text().map(str.encode))
def test_it_makes_text_of_any_bytes_or_says_why_not(
    content_type: str, start: bytes, rest: bytes
) -> None:
    try:
        extraction = extracted(start + rest, content_type=content_type)
        found = text_of(extraction)
    except Unreadable:
        return
    stored = found + json.dumps(extraction.facts, ensure_ascii=False)
    stored.encode()  # fails at a lone surrogate
    assert "\x00" not in stored
