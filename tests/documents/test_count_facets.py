"""Facets count the values among what is listed or found, up to a bound, and say so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents import facets
from documents.models import Document, State
from tests.conftest import api
from tests.documents.answers import URL, refused
from tests.documents.shelves import keep_many

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Counts = dict[str, list[tuple[str, int, str]]]


def counts(client: Client, **params: str) -> Counts:
    answer = client.get(URL, params)
    assert answer.status_code == 200, answer.content
    return _as_tuples(answer.json()["facets"])


def _as_tuples(found: dict[str, list[dict[str, Any]]]) -> Counts:
    return {
        name: [(each["value"], each["count"], each["count_is"]) for each in values]
        for name, values in found.items()
    }


@pytest.fixture
def shelf(alice: User, bob: User) -> Client:
    keep_many(alice, ["A heron.", "Two herons."])
    keep_many(alice, ["A heron in a book.", "An otter."], content_type="application/pdf")
    keep_many(bob, ["Bob's heron."], content_type="text/html")
    return api(alice)


def test_it_counts_in_a_list(shelf: Client) -> None:
    assert counts(shelf, facets="content_type,state") == {
        "content_type": [("application/pdf", 2, "exact"), ("text/plain", 2, "exact")],
        "state": [("ready", 4, "exact")],
    }


def test_it_counts_what_was_found(shelf: Client) -> None:
    assert counts(shelf, q="heron", facets="content_type") == {
        "content_type": [("text/plain", 2, "exact"), ("application/pdf", 1, "exact")]
    }


def test_it_counts_what_the_filters_let_through(shelf: Client) -> None:
    found = counts(shelf, q="heron", content_type="application/pdf", facets="content_type,state")
    assert found == {
        "content_type": [("application/pdf", 1, "exact")],
        "state": [("ready", 1, "exact")],
    }


def test_it_counts_all_pages_on_each(shelf: Client) -> None:
    for params in ({}, {"q": "heron"}):
        page = shelf.get(URL, {"facets": "content_type", "page_size": "1", **params}).json()
        assert shelf.get(page["next"]).json()["facets"] == page["facets"]


def test_it_counts_the_states_of_what_waits_and_what_failed(
    alice: User, keep_file: Keep, work: Callable[[], int]
) -> None:
    keep_file(alice, b"%PDF-1.7 ", filename="a.pdf")
    work()
    keep_file(alice, b"later")
    found = counts(api(alice), facets="state")
    assert found == {"state": [("failed", 1, "exact"), ("received", 1, "exact")]}


def test_it_counts_only_when_asked(shelf: Client) -> None:
    assert "facets" not in shelf.get(URL).json()
    assert "facets" not in shelf.get(URL, {"q": "heron"}).json()


def test_it_counts_nothing_where_nothing_is(charlie: User) -> None:
    assert counts(api(charlie), facets="state") == {"state": []}
    assert counts(api(charlie), q="heron", facets="state") == {"state": []}


def test_it_says_at_least_beyond_its_bound(alice: User) -> None:
    keep_many(alice, ["one", "two", "three"])
    found = facets.of_documents(Document.objects.all(), names=["state"], cap=2)
    assert _as_tuples(found) == {"state": [(State.READY, 2, "at_least")]}
    ids = [str(pk) for pk in Document.objects.values_list("pk", flat=True)]
    some = facets.of_ids(ids, names=["state"], are_all=False)
    assert _as_tuples(some) == {"state": [(State.READY, 3, "at_least")]}


@pytest.mark.parametrize("wrong", ["", "title", "state,", "state;content_type", "metadata.k"])
def test_it_refuses_what_it_does_not_count(alice: User, wrong: str) -> None:
    for params in ({}, {"q": "heron"}):
        answer = api(alice).get(URL, {"facets": wrong, **params})
        refused(answer, 400, "invalid_choice", "/facets")
