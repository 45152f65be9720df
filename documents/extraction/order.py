"""What the worker asks of the process that reads: one document, and what it may take."""

import json
import socket
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Order:
    size: int
    content_type: str
    filename: str
    declared_charset: str
    reader: str
    """module:function, where the content is not to decide; else empty."""
    memory_bytes: int
    cpu_seconds: int
    is_shared: bool = False
    """For a child that reads one small text after the other, and nothing else."""

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Order":
        return cls(**json.loads(raw))


LENGTH_BYTES = 4


def send(order: Order, *, through: socket.socket, descriptors: list[int]) -> None:
    raw = order.to_bytes()
    socket.send_fds(through, [len(raw).to_bytes(LENGTH_BYTES, "big")], descriptors)
    through.sendall(raw)


def receive(through: socket.socket, *, descriptors: int) -> tuple[Order, list[int]] | None:
    """The next order and what came with it; None when the sender is gone."""
    head, found, _, _ = socket.recv_fds(through, LENGTH_BYTES, descriptors)
    if len(head) < LENGTH_BYTES or len(found) < descriptors:
        return None
    length = int.from_bytes(head, "big")
    raw = through.recv(length, socket.MSG_WAITALL)
    return (Order.from_bytes(raw), found) if len(raw) == length else None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a child ended, as its parent saw it."""

    status: int = 0
    """As of os.waitpid."""
    peak_bytes: int = 0
    """The most memory it had in use."""
    not_started: str = ""
    """Why there was no child at all."""

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Ending":
        return cls(**json.loads(raw))
