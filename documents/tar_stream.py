"""Bytes that come in blocks, as tarfile of the standard library reads them: forwards only."""

from collections.abc import Iterable

# Of one member. Headers say how long they are, and are read into memory.
MAX_HEADER = 1024**2


class TarStream:
    """Raises ValueError where an archive leads back, or has a header that is too long."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")
        self._at = 0
        self._header_left: int | None = None
        self.last = b""
        """What was read last."""

    def begin_header(self) -> None:
        self._header_left = MAX_HEADER

    def end_header(self) -> None:
        self._header_left = None

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self._at

    def seek(self, position: int) -> None:
        if position < self._at:
            raise ValueError("a member lies where another one was")
        while self._at < position and self._some(position - self._at):
            pass

    def read(self, size: int) -> bytes:
        if self._header_left is not None:
            self._header_left -= size
            if self._header_left < 0:
                raise ValueError("a header is too long")
        parts: list[memoryview] = []
        while size > 0 and (some := self._some(size)):
            parts.append(some)
            size -= len(some)
        self.last = b"".join(parts)
        return self.last

    def _some(self, most: int) -> memoryview:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                break
            self._rest = memoryview(block)
        some, self._rest = self._rest[:most], self._rest[most:]
        self._at += len(some)
        return some
