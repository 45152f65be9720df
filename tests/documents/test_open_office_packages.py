"""Office files that are damaged, protected or made to hurt end with a code, soon and small."""

import random
import struct
import tracemalloc
from collections import deque
from io import BytesIO

import docx
import pytest

from documents.extraction.docx import read_docx
from documents.extraction.original import Original, Unreadable
from tests.documents.readers import parts_of, read, refusal, saved, with_part, zipped

pytestmark = pytest.mark.slow

BODY = "word/document.xml"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
GENUINE = saved(docx.Document().save)
CORRUPT = "This Office document cannot be read: {}. The original is kept; open it in the program "
CORRUPT += "that wrote it, save it anew and send that."


def written(text: str, *, before: str = "") -> bytes:
    markup = f"{before}<w:document {W}><w:p><w:t>{text}</w:t></w:p></w:document>"
    return with_part(GENUINE, name=BODY, content=markup)


def entry_at(raw: bytes) -> int:
    """Where the directory begins to speak of the body."""
    return raw.rindex(b"PK\x01\x02", 0, raw.rindex(BODY.encode()))


def with_entry(raw: bytes, *, offset: int, form: str, value: int) -> bytes:
    """The same bytes with a lie in the directory's entry of the body."""
    told = bytearray(raw)
    struct.pack_into(form, told, entry_at(raw) + offset, value)
    return bytes(told)


def test_it_stops_a_bomb_before_it_fills_the_memory() -> None:
    raw = written("A" * 200_000_000)
    assert len(raw) < 250_000
    pieces = read_docx(Original(source=BytesIO(raw), size=len(raw)), facts={})
    tracemalloc.start()
    with pytest.raises(Unreadable) as refused:
        deque(pieces, maxlen=0)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert (refused.value.code, refused.value.detail) == (
        "bomb",
        f"This file has {len(raw):,} bytes and becomes more than 67,108,864 when it is opened, "
        "as files do that are made to exhaust a reader. The original is kept; if it is genuine, "
        "save it anew or split it and send that.",
    )


def test_it_reads_what_is_dense_and_small() -> None:
    assert len(read(read_docx, written("word " * 2_000_000))[0]) == 10_000_000


def test_it_does_not_believe_a_size_that_is_too_small() -> None:
    raw = with_entry(written("word " * 100_000), offset=24, form="<I", value=10)
    assert refusal(read_docx, raw)[0] == "corrupt"


def test_it_does_not_mind_a_size_that_is_too_large() -> None:
    raw = with_entry(written("words"), offset=24, form="<I", value=0xFFFF_FFF0)
    assert read(read_docx, raw)[0] == "words"


@pytest.mark.parametrize(
    ("offset", "form", "value"),
    [(42, "<I", 0x7FFF_FFF0), (10, "<H", 12), (10, "<H", 14), (16, "<I", 7), (20, "<I", 40)],
    ids=["place", "bzip2", "lzma", "checksum", "compressed size"],
)
def test_a_wrong_directory_is_corrupt(offset: int, form: str, value: int) -> None:
    raw = with_entry(written("word " * 1_000), offset=offset, form=form, value=value)
    assert refusal(read_docx, raw)[0] == "corrupt"


def test_a_directory_that_says_it_is_huge_is_corrupt() -> None:
    told = bytearray(GENUINE)
    struct.pack_into("<I", told, GENUINE.rindex(b"PK\x05\x06") + 12, 0x7FFF_FFF0)
    assert refusal(read_docx, bytes(told))[0] == "corrupt"


@pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_breaks_off_is_corrupt(share: float) -> None:
    expected = ("corrupt", CORRUPT.format("it breaks off or is damaged"))
    assert refusal(read_docx, GENUINE[: int(len(GENUINE) * share)]) == expected


def test_noise_behind_the_signature_is_corrupt() -> None:
    assert refusal(read_docx, b"PK\x03\x04" + random.Random(1).randbytes(5_000))[0] == "corrupt"


def test_flipped_bytes_are_read_or_corrupt() -> None:
    chance, raw = random.Random(2), written("word " * 1_000)
    for _ in range(100):
        told = bytearray(raw)
        for _ in range(3):
            told[chance.randrange(len(told))] ^= 1 << chance.randrange(8)
        try:
            read(read_docx, bytes(told))
        except Unreadable as error:
            assert error.code in {"corrupt", "encrypted"}  # noqa: PT017


def test_a_protected_document_is_encrypted() -> None:
    raw = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)
    assert refusal(read_docx, raw) == (
        "encrypted",
        "This Office document is protected by a password. "
        "The original is kept; save it without the password and send that.",
    )


def test_a_protected_member_is_encrypted() -> None:
    raw = with_entry(written("words"), offset=8, form="<H", value=1)
    assert refusal(read_docx, raw)[0] == "encrypted"


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        (f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"),
        ('<!DOCTYPE x [<!ENTITY own SYSTEM "file:///etc/passwd">]>', "&own;"),
        ('<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">', "words"),
    ],
    ids=["billion laughs", "a file of ours", "a definition elsewhere"],
)
def test_it_refuses_definitions_of_entities(definition: str, text: str) -> None:
    reason = "its XML defines a document type, which no Office program writes"
    assert refusal(read_docx, written(text, before=definition)) == (
        "corrupt",
        CORRUPT.format(reason),
    )


def test_it_reads_what_is_nested_deeply() -> None:
    content = f"<w:document {W}>{'<w:p>' * 5_000}<w:t>down here</w:t>{'</w:p>' * 5_000}"
    raw = with_part(GENUINE, name=BODY, content=f"{content}</w:document>")
    assert read(read_docx, raw)[0] == "down here"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"<w:d {W}>" + "<w:p>" * 100_000, "its XML is nested deeper than 10,000 levels"),
        (f'<w:d {W} a="{"A" * 20_000_000}"/>', "it holds a tag or comment that does not end"),
        (
            f"<w:d {W}><!--{'A' * 20_000_000}--></w:d>",
            "it holds a tag or comment that does not end",
        ),
        ("", "its XML breaks off or is damaged (no element found: line 1, column 0)"),
        (
            "&x;",
            "its XML breaks off or is damaged (not well-formed (invalid token): line 1, column 0)",
        ),
    ],
    ids=["deep", "attribute", "comment", "nothing", "no XML"],
)
def test_it_refuses_xml_that_leads_nowhere(content: str, reason: str) -> None:
    raw = with_part(GENUINE, name=BODY, content=content)
    assert refusal(read_docx, raw) == ("corrupt", CORRUPT.format(reason))


def test_a_package_without_its_document_is_corrupt() -> None:
    parts = parts_of(GENUINE)
    del parts[BODY]
    reason = "the part that holds the document is missing"
    assert refusal(read_docx, zipped(parts)) == ("corrupt", CORRUPT.format(reason))


def test_parts_are_found_whatever_the_case_and_slashes_of_their_names() -> None:
    parts = parts_of(written("words"))
    parts["Word\\Document.XML"] = parts.pop(BODY)
    assert read(read_docx, zipped(parts))[0] == "words"


def test_a_name_that_leads_out_of_the_package_leads_nowhere() -> None:
    listed = '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="{}"/>'
    for target in ("../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", ""):
        content = listed.format(target) + "</Relationships>"
        raw = with_part(GENUINE, name="_rels/.rels", content=content)
        assert refusal(read_docx, raw)[0] == "corrupt"


def test_more_relations_than_anybody_needs_are_corrupt() -> None:
    content = f"<Relationships>{'<Relationship/>' * 60_000}</Relationships>"
    assert (
        refusal(read_docx, with_part(GENUINE, name="_rels/.rels", content=content))[0] == "corrupt"
    )
