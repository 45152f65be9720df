"""A transaction pooler in little: clients share its sessions, from one transaction to the next.

It speaks the simple protocol only, which psycopg2 does, to a server that trusts its socket. As
PgBouncer does, it tells each client a process id of its own making.
"""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SSL_REQUEST, GSS_REQUEST, VERSION_3 = 80877103, 80877104, 196608


class Session:
    """One of the server, shared by the clients."""

    def __init__(self, path: str, user: str, database: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")
        words = b"".join(f"{word}\0".encode() for word in ("user", user, "database", database))
        self.socket.sendall(_packet(b"", struct.pack("!i", VERSION_3) + words + b"\0"))
        self.greeting = self._answer()[0]

    def ask(self, query: bytes) -> tuple[bytes, bool]:
        """The answer, and whether the session is free again."""
        self.socket.sendall(query)
        answer, status = self._answer()
        return answer, status == b"I"

    def _answer(self) -> tuple[bytes, bytes]:
        answer = b""
        while True:
            kind, body = _read(self.stream)
            if kind != b"K":
                answer += _packet(kind, body)
            if kind == b"Z":
                return answer, body

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


class Pooler(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, sessions: list[Session]) -> None:
        super().__init__(("127.0.0.1", 0), Client)
        self.free = sessions
        self.changed = threading.Condition()

    def take(self) -> Session:
        with self.changed:
            self.changed.wait_for(lambda: self.free)
            return self.free.pop()

    def give_back(self, session: Session) -> None:
        with self.changed:
            self.free.append(session)
            self.changed.notify()


class Client(socketserver.StreamRequestHandler):
    server: Pooler

    def handle(self) -> None:
        self._greet()
        session: Session | None = None
        while (message := _read(self.rfile)) and message[0] == b"Q":
            session = session or self.server.take()
            answer, is_free = session.ask(_packet(*message))
            if is_free:
                self.server.give_back(session)
                session = None
            self.wfile.write(answer)
        if session:
            session.ask(_packet(b"Q", b"ROLLBACK\0"))
            self.server.give_back(session)

    def _greet(self) -> None:
        while True:
            (length, code) = struct.unpack("!ii", self.rfile.read(8))
            self.rfile.read(length - 8)
            if code not in {SSL_REQUEST, GSS_REQUEST}:
                break
            self.wfile.write(b"N")
        session = self.server.take()
        key = _packet(b"K", struct.pack("!ii", id(self) % 2**31, 0))
        ready = session.greeting.rindex(b"Z")
        self.wfile.write(session.greeting[:ready] + key + session.greeting[ready:])
        self.server.give_back(session)


def _packet(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _read(stream: Any) -> tuple[bytes, bytes]:
    kind = stream.read(1)
    if not kind:
        return b"", b""
    (length,) = struct.unpack("!i", stream.read(4))
    return kind, stream.read(length - 4)


@contextmanager
def pooler(path: str, *, user: str, database: str, sessions: int = 1) -> Iterator[int]:
    """The port on which it listens."""
    pool = [Session(path, user, database) for _ in range(sessions)]
    with Pooler(list(pool)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
    for session in pool:
        session.close()
