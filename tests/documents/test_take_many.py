"""`POST documents/bulk/`: many documents in one request."""

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents.bulk import BATCH_DOCUMENTS
from documents.models import Document, Job, Kind, Lane, Passage
from tests.conftest import api
from tests.documents.answers import problem

BULK = "/api/v1/documents/bulk/"
LINES = "application/x-ndjson"


def ndjson(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def send(user: User, body: bytes, *, query: str = "", **headers: str) -> Any:
    return api(user).post(f"{BULK}{query}", body, content_type=LINES, headers=headers)


def results(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_it_keeps_a_document_for_each_line(alice: User) -> None:
    body = ndjson(
        {"content": "one", "title": "First", "source": "here", "metadata": {"a": {"b": [1]}}},
        {"content": "two\nlines"},
    )
    answer = send(alice, body)
    assert answer.status_code == 200
    assert answer.json() == {
        "lines": 2,
        "created": 2,
        "duplicates": 0,
        "failed": 0,
        "errors": [],
        "errors_truncated": False,
    }
    first = Document.objects.get(title="First")
    assert (first.source, first.metadata) == ("here", {"a": {"b": [1]}})
    assert (first.state, first.size, first.blob, first.owner) == ("ready", 3, "", alice)
    assert first.sha256 == hashlib.sha256(b"one").hexdigest()
    assert set(Passage.objects.values_list("text", flat=True)) == {"one", "two\nlines"}


def test_it_is_the_same_document_as_one_sent_alone(alice: User) -> None:
    said = {"content": "  a text, white space and all \n", "title": "T", "metadata": {"n": 1.5}}
    alone = api(alice).post("/api/v1/documents/", said, content_type="application/json").json()
    answer = send(alice, ndjson(said), accept=LINES)
    assert results(answer)[0] == {"line": 1, "status": "duplicate", "id": alone["id"]}


def test_it_answers_a_line_for_each_line(alice: User) -> None:
    body = ndjson({"content": "one"}, {"content": ""}, {"content": "two"}, {"content": "one"})
    answer = send(alice, body, accept=LINES)
    assert (answer.status_code, answer["Content-Type"]) == (207, LINES)
    *each, last = results(answer)
    assert [line["status"] for line in each] == ["created", "failed", "created", "duplicate"]
    assert each[1]["code"] == "empty_content"
    assert each[3] == {"line": 4, "status": "duplicate", "id": each[0]["id"], "repeats_line": 1}
    assert last["complete"] is True
    assert (last["lines"], last["created"], last["duplicates"], last["failed"]) == (4, 2, 1, 1)


def test_blank_lines_count_and_say_nothing(alice: User) -> None:
    body = b'\xef\xbb\xbf{"content": "one"}\r\n\r\n  \n{"content": 2}\n{"content": "three"}'
    answer = send(alice, body)
    assert answer.status_code == 207
    told = answer.json()
    assert (told["lines"], told["created"], told["failed"]) == (3, 2, 1)
    assert [(error["line"], error["pointer"]) for error in told["errors"]] == [(4, "/content")]


BAD_LINES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "malformed_json"),
    "no object": (b'["content"]', "not_an_object"),
    "no content": (b'{"title": "x"}', "required"),
    "unknown field": (b'{"content": "x", "colour": 1}', "unknown_field"),
    "type of a text": (b'{"content": "x", "content_type": "text/html"}', "unknown_field"),
    "both contents": (b'{"content": "x", "content_base64": "eA=="}', "unknown_field"),
    "no text": (b'{"content": 1}', "invalid"),
    "null": (b'{"content": null}', "invalid"),
    "long title": (b'{"content": "x", "title": "%s"}' % (b"t" * 501), "max_length"),
    "long source": (b'{"content": "x", "source": "%s"}' % (b"t" * 1001), "max_length"),
    "NUL": (b'{"content": "a\\u0000b"}', "nul_character"),
    "lone surrogate": (b'{"content": "\\ud800"}', "malformed_json"),
    "wrong UTF-8": (b'{"content": "\xff"}', "malformed_json"),
    "name twice": (b'{"content": "a", "content": "b"}', "duplicate_name"),
    "name twice, written otherwise": (b'{"title": "a", "t\\u0069tle" :1, "content": "x"}', ""),
    "name twice inside": (b'{"content": "a", "metadata": {"k": 1, "k": 2}}', "duplicate_name"),
    "huge number": (b'{"content": "a", "metadata": {"k": 1%s}}' % (b"0" * 30), ""),
    "metadata is a list": (b'{"content": "a", "metadata": []}', "not_an_object"),
    "metadata too large": (
        b'{"content": "a", "metadata": {"k": "%s"}}' % (b"x" * 64_000),
        "metadata_too_large",
    ),
    "deep": (b'{"content": "a", "metadata": {"k": %s1%s}}' % (b"[" * 40, b"]" * 40), "too_deep"),
    "very deep": (b"[" * 100_000, "malformed_json"),
    "no base64": (b'{"content_base64": "a*b="}', "malformed_base64"),
    "empty base64": (b'{"content_base64": ""}', "empty_content"),
}


@pytest.mark.parametrize(("line", "code"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_costs_no_other(alice: User, line: bytes, code: str) -> None:
    answer = send(alice, b'{"content": "before"}\n' + line + b'\n{"content": "after"}\n')
    assert answer.status_code == 207
    told = answer.json()
    assert (told["created"], told["failed"]) == (2, 1)
    error = told["errors"][0]
    assert error["line"] == 2
    assert error["code"] == (code or error["code"])
    assert Document.objects.count() == 2


def test_none_kept_is_a_problem(alice: User) -> None:
    told = problem(send(alice, ndjson({"content": ""}, {"content": 1})), status=422)
    assert told["code"] == "none_kept"
    assert (told["lines"], told["failed"], told["created"]) == (2, 2, 0)
    assert [error["line"] for error in told["errors"]] == [1, 2]


def test_none_kept_still_says_it_line_by_line(alice: User) -> None:
    answer = send(alice, ndjson({"content": ""}), accept=LINES)
    assert answer.status_code == 422
    assert [line.get("status") for line in results(answer)] == ["failed", None]


@pytest.mark.parametrize("body", [b"\n", b"\n\r\n  \n", b"\xef\xbb\xbf"])
def test_no_line_at_all_is_refused(alice: User, body: bytes) -> None:
    assert problem(send(alice, body), status=400)["code"] == "empty_content"


def test_it_names_a_thousand_errors_and_counts_the_others(alice: User) -> None:
    told = problem(send(alice, b"{}\n" * 1001), status=422)
    assert (told["failed"], len(told["errors"]), told["errors_truncated"]) == (1001, 1000, True)


def test_files_come_as_base64(alice: User, work: Any) -> None:
    raw = "naïve".encode("latin-1")
    line = {
        "content_base64": base64.b64encode(raw).decode(),
        "content_type": "text/plain; charset=iso-8859-1",
        "filename": "a.txt",
    }
    assert send(alice, ndjson(line)).json()["created"] == 1
    work()
    kept = Document.objects.get()
    assert (kept.title, kept.content_type, kept.size) == ("a.txt", "text/plain", len(raw))
    assert kept.extracted["filename"] == "a.txt"
    assert Passage.objects.get().text == "naïve"
    answer: Any = api(alice).get(f"/api/v1/documents/{kept.pk}/file/")
    assert b"".join(answer.streaming_content) == raw


def test_a_batch_is_one_job_for_texts_and_one_for_a_few_files(alice: User) -> None:
    texts = [{"content": f"text {number}"} for number in range(30)]
    files = [{"content_base64": base64.b64encode(b"%d" % n).decode()} for n in range(20)]
    send(alice, ndjson(*texts, *files))
    jobs = Job.objects.order_by("id").values_list("kind", "lane", "documents")
    assert [(kind, lane, len(ids)) for kind, lane, ids in jobs] == [
        (Kind.INDEX, Lane.BULK, 30),
        (Kind.EXTRACT, Lane.BULK, 16),
        (Kind.EXTRACT, Lane.BULK, 4),
    ]


def test_everything_is_found_afterwards(alice: User, work: Any) -> None:
    send(alice, ndjson(*({"content": f"pelican {number}"} for number in range(20))))
    work()
    found = api(alice).get("/api/v1/documents/?q=pelican").json()
    assert found["count"] == 20


@pytest.mark.django_db(transaction=True)
def test_duplicates_far_apart_are_named_with_their_line(alice: User) -> None:
    many = 2 * BATCH_DOCUMENTS
    lines = [{"content": f"text {number}"} for number in range(many)]
    answer = send(alice, ndjson(*lines, lines[3], lines[many - 1], lines[3]), accept=LINES)
    *_, fourth, last, again, summary = results(answer)
    assert [line["repeats_line"] for line in (fourth, last, again)] == [4, many, 4]
    assert (summary["created"], summary["duplicates"]) == (many, 3)
    assert Document.objects.count() == many


@pytest.mark.django_db(transaction=True)
def test_sending_it_again_keeps_nothing_twice(alice: User) -> None:
    body = ndjson(*({"content": f"text {number}"} for number in range(2 * BATCH_DOCUMENTS + 1)))
    first, second = send(alice, body).json(), send(alice, body).json()
    assert (first["created"], first["duplicates"]) == (2001, 0)
    assert (second["created"], second["duplicates"]) == (0, 2001)
    assert Passage.objects.count() == 2001
    assert sum(len(job.documents) for job in Job.objects.all()) == 2001


def test_a_duplicate_of_what_was_there_and_of_a_line_is_both(alice: User) -> None:
    send(alice, ndjson({"content": "one"}))
    answer = send(alice, ndjson({"content": "one"}, {"content": "one"}), accept=LINES)
    first, second, _ = results(answer)
    assert (first["status"], first.get("repeats_line")) == ("duplicate", None)
    assert (second["status"], second["repeats_line"]) == ("duplicate", 1)


def test_owners_do_not_learn_of_each_other(alice: User, bob: User) -> None:
    body = ndjson({"content": "the same"})
    assert send(alice, body).json()["created"] == 1
    assert send(bob, body).json()["created"] == 1


def test_without_a_token_nothing_is_read(db: None) -> None:
    answer = Client().post(BULK, b'{"content": "x"}\n', content_type=LINES)
    assert problem(answer, status=401)
    assert not Document.objects.exists()


def test_other_media_types_are_refused(alice: User) -> None:
    answer = api(alice).post(BULK, "[]", content_type="application/json")
    assert "application/x-ndjson" in problem(answer, status=415)["detail"]


def test_unknown_and_wrong_parameters_are_refused(alice: User) -> None:
    body = ndjson({"content": "x"})
    assert problem(send(alice, body, query="?atomc=true"), status=400)["code"] == (
        "unknown_parameter"
    )
    assert problem(send(alice, body, query="?atomic=1"), status=400)["pointer"] == "/atomic"
    assert not Document.objects.exists()


def test_a_dry_run_says_what_would_be_and_keeps_nothing(alice: User) -> None:
    send(alice, ndjson({"content": "known"}))
    lines = [{"content": "known"}, {"content": "new"}, {"content": "new"}, {"content": ""}]
    told = send(alice, ndjson(*lines), query="?dry_run=true").json()
    assert (told["created"], told["duplicates"], told["failed"]) == (1, 2, 1)
    assert Document.objects.count() == 1


def test_gzip_is_read_in_several_members(alice: User) -> None:
    body = gzip.compress(ndjson({"content": "one"})) + gzip.compress(ndjson({"content": "two"}))
    assert send(alice, body, content_encoding="gzip").json()["created"] == 2


@pytest.mark.parametrize("cut", [-1, -9, 25])
def test_broken_gzip_says_what_is_kept(alice: User, cut: int) -> None:
    body = gzip.compress(ndjson({"content": "one"}, {"content": "two"}))[:cut]
    told = problem(send(alice, body, content_encoding="gzip"), status=400)
    assert told["code"] == "malformed_gzip"
    assert told["created"] == Document.objects.count()


def test_what_is_not_compressed_says_so(alice: User) -> None:
    told = problem(send(alice, ndjson({"content": "one"}), content_encoding="gzip"), status=400)
    assert told["code"] == "malformed_gzip"
    assert told["detail"] == (
        "The body is not compressed, and Content-Encoding says gzip. Compress it with gzip, or "
        "leave the header out."
    )


def test_what_follows_a_gzip_file_is_named_as_damage(alice: User) -> None:
    body = gzip.compress(ndjson({"content": "one"})) + b"and more"
    told = problem(send(alice, body, content_encoding="gzip"), status=400)
    assert "it is damaged. Send it again" in told["detail"]


def test_a_small_body_that_becomes_a_large_one_is_refused(alice: User) -> None:
    body = gzip.compress(ndjson({"content": "one"}) + b" " * 80_000_000)
    assert problem(send(alice, body, content_encoding="gzip"), status=400)["code"] == "bomb"


@pytest.mark.parametrize(
    "line", [{"complete": True, "title": "lost"}, {"complete": True, "content_base64": "eA=="}]
)
def test_no_line_is_dropped_without_a_word(alice: User, line: dict[str, Any]) -> None:
    told = send(alice, ndjson(line, {"content": "good"})).json()
    assert (told["lines"], told["created"], told["failed"]) == (2, 1, 1)


def test_what_gzip_inflates_to_is_capped(alice: User, settings: Any) -> None:
    settings.MAX_BULK_BYTES = 10_000
    body = gzip.compress(b"\n" * 1_000_000)
    assert problem(send(alice, body, content_encoding="gzip"), status=413)["code"] == "too_large"


def test_a_line_that_is_too_long_costs_no_other(alice: User, settings: Any) -> None:
    settings.MAX_JSON_BYTES = 1000
    body = ndjson({"content": "before"}, {"content": "x" * 3000}, {"content": "after"})
    told = send(alice, body).json()
    assert told["created"] == 2
    assert [(error["line"], error["code"]) for error in told["errors"]] == [(2, "too_large")]
