"""A file that comes in a form is kept once: its bytes on the disk, and what was said about it."""

import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.models import User
from documents.models import Document, Job, Kind, document_id
from tests.conftest import api
from tests.documents.answers import URL, refused
from tests.documents.forms import file, form, part, send

pytestmark = pytest.mark.django_db
RAW = b"We met and agreed.\n"
SHA256 = hashlib.sha256(RAW).hexdigest()
BLOB = f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"


def upload(user: User, *, query: str = "", **fields: Any) -> Any:
    return api(user).post(URL + query, {"file": SimpleUploadedFile("a.txt", RAW), **fields})


def files_in(storage: Path) -> list[str]:
    return [str(p.relative_to(storage)) for p in storage.rglob("*") if p.is_file()]


def test_it_answers_201_with_what_it_was_told(alice: User) -> None:
    said: dict[str, Any] = {"title": " Minutes ", "source": "mail", "metadata": {"s": "é"}}
    answer = upload(alice, **{**said, "metadata": json.dumps(said["metadata"])})
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in said} == said


def test_it_says_where_the_document_is_and_its_state(alice: User) -> None:
    answer = upload(alice)
    again = api(alice).get(answer.headers["Location"])
    assert again.headers["ETag"] == answer.headers["ETag"]
    assert again.json()["id"] == answer.json()["id"]


def test_it_answers_with_size_digest_and_state(alice: User) -> None:
    kept = upload(alice).json()
    found = (kept["size"], kept["sha256"], kept["state"], kept["duplicate"])
    assert found == (len(RAW), SHA256, "received", False)


def test_it_takes_the_name_of_the_file_for_a_title(alice: User) -> None:
    assert upload(alice).json()["title"] == "a.txt"


def test_it_takes_the_last_step_of_a_path_for_a_title(alice: User) -> None:
    answer = send(api(alice), form(file(RAW, filename="C:\\mail\\protocol.txt")))
    assert answer.json()["title"] == "protocol.txt"


def test_it_keeps_a_long_name_as_far_as_a_title_goes(alice: User) -> None:
    answer = send(api(alice), form(file(RAW, filename="n" * 600)))
    assert answer.json()["title"] == "n" * 500


def test_it_makes_the_id_of_owner_and_content(alice: User) -> None:
    hashed = hashlib.sha256(alice.pk.to_bytes(8, "big") + hashlib.sha256(RAW).digest()).hexdigest()
    number = uuid.UUID(upload(alice).json()["id"])
    variant = format(int(hashed[16], 16) & 0b0011 | 0b1000, "x")
    assert number.hex == hashed[:12] + "8" + hashed[13:16] + variant + hashed[17:32]


def test_it_makes_a_known_id_for_a_known_document() -> None:
    # (printf '\0\0\0\0\0\0\0\7'; printf abc | sha256sum | cut -c1-64 | xxd -r -p) |
    # sha256sum
    # says 2e14343369b99ef8c2e3…; the version makes 8ef8 of 9ef8, the variant 82e3 of c2e3.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    known = "2e143433-69b9-8ef8-82e3-afa993851937"
    assert str(document_id(7, bytes.fromhex(abc))) == known


def test_it_writes_the_bytes_under_their_digest(alice: User, storage: Path) -> None:
    upload(alice)
    assert files_in(storage) == [BLOB]
    assert (storage / BLOB).read_bytes() == RAW


def test_it_shares_the_bytes_between_owners(alice: User, bob: User, storage: Path) -> None:
    first, second = upload(alice), upload(bob)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert files_in(storage) == [BLOB]


def test_it_answers_200_for_the_same_file_again_and_keeps_what_was_said_first(alice: User) -> None:
    first, again = upload(alice, title="one"), upload(alice, title="two", metadata='{"n": 2}')
    assert again.status_code == 200
    assert again.json() == {**first.json(), "duplicate": True}


def test_it_leaves_nothing_behind_for_the_same_file_again(alice: User, storage: Path) -> None:
    upload(alice)
    upload(alice)
    assert files_in(storage) == [BLOB]
    assert Job.objects.count() == 1


def test_it_refuses_a_duplicate_if_asked_to(alice: User) -> None:
    number = upload(alice).json()["id"]
    answer = upload(alice, query="?on_duplicate=reject")
    assert refused(answer, 409, "duplicate")["document"] == number


def test_it_takes_what_is_new_when_asked_to_refuse_duplicates(alice: User) -> None:
    assert upload(alice, query="?on_duplicate=reject").status_code == 201


def test_it_takes_a_text_for_the_file_of_the_same_bytes(alice: User) -> None:
    number = upload(alice).json()["id"]
    answer = api(alice).post(URL, {"content": RAW.decode()}, content_type="application/json")
    assert (answer.status_code, answer.json()["id"]) == (200, number)


def test_it_takes_a_file_for_the_text_of_the_same_bytes(alice: User, storage: Path) -> None:
    client = api(alice)
    first = client.post(URL, {"content": RAW.decode()}, content_type="application/json")
    answer = upload(alice)
    assert (answer.status_code, answer.json()["id"]) == (200, first.json()["id"])
    assert files_in(storage) == []


@pytest.mark.parametrize("digest", [SHA256, SHA256.upper()])
def test_it_takes_a_file_with_its_right_digest(alice: User, digest: str) -> None:
    assert upload(alice, sha256=digest).status_code == 201


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("text/plain; charset=utf-8", "text/plain"),
        ("Text/HTML", "text/html"),
    ],
)
def test_it_keeps_the_media_type_that_was_declared(alice: User, declared: str, kept: str) -> None:
    answer = send(api(alice), form(file(RAW, kind=declared)))
    assert answer.json()["content_type"] == kept


@pytest.mark.parametrize(
    "declared", ["", "application/octet-stream", "nonsense", "text/<script>", "text/" + "x" * 300]
)
def test_it_goes_by_the_name_where_nothing_was_declared(alice: User, declared: str) -> None:
    answer = send(api(alice), form(file(RAW, filename="a.csv", kind=declared)))
    assert answer.json()["content_type"] == "text/csv"


def test_it_hands_the_declared_charset_to_extraction(alice: User, work: Callable[[], int]) -> None:
    body = form(file("Grüße aus Köln".encode("cp1250"), kind="text/plain; charset=windows-1250"))
    number = send(api(alice), body).json()["id"]
    work()
    extracted = Document.objects.get(pk=number).extracted
    assert (extracted["encoding"], extracted["encoding_basis"]) == ("cp1250", "declared")


def test_it_keeps_a_file_of_any_bytes(alice: User, storage: Path) -> None:
    raw = bytes(range(256)) * 1000 + b"\r\n--borde"
    number = send(api(alice), form(file(raw))).json()["id"]
    assert (storage / Document.objects.get(pk=number).blob).read_bytes() == raw


def test_it_takes_the_fields_in_any_order(alice: User) -> None:
    body = form(part("title", b"first"), file(RAW), part("source", b"last"))
    kept = send(api(alice), body).json()
    assert (kept["title"], kept["source"]) == ("first", "last")


def test_it_queues_one_extraction(alice: User) -> None:
    number = upload(alice).json()["id"]
    job = Job.objects.get()
    assert (job.kind, job.documents) == (Kind.EXTRACT, [uuid.UUID(number)])


@pytest.mark.django_db(transaction=True)
def test_it_keeps_one_document_when_the_same_file_comes_twice_at_once(alice: User) -> None:
    clients, answers = [api(alice) for _ in range(4)], []

    def put(client: Client) -> None:
        answers.append(send(client, form(file(RAW * 1000))).status_code)
        connection.close()

    threads = [Thread(target=put, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 200, 200, 201]
