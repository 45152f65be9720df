"""Locks between processes: flock, which the kernel gives back when the holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX


def take(path: Path, *, mode: int) -> int:
    """Wait for the lock on the file at `path`, made if need be, and return its descriptor.

    A forked child shares the lock, which lasts until both have closed it or died.
    A program that is started does not, unless the descriptor is passed on to it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, mode)
            if is_at(path, descriptor=descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the file was removed while we waited for it


@contextmanager
def held(path: Path, *, mode: int) -> Iterator[int]:
    descriptor = take(path, mode=mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_at(path: Path, *, descriptor: int) -> bool:
    """Whether the open file is still the one that has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def is_taken(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
