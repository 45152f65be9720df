"""Streams as long as they come: killed in the middle, sent again, and the memory stays flat.

Waits for the service to start, and for some hundred MB to be sent twice.
"""

import contextlib
import gzip
import hashlib
import http.client
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import requests

from tests.e2e.conftest import Service
from tests.e2e.test_upload_together import kill_the_web_server

# A million with BULK_LINES=1000000.
LINES = int(os.environ.get("BULK_LINES", "100000"))
WORDS = [f"{a}{b}" for a in ("ba", "lo", "mi", "tru", "ken") for b in ("na", "rip", "sto", "wel")]
MB = 1024 * 1024
IDLE_GROWTH = 60 * MB


def text(number: int) -> str:
    numbers = random.Random(number)
    return f"document {number} " + " ".join(numbers.choices(WORDS, k=120))


def line(number: int) -> bytes:
    """One in a hundred is bad, and one in a hundred repeats an earlier one."""
    if number % 100 == 17:
        return b'{"content": "' + str(number).encode() + b"\n"
    if number % 100 == 53:
        number -= 1 + number // 2
        number += number % 100 in {17, 53}
    return json.dumps({"content": text(number), "title": f"No. {number}"}).encode() + b"\n"


def stream(*, lines: int = LINES, after: int = 0, call: Any = None) -> Iterator[bytes]:
    """Blocks of lines; `call` is called in the middle."""
    waiting: list[bytes] = []
    for number in range(lines):
        waiting.append(line(number))
        if len(waiting) == 200:
            yield b"".join(waiting)
            waiting = []
        if call is not None and number == after:
            call()
    yield b"".join(waiting)


def send(service: Service, body: Any, **headers: str) -> requests.Response:
    headers = {"Content-Type": "application/x-ndjson", **headers}
    url = f"{service.url}/api/v1/documents/bulk/"
    return service.session().post(url, data=body, headers=headers, timeout=1800)


def web_processes(service: Service) -> list[psutil.Process]:
    assert service.process is not None
    family = psutil.Process(service.process.pid).children(recursive=True)
    return [p for p in family if any("granian" in word for word in p.cmdline())]


class Memory:
    """How far the web processes grow while something is done."""

    def __init__(self, service: Service) -> None:
        self.processes = web_processes(service)
        self.before = {p.pid: p.memory_info().rss for p in self.processes}
        self.growth = 0
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for process in self.processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    grown = process.memory_info().rss - self.before[process.pid]
                    self.growth = max(self.growth, grown)

    def __enter__(self) -> "Memory":
        self._watcher.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._watcher.join()


def distinct() -> int:
    kept = set()
    for number in range(LINES):
        with contextlib.suppress(json.JSONDecodeError):
            kept.add(json.loads(line(number))["title"])
    return len(kept)


def test_killed_in_the_middle_and_sent_again_it_adds_up(service: Service) -> None:
    def kill() -> None:
        deadline = time.monotonic() + 60
        while service.rows("SELECT count(*) FROM documents")[0][0] < LINES // 10:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        kill_the_web_server(service, whole=True)

    with pytest.raises(requests.RequestException):
        send(service, stream(after=LINES // 2, call=kill))
    before = service.rows("SELECT count(*) FROM documents")[0][0]
    assert 0 < before < LINES
    wait_until_ready(service)
    told = send(service, stream()).json()
    bad, new = LINES // 100, distinct()
    assert (told["lines"], told["failed"]) == (LINES, bad)
    assert told["created"] == new - before
    assert told["duplicates"] == LINES - bad - told["created"]
    assert service.rows("SELECT count(*), count(DISTINCT document_id) FROM passages") == [
        (new, new)
    ]
    again = send(service, stream()).json()
    assert (again["created"], again["duplicates"]) == (0, LINES - bad)
    everything_is_indexed(service, new)


def wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{service.url}/health/ready", timeout=5).ok:
                return
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.1)


def everything_is_indexed(service: Service, count: int) -> None:
    deadline = time.monotonic() + 600
    while service.rows("SELECT count(*) FROM jobs")[0][0]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert service.rows("SELECT count(*) FROM documents WHERE indexed") == [(count,)]
    assert service.rows("SELECT count(*) FROM passages WHERE search IS NULL") == [(0,)]


def test_memory_stays_flat_whatever_the_number_of_lines(service: Service) -> None:
    send(service, stream(lines=2000))  # so that everything is loaded
    with Memory(service) as memory:
        told = send(service, gzipped(stream()), **{"Content-Encoding": "gzip"}).json()
    assert told["lines"] == LINES
    assert memory.growth < IDLE_GROWTH, f"{memory.growth / MB:.0f} MB"


def gzipped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    return (gzip.compress(block, 1) for block in blocks)


def test_a_gigabyte_is_uploaded_in_little_memory(service: Service) -> None:
    block = random.Random(5).randbytes(MB)
    digest = hashlib.sha256()
    for _ in range(1024):
        digest.update(block)
    border = "border"
    head = (
        f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{border}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(1024):
            yield block
        yield tail

    headers = {
        "Authorization": f"Bearer {service.token}",
        "Content-Type": f"multipart/form-data; boundary={border}",
        "Content-Length": str(len(head) + 1024 * MB + len(tail)),
    }
    with Memory(service) as memory:
        wire = http.client.HTTPConnection("127.0.0.1", service.port, timeout=600)
        wire.request("POST", "/api/v1/documents/", body(), headers)
        answer = wire.getresponse()
        told = json.loads(answer.read())
        wire.close()
    assert answer.status == 201, told
    assert told["sha256"] == digest.hexdigest()
    highest = max(memory.before.values()) + memory.growth
    assert highest < 150 * MB, f"{highest / MB:.0f} MB"
