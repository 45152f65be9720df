"""A bar on a terminal: how many, how fast, how long still."""

import shutil
import sys
import time
from typing import Self

from tqdm import tqdm

SECONDS_BETWEEN = 0.1


class Progress:
    """Shown only where a person looks. The total is in whatever unit `weight` is in."""

    def __init__(self, *, total: int | None, noun: str = "documents") -> None:
        self.noun = noun
        self.count = self.bytes = 0
        self._weight = 0
        self._started = time.monotonic()
        self._next = 0.0
        ahead = "{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]"
        self._bar = tqdm(
            total=total,
            disable=not is_watched(),
            bar_format=ahead if total else "{desc} [{elapsed}]",
            mininterval=0,
            # Some terminals in containers say that they have no columns.
            ncols=shutil.get_terminal_size().columns,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._bar.disable:
            self._show()
        self._bar.close()

    def add(self, *, count: int = 1, size: int = 0, weight: int = 0) -> None:
        self.count += count
        self.bytes += size
        self._weight += weight
        if not self._bar.disable and time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_BETWEEN
            self._show()

    def _show(self) -> None:
        seconds = max(time.monotonic() - self._started, 1e-6)
        said = f"{self.count:,} {self.noun}, {self.count / seconds:,.0f}/s"
        if self.bytes:
            said += f", {self.bytes / seconds / 1e6:,.1f} MB/s"
        self._bar.set_description_str(said, refresh=False)
        self._bar.update(self._weight - self._bar.n)
        self._bar.refresh()


def is_watched() -> bool:
    return sys.stderr.isatty()
