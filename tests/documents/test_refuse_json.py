"""What is not a document in JSON is refused with a reason and a place, and nothing is kept."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from tests.conftest import api
from tests.documents.answers import URL, nothing_is_kept, refused

pytestmark = pytest.mark.django_db
NESTED_32 = json.loads('{"a":' * 32 + "1" + "}" * 32)
MANY = settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def post(client: Client, body: bytes, **meta: Any) -> Any:
    return client.generic("POST", URL, body, content_type="application/json", **meta)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"We met.", "malformed_json"),
        (b'{"content": "We met."', "malformed_json"),
        (b'{"content": "We met."} x', "malformed_json"),
        (b'{"content": "caf\xe9"}', "malformed_json"),
        (b'{"content": NaN}', "malformed_json"),
        (b'{"content": 1e999}', "malformed_json"),
        (b'{"content": ' + b"1" * 5000 + b"}", "malformed_json"),
        (b"[" * 100_000, "malformed_json"),
        (b'{"content": "a", "content": "b"}', "duplicate_name"),
        (b'{"content": "a", "metadata": {"k": 1, "\\u006b": 2}}', "duplicate_name"),
        (b'{"content": "\\ud800"}', "malformed_json"),
        (b'{"content": "a", "title": "\\udc00"}', "malformed_json"),
        (b'{"content": "a", "metadata": {"\\ud800": 1}}', "malformed_json"),
        (b'{"content": "a", "metadata": {"k": "\\ud800"}}', "malformed_json"),
    ],
)
def test_it_refuses_what_is_not_json(alice: User, storage: Path, body: bytes, code: str) -> None:
    refused(post(api(alice), body), 400, code)
    assert nothing_is_kept(storage)


def test_it_refuses_what_is_nested_deeper_than_the_stack(alice: User, storage: Path) -> None:
    answer = post(api(alice), b"[" * 1000 + b"]" * 1000)
    assert (answer.status_code, answer.json()["code"]) == (400, "too_deep")
    assert nothing_is_kept(storage)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "required", "/content"),
        ([], "invalid", ""),
        ("We met.", "invalid", ""),
        (1, "invalid", ""),
        (None, "null", ""),
        ({"content": ""}, "empty_content", "/content"),
        ({"content": None}, "null", "/content"),
        ({"content": 1}, "invalid", "/content"),
        ({"content": ["a"]}, "invalid", "/content"),
        ({"content": True}, "invalid", "/content"),
        ({"content": "a", "title": 1}, "invalid", "/title"),
        ({"content": "a", "title": None}, "null", "/title"),
        ({"content": "a", "title": "t" * 501}, "max_length", "/title"),
        ({"content": "a", "source": {}}, "invalid", "/source"),
        ({"content": "a", "source": "s" * 1001}, "max_length", "/source"),
        ({"content": "a", "metadata": []}, "not_an_object", "/metadata"),
        ({"content": "a", "metadata": 1}, "not_an_object", "/metadata"),
        ({"content": "a", "metadata": "{}"}, "not_an_object", "/metadata"),
        ({"content": "a", "metadata": "no JSON"}, "not_an_object", "/metadata"),
        ({"content": "a", "metadata": None}, "null", "/metadata"),
        ({"content": "a", "metadata": {"k": "v" * 64_000}}, "metadata_too_large", "/metadata"),
        ({"content": "a\0"}, "nul_character", "/content"),
        ({"content": "a", "title": "\0"}, "nul_character", "/title"),
        ({"content": "a", "metadata": {"a": ["\0"]}}, "nul_character", "/metadata/a/0"),
        ({"content": "a", "metadata": {"\0": 1}}, "nul_character", "/metadata/\\u0000"),
        ({"content": "a", "metadata": {"n": 2**64}}, "number_out_of_range", "/metadata/n"),
        ({"content": "a", "metadata": {"n": 1e300}}, "number_out_of_range", "/metadata/n"),
        ({"content": "a", "metadata": {"n": -(2**63) - 1}}, "number_out_of_range", "/metadata/n"),
        ({"content": "a", "colour": "red"}, "unknown_field", "/colour"),
        ({"content": "a", "a/b~c": 1}, "unknown_field", "/a~1b~0c"),
    ],
)
def test_it_names_the_place_of_the_mistake(
    alice: User, storage: Path, body: Any, code: str, pointer: str
) -> None:
    refused(post(api(alice), json.dumps(body).encode()), 400, code, pointer)
    assert nothing_is_kept(storage)


def test_it_takes_metadata_of_32_levels_and_gives_them_back(alice: User) -> None:
    answer = post(api(alice), json.dumps({"content": "a", "metadata": NESTED_32}).encode())
    assert answer.json()["metadata"] == NESTED_32


def test_it_refuses_metadata_of_33_levels(alice: User, storage: Path) -> None:
    body = {"content": "a", "metadata": {"a": NESTED_32}}
    refused(post(api(alice), json.dumps(body).encode()), 400, "too_deep", "/metadata" + "/a" * 32)
    assert nothing_is_kept(storage)


def test_it_measures_metadata_without_the_spaces_around_it(alice: User) -> None:
    metadata = {str(n): n for n in range(5_500)}  # 58,890 bytes, and one space more for each
    answer = post(api(alice), json.dumps({"content": "a", "metadata": metadata}).encode())
    assert answer.status_code == 201


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 0.1, 1e-300, -0.5, 10**15])
def test_it_gives_numbers_back_as_they_were_sent(alice: User, number: float) -> None:
    answer = post(api(alice), json.dumps({"content": "a", "metadata": {"n": number}}).encode())
    assert answer.json()["metadata"] == {"n": number}


def test_it_takes_a_byte_order_mark(alice: User) -> None:
    assert post(api(alice), b'\xef\xbb\xbf{"content": "a"}').status_code == 201


def test_it_takes_no_body_for_an_empty_one(alice: User) -> None:
    refused(post(api(alice), b""), 400, "required", "/content")


def test_it_asks_for_the_length_of_a_body(alice: User) -> None:
    meta = {"CONTENT_TYPE": "application/json", "HTTP_TRANSFER_ENCODING": "chunked"}
    refused(post(api(alice), b"", **meta), 411, "length_required")


class Unread:
    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def test_it_refuses_a_body_above_the_limit_before_it_is_read(alice: User) -> None:
    meta = {"CONTENT_LENGTH": "10000001", "wsgi.input": Unread()}
    refused(post(api(alice), b"", CONTENT_TYPE="application/json", **meta), 413, "too_large")


def test_it_takes_a_body_at_the_limit(alice: User) -> None:
    body = b'{"content": "' + b"a" * (10**7 - 15) + b'"}'
    assert post(api(alice), body).status_code == 201


def test_it_refuses_a_name_that_stands_twice_among_many_in_no_time(alice: User) -> None:
    names = [*range(200_000), 199_999]
    body = "{" + ",".join(f'"{name}":0' for name in names) + "}"
    refused(post(api(alice), body.encode()), 400, "duplicate_name")


def test_it_does_not_multiply_long_names(alice: User) -> None:
    body = json.dumps({"x" * 1_000_000: [0] * 100_000}).encode()  # 100 GB as pointers
    refused(post(api(alice), body), 400, "unknown_field", "/" + "x" * 100)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "a/b+json"])
def test_it_refuses_other_media_types(alice: User, kind: str) -> None:
    answer = api(alice).generic("POST", URL, b'{"content": "a"}', content_type=kind)
    refused(answer, 415, "unsupported_media_type")


def test_it_refuses_json_that_says_it_is_not_utf_8(alice: User) -> None:
    kind = "application/json; charset=latin-1"
    answer = api(alice).generic("POST", URL, b'{"content": "a"}', content_type=kind)
    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("?colour=red", "unknown_parameter", "/colour"),
        ("?on_duplicate=maybe", "invalid_choice", "/on_duplicate"),
        ("?on_duplicate=return&on_duplicate=reject", "repeated_parameter", "/on_duplicate"),
    ],
)
def test_it_refuses_parameters_it_does_not_know(
    alice: User, storage: Path, query: str, code: str, pointer: str
) -> None:
    answer = api(alice).post(URL + query, {"content": "a"}, content_type="application/json")
    refused(answer, 400, code, pointer)
    assert nothing_is_kept(storage)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = st.sampled_from(["content", "title", "source", "metadata"])


@MANY
@given(value=ANY_JSON | st.dictionaries(FIELDS, ANY_JSON) | st.builds(dict, content=st.text()))
def test_it_has_an_answer_to_any_json(alice: User, value: Any) -> None:
    assert post(api(alice), json.dumps(value).encode()).status_code in {200, 201, 400}


def as_floats(value: Any) -> Any:
    """What a reader makes of it that has no other numbers: 1e16 and 10000000000000000 alike."""
    return json.loads(json.dumps(value), parse_int=float)


@pytest.mark.slow
@MANY
@given(metadata=st.dictionaries(st.text(), ANY_JSON))
def test_it_gives_any_metadata_back_or_refuses_it(alice: User, metadata: dict[str, Any]) -> None:
    body = {"content": json.dumps(metadata), "metadata": metadata}
    answer = post(api(alice), json.dumps(body).encode())
    assert answer.status_code == 400 or as_floats(answer.json()["metadata"]) == as_floats(metadata)


@MANY
@given(body=st.binary(min_size=1))
def test_it_has_an_answer_to_any_bytes(alice: User, body: bytes) -> None:
    meta = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    assert post(api(alice), body, **meta).status_code == 400
