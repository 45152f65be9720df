"""What the project has said not to mind, and why: in the settings, and on the command line."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from ingestion.schema.errors import NoReason


def ignored(said: Sequence[str] = ()) -> dict[str, str]:
    """{pattern: reason}; each of `said` is PATTERN=REASON."""
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    listed = known.get("DRIFT_IGNORE") or {}
    found = dict(listed) if isinstance(listed, dict) else dict.fromkeys(listed, "")
    for each in said:
        pattern, _, reason = each.partition("=")
        found[pattern.strip()] = reason
    for pattern, reason in found.items():
        if not (isinstance(reason, str) and reason.strip()):
            raise NoReason(pattern)
    return {pattern: reason.strip() for pattern, reason in found.items()}
