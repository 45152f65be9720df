"""Files of this machine → intake, one after the other."""

import mimetypes
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from documents.blobs import CHUNK, Incoming
from documents.errors import DocumentError
from documents.intake import Label, accept
from documents.models import SOURCE_LENGTH, TITLE_LENGTH


@dataclass(frozen=True)
class Result:
    path: Path
    status: str  # created, duplicate or refused
    bytes: int = 0
    detail: str = ""


@dataclass
class Summary:
    """How many of each, and what was refused, with the reason."""

    created: int = 0
    duplicates: int = 0
    bytes: int = 0
    refused: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.created += result.status == "created"
        self.duplicates += result.status == "duplicate"
        self.bytes += result.bytes
        if result.status == "refused":
            self.refused.append(result)

    def as_dict(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "duplicates": self.duplicates,
            "refused": len(self.refused),
            "bytes": self.bytes,
            "errors": [{"path": str(r.path), "detail": r.detail} for r in self.refused],
        }

    def __str__(self) -> str:
        lines = [f"refused: {result.path}: {result.detail}" for result in self.refused]
        lines.append(
            f"{self.created} kept, {self.duplicates} there already, {len(self.refused)} refused "
            f"({self.bytes / 1e6:.1f} MB read)"
        )
        return "\n".join(lines)


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that were named, and those below the folders that were, in order of name.

    Hidden ones below a folder are left out, and links to folders are not followed.
    """
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                shown = (Path(folder, name) for name in sorted(names) if not name.startswith("."))
                yield from (file for file in shown if file.is_file())
        elif path.is_file():
            yield path


def ingest(path: Path, *, owner_id: int, limit: int) -> Result:
    """Take one file in. What is wrong with it is in the result, not raised."""
    try:
        with path.open("rb") as file, Incoming(limit=limit) as incoming:
            while chunk := file.read(CHUNK):
                incoming.write(chunk)
            kept = accept(incoming, owner_id=owner_id, label=_label(path))
            status = "created" if kept.created else "duplicate"
            return Result(path, status, bytes=incoming.length)
    except OSError as error:
        return Result(path, "refused", detail=error.strerror or str(error))
    except DocumentError as error:
        return Result(path, "refused", detail=error.detail)


def _label(path: Path) -> Label:
    name = _storable(path.name)
    return Label(
        title=name[:TITLE_LENGTH],
        source=_storable(str(path))[:SOURCE_LENGTH],
        content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        filename=name,
    )


def _storable(name: str) -> str:
    """A file's name may hold bytes that are no text; the database keeps only text."""
    return os.fsencode(name).decode(errors="replace")
