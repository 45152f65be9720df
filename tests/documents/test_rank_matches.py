"""All matches are ranked while they are few; of many, the newest, and then the next newest."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from documents import search
from documents.models import Document, Sight
from documents.query import Query, Terms
from documents.ranking import NEWEST, Key, Scope
from documents.search import LIMITS, Limits, Window
from tests.conftest import api
from tests.documents.answers import URL
from tests.documents.shelves import NEW_YEAR, keep_many

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Keep = Callable[..., Document]
Work = Callable[[], int]
FILLER = "Nothing to see in this paragraph of a long report.\n\n" * 1300  # two passages

# Each step ends a window, and hardly anything is few.
TINY = Limits(most=50, most_ordered=50, all_of=2, window=2, first_step=3, seconds=0, patience=0)
BY_WORDS = replace(TINY, rare_share=1e9)
BY_WALKING = replace(TINY, rare_share=-1)
BY_SHORT_WALKS = replace(BY_WALKING, first_step=2, longest_moment=0)
WAYS = [LIMITS, BY_WORDS, BY_WALKING, BY_SHORT_WALKS]


def ask(client: Client, words: str, **params: str) -> dict[str, Any]:
    answer = client.get(URL, {"q": words, **params})
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def pages(client: Client, url: str | None, *, by: str = "next") -> Iterator[dict[str, Any]]:
    while url is not None:
        page = client.get(url).json()
        yield page
        url = page[by]


def titles(page: dict[str, Any]) -> list[str]:
    return [row["title"] for row in page["results"]]


def scope_of(user: User, **filters: str) -> Scope:
    visible, sight = Document.objects.visible_to(user), Sight.of(user)
    owner_id = None if sight.is_everything else sight.owner_id
    return Scope.of(visible.filter(**filters), visible=visible, owner_id=owner_id)


def windows(terms: Terms, scope: Scope, limits: Limits, *, after: Key = NEWEST) -> Iterator[Window]:
    count = 0
    while count < 500:
        window = search.newest(terms, scope, after=after, limits=limits)
        yield window
        if window.is_last:
            return
        after, count = window.stretch.until, count + 1
    raise AssertionError("the walk does not end")


def test_it_ranks_a_title_above_a_text(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "A heron, a heron and a heron.", title="birds")
    keep_text(alice, "A bird.", title="heron")
    work()
    page = ask(api(alice), "heron")
    assert titles(page) == ["heron", "birds"]
    assert page["results"][0]["rank"] > page["results"][1]["rank"] > 0


def test_it_ranks_a_document_as_its_best_passage(alice: User, keep_text: Keep, work: Work) -> None:
    keep_text(alice, "heron heron heron " + FILLER, title="many at the start")
    keep_text(alice, f"heron {FILLER} heron {FILLER}", title="one here, one there")
    keep_text(alice, f"{FILLER} heron heron heron heron heron", title="most at the end")
    work()
    assert titles(ask(api(alice), "heron")) == [
        "most at the end",
        "many at the start",
        "one here, one there",
    ]


def test_it_pages_through_ties_forwards_and_back(alice: User) -> None:
    keep_many(alice, [f"A heron, number {number}." for number in range(20)])
    client = api(alice)
    forwards = list(pages(client, f"{URL}?q=heron&page_size=3"))
    backwards = list(pages(client, forwards[-1]["previous"], by="previous"))
    ids = [[row["id"] for row in page["results"]] for page in forwards]
    assert len({pk for on_page in ids for pk in on_page}) == 20
    assert [[row["id"] for row in page["results"]] for page in backwards] == ids[-2::-1]


def test_it_pages_through_different_ranks(alice: User, keep_text: Keep, work: Work) -> None:
    for number in range(1, 8):
        keep_text(alice, "heron " * number + f"x{number}", title=str(number))
    work()
    walked = pages(api(alice), f"{URL}?q=heron&page_size=2")
    assert [title for page in walked for title in titles(page)] == [
        "7",
        "6",
        "5",
        "4",
        "3",
        "2",
        "1",
    ]


def test_it_says_that_all_were_ranked(alice: User) -> None:
    keep_many(alice, ["A heron.", "Two herons.", "An otter."])
    page = ask(api(alice), "heron", page_size="1")
    said = {name: page[name] for name in ("count", "count_is", "ranking", "ranked", "ranked_since")}
    assert said == {
        "count": 2,
        "count_is": "exact",
        "ranking": "all",
        "ranked": 2,
        "ranked_since": None,
    }


@pytest.fixture
def crowd(alice: User) -> Client:
    """Alice's, with 3,600 herons: 1,000 of them at one moment, the others one by one."""
    keep_many(alice, [f"A heron, {n}." for n in range(2600)], every=timedelta(minutes=1))
    keep_many(alice, [f"A heron and a heron, {n}." for n in range(1000)])
    return api(alice)


def test_it_shows_each_of_a_crowd_once(crowd: Client) -> None:
    found = list(pages(crowd, f"{URL}?q=heron&page_size=200"))
    ids = [row["id"] for page in found for row in page["results"]]
    assert len(ids) == len(set(ids)) == 3600
    assert (found[0]["ranking"], found[0]["count_is"]) == ("window", "at_least")
    assert (found[-1]["ranking"], found[-1]["count_is"]) == ("window", "exact")
    assert found[-1]["count"] == 3600


def test_it_ranks_within_a_window_and_names_its_end(crowd: Client) -> None:
    first = ask(crowd, "heron", page_size="200")
    assert first["ranked"] == first["count"] >= 1000
    ranks = [row["rank"] for row in first["results"]]
    assert ranks == sorted(ranks, reverse=True)
    assert min(row["created_at"] for row in first["results"]) >= first["ranked_since"]


def test_it_shows_what_was_there_once_while_others_come(alice: User, crowd: Client) -> None:
    there = {str(pk) for pk in Document.objects.values_list("pk", flat=True)}
    seen: list[str] = []
    for number, page in enumerate(pages(crowd, f"{URL}?q=heron&page_size=200")):
        seen += [row["id"] for row in page["results"]]
        new = [f"A heron and two herons, {number} {n}." for n in range(3)]
        keep_many(alice, new, every=timedelta(days=-1))
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


WORDS = ["heron", "otter", "reed", "river"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
QUERIES = [
    *("heron", "heron otter", "heron or otter", "giraffe", "heron giraffe"),
    *("heron -otter", "reed -heron -river", '"heron otter"', '"otter heron" or river'),
    'heron -"otter reed"',
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shelf=st.lists(st.tuples(st.lists(TEXTS, min_size=1, max_size=3), st.booleans()), max_size=12),
    query=st.sampled_from(QUERIES),
    limits=st.sampled_from(WAYS),
    hours=st.sampled_from([0, 1]),
    source=st.sampled_from([None, "mail"]),
)
def test_it_finds_what_is_listed_and_matches_once(
    alice: User,
    bob: User,
    sam: User,
    shelf: Any,
    query: str,
    limits: Limits,
    hours: int,
    source: Any,
) -> None:
    Document.objects.all().delete()
    for owner in (alice, bob):
        for label in ("mail", "scan"):
            texts = [texts for texts, is_mail in shelf if is_mail == (label == "mail")]
            named = [[f"{label} {n} ", *each] for n, each in enumerate(texts)]
            keep_many(owner, named, every=timedelta(hours=hours), source=label)
    terms, filters = Terms.of(Query.read(query)), {"source": source} if source else {}
    for user in (alice, sam):
        listed = Document.objects.visible_to(user).filter(**filters)
        wanted = search.matches(listed, query=Query.read(query))
        expected = {(str(row["document_id"]), row["rank"]) for row in wanted}
        scope = scope_of(user, **filters)
        found = [
            match[1::-1] for window in windows(terms, scope, limits) for match in window.matches
        ]
        assert len(found) == len(set(found))
        assert set(found) == expected


@pytest.mark.parametrize("limits", WAYS[1:])
@pytest.mark.parametrize("filters", [{}, {"content_type": "text/plain"}])
def test_it_goes_on_from_any_document(alice: User, limits: Limits, filters: dict[str, str]) -> None:
    """Also from the middle of a moment at which more came than a step or a window holds."""
    for days in range(3):
        texts = [f"heron {days} {n}" for n in range(5)]
        keep_many(alice, texts, at=NEW_YEAR - timedelta(days=days))
    terms, scope = Terms.of(Query.read("heron")), scope_of(alice, **filters)
    rows = Document.objects.order_by("-created_at", "-id").values_list("created_at", "id")
    places = [Key(at.isoformat(), str(pk)) for at, pk in rows]
    for number, place in enumerate(places, start=1):
        found = windows(terms, scope, limits, after=place)
        ids = {match.id for window in found for match in window.matches}
        assert ids == {pk for _, pk in places[number:]}


def test_it_ranks_all_passages_of_the_last_document_in_a_window(alice: User) -> None:
    passages = ["heron. ", "heron. ", "heron. ", "heron heron heron heron. "]
    keep_many(alice, [[f"{n} ", *passages] for n in range(6)], every=timedelta(hours=1))
    terms, scope = Terms.of(Query.read("heron")), scope_of(alice)
    found = [match for window in windows(terms, scope, BY_WORDS) for match in window.matches]
    assert [match.positions[0] for match in found] == [4] * 6


@pytest.mark.parametrize("limits", WAYS[1:])
@pytest.mark.parametrize("filters", [{}, {"content_type": "text/plain"}])
def test_it_finds_a_window_again(alice: User, limits: Limits, filters: dict[str, str]) -> None:
    texts = ["heron", "heron heron", "otter", "heron reed"] * 5
    keep_many(alice, [f"{text} {n}" for n, text in enumerate(texts)], every=timedelta(hours=1))
    terms, scope = Terms.of(Query.read("heron")), scope_of(alice, **filters)
    found = list(windows(terms, scope, limits))
    assert len(found) > 3
    for window in found:
        same = search.again(terms, scope, window.stretch, walked=window.walked, limits=limits)
        assert same == window


def test_it_turns_to_the_words_when_far_fewer_match_than_believed(alice: User) -> None:
    texts = [f"{'heron' if n % 2 else 'otter'} {n}" for n in range(800)]
    keep_many(alice, texts, every=timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE passages")
    limits = replace(LIMITS, first_step=500, seconds=0, patience=0)
    window = search.newest(Terms.of(Query.read("heron otter")), scope_of(alice), limits=limits)
    assert (window.matches, window.is_everything) == ([], True)


def test_it_reads_no_passage_of_others_for_an_owner_with_few(alice: User, bob: User) -> None:
    keep_many(alice, [f"A heron, {n}." for n in range(300)])
    keep_many(bob, ["A heron."])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE passages")
    with CaptureQueriesContext(connection) as asked:
        assert len(ask(api(bob), "heron")["results"]) == 1
    assert any("-- The matches in a stretch of an owner" in each["sql"] for each in asked)
