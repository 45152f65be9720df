"""One document, read in a process that exists for nothing else and ends with it.

But for small texts: what reads those is Python alone, which no text can take over, and starting
a process costs more than that. So a shared child reads one after the other, and nothing else.
"""

import errno
import json
import os
import socket
import traceback
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from documents.extraction import NoText, Piece, extract, function_at
from documents.extraction.frames import MAX_PAYLOAD, Sort, Writer, storable
from documents.extraction.lockdown import be_a_child, lock_down
from documents.extraction.order import Order, receive
from documents.extraction.original import Page, Part, Unreadable

# A character takes up to four bytes.
MAX_CHARACTERS = MAX_PAYLOAD // 4
MAX_LOG = 20_000
# Reading the original failed, not understanding it: another try may find the disk well again.
PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENXIO}


def run(
    order: Order, *, original: int, pipe: int, more: int, ruleset: int | None, parent: int
) -> NoReturn:
    """Frames into the pipe, and the end of the process."""
    exit_code = 1
    try:
        be_a_child(order, parent=parent)
        if not order.is_shared:
            os.close(more)
        writer = Writer(pipe)
        is_well = _done_or_told_why_not(partial(_prepare, order, writer, ruleset), writer=writer)
        is_well = is_well and _read_or_tell_why_not(order, original=original, writer=writer)
        if order.is_shared and is_well:
            _go_on(writer, more=more)
        writer.close()
        exit_code = 0
    except BrokenPipeError:
        exit_code = 0  # nobody wants to know any more
    finally:
        os._exit(exit_code)


def _go_on(writer: Writer, *, more: int) -> None:
    """Until the worker lets go, or one was too much."""
    orders = socket.socket(fileno=more)
    while True:
        writer.flush()
        if (received := receive(orders, descriptors=1)) is None:
            return
        order, (original,) = received
        if not _read_or_tell_why_not(order, original=original, writer=writer):
            return


def _prepare(order: Order, writer: Writer, ruleset: int | None) -> None:
    if order.reader:
        function_at(order.reader)  # while it may still be imported from anywhere
    for missing in lock_down(ruleset=ruleset):
        writer.send(Sort.NOTICE, missing.encode())


def _read_or_tell_why_not(order: Order, *, original: int, writer: Writer) -> bool:
    return _done_or_told_why_not(partial(_read, order, original, writer), writer=writer)


def _done_or_told_why_not(work: Callable[[], None], *, writer: Writer) -> bool:
    """Whether the process is as good as before."""
    try:
        work()
        return True
    except BrokenPipeError:
        raise
    except NoText:
        writer.send(Sort.OTHER)
        return True
    except Unreadable as error:
        _fail(writer, error.code, detail=error.detail)
    except MemoryError:
        _fail(writer, "out_of_memory")
    except Exception as error:  # noqa: BLE001  (whatever a library makes of hostile bytes)
        passing = isinstance(error, OSError) and error.errno in PASSING
        code = "passing" if passing else "extraction_failed"
        log = traceback.format_exc()[-MAX_LOG:]
        _fail(writer, code, detail=type(error).__name__, log=log)
    return False


def _fail(writer: Writer, code: str, *, detail: str = "", log: str = "") -> None:
    said = {"code": code, "detail": detail[:MAX_LOG], "log": log}
    writer.send(Sort.FAILED, json.dumps(said).encode())


def _read(order: Order, original: int, writer: Writer) -> None:
    with os.fdopen(original, "rb") as source:
        extraction = extract(
            source,
            content_type=order.content_type,
            filename=order.filename,
            size=order.size,
            declared_charset=order.declared_charset,
            reader=order.reader,
            only_text=order.is_shared,
        )
        for piece in extraction.pieces:
            _send(piece, writer=writer)
    facts = json.dumps(extraction.facts).encode()
    if len(facts) > MAX_PAYLOAD:
        raise ValueError(f"the facts take {len(facts)} bytes, more than {MAX_PAYLOAD}")
    writer.send(Sort.FACTS, facts)


def _send(piece: Piece, *, writer: Writer) -> None:
    match piece:
        case str():
            for start in range(0, len(piece), MAX_CHARACTERS):
                text = piece[start : start + MAX_CHARACTERS]
                writer.send(Sort.TEXT, storable(text).encode())
        case Page():
            writer.send(Sort.PAGE, str(piece.number).encode())
        case Part():
            _send_part(piece, writer=writer)


def _send_part(part: Part, *, writer: Writer) -> None:
    about = {"filename": part.filename, "content_type": part.content_type}
    writer.send(Sort.PART, json.dumps(about).encode())
    for chunk in part.chunks:
        writer.send(Sort.BYTES, chunk)
    writer.send(Sort.PART_END)
