"""`GET documents/export/`: what it streams, `bulk/` takes back."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from documents import export
from documents.models import Document
from tests.conftest import api
from tests.documents.answers import problem
from tests.documents.test_take_many import send

URL = "/api/v1/documents/export/"
SAME = ("title", "source", "content_type", "metadata", "size", "sha256", "state")


def exported(user: User, query: str = "") -> bytes:
    answer: Any = api(user).get(URL + query)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")
    return b"".join(answer.streaming_content)


def parsed(raw: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in raw.splitlines()]


def test_bulk_takes_it_back_identical(
    alice: User, bob: User, keep_text: Any, keep_file: Any, work: Any
) -> None:
    keep_text(alice, "  We met.\r\n", title="Minutes", source="s", metadata={"a": [1, {"b": "ü"}]})
    keep_text(alice, "long " * 40_000, title="Long")
    keep_text(alice, " \n", title="Empty")
    keep_file(alice, "naïve".encode("latin-1"), title="n", charset="iso-8859-1")
    keep_file(alice, bytes(range(256)), filename="x.bin", content_type="application/octet-stream")
    work()
    assert send(bob, exported(alice)).json()["created"] == 5
    work()
    for mine in Document.objects.filter(owner=alice):
        theirs = Document.objects.get(owner=bob, sha256=mine.sha256)
        assert [getattr(mine, name) for name in SAME] == [getattr(theirs, name) for name in SAME]
        assert mine.extracted == theirs.extracted
        text = [list(d.passages.values_list("position", "text")) for d in (mine, theirs)]
        assert text[0] == text[1]


def test_taken_back_by_its_owner_nothing_is_new(alice: User, keep_text: Any) -> None:
    keep_text(alice, "one")
    told = send(alice, exported(alice)).json()
    assert (told["lines"], told["duplicates"]) == (1, 1)


def test_it_ends_with_a_line_that_says_so(alice: User, keep_text: Any) -> None:
    assert parsed(exported(alice))[-1] == {
        "complete": True,
        "documents": 0,
        "omitted": [],
        "omitted_count": 0,
        "omitted_truncated": False,
    }


def test_it_goes_through_all_pages_oldest_first(alice: User, keep_text: Any) -> None:
    for number in range(export.PAGE + 3):
        keep_text(alice, f"text {number}")
    *lines, last = parsed(exported(alice))
    assert last["documents"] == export.PAGE + 3
    assert len({line["content"] for line in lines}) == export.PAGE + 3


def test_it_shows_what_the_list_shows(
    alice: User, bob: User, sam: User, charlie: User, keep_text: Any
) -> None:
    keep_text(alice, "of Alice", source="a")
    keep_text(bob, "of Bob", source="b")
    counts = [parsed(exported(user))[-1]["documents"] for user in (alice, bob, sam, charlie)]
    assert counts == [1, 1, 2, 0]
    assert [line["content"] for line in parsed(exported(sam, "?source=b"))[:-1]] == ["of Bob"]


def test_what_exceeds_a_line_is_named(
    alice: User, keep_text: Any, keep_file: Any, settings: Any
) -> None:
    settings.MAX_JSON_BYTES = 1000
    long = [
        keep_text(alice, "x" * 1001),
        keep_text(alice, '"' * 600),  # each takes two characters in JSON
        keep_file(alice, b"y" * 800),
    ]
    keep_text(alice, "short")
    *lines, last = parsed(exported(alice))
    assert [line["content"] for line in lines] == ["short"]
    assert {each["id"] for each in last["omitted"]} == {str(document.pk) for document in long}
    assert {each["reason"] for each in last["omitted"]} == {"too_long"}
    file = api(alice).get(last["omitted"][0]["url"])
    assert file.status_code == 200


def test_lost_bytes_are_named(alice: User, keep_file: Any, storage: Path) -> None:
    lost = keep_file(alice, b"lost")
    (storage / lost.blob).unlink()
    last = parsed(exported(alice))[-1]
    assert last["documents"] == 0
    assert last["omitted"][0]["reason"] == "blob_missing"


@pytest.mark.parametrize("query", ["?colour=red", "?page_size=3", "?q=word"])
def test_unknown_parameters_are_refused(alice: User, query: str) -> None:
    assert problem(api(alice).get(URL + query), status=400)["code"] == "unknown_parameter"
