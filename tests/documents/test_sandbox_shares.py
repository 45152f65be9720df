"""Small texts share a child, which never sees anything else; each still ends for itself."""

import os
import signal
from collections.abc import Iterator
from io import BytesIO

import psutil
import pytest

from documents.extraction import Unreadable
from documents.extraction.launch import TEMPLATE
from documents.extraction.limits import Limits
from documents.extraction.original import Piece
from documents.extraction.sandbox import sandboxed
from documents.extraction.shared import MAX_BYTES, MAX_TEXTS, SHARED
from tests.documents import poison
from tests.documents.test_sandbox_endings import ends_soon


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """None is waiting at the start."""
    if TEMPLATE.pid is None:
        read(b"We met.")
    SHARED.clear()
    assert all(ends_soon(pid) for pid in children())
    yield
    SHARED.clear()


def read(raw: bytes, *, limits: Limits | None = None) -> list[Piece]:
    with sandboxed(
        BytesIO(raw), content_type="", filename="", size=len(raw), limits=limits or Limits()
    ) as extraction:
        return list(extraction.pieces)


def children() -> list[int]:
    """Of the template: those that read, and those that wait for the next text."""
    return [child.pid for child in psutil.Process(TEMPLATE.pid).children()]


def test_texts_are_read_in_one_process_and_not_mixed_up() -> None:
    texts = [b"We met.", b"", b"We left.", b'{"a": 1}', b"<html><p>Bye.", b"a;b\n1;2\n"]
    assert [read(raw) for raw in texts] == [
        ["We met."],
        [],
        ["We left."],
        ["a: 1"],
        ["Bye."],
        ["a;b\n1;2\n"],
    ]
    assert len(children()) == 1


def test_what_is_no_text_gets_a_process_of_its_own() -> None:
    read(b"We met.")
    before = children()
    assert "Heron 1" in "".join(map(str, read(poison.pdf("Heron"))))
    assert children()[:1] == before
    read(b"We left.")
    assert [pid for pid in children() if pid in before] == before


def test_a_large_text_gets_a_process_of_its_own() -> None:
    read(b"x" * (MAX_BYTES + 1))
    assert all(ends_soon(pid) for pid in children())


def test_what_cannot_be_read_is_refused_as_elsewhere() -> None:
    with pytest.raises(Unreadable) as refused:
        read(b"\x89PNG\r\n\x1a\n")
    assert refused.value.code == "unsupported_type"
    assert read(b"We met.") == ["We met."]


def test_other_limits_get_another_process() -> None:
    read(b"We met.")
    before = children()
    read(b"We left.", limits=Limits(memory_bytes=512 * 1024 * 1024))
    assert all(ends_soon(pid) for pid in before)


def test_who_is_not_heard_to_the_end_reads_nothing_more() -> None:
    with sandboxed(BytesIO(b"We met."), content_type="", filename="", size=7) as extraction:
        next(extraction.pieces)
        before = children()
    assert all(ends_soon(pid) for pid in before)
    assert read(b"We left.") == ["We left."]


def test_one_that_died_while_it_waited_costs_nothing() -> None:
    read(b"We met.")
    for pid in children():
        os.kill(pid, signal.SIGKILL)
        assert ends_soon(pid)
    assert read(b"We left.") == ["We left."]


def test_a_template_that_died_while_one_waited_costs_nothing() -> None:
    read(b"We met.")
    assert TEMPLATE.pid is not None
    psutil.Process(TEMPLATE.pid).kill()
    psutil.wait_procs([psutil.Process(TEMPLATE.pid)], timeout=10)
    assert read(b"We left.") == ["We left."]


def test_two_at_once_have_one_each() -> None:
    read(b"We met.")
    first = sandboxed(BytesIO(b"One."), content_type="", filename="", size=4)
    second = sandboxed(BytesIO(b"Two."), content_type="", filename="", size=4)
    with first as one, second as two:
        assert (list(two.pieces), list(one.pieces)) == (["Two."], ["One."])
        assert len(children()) == 2


def test_a_process_is_replaced_after_many_texts() -> None:
    read(b"We met.")
    before = children()
    for _ in range(MAX_TEXTS):
        read(b"We met.")
    assert all(ends_soon(pid) for pid in before)
    assert len(children()) == 1
