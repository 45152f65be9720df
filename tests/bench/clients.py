"""The load: requests that are ready as bytes, over connections that stay open.

One process that waits for all its connections at once costs the machine the least, and so
disturbs what it measures the least. The same for every system.
"""

import gc
import json
import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bench.errors import BenchError

PATIENCE_SECONDS = 60
"""For an answer."""
LONG_PATIENCE_SECONDS = 1_800
"""For that to a bulk upload: a million lines are one request."""
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
BLOCK_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class Window:
    """What came back within a window of time."""

    seconds: float
    latencies: list[float] = field(repr=False)
    """Of each answer, in order of length."""

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        at = min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))
        return self.latencies[at]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection: a request out, its answer in."""

    def __init__(self, port: int, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=patience_seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.since = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, request: bytes) -> None:
        self.since = time.perf_counter()
        self._socket.sendall(request)

    def receive(self) -> Answer:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._read(data)
        total = end + 4 + _content_length(data, end=end)
        while len(data) < total:
            data += self._read(data)
        self._rest = data[total:]
        return Answer(int(data[9:12]), data[end + 4 : total])

    def _read(self, so_far: bytes) -> bytes:
        piece = self._socket.recv(BLOCK_BYTES)
        if not piece:
            raise BenchError(f"The server hung up after {so_far[:300]!r}")
        return piece


def _content_length(data: bytes, *, end: int) -> int:
    found = CONTENT_LENGTH.search(data, 0, end)
    if found is None:
        raise BenchError(f"An answer without Content-Length: {data[:end]!r}")
    return int(found[1])


def ask(port: int, request: bytes, *, expect: int = 200) -> Answer:
    """One request on a connection of its own."""
    return _asked(Line(port), [request], expect=expect)


def upload(port: int, pieces: Iterable[bytes], *, expect: int = 200) -> Answer:
    """A long request, whose bytes may be made while they are sent."""
    return _asked(Line(port, patience_seconds=LONG_PATIENCE_SECONDS), pieces, expect=expect)


def _asked(line: Line, pieces: Iterable[bytes], *, expect: int) -> Answer:
    try:
        for piece in pieces:
            line.send(piece)
        return _checked(line.receive(), expect=expect)
    finally:
        line.close()


def _checked(answer: Answer, *, expect: int) -> Answer:
    if answer.status != expect:
        raise BenchError(f"{answer.status} instead of {expect}: {answer.body[:1_000]!r}")
    return answer


def load(
    port: int,
    requests: Iterable[bytes],
    *,
    clients: int = 1,
    seconds: float = float("inf"),
    expect: int = 200,
) -> Window:
    """Each client sends its next request as soon as it has its answer, until the time is over
    or the requests are; those that are under way then still count."""
    lines = [Line(port) for _ in range(clients)]
    waiting = iter(requests)
    gc.collect()
    gc.disable()
    try:
        return _exchange(lines, waiting, seconds=seconds, expect=expect)
    finally:
        gc.enable()
        for line in lines:
            line.close()


def _exchange(
    lines: list[Line], waiting: Iterator[bytes], *, seconds: float, expect: int
) -> Window:
    latencies: list[float] = []
    with selectors.DefaultSelector() as ready:
        for each in lines:
            ready.register(each, selectors.EVENT_READ, each)
        started = time.perf_counter()
        deadline = started + seconds
        busy = sum(_send_next(each, waiting) for each in lines)
        while busy:
            answered = ready.select(PATIENCE_SECONDS)
            if not answered:
                raise BenchError(f"None of {busy} requests was answered in {PATIENCE_SECONDS} s.")
            for key, _ in answered:
                line: Line = key.data
                _checked(line.receive(), expect=expect)
                now = time.perf_counter()
                latencies.append(now - line.since)
                if now >= deadline or not _send_next(line, waiting):
                    busy -= 1
    if not latencies:
        raise BenchError("There was nothing to ask.")
    return Window(seconds=time.perf_counter() - started, latencies=sorted(latencies))


def _send_next(line: Line, waiting: Iterator[bytes]) -> bool:
    request = next(waiting, None)
    if request is None:
        return False
    line.send(request)
    return True
