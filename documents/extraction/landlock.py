"""Which files a child may open: those of Python and its libraries, and to read only.

So that a document that takes a library over finds neither keys nor other documents. Linux has
this since 5.13 (Landlock), without any privilege. The rules are made once, in the template
process; each child is then put under them with a single call.
"""

import ctypes
import mimetypes
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_LIBC = ctypes.CDLL(None)

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all machines
_ASK_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
# How many rights there are to take away in each version.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWER_FILE_RIGHTS = 16
_CONNECT_AND_BIND = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11

_PACKAGE = Path(__file__).resolve().parent
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/lib", "/lib64")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_SMALL_FILES = ("/etc/ld.so.cache", "/etc/localtime")


def ruleset() -> int | None:
    """A descriptor of the rules, or None where the kernel has none."""
    if sys.platform != "linux":
        return None
    version = _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return None
    rights = _rights(version)
    made = _call(_CREATE_RULESET, rights, len(rights), 0)
    if made < 0:
        return None
    for path in readable():
        _allow_reading(made, path)
    return made


def restrict(ruleset: int) -> bool:
    """For this process from now on. Needs no_new_privs. Whether it worked."""
    return _call(_RESTRICT_SELF, ruleset, 0, 0) == 0


def _call(number: int, first: bytes | int | None, *more: int | bytes) -> int:
    arguments = (ctypes.c_long(each) if isinstance(each, int) else each for each in more)
    start = ctypes.c_long(first) if isinstance(first, int) else first
    result: int = _LIBC.syscall(ctypes.c_long(number), start, *arguments)
    return result


def _rights(version: int) -> bytes:
    files = (1 << _FILE_RIGHTS.get(version, _NEWER_FILE_RIGHTS)) - 1
    fields = [files]
    if version >= 4:
        fields.append(_CONNECT_AND_BIND)
    if version >= 6:
        fields.append(_SIGNALS_AND_ABSTRACT_SOCKETS)
    return struct.pack(f"{len(fields)}Q", *fields)


def readable() -> Iterator[Path]:
    """Not the folder of the project, where keys may lie: of it only this package."""
    yield _PACKAGE
    for name in (*sys.path, *_SYSTEM, *_DEVICES, *_SMALL_FILES, *mimetypes.knownfiles):
        path = Path(name).resolve()
        if path.exists() and not _PACKAGE.is_relative_to(path):
            yield path


def _allow_reading(ruleset: int, path: Path) -> None:
    rights = _READ_FILE | _READ_FOLDER if path.is_dir() else _READ_FILE
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what cannot be opened now could not be read later either
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
