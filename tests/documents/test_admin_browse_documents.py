"""Staff find documents: what came in, and what became of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from documents.models import Document, State

pytestmark = pytest.mark.django_db
URL = "/admin/documents/document/"
Keep = Callable[..., Document]


@pytest.fixture
def page(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


def titles(page: Client, **query: Any) -> list[str]:
    """The titles that the list shows, in order."""
    answer = page.get(URL, query)
    assert answer.status_code == 200
    return [document.title for document in answer.context["cl"].result_list]


def queries(page: Client, **query: Any) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        page.get(URL, query)
    return [each["sql"] for each in captured]


def fail(document: Document, code: str) -> None:
    Document.objects.filter(pk=document.pk).update(state=State.FAILED, error_code=code)


def test_the_list_is_newest_first(page: Client, alice: User, bob: User, keep_text: Keep) -> None:
    keep_text(alice, "We met.", title="one")
    keep_text(bob, "We met.", title="two")
    assert titles(page) == ["two", "one"]


def test_a_document_without_a_title_shows_its_id(
    page: Client, alice: User, keep_text: Keep
) -> None:
    document = keep_text(alice, "We met.")
    assert f"({document.pk})" in page.get(URL).content.decode()


def test_the_list_asks_as_much_for_thirty_as_for_three(
    page: Client, alice: User, bob: User, keep_text: Keep
) -> None:
    for n in range(3):
        keep_text(alice, f"text {n}")
    few = queries(page)
    for n in range(27):
        keep_text(bob, f"text {n}")
    assert len(queries(page)) == len(few)


@pytest.mark.parametrize("query", [{}, {"q": "met"}, {"state__exact": "ready"}])
def test_no_count_goes_over_everything(
    page: Client, alice: User, keep_text: Keep, query: dict[str, str]
) -> None:
    keep_text(alice, "We met.")
    counts = [sql for sql in queries(page, **query) if "COUNT(" in sql and '"documents"' in sql]
    assert counts
    assert [sql for sql in counts if "LIMIT 10001" not in sql] == []


def test_the_list_loads_no_text(page: Client, alice: User, keep_text: Keep) -> None:
    keep_text(alice, "We met.")
    assert not [sql for sql in queries(page) if '"passages"' in sql]


@pytest.mark.parametrize(
    "query",
    [{"state__exact": "failed"}, {"error_code": "encrypted"}, {"indexed__exact": "0"}],
)
def test_the_list_can_be_filtered(
    page: Client, alice: User, keep_text: Keep, work: Callable[[], int], query: dict[str, str]
) -> None:
    keep_text(alice, "We met.", title="good")
    work()
    fail(keep_text(alice, "We met again.", title="bad"), "encrypted")
    assert titles(page, **query) == ["bad"]


def test_the_list_can_be_filtered_by_day(page: Client, alice: User, keep_text: Keep) -> None:
    keep_text(alice, "We met.", title="today")
    (newest,) = Document.objects.all()
    day = newest.created_at.date().isoformat()
    assert titles(page, created_at__gte=f"{day} 00:00:00+00:00") == ["today"]
    assert titles(page, created_at__lt=f"{day} 00:00:00+00:00") == []


@pytest.mark.parametrize("words", ["agreed", "AGREE", "minutes", '"met and agreed"', "met -never"])
def test_the_search_finds_words_of_title_and_text(
    page: Client, alice: User, keep_text: Keep, work: Callable[[], int], words: str
) -> None:
    keep_text(alice, "We met and agreed.", title="Minutes")
    keep_text(alice, "They never spoke.", title="Other")
    work()
    assert titles(page, q=words) == ["Minutes"]


@pytest.mark.parametrize("name", ["{0.pk}", " {0.pk.hex} ", "{0.sha256}", "ALICE@example.com"])
def test_the_search_finds_what_has_a_name(
    page: Client, alice: User, bob: User, keep_text: Keep, name: str
) -> None:
    document = keep_text(alice, "We met.", title="Minutes")
    keep_text(bob, "Something else.")
    assert titles(page, q=name.format(document)) == ["Minutes"]


@pytest.mark.parametrize("name", ["q", "state__exact"])
def test_a_nul_is_refused(page: Client, name: str) -> None:
    assert page.get(URL, {name: "\x00"}).status_code == 400


@pytest.mark.parametrize("words", ["-met", "nothing", "0" * 64, "@", "'; --", "\\"])
def test_the_search_finds_nothing(
    page: Client, alice: User, keep_text: Keep, work: Callable[[], int], words: str
) -> None:
    keep_text(alice, "We met.")
    work()
    assert page.get(URL, {"q": words}).status_code == 200


@pytest.mark.parametrize("query", [{"p": "9999"}, {"o": "99"}, {"e": 1}, {"created_at__gte": "a"}])
def test_a_query_that_makes_no_sense_is_no_error(page: Client, query: dict[str, Any]) -> None:
    assert page.get(URL, query).status_code in {200, 302}


def test_a_page_shows_the_text_escaped(page: Client, alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "<script>alert(1)</script> & more")
    shown = page.get(f"{URL}{document.pk}/change/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in shown
    assert "<script>alert(1)" not in shown


def test_a_page_shows_the_start_of_a_long_text(page: Client, alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "word " * 100_000)
    answer = page.get(f"{URL}{document.pk}/change/")
    text = re.search(r"<pre[^>]*>(.*?)</pre>", answer.content.decode(), re.DOTALL)
    assert text is not None
    assert len(text[1]) == 20_000 + len("\n… (the API has all of it)")


def test_charlie_is_asked_to_log_in(charlie: User) -> None:
    client = Client()
    client.force_login(charlie)
    assert client.get(URL).headers["Location"].startswith("/admin/login/")


def test_staff_without_the_permission_see_nothing(sam: User, alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    sam.user_permissions.clear()
    client = Client()
    client.force_login(sam)
    assert client.get(URL).status_code == 403
    assert client.get(f"{URL}{document.pk}/change/").status_code == 403
