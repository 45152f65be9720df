"""One document: what is known about it, how its text begins, and the whole text."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from documents.models import Document, Passage, State
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
LONG = "".join(f"Line {n}: naïve café, 日本語, 😀.\r\n" for n in range(20_000))


def at(document: Document, what: str = "") -> str:
    return f"{URL}{document.pk}/{what}"


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_it_shows_how_the_text_begins(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "é" * 501)
    assert api(alice).get(at(document)).json()["excerpt"] == "é" * 500


def test_it_shows_no_excerpt_before_there_is_a_text(alice: User, keep_file: Keep) -> None:
    assert api(alice).get(at(keep_file(alice, b"We met."))).json()["excerpt"] == ""


@pytest.mark.parametrize("found", ['"{}"', 'W/"{}"', '"x", "{}"', "*"])
def test_it_answers_304_while_it_has_not_changed(alice: User, keep_text: Keep, found: str) -> None:
    client, document = api(alice), keep_text(alice, "We met.")
    tag = client.get(at(document)).headers["ETag"]
    header = {"if-none-match": found.format(tag.strip('"'))}
    again = client.get(at(document), headers=header)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)


def test_it_answers_in_full_once_it_has_changed(alice: User, keep_text: Keep) -> None:
    client, document = api(alice), keep_text(alice, "We met.")
    tag = client.get(at(document)).headers["ETag"]
    client.patch(at(document), {"source": "mail"}, content_type="application/json")
    assert client.get(at(document), headers={"if-none-match": tag}).status_code == 200


def test_it_has_a_strong_tag_of_its_own(alice: User, keep_text: Keep) -> None:
    client = api(alice)
    documents = [keep_text(alice, "We met."), keep_text(alice, "We left.")]
    tags = {client.get(at(document)).headers["ETag"] for document in documents}
    assert len(tags) == 2
    assert all(tag.startswith('"') for tag in tags)


@pytest.mark.parametrize("text", ["We met.", "  \r\n é \t", " \n ", "\ufeffx", LONG])
def test_it_gives_the_text_back_exactly(alice: User, keep_text: Keep, text: str) -> None:
    answer = api(alice).get(at(keep_text(alice, text), "text/"))
    assert body(answer) == text.encode()
    assert answer.headers["Content-Length"] == str(len(text.encode()))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_it_keeps_a_long_text_in_passages_that_join_exactly(alice: User, keep_text: Keep) -> None:
    passages = Passage.objects.filter(document=keep_text(alice, LONG)).order_by("position")
    texts = list(passages.values_list("text", flat=True))
    assert len(texts) > 10
    assert "".join(texts) == LONG


def test_it_streams_a_long_text(alice: User, keep_text: Keep) -> None:
    answer: Any = api(alice).get(at(keep_text(alice, LONG), "text/"))
    assert len(next(iter(answer.streaming_content))) < 70_000


def test_it_gives_the_text_of_a_file_once_it_is_there(
    alice: User, keep_file: Keep, work: Callable[[], int]
) -> None:
    document = keep_file(alice, "Grüße".encode("utf-16"))
    refused(api(alice).get(at(document, "text/")), 409, "not_ready")
    work()
    assert body(api(alice).get(at(document, "text/"))).decode() == "Grüße"


def test_it_says_why_a_failed_document_has_no_text(
    alice: User, keep_file: Keep, work: Callable[[], int]
) -> None:
    document = keep_file(alice, b"\x89PNG\r\n\x1a\n", filename="a.png")
    work()
    problem = refused(api(alice).get(at(document, "text/")), 409, "not_ready")
    assert "a PNG image" in problem["detail"]


def test_it_has_an_empty_text_where_there_are_no_words(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, " \n")
    assert document.state == State.EMPTY
    assert body(api(alice).get(at(document, "text/"))) == b" \n"


@pytest.mark.parametrize("what", ["", "text/", "file/"])
def test_it_answers_head_as_get_without_a_body(alice: User, keep_text: Keep, what: str) -> None:
    client, document = api(alice), keep_text(alice, "We met.")
    head, get = client.head(at(document, what)), client.get(at(document, what))
    assert head.headers == get.headers
    assert (head.status_code, head.getvalue()) == (200, b"")


@pytest.mark.parametrize("what", ["text/", "file/"])
def test_it_gives_a_file_to_who_accepts_something_else(
    alice: User, keep_text: Keep, what: str
) -> None:
    document = keep_text(alice, "We met.")
    assert api(alice).get(at(document, what), headers={"accept": "image/png"}).status_code == 200
