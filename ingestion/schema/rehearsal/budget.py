"""What a migration may cost at most, in words like 250ms, 2 min and 1 GB.

Set in SCHEMA of Django's settings (MAX_BLOCK, MAX_DURATION, MAX_WAL, MAX_GROWTH), or with each
rehearsal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from ingestion.schema.errors import UnreadableBudget

MILLISECONDS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
AMOUNT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)\s*")
BLOCK = "250ms"
"""A request that waits a quarter of a second is slow; one that waits longer is asked again."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of each migration."""

    block_ms: float
    """How long one who reads or writes what was there may be kept waiting."""
    duration_ms: float | None = None
    wal_bytes: float | None = None
    growth_bytes: float | None = None
    """Of the disk, at its highest."""


def read_budget(said: Mapping[str, str | None]) -> Budget:
    """`said` has max_block, max_duration, max_wal and max_growth; None is what the settings say."""
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})

    def word(name: str) -> str | None:
        found = known.get(name.upper()) if said.get(name) is None else said[name]
        return None if found is None else f"{found}"

    block, duration, wal, growth = map(word, ("max_block", "max_duration", "max_wal", "max_growth"))
    return Budget(
        block_ms=milliseconds(BLOCK if block is None else block),
        duration_ms=None if duration is None else milliseconds(duration),
        wal_bytes=None if wal is None else size_in_bytes(wal),
        growth_bytes=None if growth is None else size_in_bytes(growth),
    )


def milliseconds(text: str) -> float:
    return _amount(text, MILLISECONDS, lower=True, examples="250ms, 2s, 5 min")


def size_in_bytes(text: str) -> float:
    return _amount(text, BYTES, lower=False, examples="500 MB, 1GB")


def _amount(text: str, units: Mapping[str, int], *, lower: bool, examples: str) -> float:
    match = AMOUNT.fullmatch(text)
    written = match[2] if match else ""
    unit = units.get(written.lower() if lower else written.upper())
    if match is None or unit is None:
        raise UnreadableBudget(text, examples)
    return float(match[1]) * unit
