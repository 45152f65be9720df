"""A search finds the documents that have the words, and no others."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from documents.models import Document
from documents.query import Query
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


def test_it_shows_a_document_once_however_often_it_is_hit(
    alice: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, f"heron {FILLER} heron {FILLER} heron")
    work()
    page = ask(api(alice), "heron")
    assert (len(page["results"]), page["count"], page["count_is"]) == (1, 1, "exact")


def test_it_shows_the_same_row_as_the_list(library: Client) -> None:
    row = ask(library, "animals")["results"][0]
    listed = next(r for r in library.get(URL).json()["results"] if r["id"] == row["id"])
    assert {name: row[name] for name in listed} == listed
    assert set(row) - set(listed) == {"rank", "highlight", "passages"}


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


def test_it_finds_a_new_title_and_no_more_the_old_one(
    alice: User, keep_text: Keep, work: Work
) -> None:
    client, document = api(alice), keep_text(alice, "A bird.", title="Heron")
    work()
    client.patch(f"{URL}{document.pk}/", {"title": "Otter"}, content_type="application/json")
    assert found(client, "heron") == found(client, "bird") == set()
    work()
    assert (found(client, "heron"), found(client, "otter")) == (set(), {"Otter"})


def test_it_shows_staff_everything_and_others_their_own(
    alice: User, bob: User, charlie: User, sam: User, keep_text: Keep, work: Work
) -> None:
    keep_text(alice, "A heron.", title="hers")
    keep_text(bob, "Another heron.", title="his")
    work()
    seen = {user.email[0]: found(api(user), "heron") for user in (alice, bob, charlie, sam)}
    assert seen == {"a": {"hers"}, "b": {"his"}, "c": set(), "s": {"hers", "his"}}


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
    # Who asks, the words, their share, how far to walk, the walk, rows, passages, highlights.
    with django_assert_num_queries(8):
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
    query = Query.read(text)
    assert (" ".join(query.wanted.split()), query.excluded) == (wanted, excluded)
