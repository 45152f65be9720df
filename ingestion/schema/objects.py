"""Facts as plain objects, for programs: what `--json` prints."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID


def as_json(fact: Any) -> str:
    return json.dumps(plain(fact), indent=2, ensure_ascii=False)


def plain(fact: Any) -> Any:
    """Moments in ISO 8601 in UTC; a claim is named without its "is_"; no more than three decimals,
    which of milliseconds are more than can be measured.
    """
    if is_dataclass(fact) and not isinstance(fact, type):
        return {
            each.name.removeprefix("is_"): plain(getattr(fact, each.name)) for each in fields(fact)
        }
    if isinstance(fact, dict):
        return {key: plain(value) for key, value in fact.items()}
    if isinstance(fact, list | tuple):
        return [plain(each) for each in fact]
    if isinstance(fact, datetime):
        return fact.astimezone(UTC).isoformat()
    if isinstance(fact, float):
        return round(fact, 3)
    return str(fact) if isinstance(fact, UUID | Path) else fact
