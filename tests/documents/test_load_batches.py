"""Batches: what the database refuses costs no other, and two streams at once agree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from documents import bulk
from documents.blobs import Incoming
from documents.bulk import BATCH_DOCUMENTS, BATCH_FILES, Item, Result, load
from documents.label import Label
from documents.models import Document, Job, Passage
from tests.documents.order import WATCH
from tests.documents.threads import beside


def texts(numbers: Any, **label: Any) -> Iterator[Item]:
    return (Item(line, Label(**label), f"text {n}") for line, n in enumerate(numbers, start=1))


def kept(items: Any, owner: User) -> list[Result]:
    return list(load(items, owner_id=owner.pk))


def test_what_the_database_refuses_costs_no_other(alice: User) -> None:
    # Past all checks: the doors refuse a NUL before.
    bad = Item(8, Label(metadata={"a": "\x00"}), "bad")
    results = kept([*texts(range(7)), bad, Item(9, Label(), "after")], alice)
    assert [result.status for result in results] == ["created"] * 7 + ["failed", "created"]
    assert results[7].error is not None
    assert results[7].error.code == "refused_by_database"
    assert Document.objects.count() == 8
    assert sum(len(job.documents) for job in Job.objects.all()) == 8


@pytest.mark.django_db(transaction=True)
def test_streams_of_the_same_at_once_keep_each_once(alice: User) -> None:
    many = BATCH_DOCUMENTS + 200
    orders = [range(many), range(many - 1, -1, -1), range(many)]
    calls = [lambda order=order: kept(texts(order), alice) for order in orders]
    results = [each.result() for each in beside(*calls)]
    created = [result.id for each in results for result in each if result.status == "created"]
    assert len(created) == len(set(created)) == many == Document.objects.count()
    assert Passage.objects.count() == many
    assert sum(len(job.documents) for job in Job.objects.all()) == many


def test_rows_come_in_one_order_so_that_batches_never_wait_in_a_circle(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
        kept(texts(range(200)), alice)
        cursor.execute("SELECT id FROM seen ORDER BY number")
        ids = [pk for (pk,) in cursor.fetchall()]
    assert len(ids) == 200
    assert ids == sorted(ids)


def test_files_are_few_in_a_batch(alice: User, storage: Path) -> None:
    open_at_once = 0

    def files() -> Iterator[Item]:
        nonlocal open_at_once
        for number in range(2 * BATCH_FILES + 5):
            incoming = Incoming(limit=100)
            incoming.write(b"%d" % number)
            open_at_once = max(open_at_once, len(list((storage / "incoming").iterdir())))
            yield Item(number + 1, Label(), incoming)

    assert {result.status for result in kept(files(), alice)} == {"created"}
    assert open_at_once <= BATCH_FILES
    assert not list((storage / "incoming").iterdir())
    assert all((storage / document.blob).is_file() for document in Document.objects.all())


def test_a_stream_that_breaks_keeps_what_came_before(alice: User, storage: Path) -> None:
    def breaking() -> Iterator[Item]:
        yield from texts(range(BATCH_DOCUMENTS))
        incoming = Incoming(limit=100)
        incoming.write(b"half")
        yield Item(BATCH_DOCUMENTS + 1, Label(), incoming)
        raise OSError("the wire is cut")

    with pytest.raises(OSError, match="the wire is cut"):
        kept(breaking(), alice)
    assert Document.objects.count() == BATCH_DOCUMENTS
    assert not list((storage / "incoming").iterdir())


@pytest.mark.django_db(transaction=True)
def test_a_database_error_ends_the_stream_and_leaves_no_connection(
    alice: User, django_db_blocker: Any
) -> None:
    nobody = alice.pk + 1000
    with pytest.raises(Exception, match="foreign key"):
        list(load(texts(range(3 * BATCH_DOCUMENTS)), owner_id=nobody))
    assert not Document.objects.exists()


def test_results_come_with_the_size(alice: User) -> None:
    result = kept([Item(1, Label(), "naïve")], alice)[0]
    assert (result.line, result.status, result.size) == (1, "created", 6)


def test_a_batch_is_bounded_by_its_bytes(alice: User) -> None:
    batch = bulk.Batch()
    batch.add(Item(1, Label(), "x" * bulk.BATCH_BYTES), owner_id=alice.pk)
    assert batch.is_full
