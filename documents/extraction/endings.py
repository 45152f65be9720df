"""How reading a document can end badly: a code to count by, and what happened and what to do.

What lies in the document is Unreadable, for good. What lies in the machine is Interrupted, and
another try may go well.
"""

import os
import re
import signal
from typing import Any

from documents.extraction.limits import MIB, Limits
from documents.extraction.order import Ending
from documents.extraction.original import Unreadable

KEPT = "The original is kept"
SPLIT = f"{KEPT}; split it into smaller documents and send those."
MEND = f"{KEPT}; if it opens elsewhere, save it anew there and send that."

_CODE = re.compile(r"[a-z][a-z0-9_]{0,49}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Interrupted(Exception):
    """It ended for a reason outside the document: try again later."""


class Killed(Interrupted):
    """Somebody killed the process that read it, as the kernel does when memory is short."""


def silent(*, seconds: float) -> Unreadable:
    return Unreadable(
        "timeout", f"Reading it came to nothing new for {seconds:.0f} s and was ended. {MEND}"
    )


def slow(*, seconds: float) -> Unreadable:
    return Unreadable(
        "too_slow", f"Reading it took more than the {seconds:.0f} s that it may take. {SPLIT}"
    )


def out_of_memory(limits: Limits) -> Unreadable:
    return Unreadable(
        "out_of_memory",
        f"Reading it took more than the {limits.memory_bytes // MIB} MiB of memory that it may "
        f"take. {SPLIT} Or give it more (EXTRACTION_MEMORY_BYTES) and retry it.",
    )


def too_much_text(characters: int) -> Unreadable:
    return Unreadable(
        "output_too_large",
        f"It holds more text than the {characters} characters that one of its size may. {SPLIT}",
    )


def too_many_pages(pages: int) -> Unreadable:
    return Unreadable(
        "output_too_large", f"It says that it has more than {pages} pages, the most. {SPLIT}"
    )


def too_many_parts(parts: int) -> Unreadable:
    return Unreadable(
        "too_many_parts",
        f"It holds more than the {parts} documents that one may hold, those inside others "
        f"counted too. {KEPT}, and so are those that were found first; send the others by "
        "themselves.",
    )


def parts_too_large(limits: Limits) -> Unreadable:
    return Unreadable(
        "output_too_large",
        f"The documents inside are larger than {limits.part_bytes // MIB} MiB together. "
        f"{KEPT}, and so are those that were found first; send the others by themselves.",
    )


def unforeseen(error: str) -> Unreadable:
    return Unreadable(
        "extraction_failed",
        f"Reading it failed in a way that was not foreseen ({error}); the worker's log says "
        f"more. {MEND}",
    )


def told(failure: dict[str, Any], *, limits: Limits) -> Exception:
    """What the child says of its end, in our words where it has none."""
    code, detail = str(failure.get("code", "")), str(failure.get("detail", ""))
    match code:
        case "out_of_memory":
            return out_of_memory(limits)
        case "extraction_failed":
            return unforeseen(printable(detail)[:100])
        case "passing":
            return Interrupted(f"The original could not be read: {printable(detail)[:100]}")
        case _ if _CODE.fullmatch(code) and detail:
            return Unreadable(code, printable(detail)[:2000])
        case _:
            return unforeseen("an error without a name")


def seen(ending: Ending, *, limits: Limits) -> Exception:
    """What the parent of the child saw, where the child itself could say nothing any more."""
    if ending.not_started:
        return Interrupted(f"No process could be started to read it: {ending.not_started}.")
    if not os.WIFSIGNALED(ending.status):
        return _crashed(f"exit code {os.waitstatus_to_exitcode(ending.status)}", ending)
    match os.WTERMSIG(ending.status):
        case signal.SIGXCPU:
            return slow(seconds=limits.most_seconds)
        case signal.SIGKILL:
            return Killed(
                "The process that read it was killed from outside, most likely because the "
                f"machine ran short of memory. {KEPT}; it can be tried again."
            )
        case number:
            return _crashed(_name(number), ending)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the many without a name
        return f"signal {number}"


def _crashed(how: str, ending: Ending) -> Unreadable:
    return Unreadable(
        "crashed",
        f"The process that read it crashed ({how}) with {ending.peak_bytes // MIB} MiB of "
        f"memory in use. {MEND}",
    )


def printable(text: str) -> str:
    """Fit for a log and a database: no control characters but tab and line end."""
    return _CONTROLS.sub("\ufffd", text)
