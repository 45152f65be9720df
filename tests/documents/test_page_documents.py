"""Pages show every document once, forwards and back, while others come and go."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.core import signing
from django.test import Client, RequestFactory
from rest_framework.request import Request

from accounts.models import User
from documents.api import cursors
from documents.api.cursors import Cursor
from documents.api.newest import Chosen, Everything
from documents.models import Document, Sight, State, document_id
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def fill(owner: User, numbers: range, *, at: datetime = NOON) -> None:
    """Documents that share one moment, as a bulk load makes them."""
    digests = [hashlib.sha256(str(number).encode()).digest() for number in numbers]
    Document.objects.bulk_create(
        Document(
            id=document_id(owner.pk, digest),
            owner=owner,
            content_type="text/plain",
            size=1,
            sha256=digest.hex(),
            state=State.READY,
            created_at=at,
        )
        for digest in digests
    )


def get(client: Client, url: str) -> dict[str, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def walk(client: Client, url: str | None, *, by: str = "next") -> tuple[list[str], str]:
    """The ids on all pages from here on, and the last page's address."""
    ids: list[str] = []
    last = ""
    while url is not None:
        page, last = get(client, url), url
        ids += [row["id"] for row in page["results"]]
        url = page[by]
    return ids, last


def test_it_shows_each_of_250_once_forwards(alice: User) -> None:
    fill(alice, range(250))
    ids, _ = walk(api(alice), f"{URL}?page_size=7")
    assert len(ids) == len(set(ids)) == 250
    assert ids == sorted(ids, key=lambda text: UUID(text).int, reverse=True)


def test_it_shows_each_of_250_once_on_the_way_back(alice: User) -> None:
    fill(alice, range(250))
    client = api(alice)
    ids, last = walk(client, f"{URL}?page_size=7")
    on_last = [row["id"] for row in get(client, last)["results"]]
    back: list[str] = []
    url = get(client, last)["previous"]
    while url is not None:
        page = get(client, url)
        back = [row["id"] for row in page["results"]] + back
        url = page["previous"]
    assert back + on_last == ids


def test_it_comes_back_to_where_it_was(alice: User) -> None:
    fill(alice, range(20))
    client = api(alice)
    first = get(client, f"{URL}?page_size=7")
    second = get(client, first["next"])
    assert get(client, second["previous"])["results"] == first["results"]
    assert get(client, get(client, second["previous"])["next"])["results"] == second["results"]


def test_it_shows_what_was_there_once_while_others_are_added(alice: User) -> None:
    fill(alice, range(60))
    client, url, seen = api(alice), f"{URL}?page_size=7", []
    there = {str(pk) for pk in Document.objects.values_list("pk", flat=True)}
    for batch in range(20):
        page = get(client, url)
        seen += [row["id"] for row in page["results"]]
        fill(alice, range(100 + 5 * batch, 105 + 5 * batch))  # at the same moment: among them
        fill(alice, range(1000 + batch, 1001 + batch), at=datetime.now(UTC))  # before them
        if (url := page["next"]) is None:
            break
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_it_goes_on_after_the_last_row_of_a_page_is_deleted(alice: User) -> None:
    fill(alice, range(10))
    client = api(alice)
    ids, _ = walk(client, f"{URL}?page_size=10")
    page = get(client, f"{URL}?page_size=5")
    Document.objects.filter(pk=ids[4]).delete()
    assert walk(client, page["next"])[0] == ids[5:]


def test_it_has_no_next_page_after_exactly_the_last(alice: User) -> None:
    fill(alice, range(14))
    client = api(alice)
    page = get(client, get(client, f"{URL}?page_size=7")["next"])
    assert (len(page["results"]), page["next"]) == (7, None)


def test_it_has_no_previous_page_at_the_start(alice: User) -> None:
    fill(alice, range(8))
    assert get(api(alice), f"{URL}?page_size=7")["previous"] is None


def test_it_keeps_filters_and_size_from_page_to_page(alice: User) -> None:
    fill(alice, range(10))
    Document.objects.update(source="mail & more")
    fill(alice, range(20, 30))
    client = api(alice)
    ids, last = walk(client, f"{URL}?page_size=3&source=mail+%26+more")
    assert len(set(ids)) == 10
    assert "page_size=3" in last


def test_it_can_change_the_size_of_a_page_on_the_way(alice: User) -> None:
    fill(alice, range(10))
    client = api(alice)
    url = get(client, f"{URL}?page_size=3")["next"].replace("page_size=3", "page_size=9")
    assert len(get(client, url)["results"]) == 7


def test_it_shows_fifty_unless_asked(alice: User) -> None:
    fill(alice, range(60))
    assert len(get(api(alice), URL)["results"]) == 50


def test_it_counts_all_of_them_on_every_page(alice: User) -> None:
    fill(alice, range(10))
    client = api(alice)
    page = get(client, get(client, f"{URL}?page_size=3")["next"])
    assert (page["count"], page["count_is"]) == (10, "exact")


@pytest.mark.parametrize(("cap", "count"), [(9, (9, "at_least")), (10, (10, "exact"))])
def test_it_counts_no_further_than_a_cap(alice: User, cap: int, count: tuple[int, str]) -> None:
    fill(alice, range(10))
    request = Request(RequestFactory().get(URL))
    for source in (Chosen(Document.objects.all()), Everything(Sight.of(alice))):
        page = cursors.page(source, request=request, read=str, count_cap=cap)
        assert (page.count, page.count_is) == count


@pytest.mark.parametrize("backward", [False, True])
def test_chosen_and_all_documents_come_in_the_same_shape(alice: User, backward: bool) -> None:
    fill(alice, range(30))
    middle = Document.objects.order_by("-created_at", "-id")[15]
    for cursor in (Cursor(backward), Cursor(backward, at=(middle.created_at, str(middle.pk)))):
        chosen, everything = (
            orjson.dumps(source.rows(cursor, most=10))
            for source in (Chosen(Document.objects.all()), Everything(Sight.of(alice)))
        )
        assert chosen == everything
        assert len(orjson.loads(chosen)) == 10


@pytest.mark.parametrize("cursor", ["", "x", "a:b:c", "%C3%A9", "None", "WyJh:1tRr:" + "x" * 43])
def test_it_refuses_a_cursor_that_is_none(alice: User, cursor: str) -> None:
    refused(api(alice).get(f"{URL}?cursor={cursor}"), 400, "invalid_cursor", "/cursor")


def test_it_refuses_a_cursor_that_was_changed(alice: User) -> None:
    fill(alice, range(10))
    client = api(alice)
    url = get(client, f"{URL}?page_size=3")["next"]
    refused(client.get(url.replace("cursor=W", "cursor=X")), 400, "invalid_cursor", "/cursor")


def test_it_refuses_a_cursor_that_was_signed_for_something_else(alice: User) -> None:
    cursor = signing.dumps(["", False, "2026-01-01T00:00:00+00:00", "0" * 32])
    refused(api(alice).get(f"{URL}?cursor={cursor}"), 400, "invalid_cursor", "/cursor")


@pytest.mark.parametrize("more", ["&source=x", "&metadata.k=x", "&q=word"])
def test_it_refuses_the_cursor_of_other_filters(alice: User, more: str) -> None:
    fill(alice, range(10))
    client = api(alice)
    url = get(client, f"{URL}?page_size=3")["next"]
    refused(client.get(url + more), 400, "invalid_cursor", "/cursor")


def test_it_shows_nobody_else_anything_with_a_cursor(alice: User, charlie: User) -> None:
    fill(alice, range(10))
    url = get(api(alice), f"{URL}?page_size=3")["next"]
    assert get(api(charlie), url)["results"] == []
