"""Whatever a reader does, the document gets a verdict with a code, soon, and the worker lives."""

import logging
import os
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from documents.extraction import Unreadable
from documents.extraction.endings import Interrupted, Killed
from documents.extraction.launch import TEMPLATE
from documents.extraction.limits import MIB, Limits
from documents.extraction.original import Part, Piece
from documents.extraction.sandbox import sandboxed

pytestmark = pytest.mark.slow

SMALL = Limits(
    memory_bytes=256 * MIB,
    quiet_seconds=1.5,
    total_seconds=3,
    most_seconds=6,
    characters=1_000_000,
    pages=10_000,
    parts=20,
    part_bytes=10 * MIB,
)


def read(
    reader: str, raw: bytes = b"We met.", *, limits: Limits = SMALL, filename: str = ""
) -> tuple[list[Piece], dict[str, Any]]:
    with sandboxed(
        BytesIO(raw),
        content_type="",
        filename=filename,
        size=len(raw),
        limits=limits,
        reader=reader and f"tests.documents.evil:{reader}",
    ) as extraction:
        pieces = []
        for piece in extraction.pieces:
            pieces.append(piece)
            if isinstance(piece, Part):
                for _ in piece.chunks:
                    pass
        return pieces, extraction.facts


def refusal(reader: str, *, limits: Limits = SMALL) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        read(reader, limits=limits)
    return refused.value


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_good_reader_is_heard_to_its_end() -> None:
    assert read("echo", "We met, Zoë.".encode()) == (["We met, Zoë."], {"read": True})


def test_what_is_in_it_decides_who_reads_it() -> None:
    pieces, facts = read("", b'{"name": "Zo"}')
    assert (pieces, facts["format"]) == (["name: Zo"], "json")


@pytest.mark.parametrize(
    ("reader", "code"),
    [
        ("loop", "timeout"),
        ("sleep", "timeout"),
        ("drip", "too_slow"),
        ("say_nothing", "too_slow"),
        ("allocate", "out_of_memory"),
        ("write_endless_text", "output_too_large"),
        ("turn_endless_pages", "output_too_large"),
        ("write_endless_parts", "too_many_parts"),
        ("write_an_endless_part", "output_too_large"),
        ("abort", "crashed"),
        ("crash", "crashed"),
        ("leave", "crashed"),
        ("fail", "extraction_failed"),
        ("recurse", "extraction_failed"),
        ("write_garbage", "extraction_failed"),
        ("refuse", "encrypted"),
        ("no_such_reader", "extraction_failed"),
    ],
)
def test_each_end_has_its_code_and_comes_soon(reader: str, code: str) -> None:
    started = time.monotonic()
    error = refusal(reader)
    assert error.code == code
    assert time.monotonic() - started < 30
    assert read("echo")[0] == ["We met."]


@pytest.mark.parametrize(
    ("reader", "detail"),
    [
        (
            "sleep",
            "Reading it came to nothing new for 2 s and was ended. The original is kept; if it "
            "opens elsewhere, save it anew there and send that.",
        ),
        (
            "drip",
            "Reading it took more than the 3 s that it may take. The original is kept; split it "
            "into smaller documents and send those.",
        ),
        (
            "allocate",
            "Reading it took more than the 256 MiB of memory that it may take. The original is "
            "kept; split it into smaller documents and send those. Or give it more "
            "(EXTRACTION_MEMORY_BYTES) and retry it.",
        ),
        (
            "write_endless_text",
            "It holds more text than the 1000000 characters that one of its size may. The "
            "original is kept; split it into smaller documents and send those.",
        ),
        (
            "recurse",
            "Reading it failed in a way that was not foreseen (RecursionError); the worker's log "
            "says more. The original is kept; if it opens elsewhere, save it anew there and send "
            "that.",
        ),
        ("refuse", "It asks for a password."),
    ],
)
def test_each_end_says_what_happened_and_what_to_do(reader: str, detail: str) -> None:
    assert refusal(reader).detail == detail


@pytest.mark.parametrize(
    ("reader", "how"), [("abort", "SIGABRT"), ("crash", "SIGSEGV"), ("leave", "exit code 3")]
)
def test_a_crash_says_its_name(reader: str, how: str) -> None:
    assert refusal(reader).detail.startswith(f"The process that read it crashed ({how}) with ")


def test_an_error_that_nobody_foresaw_is_told_to_the_log_and_harms_it_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "documents"):
        refusal("fail")
    assert "KeyError" in caplog.text
    assert "evil.py" in caplog.text
    assert not set("\x00\x1b\ud800\u2028") & set(caplog.text)


def test_what_comes_from_outside_may_go_well_another_time() -> None:
    with pytest.raises(Interrupted, match=r"could not be read: OSError"):
        read("meet_a_bad_disk")


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="a process may always kill itself")
def test_who_is_killed_from_outside_may_be_read_another_time() -> None:
    with pytest.raises(Killed, match="ran short of memory"):
        read("be_killed")


def test_nothing_that_postgresql_refuses_comes_through() -> None:
    pieces, facts = read("claim_strange_things")
    assert pieces == ["so far \ufffd😀."]
    assert (facts["nul"], facts["surrogate"], facts["nan"]) == ("ab", "\ufffd", None)


def test_a_large_original_may_hold_more() -> None:
    limits = Limits(characters=10, characters_per_byte=2)
    assert read("echo", b"x" * 1000, limits=limits)[0] == ["x" * 1000]
    assert limits.characters_for(size=1000) == 2000


def test_many_pages_and_a_large_file_may_take_longer_but_not_for_ever() -> None:
    limits = Limits()
    assert limits.seconds_for(size=0, pages=0) == 300
    assert limits.seconds_for(size=10 * MIB, pages=100) == 410
    assert limits.seconds_for(size=2**40, pages=10**9) == limits.most_seconds


def test_who_stops_listening_ends_the_reader() -> None:
    with sandboxed(
        BytesIO(b"x"),
        content_type="",
        filename="",
        size=1,
        reader="tests.documents.evil:say_its_process_id",
    ) as extraction:
        pid = int(str(next(extraction.pieces)))
        assert is_alive(pid)
    assert ends_soon(pid)


def ends_soon(pid: int) -> bool:
    end = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)


def test_a_worker_that_takes_its_time_is_not_the_reader_s_fault() -> None:
    limits = Limits(quiet_seconds=0.5, total_seconds=1)
    with sandboxed(
        BytesIO(b"1000000"),
        content_type="",
        filename="",
        size=7,
        limits=limits,
        reader="tests.documents.evil:repeat_itself",
    ) as extraction:
        next(extraction.pieces)
        time.sleep(1.5)
        assert sum(len(str(piece)) for piece in extraction.pieces) > 900_000


def test_the_original_may_be_a_file_or_lie_where_there_are_no_files(tmp_path: Path) -> None:
    raw = b"x" * 3_000_000
    assert "".join(map(str, read("echo", raw, limits=Limits())[0])) == raw.decode()
    (tmp_path / "original").write_bytes(raw)
    with (
        (tmp_path / "original").open("rb") as source,
        sandboxed(source, content_type="", filename="", size=len(raw)) as extraction,
    ):
        assert "".join(map(str, extraction.pieces)) == raw.decode()


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_no_descriptor_is_left() -> None:
    read("echo")
    before = open_descriptors()
    for reader in ("echo", "refuse", "abort"):
        with suppress(Unreadable):
            read(reader)
    assert open_descriptors() == before


def test_the_template_is_one_for_all() -> None:
    read("echo")
    before = TEMPLATE.pid
    read("echo")
    assert TEMPLATE.pid == before
