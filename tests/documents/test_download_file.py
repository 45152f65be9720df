"""The original comes back as it was sent: all of it or a part, and always as a download."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from documents.models import Document
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
RAW = bytes(range(256)) * 2000  # several blocks
SIZE = len(RAW)
TAG = f'"{hashlib.sha256(RAW).hexdigest()}"'
TEXT = "naïve café 😀 " * 20_000  # several passages


def get(user: User, document: Document, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api(user).get(f"{URL}{document.pk}/file/", headers=named)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_it_gives_the_bytes_back(alice: User, keep_file: Keep) -> None:
    answer = get(alice, keep_file(alice, RAW))
    assert body(answer) == RAW
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(SIZE))


def test_it_gives_the_text_of_a_document_in_json_as_utf_8(alice: User, keep_text: Keep) -> None:
    answer = get(alice, keep_text(alice, TEXT))
    assert body(answer) == TEXT.encode()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=300000-300099", 300_000, 300_099),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=511000-", 511_000, SIZE - 1),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-1000", SIZE - 1000, SIZE - 1),
        ("bytes=-999999999", 0, SIZE - 1),
        ("bytes=100-999999999", 100, SIZE - 1),
        ("bytes=100-" + "9" * 5000, 100, SIZE - 1),
        ("bytes = 5 - 9", 5, 9),
    ],
)
def test_it_gives_the_part_that_was_asked_for(
    alice: User, keep_file: Keep, asked: str, start: int, end: int
) -> None:
    answer = get(alice, keep_file(alice, RAW), range=asked)
    assert answer.status_code == 206
    assert body(answer) == RAW[start : end + 1]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end + 1 - start)


@pytest.mark.parametrize(("start", "end"), [(0, 3), (2, 2), (65_500, 131_100), (200_000, 250_000)])
def test_it_gives_a_part_of_a_text_by_its_bytes(
    alice: User, keep_text: Keep, start: int, end: int
) -> None:
    answer = get(alice, keep_text(alice, TEXT), range=f"bytes={start}-{end}")
    assert body(answer) == TEXT.encode()[start : end + 1]


@pytest.mark.parametrize(
    "asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 9}", "bytes=-0", "bytes=" + "9" * 5000 + "-"]
)
def test_it_refuses_a_part_beyond_the_end(alice: User, keep_file: Keep, asked: str) -> None:
    answer = get(alice, keep_file(alice, RAW), range=asked)
    refused(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=9-5", "bytes=-", "bytes=a-b", "lines=1-2", "x", "bytes=٣-٤"]
)
def test_it_gives_all_of_it_for_a_range_it_does_not_read(
    alice: User, keep_file: Keep, asked: str
) -> None:
    answer = get(alice, keep_file(alice, RAW), range=asked)
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(SIZE))
    assert "Content-Range" not in answer.headers


def test_it_goes_on_while_the_file_is_the_same(alice: User, keep_file: Keep) -> None:
    answer = get(alice, keep_file(alice, RAW), range="bytes=5-9", if_range=TAG)
    assert (answer.status_code, body(answer)) == (206, RAW[5:10])


@pytest.mark.parametrize("tag", ['"other"', f"W/{TAG}", "Thu, 01 Jan 2026 00:00:00 GMT"])
def test_it_starts_again_for_another_file(alice: User, keep_file: Keep, tag: str) -> None:
    answer = get(alice, keep_file(alice, RAW), range="bytes=5-9", if_range=tag)
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(SIZE))


def test_it_has_its_digest_for_a_tag(alice: User, keep_file: Keep) -> None:
    assert get(alice, keep_file(alice, RAW)).headers["ETag"] == TAG


def test_it_answers_304_to_who_has_it(alice: User, keep_file: Keep) -> None:
    answer = get(alice, keep_file(alice, RAW), if_none_match=TAG, range="bytes=0-1")
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=999999999-"])
def test_it_ignores_a_range_for_head(alice: User, keep_file: Keep, asked: str) -> None:
    document = keep_file(alice, RAW)
    answer = api(alice).head(f"{URL}{document.pk}/file/", headers={"range": asked})
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(SIZE))


def test_it_is_never_shown_as_a_page(alice: User, keep_file: Keep) -> None:
    page = keep_file(alice, b"<script>", filename="a.html", content_type="text/html")
    headers = get(alice, page).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ("Grüße.txt", "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"),
        ('a"b\\c/d\r\nSet-Cookie: x', 'attachment; filename="a_b_c_d__Set-Cookie: x"'),
        ("n" * 300, f'attachment; filename="{"n" * 200}"'),
    ],
)
def test_it_is_called_what_it_was_called(
    alice: User, keep_file: Keep, name: str, header: str
) -> None:
    document = keep_file(alice, RAW, filename=name, title="other")
    assert get(alice, document).headers["Content-Disposition"] == header


def test_it_is_called_by_its_title_or_else_by_its_id(alice: User, keep_text: Keep) -> None:
    named, unnamed = keep_text(alice, "a", title="Minutes"), keep_text(alice, "b")
    assert '"Minutes"' in get(alice, named).headers["Content-Disposition"]
    assert f'"{unnamed.pk}.txt"' in get(alice, unnamed).headers["Content-Disposition"]


def test_it_is_there_when_nothing_could_be_read_from_it(
    alice: User, keep_file: Keep, work: Callable[[], int]
) -> None:
    document = keep_file(alice, b"%PDF-1.7 ", filename="a.pdf")
    work()
    assert body(get(alice, document)) == b"%PDF-1.7 "
