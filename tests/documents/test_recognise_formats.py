"""What lies in a container, and what is a mail or XML among the kinds of text."""

import struct
import tracemalloc
import zipfile
from collections.abc import Iterable
from io import BytesIO

import docx
import openpyxl
import pptx
import pytest

from documents.extraction.formats import kind_of
from documents.extraction.original import Original
from tests.documents.readers import saved, zipped

OFFICE = {
    "docx": saved(docx.Document().save),
    "xlsx": saved(openpyxl.Workbook().save),
    "pptx": saved(pptx.Presentation().save),
}


def kind(raw: bytes, *, content_type: str = "", filename: str = "") -> str:
    original = Original(
        source=BytesIO(raw), size=len(raw), content_type=content_type, filename=filename
    )
    return kind_of(original).name


def packed(*names: str) -> bytes:
    return zipped(dict.fromkeys(names, b"content"))


# --- ZIP -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OFFICE)
def test_it_looks_into_office_files(name: str) -> None:
    assert kind(OFFICE[name], content_type="application/pdf", filename="a.pdf") == name


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["[Content_Types].xml", "word/document.xml"], "docx"),
        (["word/document.xml", "word/vbaProject.bin", "[Content_Types].xml"], "docx"),
        (["[content_types].xml", "WORD\\DOCUMENT.XML"], "docx"),
        (["[Content_Types].xml", "xl/workbook.xml"], "xlsx"),
        (["[Content_Types].xml", "xl/workbook.bin"], "xlsb"),
        (["[Content_Types].xml", "ppt/presentation.xml"], "pptx"),
        (["[Content_Types].xml", "visio/document.xml"], "ooxml"),
        (["META-INF/manifest.xml", "content.xml", "mimetype"], "odf"),
        (["META-INF/container.xml", "mimetype"], "epub"),
        (["META-INF/MANIFEST.MF", "App.class"], "zip"),
        (["word/document.xml", "notes.txt"], "zip"),
        (["backup/[Content_Types].xml", "backup/word/document.xml"], "zip"),
        ([], "zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_tells_a_plain_archive_from_documents(names: Iterable[str], expected: str) -> None:
    assert kind(packed(*names), filename="a.docx") == expected


@pytest.mark.parametrize("name", OFFICE)
@pytest.mark.parametrize("share", [0.5, 0.98])
def test_it_knows_an_office_file_that_breaks_off(name: str, share: float) -> None:
    assert kind(OFFICE[name][: int(len(OFFICE[name]) * share)]) == name


def test_an_archive_that_breaks_off_is_an_archive() -> None:
    assert kind(packed("word/a.txt", "b.txt")[:-30]) == "zip"


def test_it_spends_little_on_a_directory_that_says_it_is_huge() -> None:
    told = bytearray(OFFICE["docx"])
    struct.pack_into("<I", told, told.rindex(b"PK\x05\x06") + 12, 0x7FFF_FFF0)
    tracemalloc.start()
    assert kind(bytes(told)) == "docx"
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.slow
def test_an_archive_of_very_many_files_is_an_archive() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(60_000):
            archive.writestr(f"a folder with a name/and a file with a number {number:06}", b"")
    assert kind(file.getvalue()) == "zip"


# --- the old container ---------------------------------------------------------------------


def ole(*streams: str) -> bytes:
    """A compound file: header, allocation table, and a directory that may take more sectors."""
    sectors = -(-len(streams) // 4) or 1
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0")
    header += struct.pack("<H", 9).ljust(18, b"\0") + struct.pack("<I", 1).ljust(28, b"\0")
    header += struct.pack("<109I", 0, *[0xFFFF_FFFF] * 108)
    chain = [0xFFFF_FFFD, *range(2, sectors + 1), 0xFFFF_FFFE]
    table = struct.pack("<128I", *chain, *[0xFFFF_FFFF] * (128 - len(chain)))
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams)
    return header + table + entries.ljust(512 * sectors, b"\0")


@pytest.mark.parametrize(
    ("filename", "expected"),
    [("a.docx", "docx"), ("a.xlsm", "xlsx"), ("a.ppsx", "pptx"), ("", "docx"), ("a.pdf", "docx")],
)
def test_it_takes_an_encrypted_document_for_what_its_name_says(
    filename: str, expected: str
) -> None:
    few = ole("Root Entry", "EncryptionInfo", "EncryptedPackage")
    many = ole("Root Entry", *(f"\x06DataSpaces{n}" for n in range(8)), "EncryptedPackage")
    assert {kind(few, filename=filename), kind(many, filename=filename)} == {expected}


@pytest.mark.parametrize("raw", [ole("Root Entry", "WordDocument"), ole(), ole("Root")[:600]])
def test_an_old_document_is_an_old_document(raw: bytes) -> None:
    assert kind(raw, filename="a.docx") == "ole"


def test_it_leaves_a_directory_that_leads_back_to_itself() -> None:
    raw = bytearray(ole("Root Entry", "WordDocument"))
    struct.pack_into("<I", raw, 512 + 4, 1)
    assert kind(bytes(raw)) == "ole"


# --- mails ---------------------------------------------------------------------------------

MAIL = (
    b"Received: from mx.example.org\r\n\tby example.com; Thu, 29 Feb 2024 12:00:00 +0000\r\n"
    b"From: Ann <ann@example.org>\r\nTo: Bob\r\nSubject: Herons\r\n\r\nWe met.\r\n"
)


@pytest.mark.parametrize(
    "raw",
    [
        MAIL,
        b"\xef\xbb\xbf" + MAIL,
        b"From ann@example.org Thu Feb 29 12:00:00 2024\nSubject: Herons\n\nWe met.",
        b"Return-Path: <>\nMIME-Version: 1.0\nContent-Type: text/plain\n\nFailed.",
        b"X-Own: 1\nFrom: Ann\nTo: Bob\nSubject: Herons",
    ],
)
def test_it_sees_that_a_text_is_a_mail(raw: bytes) -> None:
    assert kind(raw, content_type="application/octet-stream") == "email"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: here\nTo: there\n\nis a long way.",
        b"Subject: Herons\nDate: today\nTo: all\n\nNo sender.",
        b"from: a\nto: b\nsubject: settings of something\n",
        b"From here on: nothing.\nTo: all\nSubject: Herons\nFrom: me",
        b"Name: x\nVersion: 1\nAuthor: y\n",
        b"BEGIN:VCARD\nVERSION:3.0\nN:Heron\nEMAIL:ann@example.org\nEND:VCARD",
        b"\nFrom: Ann\nTo: Bob\nSubject: Herons\n",
    ],
)
def test_it_takes_a_text_that_looks_a_little_like_a_mail_for_text(raw: bytes) -> None:
    assert kind(raw) == "plain"


@pytest.mark.parametrize(
    ("content_type", "filename"), [("message/rfc822", ""), ("", "a.EML"), ("application/mbox", "")]
)
def test_a_mail_that_was_declared_needs_no_more_than_its_shape(
    content_type: str, filename: str
) -> None:
    assert kind(b"subject: Hi\n\nHo", content_type=content_type, filename=filename) == "email"
    assert kind(b"No header here.", content_type=content_type, filename=filename) == "plain"


def test_it_lets_the_sender_say_that_a_mail_is_plain_text() -> None:
    assert kind(MAIL, content_type="text/plain", filename="mail.txt") == "plain"


# --- XML -----------------------------------------------------------------------------------

XHTML = b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><p>Hi</p></html>'


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'<?xml version="1.0"?><note>Hi</note>', "xml"),
        (b"\xef\xbb\xbf <?xml version='1.0'?>", "xml"),
        ('\ufeff<?xml version="1.0"?><a/>'.encode("utf-16-le"), "xml"),
        (b'<!-- by hand -->\n<a:feed xmlns:a="http://x">', "xml"),
        (b'<svg width="1"\n xmlns="http://www.w3.org/2000/svg">', "xml"),
        (XHTML, "html"),
        (b"<note>Hi</note>", "plain"),
        (b"<b>bold</b> words about xmlns= things", "plain"),
        (b"<?php echo 1;", "plain"),
    ],
)
def test_it_sees_that_a_text_is_xml(raw: bytes, expected: str) -> None:
    assert kind(raw) == expected


@pytest.mark.parametrize(
    ("content_type", "filename"),
    [("text/xml", ""), ("application/atom+xml; charset=utf-8", ""), ("", "a.xml"), ("", "a.svg")],
)
def test_xml_that_was_declared_needs_no_more_than_its_shape(
    content_type: str, filename: str
) -> None:
    found = [
        kind(raw, content_type=content_type, filename=filename)
        for raw in (b"\n<note>Hi</note>", XHTML, b"no markup", b'{"a": 1}')
    ]
    assert found == ["xml", "html", "plain", "json"]


@pytest.mark.parametrize(
    "raw", [b"<" * 40_000, b"<!--" * 10_000, b"<a " * 15_000, b"A:\n" * 15_000]
)
def test_hostile_beginnings_take_no_time(raw: bytes) -> None:
    assert kind(raw) == "plain"
