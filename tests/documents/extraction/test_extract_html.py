"""A page becomes the text that its reader sees."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.extraction.html import read_html, text_of
from documents.extraction.original import Original


def text(page: str) -> str:
    return "".join(text_of(page, facts={}))


def facts_of(page: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    list(text_of(page, facts=facts))
    return facts


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("wo<b>rd</b> and <i>it</i>alic", "word and italic"),
        ("日本<b>語</b>", "日本語"),
        ("<a href=a>one</a> <a href=b>two</a>", "one two"),
        ("in<!-- a remark -->side", "inside"),
    ],
)
def test_it_breaks_no_word_apart(page: str, expected: str) -> None:
    assert text(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("<p>a<p>b", "a\n\nb"),
        ("<h1>Title</h1>Text", "Title\n\nText"),
        ("<div><div><div>a</div></div></div>b", "a\nb"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<select><option>a<option>b</select>", "a\nb"),
    ],
)
def test_it_sets_blocks_on_lines_of_their_own(page: str, expected: str) -> None:
    assert text(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<table><tr><td>a<td>b<tr><th>c</th><td>d</td></tr></table>x", "a\tb\nc\td\n\nx"),
        ("<tr><td>a</td><td></td><td>c</td></tr>", "a\t\tc"),
        ("<tr><td></td><td>b</td></tr><tr><td>c</td><td></td></tr>", "\tb\nc"),
        ("<tr><td><p>a</p></td><td><p>b</p><p>c</p></td></tr>", "a\tb\n\nc"),
    ],
)
def test_it_separates_cells_by_tabs_and_rows_by_lines(page: str, expected: str) -> None:
    assert text(page) == expected


def test_it_collapses_white_space() -> None:
    assert text("  some \n\t words <b> and </b>  more&nbsp; ") == "some words and more"


def test_it_keeps_white_space_in_preformatted_text() -> None:
    page = "a<pre>\n  if <b>x</b>:\n\n    y\n</pre>b"
    assert text(page) == "a\n\n  if x:\n\n    y\n\nb"


@pytest.mark.parametrize(
    "element", ["script", "style", "noscript", "template", "title", "iframe", "noembed"]
)
def test_it_leaves_out_what_no_reader_sees(element: str) -> None:
    assert text(f"a<{element} x=y>if (1 <2) <b>no</{element.upper()} >b") == "ab"


def test_it_leaves_out_the_head() -> None:
    page = "<head><meta name=x content=y><link href=z><style>p{}</style></head><body>text"
    assert text(page) == "text"


def test_it_leaves_out_a_template_inside_a_template() -> None:
    assert text("a<template>b<template>c</template>d</template>e") == "ae"


def test_it_reads_on_behind_an_element_that_is_closed_as_in_xml() -> None:
    assert text('<script src="x" /><p>text') == "text"


def test_it_says_what_a_picture_shows() -> None:
    assert text('see<img src=a alt="a &quot;blue&quot; chart">here') == 'see a "blue" chart here'


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("caf&eacute; &amp; &#x41;&#66; &lt;b&gt; &copy", "café & AB <b> ©"),
        ("&#0; &#xD800; &#1114112;", "\ufffd \ufffd \ufffd"),
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
    ],
    ids=["named and numbered", "none that PostgreSQL refuses", "endless"],
)
def test_it_decodes_character_references(page: str, expected: str) -> None:
    assert text(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
        ('<p title="a > b">text', "text"),
        ("<p title=it's class=a\"b>text</p>", "text"),
        ("<!--> text <!--->more<!-- no --!>", "text more"),
        ("text</x></p", "text"),
        ("a<![CDATA[ <b>&amp; ]]>c", "a <b>& c"),
    ],
)
def test_it_reads_odd_markup_as_browsers_do(page: str, expected: str) -> None:
    assert text(page) == expected


def test_it_notes_title_language_author_and_description() -> None:
    page = """<html LANG="de"><title> Über\n uns </title><meta name="Author" content="Ann &amp; Bo">
        <meta content='Wer wir sind' name=description><meta name=author content=Other>"""
    assert facts_of(page) == {
        "title": "Über uns",
        "language": "de",
        "author": "Ann & Bo",
        "description": "Wer wir sind",
    }


def test_it_takes_no_drawing_s_title_for_the_title_of_the_page() -> None:
    assert facts_of("<svg><title>icon</title></svg><title>Page</title>") == {"title": "Page"}


def test_it_believes_the_page_about_its_encoding() -> None:
    raw = '<meta http-equiv=x content="text/html; charset=koi8-r"><p>привет'.encode("koi8-r")
    facts: dict[str, Any] = {}
    chunks = read_html(Original(source=BytesIO(raw), size=len(raw)), facts=facts)
    assert ("".join(chunks), facts["encoding_basis"]) == ("привет", "declared")


@pytest.mark.parametrize(
    "unclosed",
    [
        "<div>",
        "<b id={}>",
        "<p><b id={}>",
        "<table><td>",
        "<!--",
        '<a b="',
        "<svg>",
        "</",
        "<ul><li>",
    ],
)
def test_it_gets_through_a_hundred_thousand_unclosed_elements(unclosed: str) -> None:
    page = "".join(unclosed.format(number) for number in range(100_000))
    assert text("start " + page).strip() == "start"


MARKUP = """
    <p> </p> <td> <tr> <pre> </pre> <br> <svg> <title> </title> <template> </template>
    <script> </script> <textarea> </textarea> <!-- --> <![CDATA[ ]]> <a b=' ' > &#9 &lt ;
"""


@settings(deadline=None, max_examples=200)
@given(
    page=st.lists(st.sampled_from(MARKUP.split()) | st.text(max_size=5), max_size=20).map("".join)
)
def test_it_reads_any_page(page: str) -> None:
    assert not text(page).endswith("\n")
