"""Ctrl-C, and SIGTERM: the first ends after what is under way, a second one at once."""

import signal
import sys
from types import FrameType
from typing import Any, Self


class Stop:
    def __init__(self) -> None:
        self.number = 0
        """Of the signal that came, if one did."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_asked(self) -> bool:
        return bool(self.number)

    @property
    def exit_code(self) -> int:
        """As a shell has it: 130 after Ctrl-C."""
        return 128 + self.number

    def _ask(self, number: int, _: FrameType | None) -> None:
        if self.number:
            raise KeyboardInterrupt
        self.number = number
        sys.stderr.write("\nStopping after what is under way. Ctrl-C again stops at once.\n")
