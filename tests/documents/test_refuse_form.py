"""A form that is no upload is refused with a reason and a place, and nothing is kept."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from tests.conftest import api
from tests.documents.answers import URL, nothing_is_kept, refused
from tests.documents.forms import BORDER, file, form, part, send

pytestmark = pytest.mark.django_db
RAW = b"We met."
DEEP = b'{"a":' * 33 + b"1" + b"}" * 33


@pytest.mark.parametrize(
    ("parts", "code", "pointer"),
    [
        ([], "required", "/file"),
        ([part("title", b"no file")], "required", "/file"),
        ([part("file", b"a field")], "invalid", "/file"),
        ([file(b"")], "empty_content", "/file"),
        ([file(RAW), file(b"other")], "too_many_files", "/file"),
        ([file(RAW), part("other", b"x", filename="b.txt")], "too_many_files", "/file"),
        ([part("upload", RAW, filename="a.txt")], "unknown_field", "/upload"),
        ([file(RAW), part("colour", b"red")], "unknown_field", "/colour"),
        ([file(RAW), part("title", b"a"), part("title", b"b")], "repeated_field", "/title"),
        ([file(RAW), part("title", b"a\0")], "null_characters_not_allowed", "/title"),
        ([file(RAW), part("title", b"t" * 501)], "max_length", "/title"),
        ([file(RAW), part("source", b"s" * 1001)], "max_length", "/source"),
        ([file(RAW), part("metadata", b"")], "malformed_json", "/metadata"),
        ([file(RAW), part("metadata", b"{")], "malformed_json", "/metadata"),
        ([file(RAW), part("metadata", b"[]")], "not_an_object", "/metadata"),
        ([file(RAW), part("metadata", b'{"k": "\\u0000"}')], "nul_character", "/metadata"),
        ([file(RAW), part("metadata", b'{"k": "\\ud800"}')], "malformed_json", "/metadata"),
        ([file(RAW), part("metadata", b'{"k": 1, "k": 2}')], "duplicate_name", "/metadata"),
        ([file(RAW), part("metadata", DEEP)], "too_deep", "/metadata"),
        ([file(RAW), part("metadata", b"[" * 100_000)], "malformed_json", "/metadata"),
        (
            [file(RAW), part("metadata", b'{"k": "%s"}' % (b"v" * 64_000))],
            "metadata_too_large",
            "/metadata",
        ),
        ([file(RAW), part("sha256", b"0" * 64)], "digest_mismatch", "/sha256"),
        ([file(RAW), part("sha256", b"no digest")], "digest_mismatch", "/sha256"),
        ([file(RAW), part("sha256", "é".encode())], "digest_mismatch", "/sha256"),
        ([file(RAW, filename="..")], "invalid_filename", "/file"),
        ([file(RAW, filename="../x")], "invalid_filename", "/file"),
        ([file(RAW, filename="..\\x")], "invalid_filename", "/file"),
        ([file(RAW, filename="a/")], "invalid_filename", "/file"),
        ([file(RAW, filename="a\0b")], "invalid_filename", "/file"),
        ([file(RAW, filename="")], "invalid", "/file"),
    ],
)
def test_it_names_the_place_of_the_mistake(
    alice: User, storage: Path, parts: list[bytes], code: str, pointer: str
) -> None:
    refused(send(api(alice), form(*parts)), 400, code, pointer)
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(
    "body",
    [
        file(RAW),
        file(RAW) + f"--{BORDER}".encode(),
        file(RAW) + part("title", b"cut o").removesuffix(b"\r\n"),
        file(RAW).removesuffix(b"\r\n"),
        b"We met.",
        f"--{BORDER}\r\n".encode(),
    ],
)
def test_it_refuses_a_form_without_its_last_border(alice: User, storage: Path, body: bytes) -> None:
    refused(send(api(alice), body), 400, "malformed_form")
    assert nothing_is_kept(storage)


def test_it_refuses_a_form_that_does_not_name_its_border(alice: User, storage: Path) -> None:
    answer = api(alice).generic("POST", URL, form(file(RAW)), content_type="multipart/form-data")
    refused(answer, 400, "malformed_form")
    assert nothing_is_kept(storage)


def test_it_refuses_a_file_in_base64_that_is_none(alice: User, storage: Path) -> None:
    head = b"text/plain\r\nContent-Transfer-Encoding: base64"
    body = form(file(b"no base64!", kind=head.decode()))
    refused(send(api(alice), body), 400, "malformed_form")
    assert nothing_is_kept(storage)


def test_it_takes_text_after_the_last_border(alice: User) -> None:
    assert send(api(alice), form(file(RAW)) + b"\r\nan epilogue").status_code == 201


def test_it_refuses_a_file_above_the_limit(alice: User, storage: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    refused(send(api(alice), form(file(b"a" * 1001))), 413, "too_large")
    assert nothing_is_kept(storage)


def test_it_takes_a_file_at_the_limit(alice: User, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    assert send(api(alice), form(file(b"a" * 1000))).status_code == 201


class Unread:
    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def test_it_refuses_a_form_above_the_limit_before_it_is_read(alice: User, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    meta: dict[str, Any] = {"CONTENT_LENGTH": "3000000", "wsgi.input": Unread()}
    refused(send(api(alice), b" ", **meta), 413, "too_large")


def test_it_refuses_fields_that_fill_the_memory(alice: User, storage: Path) -> None:
    body = form(file(RAW), part("title", b"t" * 1_100_000))
    refused(send(api(alice), body), 413, "too_large")
    assert nothing_is_kept(storage)


def test_it_refuses_more_fields_than_a_form_has(alice: User, storage: Path) -> None:
    body = form(file(RAW), *(part(str(n), b"") for n in range(1100)))
    refused(send(api(alice), body), 400, "bad_request")
    assert nothing_is_kept(storage)


@pytest.mark.parametrize("charset", ["\0", "\x1f", "no-such", "utf-8" * 100, "é", '"'])
def test_it_takes_any_charset_without_believing_it(alice: User, charset: str) -> None:
    body = form(file(RAW, kind=f"text/plain; charset={charset}"))
    assert send(api(alice), body).status_code == 201


@hypothesis_settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.text(), kind=st.text(), title=st.binary(), metadata=st.binary())
def test_it_has_an_answer_to_any_form(
    alice: User, name: str, kind: str, title: bytes, metadata: bytes
) -> None:
    body = form(
        file(RAW, filename=name, kind=kind), part("title", title), part("metadata", metadata)
    )
    assert send(api(alice), body).status_code in {200, 201, 400}
