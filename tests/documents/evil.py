"""Readers that do what a reader must not do. They are named to the sandbox, never imported here.

Only the standard library: they are imported by a process that knows nothing of the tests.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

from documents.extraction.original import Original, Page, Part, Piece, Unreadable

Facts = dict[str, Any]


def echo(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """A good one, for comparison."""
    yield original.source.read().decode()
    facts["read"] = True


def loop(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "Once upon a time "
    while True:
        pass


def sleep(original: Original, *, facts: Facts) -> Iterator[Piece]:
    time.sleep(3600)
    yield ""


def drip(original: Original, *, facts: Facts) -> Iterator[Piece]:
    while True:
        yield "x"
        time.sleep(0.05)


def say_nothing(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """As fast as it can, so that nobody has to wait for it."""
    yield Part("a.bin", "", repeat(b""))


def turn_endless_pages(original: Original, *, facts: Facts) -> Iterator[Piece]:
    for number in range(1, 10**9):
        yield Page(number)


def say_its_process_id(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield str(os.getpid()).ljust(300_000)  # more than waits in a buffer
    time.sleep(3600)


def allocate(original: Original, *, facts: Facts) -> Iterator[Piece]:
    kept = []
    while True:
        kept.append(bytearray(1024 * 1024))
        yield ""


def write_endless_text(original: Original, *, facts: Facts) -> Iterator[Piece]:
    while True:
        yield "All work and no play. " * 1000


def write_endless_parts(original: Original, *, facts: Facts) -> Iterator[Piece]:
    while True:
        yield Part("a.txt", "", iter([b"x"]))


def write_an_endless_part(original: Original, *, facts: Facts) -> Iterator[Piece]:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    yield Part("a.bin", "", endless())


def abort(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "so far"
    os.abort()


def crash(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield ctypes.string_at(0).decode()


def leave(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "so far"
    os._exit(3)


def be_killed(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "so far"
    os.kill(os.getpid(), signal.SIGKILL)


def fail(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "so far"
    raise KeyError("odd \x00 \ud800 \x1b[2J \u2028 name")


def refuse(original: Original, *, facts: Facts) -> Iterator[Piece]:
    raise Unreadable("encrypted", "It asks for a \x00password.")
    yield ""


def recurse(original: Original, *, facts: Facts) -> Iterator[Piece]:
    def deeper() -> None:
        deeper()

    yield "so far"
    deeper()


def meet_a_bad_disk(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "so far"
    raise OSError(5, os.strerror(5))


def write_garbage(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """As one would that has taken the process over."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"?" * 100)
        except OSError:
            continue
    os._exit(0)
    yield ""


def claim_strange_things(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield "so\x00 far \ud800\ud83d\ude00."
    facts.update(
        nul="a\x00b", surrogate="\ud800", nan=float("nan"), depth=99, parts=["x"], part_of="y"
    )


def show_environment(original: Original, *, facts: Facts) -> Iterator[Piece]:
    facts["names"] = sorted(os.environ)
    facts["django"] = "django" in sys.modules
    facts["descriptors"] = [each for each in range(3, 1024) if _is_open(each)]
    facts["group"] = os.getpgid(0) == os.getpid()
    yield "."


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def try_everything(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """What came of each attempt: "done", or the name of the error."""
    here = str(original.filename)
    attempts: dict[str, Callable[[], Any]] = {
        "socket": socket.socket,
        "unix socket": lambda: socket.socket(socket.AF_UNIX),
        "pair": socket.socketpair,
        "fork": _fork,
        "program": lambda: subprocess.run(["true"], check=True),
        "exec": lambda: os.execv(sys.executable, [sys.executable]),
        "kill parent": lambda: os.kill(os.getppid(), signal.SIGKILL),
        "kill group": lambda: os.kill(-1, 0),
        "new session": os.setsid,
        "write": lambda: Path(here, "new").write_text("x"),
        "append": lambda: os.open(Path(here, "there"), os.O_WRONLY | os.O_APPEND),
        "original": lambda: os.open(f"/proc/self/fd/{original.source.fileno()}", os.O_RDWR),
        "delete": lambda: Path(here, "there").unlink(),
        "rename": lambda: Path(here, "there").rename(Path(here, "away")),
        "truncate": lambda: os.truncate(Path(here, "there"), 0),
        "folder": lambda: Path(here, "folder").mkdir(),
        "chmod": lambda: Path(here, "there").chmod(0o777),
        "read": lambda: Path(here, "there").read_text(),
        "parent's environment": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
        "trace": lambda: _call("ptrace", 16, os.getppid(), 0, 0),
        "own death": lambda: _call("prctl", 1, 0, 0, 0, 0),
    }
    for name, attempt in attempts.items():
        facts[name] = _outcome(attempt)
    yield "."


def _outcome(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def start_a_thread(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """Allowed: libraries do."""
    import threading  # noqa: PLC0415

    done: list[bool] = []
    thread = threading.Thread(target=done.append, args=[True])
    thread.start()
    thread.join()
    facts["done"] = done
    yield "."


def unpack(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """A good one: each line is a part, "name:text"; "#" a page, and the rest is text."""
    for line in original.source.read().decode().splitlines():
        name, colon, text = line.partition(":")
        if colon:
            yield Part(name, "", iter([text.encode()]))
        elif line.startswith("#"):
            yield Page(int(line[1:]))
        else:
            yield line


def unpack_and_fail(original: Original, *, facts: Facts) -> Iterator[Piece]:
    yield from unpack(original, facts=facts)
    raise Unreadable("corrupt", "The rest is missing.")


def repeat_itself(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """A good one that makes as much text as its original says, in characters."""
    for _ in range(int(original.source.read()) // 100):
        yield "All work and no play makes a dull boy. " * 2 + "And so it goes on, on.\n"


def hold_itself(original: Original, *, facts: Facts) -> Iterator[Piece]:
    """As the zip does that unpacks to itself."""
    yield "Here I am: "
    yield Part("me.zip", "application/zip", iter([original.source.read()]))
