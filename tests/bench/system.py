"""A system as its clients see it: a port and a token. Both answer at the same paths."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.bench import clients
from tests.bench.programs import Program

PYTHON = sys.executable
DOCUMENTS = "/api/v1/documents/"


@dataclass(frozen=True, kw_only=True)
class System:
    name: str
    database: str
    tables: tuple[str, ...]
    port: int
    token: str
    owner: int
    web: Program
    worker: Program | None = None

    def stop(self) -> None:
        for program in (self.web, self.worker):
            if program is not None:
                program.stop()

    def __str__(self) -> str:
        lines = [f"{self.name}: http://127.0.0.1:{self.port}, Bearer {self.token}"]
        for program in filter(None, (self.web, self.worker)):
            numbers = " ".join(str(each.pid) for each in program.processes())
            lines.append(f"    {program.name}: processes {numbers}, log {program.log}")
        return "\n".join(lines)

    def get(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\n{self._headers}\r\n".encode()

    def search(self, word: str) -> bytes:
        return self.get(f"{DOCUMENTS}?q={quote(word)}&page_size=20")

    def post(self, body: bytes, *, path: str = DOCUMENTS, kind: str = "application/json") -> bytes:
        head = f"POST {path} HTTP/1.1\r\n{self._headers}Content-Type: {kind}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def bulk(self, body: bytes) -> bytes:
        return self.post(body, path=f"{DOCUMENTS}bulk/", kind="application/x-ndjson")

    def bulk_in_pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same, of a length that is not known before."""
        head = f"POST {DOCUMENTS}bulk/ HTTP/1.1\r\n{self._headers}"
        kind = "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        yield f"{head}{kind}".encode()
        for piece in pieces:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    def asked(self, path: str) -> Any:
        return clients.ask(self.port, self.get(path)).json()

    @property
    def _headers(self) -> str:
        return f"Host: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
