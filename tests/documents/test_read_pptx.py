"""PowerPoint presentations: a page for each slide, in the order in which they are shown."""

import pptx
import pytest
from pptx.presentation import Presentation
from pptx.util import Inches

from documents.extraction.pptx import read_pptx
from tests.documents.readers import pages, parts_of, read, refusal, saved, with_part


def presentation(*titles: str) -> Presentation:
    made = pptx.Presentation()
    for title in titles:
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = title
    return made


def test_every_slide_is_a_page() -> None:
    made = presentation("Reiher 😀", "鷺", "")
    assert pages(read_pptx, saved(made.save)) == {1: "Reiher 😀", 2: "鷺", 3: ""}


def test_slides_come_in_the_order_in_which_they_are_shown() -> None:
    made = presentation("first", "second", "third")
    listed = made.slides._sldIdLst
    listed.insert(0, listed[2])
    assert pages(read_pptx, saved(made.save)) == {1: "third", 2: "first", 3: "second"}


def test_it_reads_shapes_tables_groups_and_notes() -> None:
    made = presentation("Title")
    slide = made.slides[0]
    slide.placeholders[1].text = "one\ntwo\vhere"
    table = slide.shapes.add_table(2, 2, 0, 0, Inches(3), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 1).text = "a", "b\nb", "d"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "grouped"
    slide.notes_slide.notes_text_frame.text = "Say hello."
    text = "Title\none\ntwo\nhere\n\na\tb b\n\td\n\ngrouped\n\nSay hello."
    assert pages(read_pptx, saved(made.save)) == {1: text}


def test_pages_stand_apart() -> None:
    made = presentation("first", "", "third")
    assert read(read_pptx, saved(made.save))[0] == "first\n\nthird"


def test_numbers_and_dates_on_every_slide_are_left_out() -> None:
    made = presentation("Title")
    raw = saved(made.save)
    name = "ppt/slides/slide1.xml"
    content = parts_of(raw)[name].decode()
    number = '<p:sp><p:nvSpPr><p:nvPr><p:ph type="sldNum"/></p:nvPr></p:nvSpPr><p:txBody><a:p>'
    number += "<a:fld><a:t>17</a:t></a:fld></a:p></p:txBody></p:sp>"
    changed = content.replace("</p:spTree>", f"{number}</p:spTree>")
    assert changed != content
    assert pages(read_pptx, with_part(raw, name=name, content=changed)) == {1: "Title"}


def test_it_counts_slides_and_notes_what_the_file_says() -> None:
    made = presentation("Herons", "Nests")
    made.core_properties.author = "Ann"
    facts = read(read_pptx, saved(made.save))[1]
    assert (facts["pages"], facts["author"]) == (2, "Ann")


@pytest.mark.parametrize(
    ("title", "expected"),
    [("", "Herons"), ("PowerPoint Presentation", "Herons"), ("Birds", "Birds")],
)
def test_the_first_title_of_a_slide_is_the_title_if_there_is_no_other(
    title: str, expected: str
) -> None:
    made = presentation("", "Herons", "Nests")
    made.core_properties.title = title
    assert read(read_pptx, saved(made.save))[1]["title"] == expected


def test_a_presentation_without_slides_has_no_text() -> None:
    text, facts = read(read_pptx, saved(presentation().save))
    assert (text, facts["pages"]) == ("", 0)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_breaks_off_is_corrupt(share: float) -> None:
    raw = saved(presentation("Herons").save)
    assert refusal(read_pptx, raw[: int(len(raw) * share)])[0] == "corrupt"


def test_a_slide_that_breaks_off_is_corrupt() -> None:
    raw = saved(presentation("Herons").save)
    half = parts_of(raw)["ppt/slides/slide1.xml"][:500]
    assert refusal(read_pptx, with_part(raw, name="ppt/slides/slide1.xml", content=half))[0] == (
        "corrupt"
    )
