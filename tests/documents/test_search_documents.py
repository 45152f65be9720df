"""A search finds the documents that have the words, the best first, and shows where."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from documents import search
from documents.models import Document
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]
FILLER = "Nothing to see in this paragraph of a long report.\n\n" * 1300  # two passages


@pytest.fixture
def library(alice: User, keep_text: Keep, work: Work) -> Client:
    """Alice's, with a document for each title."""
    for title, text in {
        "both": "The heron stood by the river, and the otter swam.",
        "heron": "A heron waits.",
        "otter": "An otter dives in the river; herons do not. The state of the art.",
        "apart": f"A heron is here. {FILLER} An otter is there.",
        "lost": "Nobody mentions animals or well-known art.",
    }.items():
        keep_text(alice, text, title=title)
    work()
    return api(alice)


def ask(client: Client, words: str, **params: str) -> dict[str, Any]:
    answer = client.get(URL, {"q": words, **params})
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def walk(client: Client, url: str | None, *, by: str) -> Iterator[dict[str, Any]]:
    while url is not None:
        page = client.get(url).json()
        yield page
        url = page[by]


def found(client: Client, words: str, **params: str) -> set[str]:
    return {row["title"] for row in ask(client, words, **params)["results"]}


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("animals", {"lost"}),
        ("ANIMAL", {"lost"}),
        ("heron", {"both", "heron", "otter", "apart"}),
        ("river heron", {"both", "otter"}),
        ("heron otter", {"both", "otter"}),
        ("heron or animals", {"both", "heron", "otter", "apart", "lost"}),
        ('"otter dives"', {"otter"}),
        ('"dives otter"', set()),
        ('"state of the art"', {"otter"}),
        ("heron -otter", {"heron"}),
        ("-otter heron", {"heron"}),
        ("heron - otter", {"heron"}),
        ("heron --otter", {"heron"}),
        ("(heron -otter", {"heron"}),
        ("heron (-otter)", {"heron"}),
        ('"heron"-otter', {"heron"}),
        ('heron -"otter dives"', {"both", "heron", "apart"}),
        ('heron -"otter dives', {"both", "heron", "apart"}),
        ('heron -"dives otter"', {"both", "heron", "otter", "apart"}),
        ("heron -otter -waits", set()),
        ("heron -river -waits", {"apart"}),
        ("heron -nobody", {"both", "heron", "otter", "apart"}),
        ("heron -the", {"both", "heron", "otter", "apart"}),
        ("heron -or otter", {"both", "otter"}),
        ("art -well-known", {"otter"}),
        ("well-known", {"lost"}),
        ('"state -of the art"', {"otter"}),
        ('"otter -dives"', {"otter"}),
        ("giraffe", set()),
        ("the", set()),
        ("or", set()),
        ('""', set()),
        ("& | ! ( ) < > :*", set()),
    ],
)
def test_it_finds_what_was_asked_for(library: Client, words: str, titles: set[str]) -> None:
    assert found(library, words) == titles


def test_it_wants_the_words_in_one_passage(alice: User, library: Client) -> None:
    assert "apart" not in found(library, "heron otter")
    assert "apart" in found(library, "heron nothing")


def test_it_excludes_a_document_for_a_word_in_another_passage(library: Client) -> None:
    assert "apart" in found(library, "heron -giraffe")
    assert "apart" not in found(library, "heron -otter")


def test_it_excludes_a_document_for_a_word_in_its_title(
    alice: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, "A heron waits.", title="Otters")
    work()
    assert found(api(alice), "heron -otter") == set()


def test_it_finds_a_word_in_the_title_with_one_in_any_passage(
    alice: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, f"{FILLER} An otter is there.", title="Herons")
    work()
    assert found(api(alice), "heron otter") == {"Herons"}


def test_it_ranks_a_title_above_a_text(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "A heron, a heron and a heron.", title="birds")
    keep_text(alice, "A bird.", title="heron")
    work()
    rows = ask(api(alice), "heron")["results"]
    assert [row["title"] for row in rows] == ["heron", "birds"]
    assert rows[0]["rank"] > rows[1]["rank"] > 0


def test_it_ranks_a_document_as_its_best_passage(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "heron heron heron " + FILLER, title="many at the start")
    keep_text(alice, f"heron {FILLER} heron {FILLER}", title="one here, one there")
    keep_text(alice, f"{FILLER} heron heron heron heron heron", title="most at the end")
    work()
    rows = ask(api(alice), "heron")["results"]
    assert [row["title"] for row in rows] == [
        "most at the end",
        "many at the start",
        "one here, one there",
    ]


def test_it_shows_a_document_once_however_often_it_is_hit(
    alice: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, f"heron {FILLER} heron {FILLER} heron")
    work()
    page = ask(api(alice), "heron")
    assert (len(page["results"]), page["count"], page["count_is"]) == (1, 1, "exact")


def test_it_marks_the_words_in_the_best_passage(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, f"A heron. {FILLER} Two herons and a heron in the reeds.")
    work()
    marked = ask(api(alice), "heron")["results"][0]["highlight"]
    assert "<mark>herons</mark> and a <mark>heron</mark> in the reeds" in marked


def test_it_marks_words_in_escaped_html(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "<script>alert('heron & \"otter\"')</script> <mark>no hit</mark>")
    work()
    marked = ask(api(alice), "heron")["results"][0]["highlight"]
    assert "<script" not in marked
    assert "&lt;mark&gt;no hit&lt;/mark&gt;" in marked
    assert re.findall("<[^>]+>", marked) == ["<mark>", "</mark>"]


def test_it_marks_no_words_because_of_characters_in_the_text(
    alice: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, "A \x02fake\x03 hit and a heron.\x02")
    work()
    marked = ask(api(alice), "heron")["results"][0]["highlight"]
    assert re.findall("<mark>(.*?)</mark>", marked) == ["heron"]
    assert marked.count("<") == 2


def test_it_has_a_highlight_for_a_hit_in_the_title(
    alice: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, "They stand in water.", title="Herons")
    work()
    assert ask(api(alice), "heron")["results"][0]["highlight"] == "They stand in water."


def test_it_shows_the_same_row_as_the_list(library: Client) -> None:
    row = ask(library, "animals")["results"][0]
    listed = next(r for r in library.get(URL).json()["results"] if r["id"] == row["id"])
    assert {name: row[name] for name in listed} == listed
    assert set(row) - set(listed) == {"rank", "highlight"}


def test_it_pages_through_ties_forwards_and_back(alice: User, keep_text: Keep, work: Work) -> None:
    for number in range(20):
        keep_text(alice, f"A heron, number {number}.")
    work()
    client = api(alice)
    forwards = list(walk(client, f"{URL}?q=heron&page_size=3", by="next"))
    backwards = list(walk(client, forwards[-1]["previous"], by="previous"))
    ids = [[row["id"] for row in page["results"]] for page in forwards]
    assert len({pk for on_page in ids for pk in on_page}) == 20
    assert [[row["id"] for row in page["results"]] for page in backwards] == ids[-2::-1]


def test_it_pages_through_different_ranks(alice: User, keep_text: Keep, work: Work) -> None:
    for number in range(1, 8):
        keep_text(alice, "heron " * number + f"x{number}", title=str(number))
    work()
    pages = walk(api(alice), f"{URL}?q=heron&page_size=2", by="next")
    assert [row["title"] for page in pages for row in page["results"]] == [
        "7",
        "6",
        "5",
        "4",
        "3",
        "2",
        "1",
    ]


def test_it_refuses_the_cursor_of_another_search(library: Client) -> None:
    url = ask(library, "heron", page_size="1")["next"]
    refused(library.get(url.replace("q=heron", "q=otter")), 400, "invalid_cursor", "/cursor")


def test_it_combines_words_with_filters(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "A heron.", title="a", source="mail", metadata={"k": "x"})
    keep_text(alice, "Two herons.", title="b", source="mail", metadata={"k": "y"})
    keep_text(alice, "Three herons.", title="c", source="scan", metadata={"k": "x"})
    work()
    client = api(alice)
    assert found(client, "heron", source="mail") == {"a", "b"}
    assert found(client, "heron", source="mail", **{"metadata.k": "x"}) == {"a"}
    assert found(client, "heron", created_before="2020-01-01") == set()


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
def test_it_takes_no_text_for_html(alice: User, keep_text: Keep, work: Work, text: str) -> None:
    keep_text(alice, text, title="it")
    work()
    marked = ask(api(alice), "heron")["results"][0]["highlight"]
    assert unescape(re.sub("</?mark>", "", marked)) == text
    assert "<mark>heron</mark>" in marked


def test_it_finds_the_words_of_a_title_in_angles(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "A bird.", title="<heron>")
    work()
    assert found(api(alice), "<heron> & bird") == {"<heron>"}


def test_it_finds_nothing_that_is_not_yet_indexed(alice: User, keep_text: Keep) -> None:
    keep_text(alice, "A heron.")
    assert found(api(alice), "heron") == set()


def test_it_says_how_far_the_index_is_behind(alice: User, keep_text: Keep, work: Work) -> None:
    client = api(alice)
    assert ask(client, "heron")["index_lag"] == 0
    keep_text(alice, "A heron.")
    assert ask(client, "heron")["index_lag"] > 0
    work()
    assert ask(client, "heron")["index_lag"] == 0


def test_it_finds_nothing_that_was_deleted(alice: User, library: Client) -> None:
    Document.objects.filter(title="lost").delete()
    assert found(library, "animals") == set()


@pytest.mark.parametrize(
    "words", ["", " ", "-heron", "- heron", "--heron", '-"a heron" -otter', "-"]
)
def test_it_wants_a_word_to_look_for(library: Client, words: str) -> None:
    refused(library.get(URL, {"q": words}), 400, "empty_query", "/q")


def test_it_refuses_a_search_longer_than_any_question(library: Client) -> None:
    refused(library.get(URL, {"q": "a " * 2000}), 400, "query_too_long", "/q")


@pytest.mark.parametrize(
    "words", ["x " + "-y " * 600, "heron " + "or x " * 390, '"' * 1999, "(" * 1999]
)
def test_it_answers_a_search_as_long_as_allowed(library: Client, words: str) -> None:
    ask(library, words)


def test_it_asks_the_database_as_often_for_many_as_for_few(
    alice: User, keep_text: Keep, work: Work, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        keep_text(alice, f"A heron, number {number}.")
    work()
    client = api(alice)
    ask(client, "heron")  # the first use of a token on a day is written down
    with django_assert_num_queries(7):  # who, matches, count, rows, highlights, lag and the clock
        assert len(ask(client, "heron")["results"]) == 20


@settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    words=st.text()
    | st.lists(st.sampled_from(list("ab-\"'|&!<>():* \\")), max_size=20).map("".join)
)
def test_it_has_an_answer_to_any_words(library: Client, words: str) -> None:
    assert library.get(URL, {"q": words}).status_code in {200, 400}


@pytest.mark.parametrize(
    ("text", "wanted", "excluded"),
    [
        ("a b", "a b", ""),
        ("a -b", "a", '"b"'),
        ('a -"b c" d -e', "a d", '"b c" or "e"'),
        ("a-b", "a-b", ""),
        ('"a -b"', '"a -b"', ""),
        ("a /b/c .5", "a /b/c .5", ""),
    ],
)
def test_it_reads_a_search_in_two_parts(text: str, wanted: str, excluded: str) -> None:
    query = search.Query.read(text)
    assert (" ".join(query.wanted.split()), query.excluded) == (wanted, excluded)
