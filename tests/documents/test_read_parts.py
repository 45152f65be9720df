"""Documents inside documents are kept as documents, found from their parent, and never for ever."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from documents import jobs
from documents.extraction import Unreadable
from documents.extraction.original import Part
from documents.jobs import Claim, LeaseLost
from documents.models import Document, Job, Kind, Lane, Passage, State, document_id
from documents.parts import MAX_DEPTH, Parts
from documents.reading import extract_document
from tests.documents import poison

pytestmark = pytest.mark.django_db
Keep = Callable[..., Document]
Work = Callable[[], int]
UNPACK = "tests.documents.evil:unpack"


def claim(*, lease_seconds: float = 60) -> Claim:
    claimed = jobs.claim(lease_seconds=lease_seconds)
    assert claimed is not None
    return claimed


def read(document: Document, *, reader: str = UNPACK, lane: Lane = Lane.SINGLE) -> None:
    """As the job of this document, with a reader of the tests."""
    Job.objects.all().delete()
    jobs.add(Kind.EXTRACT, [document.pk], lane=lane)
    extract_document(document.pk, claim(), reader=reader)
    document.refresh_from_db()


def parts_of(document: Document) -> list[Document]:
    document.refresh_from_db()
    return [Document.objects.get(pk=pk) for pk in document.extracted.get("parts", [])]


def set_hints(document: Document, **hints: Any) -> None:
    Document.objects.filter(pk=document.pk).update(extracted={**document.extracted, **hints})


def test_each_is_a_document_of_its_own(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"Two attached.\nb/one.md:# One\ntwo.csv:a;b", title="Minutes")
    read(parent)
    found = [
        (part.title, part.source, part.content_type, part.owner_id, part.extracted)
        for part in parts_of(parent)
    ]
    hints = {"part_of": str(parent.pk), "depth": 1}
    assert found == [
        ("b/one.md", "Minutes", "text/markdown", alice.pk, {"filename": "one.md", **hints}),
        ("two.csv", "Minutes", "text/csv", alice.pk, {"filename": "two.csv", **hints}),
    ]
    assert parent.state == State.READY


def test_each_is_read_in_its_turn(alice: User, keep_file: Keep, work: Work) -> None:
    parent = keep_file(alice, b"one.txt:We met.\ntwo.txt:We left.")
    read(parent)
    work()
    texts = [part.passages.get().text for part in parts_of(parent)]
    assert texts == ["We met.", "We left."]
    assert {part.indexed for part in parts_of(parent)} == {True}


def test_what_holds_nothing_but_parts_is_empty(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"one.txt:We met.")
    read(parent)
    assert (parent.state, len(parts_of(parent))) == (State.EMPTY, 1)


def test_they_wait_in_the_lane_of_their_parent(alice: User, keep_file: Keep) -> None:
    read(keep_file(alice, b"one.txt:We met."), lane=Lane.BULK)
    assert set(Job.objects.values_list("lane", flat=True)) == {Lane.BULK}


def test_equal_ones_are_one_and_empty_ones_none(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"one.txt:We met.\ntwo.txt:We met.\nthree.txt:\n.")
    read(parent)
    assert [part.title for part in parts_of(parent)] == ["one.txt"]


def test_one_that_was_there_already_stays_as_it_was(alice: User, keep_file: Keep) -> None:
    there = keep_file(alice, b"We met.", title="My own")
    parent = keep_file(alice, b"one.txt:We met.")
    read(parent)
    assert parts_of(parent) == [there]
    assert (parts_of(parent)[0].title, parts_of(parent)[0].extracted) == (
        "My own",
        there.extracted,
    )


def test_they_belong_to_the_owner_of_their_parent(alice: User, bob: User, keep_file: Keep) -> None:
    there = keep_file(alice, b"We met.")
    parent = keep_file(bob, b"one.txt:We met.")
    read(parent)
    assert [(part.owner_id, part.blob) for part in parts_of(parent)] == [(bob.pk, there.blob)]


def test_one_that_is_its_own_parent_is_not_linked(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"We met.")
    read(parent, reader="tests.documents.evil:hold_itself")
    assert parts_of(parent) == []
    assert Document.objects.count() == 1


def test_it_can_be_done_again(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"one.txt:We met.\ntwo.txt:We left.")
    read(parent)
    before = parent.extracted["parts"]
    Document.objects.filter(pk=parent.pk).update(state=State.EXTRACTING)
    read(parent)
    assert parent.extracted["parts"] == before
    assert Document.objects.count() == 3


def test_those_that_were_found_stay_when_the_rest_cannot_be_read(
    alice: User, keep_file: Keep
) -> None:
    parent = keep_file(alice, b"one.txt:We met.\n.")
    with pytest.raises(Unreadable):
        read(parent, reader="tests.documents.evil:unpack_and_fail")
    assert [part.title for part in parts_of(parent)] == ["one.txt"]
    assert not Passage.objects.exists()


def test_the_deepest_are_not_opened(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"Text.\none.txt:We met.")
    set_hints(parent, depth=MAX_DEPTH)
    read(parent)
    assert (parent.state, parent.extracted["parts_omitted"]) == (State.READY, 1)
    assert parts_of(parent) == []


def test_the_deepest_fail_where_they_are_nothing_but_parts(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"one.txt:We met.")
    set_hints(parent, depth=MAX_DEPTH)
    with pytest.raises(Unreadable) as refused:
        read(parent)
    assert refused.value.code == "nested_too_deep"
    assert "5 levels deep" in refused.value.detail


@pytest.mark.parametrize(("most", "kept"), [(4, 2), (3, 1), (2, 0)])
def test_all_in_the_outermost_count_together(
    alice: User, keep_file: Keep, most: int, kept: int
) -> None:
    outermost = keep_file(alice, b"inner.zip:c\ntwo.txt:We left.")
    read(outermost)
    jobs.add(Kind.EXTRACT, [outermost.pk])
    parts = Parts(parts_of(outermost)[0], claim(), most=most)
    for number in range(kept):
        parts.keep(Part(f"{number}.txt", "", iter([b"%d" % number])))
    with pytest.raises(Unreadable) as refused:
        parts.keep(Part("last.txt", "", iter([b"last"])))
    assert refused.value.code == "too_many_parts"


def test_one_larger_than_an_upload_may_be_is_left_out(
    alice: User, keep_file: Keep, settings: Any
) -> None:
    parent = keep_file(alice, b"one.txt:" + b"x" * 100 + b"\ntwo.txt:We left.")
    settings.MAX_UPLOAD_BYTES = 50
    read(parent)
    assert parent.extracted["parts_omitted"] == 1
    assert [part.title for part in parts_of(parent)] == ["two.txt"]


def test_a_reader_cannot_say_what_intake_says(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"We met.", filename="a.txt")
    read(parent, reader="tests.documents.evil:claim_strange_things")
    said = {name: parent.extracted.get(name) for name in ("part_of", "depth", "parts")}
    assert said == {"part_of": None, "depth": None, "parts": None}
    assert parent.extracted["filename"] == "a.txt"


def test_who_lost_the_job_keeps_none(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"one.txt:We met.")
    lost, _ = claim(lease_seconds=-1), claim()
    with pytest.raises(LeaseLost):
        extract_document(parent.pk, lost, reader=UNPACK)
    assert Document.objects.count() == 1


def test_pages_are_kept_with_their_text(alice: User, keep_file: Keep) -> None:
    document = keep_file(alice, b"Cover\n#1\nOne\n#3\nThree")
    read(document)
    rows = Passage.objects.filter(document=document).order_by("position")
    assert list(rows.values_list("page", "text")) == [(None, "Cover"), (1, "One"), (3, "Three")]


def test_a_part_is_addressed_by_its_content(alice: User, keep_file: Keep) -> None:
    parent = keep_file(alice, b"one.txt:We met.")
    read(parent)
    expected = document_id(alice.pk, sha256(b"We met.").digest())
    assert [UUID(pk) for pk in parent.extracted["parts"]] == [expected]


def test_an_archive_in_an_archive_is_read_to_its_end(
    alice: User, keep_file: Keep, work: Work
) -> None:
    inner = poison.zipped(("deep/a.txt", b"We met."))
    outer = keep_file(alice, poison.zipped(("inner.zip", inner)), filename="outer.zip")
    work()
    (between,) = parts_of(outer)
    (innermost,) = parts_of(between)
    assert (innermost.title, innermost.extracted["depth"], innermost.indexed) == (
        "deep/a.txt",
        2,
        True,
    )
    assert innermost.extracted["part_of"] == str(between.pk)


@pytest.mark.slow
def test_what_is_in_archives_in_an_archive_is_counted_together(
    alice: User, keep_file: Keep, work: Work, storage: Path
) -> None:
    """Each of them alone would be small enough."""
    inner = [poison.zipped((f"{n}.txt", b"%d" % n + b"\x20" * 40_000_000)) for n in range(4)]
    members = [(f"{number}.zip", raw) for number, raw in enumerate(inner)]
    keep_file(alice, poison.zipped(*members), filename="outer.zip")
    work()
    codes = Document.objects.filter(title__endswith=".zip").values_list("error_code", flat=True)
    assert sorted(codes)[-3:] == ["bomb", "bomb", "bomb"]
    assert sum(path.stat().st_size for path in storage.rglob("*") if path.is_file()) < 70_000_000
