"""What goes out is what the description of the API says, no more and no less."""

from collections.abc import Callable

import pytest

from accounts.models import User
from documents.api import shapes
from documents.models import Document
from tests.conftest import api
from tests.documents.answers import URL

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
ONLY_IN_A_SEARCH = {"ranking", "ranked", "ranked_since", "index_lag"}


def test_what_was_kept(alice: User) -> None:
    answer = api(alice).post(URL, {"content": "We met."}, content_type="application/json")
    assert set(answer.json()) == set(shapes.KeptOut().fields)


def test_one_document(alice: User, keep_text: Keep) -> None:
    answer = api(alice).get(f"{URL}{keep_text(alice, 'We met.').pk}/")
    assert set(answer.json()) == set(shapes.DetailOut().fields)


def test_a_page(alice: User, keep_text: Keep) -> None:
    keep_text(alice, "We met.")
    page = api(alice).get(URL).json()
    assert set(page) == set(shapes.PageOut().fields) - ONLY_IN_A_SEARCH - {"facets"}
    assert set(page["results"][0]) == set(shapes.DocumentOut().fields)


def test_a_search(alice: User, keep_text: Keep, work: Callable[[], int]) -> None:
    keep_text(alice, "We met.")
    work()
    page = api(alice).get(URL, {"q": "met", "facets": "state,content_type"}).json()
    assert set(page) == set(shapes.PageOut().fields)
    row = page["results"][0]
    assert set(row) == set(shapes.ListedOut().fields)
    assert set(row["passages"][0]) == set(shapes.PassageOut().fields)
    assert set(page["facets"]) == set(shapes.FacetsOut().fields)
    assert set(page["facets"]["state"][0]) == set(shapes.FacetOut().fields)
