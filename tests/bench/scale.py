"""How much is measured: the full run, or SMALL=1 to see that all of it works."""

import os
from dataclasses import dataclass

CLIENTS = (1, 8, 32)


@dataclass(frozen=True, kw_only=True)
class Scale:
    is_small: bool
    rounds: int
    seconds: int
    """Of one window of requests."""
    clients: tuple[int, ...]
    bulk: int
    """Documents in one bulk upload."""
    memory: tuple[int, ...]
    """Lines of the bulk uploads whose memory is looked at."""
    big: int
    """Documents in the tables that are listed and searched."""
    tries: int
    """How often a fresh document is looked for."""
    pdfs: int
    migrations: tuple[int, ...]


def read() -> Scale:
    small, large = _is_set("SMALL"), _is_set("LARGE")
    memory = (300, 1_000) if small else (10_000, 30_000, 100_000)
    clients = os.environ.get("CLIENTS")
    return Scale(
        is_small=small,
        rounds=_number("ROUNDS", full=5, small=1),
        seconds=_number("SECONDS", full=5, small=1),
        clients=tuple(int(each) for each in clients.split(",")) if clients else CLIENTS,
        bulk=_number("BULK", full=100_000, small=1_500),
        memory=(*memory, 1_000_000) if large else memory,
        big=_number("BIG", full=1_000_000, small=3_000),
        tries=_number("TRIES", full=20, small=3),
        pdfs=_number("PDFS", full=12, small=2),
        migrations=(3,) if small else (3, 200),
    )


def _is_set(name: str) -> bool:
    return os.environ.get(name, "") not in {"", "0", "false"}


def _number(name: str, *, full: int, small: int) -> int:
    return int(os.environ.get(name) or (small if _is_set("SMALL") else full))
