"""PDF files: every page with its words, whatever state the file is in."""

import random
from io import BytesIO

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from documents.extraction.original import Original, Page
from documents.extraction.pdf import read_pdf
from tests.documents.readers import Facts, pages, pieces_of, read, refusal

CORRUPT = (
    "corrupt",
    "This PDF is damaged or incomplete: no page of it can be read. "
    "The original is kept; print it to a new PDF or fetch it again, and send that.",
)
PROTECTED = (
    "encrypted",
    "This PDF is protected by a password. "
    "The original is kept; save it without the password and send that.",
)


def printed(*texts: str, password: str | None = None) -> bytes:
    """A PDF with these words on its pages, one line each."""
    file = BytesIO()
    lock = None if password is None else StandardEncryption(password, ownerPassword="owner")
    canvas = Canvas(file, encrypt=lock)
    for text in texts:
        for number, line in enumerate(text.split("\n")):
            canvas.drawString(50, 700 - 40 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def handmade(letters: dict[str, str], *, text: str, info: bytes = b"", lang: bytes = b"") -> bytes:
    """One page; letters become the UTF-16 given in hexadecimal when they are copied."""
    pairs = "\n".join(f"<{ord(letter):02X}> <{code}>" for letter, code in letters.items())
    table = (
        f"1 begincodespacerange <00> <FF> endcodespacerange\n{len(letters)} beginbfchar\n{pairs}"
    )
    font = b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R"
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % lang,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>",
        stream(b"BT /F 12 Tf 50 700 Td (%s) Tj ET" % text.encode()),
        b"<< %s >>" % font,
        stream(f"begincmap {table}\nendbfchar endcmap".encode()),
        b"<< %s >>" % info,
    )


def stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def numbered(*objects: bytes) -> bytes:
    """A file of these objects; the first is the catalog, the last says who wrote it."""
    raw, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(raw))
        raw += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size, index = len(objects) + 1, len(raw)
    raw += b"xref\n0 %d\n0000000000 65535 f \n" % size
    raw += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (size, len(objects))
    return raw + trailer + b"startxref\n%d\n%%%%EOF\n" % index


def facts_of(info: bytes) -> Facts:
    return read(read_pdf, handmade({}, text="x", info=info))[1]


def test_every_page_has_its_words() -> None:
    assert pages(read_pdf, printed("Herons", "", "Nests\nand reeds")) == {
        1: "Herons",
        2: "",
        3: "Nests\nand reeds",
    }


def test_pages_stand_apart() -> None:
    assert read(read_pdf, printed("Herons", "", "Nests"))[0] == "Herons\n\nNests"


def test_it_notes_who_read_it_and_how_many_pages_there_are() -> None:
    facts = read(read_pdf, printed("Herons", "Nests"))[1]
    assert (facts["pages"], facts["reader"]) == (2, "pdfium")


def test_it_reads_all_of_unicode() -> None:
    raw = handmade({"A": "D83DDE00", "B": "9DFA", "C": "05D0", "D": "00660066"}, text="ABxCxD")
    assert read(read_pdf, raw)[0] == "😀鷺xאxff"


@pytest.mark.parametrize("code", ["0000", "D83D", "0001", "FFFE", "0002"])
def test_it_keeps_out_what_postgresql_refuses_and_nobody_sees(code: str) -> None:
    assert read(read_pdf, handmade({"A": code}, text="xAy"))[0] == "xy"


def test_a_word_cut_at_the_end_of_a_line_is_whole_again() -> None:
    assert read(read_pdf, printed("Some herons are exam-\nples"))[0] == "Some herons are examples"


def test_it_notes_what_the_file_says_of_itself() -> None:
    info = b"/Title (Herons\\000 at  home) /Author <FEFF00C4> /Subject (Birds) /Keywords (a, b)"
    info += b" /CreationDate (D:20240229235959+01'30') /ModDate (D:2024)"
    raw = handmade({}, text="x", info=info, lang=b"/Lang (de-AT)")
    assert read(read_pdf, raw)[1] == {
        "pages": 1,
        "title": "Herons at home",
        "author": "Ä",
        "subject": "Birds",
        "keywords": "a, b",
        "created": "2024-02-29T23:59:59+01:30",
        "modified": "2024-01-01T00:00:00",
        "language": "de-AT",
        "reader": "pdfium",
    }


@pytest.mark.parametrize("date", [b"yesterday", b"D:20241340", b"D:2024022925", b"()", b""])
def test_a_date_that_is_none_is_left_out(date: bytes) -> None:
    assert "created" not in facts_of(b"/CreationDate (%s)" % date)


@pytest.mark.parametrize("title", [b"<FEFFD83D0041>", b"(untitled)", b"( )", b"17 0 R", b"[1 2]"])
def test_a_title_that_says_nothing_is_left_out(title: bytes) -> None:
    assert "title" not in facts_of(b"/Title %s" % title)


def test_a_title_has_500_characters_at_most() -> None:
    assert len(facts_of(b"/Title (%s)" % (b"t" * 50_000))["title"]) == 500


def test_a_scan_has_pages_and_no_text() -> None:
    file = BytesIO()
    canvas = Canvas(file)
    canvas.rect(10, 10, 100, 100, fill=1)
    canvas.showPage()
    canvas.save()
    text, facts = read(read_pdf, file.getvalue())
    assert (text, facts["pages"]) == ("", 1)


def test_it_reads_what_is_protected_against_changes_only() -> None:
    assert read(read_pdf, printed("Herons", password=""))[0] == "Herons"


def test_it_says_that_a_password_is_missing() -> None:
    assert refusal(read_pdf, printed("Herons", password="secret")) == PROTECTED


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_is_corrupt(share: float) -> None:
    raw = printed("Herons", "Nests")
    assert refusal(read_pdf, raw[: int(len(raw) * share)]) == CORRUPT


def test_noise_behind_the_signature_is_corrupt() -> None:
    noise = random.Random(1).randbytes(20_000)
    assert refusal(read_pdf, b"%PDF-1.7\n" + noise) == CORRUPT


def test_it_finds_the_pages_when_the_index_is_lost() -> None:
    raw = printed("Herons", "Nests").replace(b"xref", b"xxxx")
    assert pages(read_pdf, raw) == {1: "Herons", 2: "Nests"}


def test_a_second_reader_takes_what_the_first_cannot_open() -> None:
    raw = printed("Herons", "Nests").replace(b"/Root", b"/Lost")
    text, facts = read(read_pdf, raw)
    assert (text, facts["pages"], facts["reader"]) == ("Herons\n\nNests", 2, "pypdf")
    assert facts["created"]


def test_a_second_reader_takes_a_page_that_the_first_cannot_read() -> None:
    raw = printed("Herons", "Nests").replace(b"\n4 0 obj", b"\n4 0 Rbj")
    text, facts = read(read_pdf, raw)
    assert (text, facts["reader"]) == ("Herons\n\nNests", "pdfium, pypdf")


def test_pages_that_nobody_can_read_are_counted() -> None:
    text, facts = read(read_pdf, printed("Herons", "Nests").replace(b"/Count 2", b"/Count 5"))
    assert (text.strip(), facts["pages"], facts["pages_unreadable"]) == ("Herons\n\nNests", 5, 3)


def test_it_comes_to_an_end_where_pages_lead_back_to_themselves() -> None:
    loop = b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    assert refusal(read_pdf, numbered(b"<< /Type /Catalog /Pages 2 0 R >>", loop)) == CORRUPT


def test_pages_of_another_kind_are_corrupt() -> None:
    raw = printed("Herons").replace(b"/Type /Page\n", b"/Type /Food\n")
    assert refusal(read_pdf, raw) == CORRUPT


@pytest.mark.slow
def test_it_reads_2000_pages_one_by_one() -> None:
    raw = printed(*(f"This is page {number}" for number in range(1, 2_001)))
    pieces, facts = pieces_of(read_pdf, raw)
    assert [piece.number for piece in pieces if isinstance(piece, Page)] == [*range(1, 2_001)]
    assert (pieces[-1], facts["pages"]) == ("This is page 2000", 2_000)


def test_it_holds_no_more_than_a_page() -> None:
    raw = printed("Herons", "Nests")
    pieces = read_pdf(Original(source=BytesIO(raw), size=len(raw)), facts={})
    assert [next(pieces), next(pieces)] == [Page(1), "Herons"]


def repeated(*, count: int, text: bytes) -> bytes:
    """A small file in which the same page comes again and again."""
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b"3 0 R " * count),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>",
        stream(b"BT /F 1 Tf 5 700 Td %s ET" % text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< >>",
    )


def test_it_refuses_more_pages_than_it_reads() -> None:
    assert refusal(read_pdf, repeated(count=20_001, text=b"(x) Tj")) == (
        "too_large",
        "This PDF has 20,001 pages and is read up to 20,000. "
        "The original is kept; split it and send the parts.",
    )


@pytest.mark.slow
def test_it_stops_pages_that_all_show_the_same_long_text() -> None:
    text = b"(%s) Tj " % (b"word " * 10) * 100
    assert refusal(read_pdf, repeated(count=14_000, text=text))[0] == "bomb"
