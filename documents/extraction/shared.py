"""Children that small texts share: starting one costs more than reading such a text."""

import atexit
import os
import select
import threading
from dataclasses import dataclass

from documents.extraction.launch import TEMPLATE, Hold
from documents.extraction.order import Order, send

# What is larger takes so long that a process of its own does not matter.
MAX_BYTES = 256 * 1024
# Whatever a library may leave behind from each of them is gone with the child.
MAX_TEXTS = 500


@dataclass(frozen=True)
class Seat:
    """A place in a child, for one text at a time."""

    hold: Hold
    limits: tuple[int, int]
    texts: int = 0
    """Read in it before."""


class Shared:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Seat] = []

    def take(self, order: Order, *, original: int) -> Seat:
        """Where the text is being read. Raises Interrupted where no process can be had."""
        limits = (order.memory_bytes, order.cpu_seconds)
        while (seat := self._next()) is not None:
            if seat.limits == limits and _is_there(seat.hold):
                try:
                    send(order, through=seat.hold.more, descriptors=[original])
                except OSError:
                    pass  # it ended just now: the next one
                else:
                    return Seat(seat.hold, limits, seat.texts + 1)
            seat.hold.close()
        return Seat(TEMPLATE.place(order, original=original), limits)

    def give_back(self, seat: Seat) -> None:
        """After it was heard to the end of its text."""
        if seat.texts + 1 >= MAX_TEXTS:
            seat.hold.close()
            return
        with self._lock:
            self._idle.append(seat)

    def clear(self) -> None:
        while (seat := self._next()) is not None:
            seat.hold.close()

    def forget(self) -> None:
        """In a fork: these read for another."""
        self._lock = threading.Lock()
        self.clear()

    def _next(self) -> Seat | None:
        with self._lock:
            return self._idle.pop() if self._idle else None


def _is_there(hold: Hold) -> bool:
    """Nothing is told on its line before its end."""
    poll = select.poll()
    poll.register(hold.line, select.POLLIN)
    return not poll.poll(0)


SHARED = Shared()
atexit.register(SHARED.clear)
os.register_at_fork(after_in_child=SHARED.forget)
