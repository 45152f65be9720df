"""How long to wait for what. Set in SCHEMA of Django's settings, all in seconds but the first."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Limits:
    lock_timeout_ms: int = 200
    """For a statement that makes others wait while it waits: they never wait longer."""
    budget: int = 3600
    """For one that waits without being in anybody's way: CONCURRENTLY, VALIDATE CONSTRAINT."""
    retry: int = 300
    """How long a lock timeout or a deadlock is tried again."""
    lock_wait: int = 300
    """How long to wait for another migrator to finish."""


def limits(*, lock_wait: int | None = None) -> Limits:
    known: dict[str, Any] = getattr(settings, "SCHEMA", {})
    chosen = {
        "lock_timeout_ms": known.get("LOCK_TIMEOUT_MS"),
        "budget": known.get("BUDGET_SECONDS"),
        "retry": known.get("RETRY_SECONDS"),
        "lock_wait": lock_wait,
    }
    return Limits(**{name: value for name, value in chosen.items() if value is not None})
