"""Word documents as python-docx and Word write them: what a reader sees, once and in order."""

from datetime import UTC, datetime

import docx
import pytest
from docx.document import Document

from documents.extraction.docx import read_docx
from tests.documents.readers import Facts, pieces_of, read, saved, with_part

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
BODY = "word/document.xml"


def text_of(document: Document) -> str:
    return read(read_docx, saved(document.save))[0]


def facts_of(document: Document) -> Facts:
    return read(read_docx, saved(document.save))[1]


def body(markup: str, *, namespace: str = W) -> bytes:
    """A document whose body Word might have written."""
    return with_part(
        saved(docx.Document().save),
        name=BODY,
        content=f'<w:document xmlns:w="{namespace}" xmlns:mc="{MC}"><w:body>{markup}</w:body>'
        "</w:document>",
    )


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_it_reads_headings_paragraphs_and_lists_in_order() -> None:
    document = docx.Document()
    document.add_paragraph("Die Größe: 日本, 😀")
    document.add_heading("First part", 1)
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Number")
    assert text_of(document) == "Die Größe: 日本, 😀\n\nFirst part\none\ntwo"


def test_it_reads_a_table_with_a_line_per_row() -> None:
    document = docx.Document()
    document.add_paragraph("before")
    table = document.add_table(2, 3)
    for number, cell in enumerate(table._cells):
        cell.text = "" if number == 1 else f"c{number}"
    table.cell(1, 2).add_paragraph("more of it")
    document.add_paragraph("after")
    assert text_of(document) == "before\n\nc0\t\tc2\nc3\tc4\tc5 more of it\n\nafter"


def test_it_reads_a_table_in_a_cell_as_words_of_the_cell() -> None:
    document = docx.Document()
    table = document.add_table(1, 2)
    inner = table.cell(0, 0).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "a", "b"
    table.cell(0, 1).text = "c"
    assert text_of(document) == "a b\tc"


def test_it_reads_tabs_breaks_and_hyphens() -> None:
    markup = "<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/>"
    markup += "<w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>"
    assert read(read_docx, body(markup))[0] == "a\tb\nc-d"


def test_it_reads_headers_footers_and_comments_once_and_last() -> None:
    document = docx.Document()
    for number in range(2):
        section = document.add_section() if number else document.sections[0]
        section.header.is_linked_to_previous = False
        section.header.paragraphs[0].text = "Letterhead"
    document.sections[0].footer.paragraphs[0].text = "Imprint"
    runs = document.add_paragraph("Body").runs
    document.add_comment(runs, text="Really?")
    assert text_of(document).split() == ["Body", "Really?", "Letterhead", "Imprint"]


@pytest.mark.parametrize("kind", ["footnotes", "endnotes"])
def test_it_reads_notes_below_the_text(kind: str) -> None:
    relations = "word/_rels/document.xml.rels"
    raw = body(f"<w:p>{run('Text')}</w:p>")
    note = f'<w:n xmlns:w="{W}"><w:p>{run("the source")}</w:p></w:n>'
    raw = with_part(raw, name=f"word/{kind}.xml", content=note)
    relation = f'<Relationship Id="n" Type="http://x/{kind}" Target="{kind}.xml"/></Relationships>'
    listed = f'<Relationships xmlns="http://x">{relation}'
    assert (
        read(read_docx, with_part(raw, name=relations, content=listed))[0] == "Text\n\nthe source"
    )


def test_it_leaves_out_what_was_deleted_and_keeps_what_was_inserted() -> None:
    markup = f"<w:p>{run('We ')}<w:del><w:r><w:delText>lost</w:delText></w:r></w:del>"
    markup += f"<w:moveFrom>{run('gone')}</w:moveFrom><w:ins>{run('won')}</w:ins></w:p>"
    assert read(read_docx, body(markup))[0] == "We won"


def test_it_reads_links_and_fields_as_they_are_shown() -> None:
    markup = (
        f"<w:p><w:hyperlink>{run('our page')}</w:hyperlink><w:r><w:instrText> PAGE </w:instrText>"
    )
    markup += f"</w:r>{run(', 7')}</w:p>"
    assert read(read_docx, body(markup))[0] == "our page, 7"


def test_it_reads_a_text_box_once() -> None:
    box = f"<w:txbxContent><w:p>{run('in a box')}</w:p></w:txbxContent>"
    markup = "<w:p><w:r><mc:AlternateContent>"
    markup += f"<mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    markup += f"</mc:AlternateContent></w:r>{run('beside it')}</w:p>"
    assert read(read_docx, body(markup))[0] == "in a box\nbeside it"


def test_it_reads_the_strict_form_and_other_encodings() -> None:
    raw = body(f"<w:p>{run('strict')}</w:p>", namespace=STRICT)
    assert read(read_docx, raw)[0] == "strict"
    wide = f'<w:document xmlns:w="{W}"><w:p>{run("wide")}</w:p></w:document>'.encode("utf-16")
    assert read(read_docx, with_part(raw, name=BODY, content=wide))[0] == "wide"


def test_it_notes_what_the_document_says_of_itself() -> None:
    document = docx.Document()
    core = document.core_properties
    core.title, core.author, core.keywords = "Annual  report\n", "Ann Ä", "birds"
    core.comments, core.subject, core.language = "for all", "herons", "de-AT"
    core.created = core.modified = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    assert facts_of(document) == {
        "title": "Annual report",
        "author": "Ann Ä",
        "keywords": "birds",
        "description": "for all",
        "subject": "herons",
        "language": "de-AT",
        "created": "2024-02-29T12:30:00+00:00",
        "modified": "2024-02-29T12:30:00+00:00",
    }


def test_a_fact_has_500_characters_at_most() -> None:
    document = docx.Document()
    core = with_part(
        saved(document.save),
        name="docProps/core.xml",
        content=f"<c><title>{'t' * 20_000}</title><created>some day</created></c>",
    )
    facts = read(read_docx, core)[1]
    assert (len(facts["title"]), "created" in facts) == (500, False)


def test_the_first_heading_is_the_title_if_there_is_no_other() -> None:
    document = docx.Document()
    document.core_properties.title = ""
    document.add_paragraph("Preface")
    document.add_heading("The Herons", 1)
    document.add_heading("Their Nests", 2)
    assert facts_of(document)["title"] == "The Herons"


def test_an_empty_document_has_no_text() -> None:
    assert text_of(docx.Document()) == ""


def test_it_keeps_controls_out() -> None:
    raw = body(f"<w:p>{run('a&#x85;b&#x9f;c')}</w:p>")
    assert read(read_docx, raw)[0] == "a\nbc"


def test_it_reads_a_long_document_in_pieces() -> None:
    paragraphs = (f"<w:p>{run(f'Paragraph {n} of a long text.')}</w:p>" for n in range(50_000))
    pieces = pieces_of(read_docx, body("".join(paragraphs)))[0]
    assert len(pieces) > 5
    assert "".join(map(str, pieces)).count("\n") == 49_999
