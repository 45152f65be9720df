"""Poison among good files: every good one is read, every bad one is told why, the worker lives."""

import resource
from collections.abc import Callable
from itertools import islice

import pytest

from accounts.models import User
from documents.models import Document, Job, State
from documents.worker import Worker
from tests.documents import poison

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Keep = Callable[..., Document]
Work = Callable[[], int]
UNKNOWN = "application/octet-stream"


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("evil", list(poison.evil()), ids=[name for name, _, _ in poison.evil()])
def test_each_poison_fails_with_its_code(
    alice: User, keep_file: Keep, work: Work, evil: poison.Evil
) -> None:
    name, make, code = evil
    document = keep_file(alice, make(), filename=name, content_type=UNKNOWN)
    work()
    document.refresh_from_db()
    assert document.error_code == code
    assert document.error_detail
    assert not Job.objects.exists()


def test_fifty_megabytes_of_text_take_little_memory(alice: User, keep_file: Keep) -> None:
    line = "The heron stood in the shallow water and waited for what would come.\n"
    document = keep_file(alice, line.encode() * (50 * 1024 * 1024 // len(line)))
    before = peak_bytes()
    Worker().work_once()
    document.refresh_from_db()
    assert document.state == State.READY
    assert peak_bytes() - before < 100 * 1024 * 1024


@pytest.mark.slow
def test_five_hundred_good_ones_come_through_thirty_bad_ones(
    alice: User, keep_file: Keep, work: Work
) -> None:
    keep_file(alice, b"We met.")
    work()
    good, evil = iter(poison.good(500)), {}
    for name, make, code in poison.evil():
        evil[keep_file(alice, make(), filename=name, content_type=UNKNOWN).pk] = code
        for filename, raw in islice(good, 17):
            keep_file(alice, raw, filename=filename, content_type=UNKNOWN)
    before = peak_bytes()
    work()
    assert dict(Document.objects.exclude(error_code="").values_list("pk", "error_code")) == evil
    assert Document.objects.filter(state=State.READY, indexed=True).count() == 501
    assert peak_bytes() - before < 64 * 1024 * 1024
