"""A body is taken when all of it has arrived, as it was announced; else nothing is kept."""

import base64
import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import api
from tests.documents.answers import URL, nothing_is_kept, refused
from tests.documents.forms import BORDER, file, form, part

pytestmark = pytest.mark.django_db
JSON = json.dumps({"content": "We met."}).encode()
FORM = form(file(b"We met." * 30_000), part("title", b"Minutes"))
KINDS = [
    pytest.param(JSON, "application/json", id="json"),
    pytest.param(FORM, f"multipart/form-data; boundary={BORDER}", id="form"),
]


def post(client: Client, body: bytes, kind: str, **meta: Any) -> Any:
    return client.generic("POST", URL, body, content_type=kind, **meta)


def digest(body: bytes, name: str = "sha256") -> str:
    hashed = base64.b64encode(hashlib.new(name, body).digest()).decode()
    return f"{name.replace('sha', 'sha-')}=:{hashed}:"


@pytest.mark.parametrize(("body", "kind"), KINDS)
@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_it_takes_a_body_with_its_digest(alice: User, body: bytes, kind: str, name: str) -> None:
    answer = post(api(alice), body, kind, HTTP_CONTENT_DIGEST=digest(body, name))
    assert answer.status_code == 201


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_it_refuses_a_body_with_another_digest(
    alice: User, storage: Path, body: bytes, kind: str
) -> None:
    answer = post(api(alice), body, kind, HTTP_CONTENT_DIGEST=digest(b"other"))
    assert "sha-256" in refused(answer, 400, "digest_mismatch")["detail"]
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_it_compares_every_digest_that_it_knows(
    alice: User, storage: Path, body: bytes, kind: str
) -> None:
    both = f"{digest(body)}, md5=:abcd:, {digest(b'other', 'sha512')}"
    refused(post(api(alice), body, kind, HTTP_CONTENT_DIGEST=both), 400, "digest_mismatch")
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(
    "header", ["md5=:abcd:", "sha-256=abcd", "sha-256=:a:", "x", "=", ",", "é"]
)
def test_it_refuses_a_digest_that_it_cannot_verify(alice: User, storage: Path, header: str) -> None:
    answer = post(api(alice), JSON, "application/json", HTTP_CONTENT_DIGEST=header)
    refused(answer, 400, "invalid_content_digest")
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(("body", "kind"), KINDS)
@pytest.mark.parametrize("arrived", [0, 1, 20, -20, -1])
def test_it_refuses_a_body_that_was_cut_off(
    alice: User, storage: Path, body: bytes, kind: str, arrived: int
) -> None:
    cut = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body[:arrived])}
    assert (
        str(len(body))
        in refused(post(api(alice), body, kind, **cut), 400, "incomplete_body")["detail"]
    )
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_it_reads_no_further_than_was_announced(alice: User, body: bytes, kind: str) -> None:
    more = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body + b"the next request")}
    assert post(api(alice), body, kind, **more).status_code == 201


class Dribble(BytesIO):
    """A network: what is asked for comes a little at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 10))


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_it_takes_a_body_that_comes_in_small_pieces(alice: User, body: bytes, kind: str) -> None:
    pieces = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": Dribble(body)}
    assert post(api(alice), body, kind, **pieces).status_code == 201


@pytest.mark.parametrize("length", ["-1", "abc"])
def test_it_takes_a_length_that_is_none_for_no_body(
    alice: User, storage: Path, length: str
) -> None:
    answer = post(api(alice), JSON, "application/json", CONTENT_LENGTH=length)
    assert answer.status_code == 400
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_it_refuses_an_empty_digest(alice: User, storage: Path, body: bytes, kind: str) -> None:
    answer = post(api(alice), body, kind, HTTP_CONTENT_DIGEST="")
    refused(answer, 400, "invalid_content_digest")
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_it_refuses_a_body_that_is_packed(
    alice: User, storage: Path, body: bytes, kind: str
) -> None:
    answer = post(api(alice), body, kind, HTTP_CONTENT_ENCODING="gzip")
    refused(answer, 415, "unsupported_media_type")
    assert nothing_is_kept(storage)
