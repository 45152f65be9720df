"""What an applied set makes, kept on disk under the hash of all that decides it.

Losing it costs time and nothing else: what cannot be read is made again, what cannot be written
is not kept.
"""

import gzip
import json
import os
import stat
import tempfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from ingestion.schema.catalog import Thing, Things

MOST = 8
"""Files; the longest unused ones go."""
ENDING = ".json.gz"
DAMAGED = (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError)
"""What reading a file may raise, whatever is in it."""


class Kept:
    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        """All are looked through; the first that can be written takes what is new."""

    def get(self, key: str) -> Things | None:
        for folder in filter(_is_safe, self.folders):
            path = folder / f"{key}{ENDING}"
            with suppress(*DAMAGED):
                things = _read(path.read_bytes())
                with suppress(OSError):  # it may be read only
                    os.utime(path)
                return things
        return None

    def put(self, key: str, things: Things) -> None:
        for folder in self.folders:
            with suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not _is_safe(folder):
                    continue
                _write(folder / f"{key}{ENDING}", things)
                _prune(folder)
                return


def _is_safe(folder: Path) -> bool:
    """Nobody else can put something there: what is read becomes SQL that somebody runs.

    Whoever owns the code may, as may root.
    """
    try:
        found = folder.stat()
    except OSError:
        return False
    owners = {os.geteuid(), 0, Path(__file__).stat().st_uid}
    return found.st_uid in owners and not found.st_mode & stat.S_IWOTH


def kept() -> Kept:
    """In the folder of the settings, or with the project, or with what the user else caches."""
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    if chosen := known.get("CACHE_DIR"):
        return Kept([Path(chosen)])
    project = known.get("PROJECT")
    of_project = [Path(project) / ".cache" / "schema"] if project else []
    return Kept([*of_project, *_of_user()])


def _of_user() -> list[Path]:
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return [Path(chosen) / "django-schema"]
    try:
        return [Path.home() / ".cache" / "django-schema"]
    except RuntimeError:  # a number without a name, and without a home
        return []


def _read(raw: bytes) -> Things:
    """Fails on whatever is not as it was written: gzip ends in a checksum."""
    found = [_thing(row) for row in json.loads(gzip.decompress(raw))]
    return {each.name: each for each in found}


def _thing(row: dict[str, Any]) -> Thing:
    if not isinstance(row["facts"]["goes_with"], list):
        raise TypeError
    return Thing(**{**row, "path": tuple(row["path"])})


def _write(path: Path, things: Things) -> None:
    text = json.dumps([asdict(each) for each in things.values()])
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(gzip.compress(text.encode(), mtime=0))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _prune(folder: Path) -> None:
    files = sorted(folder.glob(f"*{ENDING}"), key=lambda each: each.stat().st_mtime, reverse=True)
    for path in files[MOST:]:
        path.unlink(missing_ok=True)
