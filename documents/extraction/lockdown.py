"""What a child gives up before it looks at a document, and can never get back.

Every system takes away what it can: where one cannot (macOS has neither prctl nor seccomp,
an old kernel no Landlock) reading goes on without, and the worker says so once.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from documents.extraction import landlock, seccomp
from documents.extraction.order import Order

NICE = 5
OPEN_FILES = 64

_LIBC = ctypes.CDLL(None)

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITIES_3 = 0x20080522
# So that root finds its libraries in a folder of somebody else; the rest of root's power goes.
_CAP_DAC_READ_SEARCH = 1 << 2


def be_a_child(order: Order, *, parent: int) -> None:
    """What only bounds it; its own code may still be imported from anywhere."""
    os.setpgid(0, 0)
    os.nice(NICE)
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _go_first_when_memory_is_short()
    if os.getppid() != parent:
        os._exit(1)  # it died before it was asked to take its child along
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_FSIZE, 0)
    _bound(resource.RLIMIT_NOFILE, OPEN_FILES)
    _bound(resource.RLIMIT_CPU, order.cpu_seconds, hard=order.cpu_seconds + 5)
    _bound(resource.RLIMIT_AS, order.memory_bytes)


def lock_down(*, ruleset: int | None) -> list[str]:
    """No network, no other process or program, no file but to read; what could not be had."""
    return list(_lock_down(ruleset))


def _lock_down(ruleset: int | None) -> Iterator[str]:
    if sys.platform != "linux" or not _prctl(_PR_SET_NO_NEW_PRIVS, 1):
        _bound(resource.RLIMIT_NPROC, 0)
        yield f"no_new_privs, Landlock and seccomp ({sys.platform})"
        return
    if ruleset is None or not landlock.restrict(ruleset):
        yield "Landlock"
    else:
        os.close(ruleset)
    _drop_capabilities()
    try:
        seccomp.refuse_what_reading_never_needs()
    except seccomp.Unavailable as error:
        _bound(resource.RLIMIT_NPROC, 0)
        yield str(error)


def _prctl(option: int, value: int) -> bool:
    result: int = _LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
    return result == 0


def _bound(limit: int, most: int, *, hard: int | None = None) -> None:
    """Down to this, or to what is the most already; some systems have no such limit.

    Of CPU time the first is told by a signal with a name, the hard one kills.
    """
    before = resource.getrlimit(limit)[1]
    wanted = (most, most if hard is None else hard)
    if before != resource.RLIM_INFINITY:
        wanted = (min(wanted[0], before), min(wanted[1], before))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, wanted)


def _go_first_when_memory_is_short() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(b"1000")


def _drop_capabilities() -> None:
    keep = _CAP_DAC_READ_SEARCH if os.geteuid() == 0 else 0
    header = struct.pack("=Ii", _CAPABILITIES_3, 0)
    # Effective, permitted and inheritable; the second three are for the upper 32.
    if _LIBC.capset(header, struct.pack("=6I", keep, keep, 0, 0, 0, 0)):
        _LIBC.capset(header, bytes(24))  # it was not among those we have
