"""What was found is shown: its best passages, their pages, and the words marked in safe HTML."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from accounts.models import User
from documents.models import Document, Passage
from tests.conftest import api
from tests.documents.answers import URL
from tests.documents.shelves import keep_many

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]
FILLER = "Nothing to see in this paragraph of a long report.\n\n" * 1300  # two passages


def first(user: User, words: str) -> dict[str, Any]:
    answer = api(user).get(URL, {"q": words})
    assert answer.status_code == 200, answer.content
    row: dict[str, Any] = answer.json()["results"][0]
    return row


def highlight(user: User, words: str) -> str:
    return str(first(user, words)["highlight"])


def marked(html: str) -> list[str]:
    return re.findall("<mark>(.*?)</mark>", html)


def test_it_marks_the_words_in_the_best_passage(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, f"A heron. {FILLER} Two herons and a heron in the reeds.")
    work()
    assert "<mark>herons</mark> and a <mark>heron</mark> in the reeds" in highlight(alice, "heron")


def test_it_marks_words_in_escaped_html(alice: User) -> None:
    keep_many(alice, ["<script>alert('heron & \"otter\"')</script> <mark>no hit</mark>"])
    html = highlight(alice, "heron")
    assert "<script" not in html
    assert "&lt;mark&gt;no hit&lt;/mark&gt;" in html
    assert re.findall("<[^>]+>", html) == ["<mark>", "</mark>"]


def test_it_marks_no_words_because_of_characters_in_the_text(alice: User) -> None:
    keep_many(alice, ["A \x02fake\x03 hit and a heron.\x02"])
    html = highlight(alice, "heron")
    assert marked(html) == ["heron"]
    assert html.count("<") == 2


def test_it_has_a_highlight_for_a_hit_in_the_title(alice: User) -> None:
    keep_many(alice, ["They stand in water."], title="Herons")
    assert highlight(alice, "heron") == "They stand in water."


@pytest.mark.parametrize(
    "text",
    [
        "Put <script> before it. A heron.",
        "if pond <lake and heron> 3",
        "Map<Bird, heron>",
        "<!-- heron -->",
        "fish &heron; chips",
        "<heron/>",
    ],
)
def test_it_takes_no_text_for_html(alice: User, text: str) -> None:
    keep_many(alice, [text], title="it")
    html = highlight(alice, "heron")
    assert unescape(re.sub("</?mark>", "", html)) == text
    assert "<mark>heron</mark>" in html


@pytest.mark.parametrize(
    ("hidden", "words", "found"),
    [
        ("A heron here.", "heron", ["heron"]),
        ("HERONS here.", "heron", ["HERONS"]),
        ("Three cities here.", "city", ["cities"]),
        ("Blue skies here.", "sky", ["skies"]),  # whose stem is sky
        ("It was dying here.", "die", ["dying"]),
        ("A well-known bird.", "well-known", ["well", "known"]),
        ("See example.com/a/b now.", "example.com/a/b", ["example.com", "/a/b"]),
        ("Fünf Reiher.", "reiher", ["Reiher"]),
        ("İ İ İ A heron.", "heron", ["heron"]),
    ],
)
def test_it_finds_the_place_in_a_long_passage(
    alice: User, hidden: str, words: str, found: list[str]
) -> None:
    around = "İstanbul is mentioned, and nothing else of interest. " * 400
    keep_many(alice, [f"{around}{hidden} {around}"])
    html = highlight(alice, words)
    assert marked(html) == found
    assert len(html) < 600


def test_it_prefers_the_place_with_more_of_the_words(alice: User) -> None:
    around = "Nothing else of interest is mentioned. " * 40
    keep_many(alice, [f"A heron heron heron. {around} A heron and an otter. {around} An otter."])
    assert "A <mark>heron</mark> and an <mark>otter</mark>." in highlight(alice, "heron otter")


def test_it_marks_no_word_that_only_begins_like_it(alice: User) -> None:
    around = "Nothing else of interest is mentioned. " * 40
    keep_many(alice, [f"An article about artichokes. {around} The art of it."])
    assert marked(highlight(alice, "art")) == ["art"]


def test_it_shows_the_three_best_passages_the_best_first(alice: User) -> None:
    texts = [
        "heron. ",
        "otter. ",
        "heron heron heron. ",
        "heron heron. ",
        "heron heron heron heron.",
    ]
    keep_many(alice, [texts])
    row = first(alice, "heron")
    assert [each["position"] for each in row["passages"]] == [4, 2, 3]
    assert row["highlight"] == row["passages"][0]["highlight"]
    assert [len(marked(each["highlight"])) for each in row["passages"]] == [4, 3, 2]


def test_it_shows_on_which_page_a_passage_is(alice: User) -> None:
    [document] = keep_many(alice, [["A heron. ", "An otter. "]])
    Passage.objects.filter(document=document, position=1).update(page=17)
    assert first(alice, "otter")["passages"] == [
        {"position": 1, "page": 17, "highlight": "An <mark>otter</mark>. "}
    ]
    assert first(alice, "heron")["passages"][0]["page"] is None


def test_it_finds_a_needle_wherever_it_is(alice: User, keep_text: Keep, work: Work) -> None:
    hay = FILLER * 12
    keep_text(alice, f"{hay}A needleone.\n\n{hay}A needletwo.\n\n{hay}A needlethree.")
    work()
    for needle in ("needleone", "needletwo", "needlethree"):
        row = first(alice, needle)
        assert marked(row["highlight"]) == [needle]
        assert len(row["passages"]) == 1
