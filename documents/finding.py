"""What a command line names → files: paths, folders and patterns, in constant memory."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from documents.errors import DocumentError

STANDARD_INPUT = "-"
# A folder's files come in order of name; of a folder with more, so many at a time are in order.
SORTED = 10_000


class CannotRead(DocumentError):
    """A file that is no file, or that the system does not hand out."""

    @classmethod
    def because(cls, error: OSError) -> "CannotRead":
        reason = error.strerror or str(error)
        return cls(f"It cannot be read: {reason}. Mend that and run it again.", code="unreadable")


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    is_named: bool = False
    """By itself or by a pattern, and not only below a folder."""
    error: CannotRead | None = None
    """Why nothing below this folder was found."""


def found(words: Sequence[str]) -> Iterator[Found]:
    """The files that were named, and those below the folders that were.

    Below a folder hidden ones are left out, and links to folders are not followed.
    """
    for word in words:
        for path in _named(word):
            if path != STANDARD_INPUT and _is_folder(Path(path)):
                yield from below(path)
            else:
                yield Found(path, is_named=True)


def missing(words: Sequence[str]) -> list[str]:
    """Those that name nothing."""
    return [word for word in words if not _names_something(word)]


def _names_something(word: str) -> bool:
    if word == STANDARD_INPUT or _is_there(word):
        return True
    return _is_pattern(word) and any(True for _ in _matching(word))


def _named(word: str) -> Iterator[str]:
    if word == STANDARD_INPUT or _is_there(word) or not _is_pattern(word):
        yield word
    else:
        yield from map(str, _matching(word))


def _is_there(path: str) -> bool:
    """Also a link that leads nowhere."""
    return os.path.lexists(path)


# --- Folders


def below(folder: str) -> Iterator[Found]:
    """Every file below, and whatever else stands where a file could."""
    stack = [(folder, _entries(folder))]
    while stack:
        here, entries = stack[-1]
        try:
            entry = next(entries, None)
        except OSError as error:
            yield Found(here, error=CannotRead.because(error))
            entry = None
        if entry is None:
            stack.pop()
        elif entry.is_dir(follow_symlinks=False):
            stack.append((entry.path, _entries(entry.path)))
        elif not (entry.is_symlink() and _is_folder(Path(entry.path))):
            yield Found(entry.path)


def _entries(folder: str) -> "Iterator[os.DirEntry[str]]":
    """In order of name, without hidden ones."""
    with os.scandir(folder) as entries:
        shown = (entry for entry in entries if not entry.name.startswith("."))
        while True:
            some = sorted(islice(shown, SORTED), key=lambda entry: entry.name)
            if len(some) < SORTED:
                break  # the rest needs no open folder, however deep the tree below it is
            yield from some
    yield from some


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # where a link leads may not be looked at
        return False


# --- Patterns


def _is_pattern(word: str) -> bool:
    return any(sign in word for sign in "*?[")


def _matching(pattern: str) -> Iterator[Path]:
    """What a shell would make of it; ** stands for any number of folders, and ends at files."""
    path = Path(pattern)
    yield from _step(Path(path.anchor), path.parts[bool(path.anchor) :])


def _step(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _at_any_depth(folder, parts)
    elif _is_pattern(first):
        for name in _names_like(first, folder=folder):
            yield from _further(folder / name, rest)
    else:
        yield from _further(folder / first, rest)


def _further(path: Path, rest: tuple[str, ...]) -> Iterator[Path]:
    if rest:
        yield from _step(path, rest)
    elif _is_there(str(path)):
        yield path


def _names_like(pattern: str, *, folder: Path) -> Iterator[str]:
    if not _is_folder(folder):
        return
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if fnmatchcase(entry.name, pattern)]
    yield from (name for name in sorted(names) if pattern[0] == "." or name[0] != ".")


def _at_any_depth(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    start = len(folder.parts)
    if _is_folder(folder):
        for each in below(str(folder)):
            path = Path(each.path)
            if each.error is None and _fits(path.parts[start:], parts):
                yield path


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        if pattern[1:] == ():
            return bool(parts)
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


# --- How much it is


# What keeping a file costs beside its bytes, in bytes: for the time that is left.
OVERHEAD = 50_000


def weight(files: Iterable[Found]) -> int:
    """Of all these files together, as far as their sizes are known."""
    return sum(weight_of(each.path) for each in files)


def weight_of(path: str) -> int:
    try:
        return Path(path).stat().st_size + OVERHEAD
    except OSError:
        return OVERHEAD
