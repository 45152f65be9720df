"""What became of many documents: counted, and in words."""

import time
from dataclasses import dataclass, field
from typing import Any

from documents.files import storable
from documents.taking import Outcome

MOST_SHOWN = 20
MOST_LISTED = 1000


@dataclass
class Summary:
    """How many of each; of what was refused the first ones, with the reason."""

    dry_run: bool = False
    created: int = 0
    duplicates: int = 0
    refused: int = 0
    bytes: int = 0
    stopped: bool = False
    """Before everything was looked at."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0

    @property
    def documents(self) -> int:
        return self.created + self.duplicates + self.refused

    def add(self, outcome: Outcome) -> None:
        self.created += outcome.result.status == "created"
        self.duplicates += outcome.result.status == "duplicate"
        self.bytes += outcome.result.size
        if outcome.result.status == "failed":
            self.refused += 1
            if len(self.errors) < MOST_LISTED:
                self.errors.append(refusal(outcome))

    def end(self, *, stopped: bool) -> None:
        self.stopped = stopped
        self.seconds = time.monotonic() - self.started

    @property
    def documents_per_second(self) -> float:
        return self.documents / max(self.seconds, 1e-6)

    def as_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "created": self.created,
            "duplicates": self.duplicates,
            "refused": self.refused,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "documents_per_second": round(self.documents_per_second, 1),
            "bytes_per_second": round(self.bytes / max(self.seconds, 1e-6)),
            "dry_run": self.dry_run,
            "stopped": self.stopped,
            "errors": self.errors,
            "errors_truncated": self.refused > len(self.errors),
        }

    def __str__(self) -> str:
        return "\n".join([*self._refusals(), self._counts()])

    def _refusals(self) -> list[str]:
        lines = [f"refused: {_place(error)}: {error['detail']}" for error in self.errors]
        if self.refused <= MOST_SHOWN:
            return lines
        rest = self.refused - MOST_SHOWN
        return [*lines[:MOST_SHOWN], f"… and {rest:,} more; --report FILE names all of them"]

    def _counts(self) -> str:
        kept = "would be kept" if self.dry_run else "kept"
        return (
            f"{self.created} {kept}, {self.duplicates} there already, {self.refused} refused "
            f"({self.bytes / 1e6:.1f} MB in {self.seconds:.1f} s, "
            f"{self.documents_per_second:,.0f} documents/s)"
        )


def refusal(outcome: Outcome) -> dict[str, Any]:
    """Where it came from, and why it was not kept. The line is that of its file."""
    error = outcome.result.error
    said: dict[str, Any] = {"path": storable(outcome.origin.path)}
    if outcome.origin.line is not None:
        said["line"] = outcome.origin.line
    if error is not None:
        said |= {"code": error.code, "detail": error.detail}
        if error.pointer is not None:
            said["pointer"] = error.pointer
    return said


def _place(error: dict[str, Any]) -> str:
    return f"{error['path']}, line {error['line']}" if "line" in error else str(error["path"])
