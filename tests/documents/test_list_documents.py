"""A list shows the newest documents first, and exactly those that were asked for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from accounts.models import User
from documents.models import Document, State
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def titles(client: Client, **params: str) -> list[str]:
    answer = client.get(f"{URL}?{urlencode(params)}")
    assert answer.status_code == 200, answer.json()
    return [row["title"] for row in answer.json()["results"]]


@pytest.fixture
def kept(alice: User, keep_text: Keep, keep_file: Keep) -> Client:
    """Three documents: a on 1 January 2026, b on the 2nd, c on the 3rd, which is a file."""
    a = keep_text(alice, "a", title="a", source="mail", metadata={"k": "x", "1": "one"})
    b = keep_text(alice, "b", title="b", source="mail", metadata={"k": "y", "n": 5, "t": True})
    c = keep_file(alice, b"c", title="c", source="scan", metadata={"k": "x", "o": {"p": [1]}})
    for days, document in enumerate((a, b, c)):
        moment = NEW_YEAR + timedelta(days=days)
        Document.objects.filter(pk=document.pk).update(created_at=moment)
    return api(alice)


def test_it_shows_the_newest_first(kept: Client) -> None:
    assert titles(kept) == ["c", "b", "a"]


def test_it_shows_the_columns_and_never_the_text(kept: Client) -> None:
    row = kept.get(URL).json()["results"][0]
    assert set(row) == {
        *("id", "owner_id", "title", "source", "content_type", "metadata", "extracted", "size"),
        *("sha256", "state", "indexed", "error_code", "error_detail", "created_at", "updated_at"),
    }


def test_it_shows_a_row_as_the_document_itself_shows_it(kept: Client) -> None:
    row = kept.get(URL).json()["results"][0]
    assert {**kept.get(f"{URL}{row['id']}/").json(), "excerpt": ""} == {**row, "excerpt": ""}


def test_it_is_empty_for_who_has_nothing(charlie: User, kept: Client) -> None:
    answer = api(charlie).get(URL).json()
    assert answer == {
        "results": [],
        "next": None,
        "previous": None,
        "count": 0,
        "count_is": "exact",
    }


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"state": "ready"}, ["b", "a"]),
        ({"state": "received"}, ["c"]),
        ({"state": "failed"}, []),
        ({"source": "mail"}, ["b", "a"]),
        ({"source": "Mail"}, []),
        ({"source": ""}, []),
        ({"content_type": "text/plain"}, ["c", "b", "a"]),
        ({"content_type": "text"}, []),
        ({"error_code": "unsupported_type"}, []),
        ({"created_after": "2026-01-01"}, ["c", "b"]),
        ({"created_after": "2025-12-31T23:59:59"}, ["c", "b", "a"]),
        ({"created_after": "2026-01-02T02:00:00+03:00"}, ["c", "b"]),
        ({"created_before": "2026-01-02"}, ["a"]),
        ({"created_before": "2026-01-02T00:00:00.000001Z"}, ["b", "a"]),
        ({"created_after": "2026-01-01", "created_before": "2026-01-03"}, ["b"]),
        ({"metadata.k": "x"}, ["c", "a"]),
        ({"metadata.k": ""}, []),
        ({"metadata.1": "one"}, ["a"]),
        ({"metadata.0": "one"}, []),
        ({"metadata.n": "5"}, ["b"]),
        ({"metadata.t": "true"}, ["b"]),
        ({"metadata.o": '{"p": [1]}'}, ["c"]),
        ({"metadata.k": "x", "metadata.1": "one"}, ["a"]),
        ({"metadata.k": "x", "source": "scan", "state": "received"}, ["c"]),
    ],
)
def test_it_shows_what_was_asked_for(
    kept: Client, params: dict[str, str], found: list[str]
) -> None:
    assert titles(kept, **params) == found


@pytest.mark.parametrize(
    "key",
    ["'", '"', "''); --", "a.b", "metadata.k", " ", "%", "%s", "ключ", "{}", "-1", "\\", "a,b"],
)
def test_it_compares_any_key_of_the_metadata(alice: User, keep_text: Keep, key: str) -> None:
    keep_text(alice, "one", title="one", metadata={key: "this"})
    keep_text(alice, "two", title="two", metadata={key: "that"})
    assert titles(api(alice), **{f"metadata.{key}": "this"}) == ["one"]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("colour=red", "unknown_parameter", "/colour"),
        ("a/b=", "unknown_parameter", "/a~1b"),
        ("metadata=x", "unknown_parameter", "/metadata"),
        ("metadata.=x", "unknown_parameter", "/metadata."),
        ("metadata[k]=x", "unknown_parameter", "/metadata[k]"),
        ("owner_id=1", "unknown_parameter", "/owner_id"),
        ("format=json", "unknown_parameter", "/format"),
        ("state=ready&state=empty", "repeated_parameter", "/state"),
        ("metadata.k=x&metadata.k=y", "repeated_parameter", "/metadata.k"),
        ("state=done", "invalid_state", "/state"),
        ("state=", "invalid_state", "/state"),
        ("created_after=yesterday", "invalid_time", "/created_after"),
        ("created_after=", "invalid_time", "/created_after"),
        ("created_after=2026-02-30", "invalid_time", "/created_after"),
        ("created_before=2026-13-01T00:00:00Z", "invalid_time", "/created_before"),
        ("created_before=0001-01-01T00:00:00%2B23:59", "invalid_time", "/created_before"),
        ("created_before=9999-12-31T23:59:59-23:59", "invalid_time", "/created_before"),
        ("source=a%00b", "nul_character", "/source"),
        ("metadata.k=%00", "nul_character", "/metadata.k"),
        ("metadata.%00=x", "nul_character", "/metadata.\\u0000"),
        ("cursor=%00", "nul_character", "/cursor"),
        ("q=%00", "nul_character", "/q"),
        ("page_size=0", "invalid_page_size", "/page_size"),
        ("page_size=201", "invalid_page_size", "/page_size"),
        ("page_size=-1", "invalid_page_size", "/page_size"),
        ("page_size=ten", "invalid_page_size", "/page_size"),
        ("page_size=1.0", "invalid_page_size", "/page_size"),
        ("page_size=" + quote("٣"), "invalid_page_size", "/page_size"),
        ("page_size=0000000010000", "invalid_page_size", "/page_size"),
        ("page_size=000000001" + "0" * 5000, "invalid_page_size", "/page_size"),
    ],
)
def test_it_refuses_what_it_would_have_to_guess(
    alice: User, query: str, code: str, pointer: str
) -> None:
    refused(api(alice).get(f"{URL}?{query}"), 400, code, pointer)


def test_it_asks_the_database_as_often_for_many_as_for_few(
    alice: User, keep_text: Keep, django_assert_num_queries: Any
) -> None:
    client = api(alice)
    client.get(URL)  # the first use of a token on a day is written down
    for number in range(20):
        keep_text(alice, str(number))
    with django_assert_num_queries(2):  # who asks, and the page
        assert len(client.get(URL).json()["results"]) == 20
    with django_assert_num_queries(3):  # and the count, where the page does not tell it
        assert client.get(f"{URL}?page_size=10").json()["count"] == 20


def test_it_shows_a_failed_document_with_its_reason(
    alice: User, keep_file: Keep, work: Callable[[], int]
) -> None:
    keep_file(alice, b"\x89PNG\r\n\x1a\n", filename="a.png")
    work()
    row = api(alice).get(f"{URL}?error_code=unsupported_type").json()["results"][0]
    assert row["state"] == State.FAILED
    assert "a PNG image" in row["error_detail"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/problem+json"])
def test_it_answers_in_json_to_who_accepts_it(kept: Client, accept: str) -> None:
    answer = kept.get(URL, headers={"accept": accept})
    assert answer.headers["Content-Type"] == "application/json"


def test_it_has_nothing_else_to_offer(kept: Client) -> None:
    refused(kept.get(URL, headers={"accept": "text/html"}), 406, "not_acceptable")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_it_has_no_other_methods(kept: Client, method: str) -> None:
    answer = getattr(kept, method)(URL)
    refused(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
