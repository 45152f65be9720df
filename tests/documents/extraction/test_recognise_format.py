"""The content decides whether it is text; the sender, which kind of text."""

import random
from io import BytesIO

import pytest

from documents.extraction.formats import kind_of
from documents.extraction.original import Original

NOISE = random.Random(1).randbytes(5_000)


def kind(raw: bytes, *, content_type: str = "", filename: str = "", charset: str = "") -> str:
    original = Original(
        source=BytesIO(raw),
        size=len(raw),
        content_type=content_type,
        filename=filename,
        declared_charset=charset,
    )
    return kind_of(original).name


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"%PDF-1.7\n1 0 obj", "pdf"),
        (b"{\\rtf1\\ansi Hello}", "rtf"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml", "ooxml"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/epub+zip", "epub"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"readme.txt", "zip"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x7fELF\x02\x01", "program"),
        (b"SQLite format 3\x00", "sqlite"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"x" * 257 + b"ustar", "tar"),
        (b"MZ" + NOISE, "program"),
        (b"RIFF\x00\x00\x00\x00WEBP" + NOISE, "webp"),
        (NOISE, "binary"),
        (b"\xff\xfe" + NOISE, "binary"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4\n" + NOISE, "pdf"),
        (b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n" + NOISE, "pdf"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_names_what_is_no_text(raw: bytes, expected: str) -> None:
    assert kind(raw, content_type="text/plain", filename="notes.txt") == expected


@pytest.mark.parametrize("raw", [b"MZ is a car plate.", b"BM, Blaue Mauritius", b"ID3 is a tag."])
def test_it_takes_a_text_for_text_though_it_begins_like_a_program(raw: bytes) -> None:
    assert kind(raw) == "plain"


def test_it_takes_a_text_with_a_few_nul_characters_for_text() -> None:
    assert kind(b"some\x00words\x00" * 4 + b"and many more words " * 20) == "plain"


def test_it_sees_that_the_end_of_a_file_is_no_text() -> None:
    assert kind(b"#!/bin/sh\n" * 20_000 + NOISE * 10) == "binary"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_it_takes_wide_characters_behind_a_mark_for_text(encoding: str) -> None:
    assert kind("\ufeffHello, Ёж 😀".encode(encoding)) == "plain"


def test_it_takes_wide_characters_for_text_if_they_were_declared() -> None:
    assert kind("Hello, wide world".encode("utf-16-le"), charset="utf-16le") == "plain"


@pytest.mark.parametrize(
    ("content_type", "filename", "expected"),
    [
        ("text/html; charset=utf-8", "", "html"),
        ("application/vnd.api+json", "", "json"),
        ("application/x-ndjson", "", "json"),
        ("TEXT/CSV", "page.html", "csv"),
        ("text/plain", "notes.MD", "markdown"),
        ("text/plain", "table.tsv", "csv"),
        ("application/octet-stream", "folder/page.htm", "html"),
        ("application/octet-stream", "noend", "plain"),
        ("", "", "plain"),
    ],
)
def test_it_follows_the_sender_between_kinds_of_text(
    content_type: str, filename: str, expected: str
) -> None:
    assert kind(b"some words", content_type=content_type, filename=filename) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"<!DOCTYPE html><p>Hi", "html"),
        (b"\xef\xbb\xbf\n<!-- made by hand -->\n<HTML lang=en>", "html"),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">', "html"),
        ("\ufeff<html>".encode("utf-16-le"), "html"),
        (b' {"a": 1}', "json"),
        (b"<note>an XML file</note>", "plain"),
    ],
)
def test_it_looks_at_the_beginning_if_nobody_said(raw: bytes, expected: str) -> None:
    assert kind(raw) == expected


def test_it_lets_the_sender_say_that_a_page_is_plain_text() -> None:
    assert kind(b"<!DOCTYPE html><p>Hi", content_type="text/plain") == "plain"
