"""A deleted document is gone with its text; its bytes stay until they are swept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from documents.models import Document, Passage
from tests.conftest import api
from tests.documents.answers import URL, refused

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]


def delete(user: User, document: Document, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api(user).delete(f"{URL}{document.pk}/", headers=named)


def test_it_is_gone_with_its_text(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    answer = delete(alice, document)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Document.objects.exists()
    assert not Passage.objects.exists()


def test_it_is_absent_afterwards(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    delete(alice, document)
    refused(delete(alice, document), 404, "not_found")
    refused(api(alice).get(f"{URL}{document.pk}/"), 404, "not_found")


def test_it_leaves_the_document_of_another_owner(
    alice: User, bob: User, keep_file: Keep, storage: Path
) -> None:
    mine, other = keep_file(alice, b"We met."), keep_file(bob, b"We met.")
    delete(alice, mine)
    assert (storage / other.blob).read_bytes() == b"We met."
    assert Document.objects.get() == other


def test_it_can_be_sent_again(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.", title="old")
    delete(alice, document)
    again = keep_text(alice, "We met.", title="new")
    assert (again.pk, again.title) == (document.pk, "new")


def test_it_deletes_what_was_seen_last(alice: User, keep_text: Keep) -> None:
    document = keep_text(alice, "We met.")
    tag = api(alice).get(f"{URL}{document.pk}/").headers["ETag"]
    assert delete(alice, document, if_match=tag).status_code == 204


def test_it_leaves_alone_what_has_changed_since(alice: User, keep_text: Keep) -> None:
    document, client = keep_text(alice, "We met."), api(alice)
    url = f"{URL}{document.pk}/"
    tag = client.get(url).headers["ETag"]
    client.patch(url, {"source": "mail"}, content_type="application/json")
    refused(delete(alice, document, if_match=tag), 412, "precondition_failed")
    assert Document.objects.exists()


def test_it_may_be_deleted_while_it_waits_for_its_text(
    alice: User, keep_file: Keep, work: Callable[[], int]
) -> None:
    delete(alice, keep_file(alice, b"We met."))
    work()
    assert not Document.objects.exists()
    assert not Passage.objects.exists()
