"""Where the bytes lie: put, open, sweep.

A blob's name is made of its SHA-256, so owners share it without learning of each other. Bytes
are on disk, under their name, before the row that names them is committed: a crash can leave
a blob without a row, never a row without its bytes.
"""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection, transaction

from documents.errors import StorageUnavailable, TooLarge
from documents.models import Document

log = logging.getLogger(__name__)

INCOMING = "incoming"
# An upload that has not got a byte for so long is not coming any more.
STALLED_SECONDS = 3600
OURS = re.compile(rf"{INCOMING}/[^/]+|([0-9a-f]{{2}})/([0-9a-f]{{2}})/\1\2[0-9a-f]{{60}}")
CHUNK = 1024 * 1024
# A file system writes the journal once for all that wait for it together.
PUT_AT_ONCE = 16


class DurableStorage(FileSystemStorage):
    """Files that survive a power cut: fsync, rename into place, fsync of the folder."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # the name is made of the content: the same name is the same bytes

    def incoming(self) -> Path:
        """Where bytes wait for their name, on the same file system as the names."""
        folder = Path(self.location) / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _save(self, name: str, content: File) -> str:
        target = Path(self.path(name))
        _make_folders(target.parent, below=Path(self.location))
        waiting: str = content.temporary_file_path()  # type: ignore[attr-defined]
        Path(waiting).replace(target)
        _fsync_folder(target.parent)
        return name


def _make_folders(folder: Path, *, below: Path) -> None:
    """mkdir -p, and each new entry is made durable in its parent."""
    missing = [path for path in (folder, *folder.parents) if path.is_relative_to(below)]
    for path in reversed(missing):
        if not path.exists():
            path.mkdir(exist_ok=True, parents=True)
            _fsync_folder(path.parent)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Incoming(File):
    """Bytes on their way in: hashed as they are written, gone when closed and not put."""

    def __init__(self, *, limit: int) -> None:
        with _storage_at_work():
            self.path = _storage().incoming() / secrets.token_hex(16)
            super().__init__(self.path.open("xb"), name=self.path.name)
        self.limit, self.length = limit, 0
        # What the sender called it; set by whoever knows.
        self.upload_name = self.upload_type = self.upload_charset = ""
        self._hash = hashlib.sha256()

    def temporary_file_path(self) -> str:
        return str(self.path)

    def write(self, chunk: bytes) -> int:  # type: ignore[override]
        """Raises TooLarge past the limit, and keeps nothing then."""
        self.length += len(chunk)
        if self.length > self.limit:
            self.close()
            raise TooLarge(limit=self.limit, what="file")
        self._hash.update(chunk)
        with _storage_at_work():
            return self._file().write(chunk)

    def seal(self) -> None:
        """What was written is on the disk when this returns."""
        with _storage_at_work():
            self._file().flush()
            os.fsync(self._file().fileno())

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()

    def close(self) -> None:
        # On a full disk the last bytes cannot be written, and nobody wants them any more.
        with contextlib.suppress(OSError):
            super().close()
        self.path.unlink(missing_ok=True)

    def _file(self) -> IO[bytes]:
        assert self.file is not None  # noqa: S101  (File allows None; ours is always open)
        return self.file

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self


def scratch() -> IO[bytes]:
    """A file for what need not last, beside the blobs, where there is room; gone when closed."""
    with _storage_at_work():
        return tempfile.TemporaryFile(dir=_storage().incoming())


def _storage() -> DurableStorage:
    storage: Any = default_storage
    return storage  # type: ignore[no-any-return]


def name_of(sha256_hex: str) -> str:
    return f"{sha256_hex[:2]}/{sha256_hex[2:4]}/{sha256_hex}"


def hold(sha256: bytes) -> None:
    """Keep sweep away from these bytes until the transaction ends."""
    key = int.from_bytes(sha256[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def put(incoming: Incoming) -> str:
    """Give the sealed bytes their name, unless it is there already. Call `hold` first."""
    name = name_of(incoming.sha256.hex())
    if not _has(name, size=incoming.length):
        with _storage_at_work():
            default_storage.save(name, incoming)
    return name


def put_all(incoming: Sequence[Incoming]) -> None:
    """The same for many, which need not be sealed: the disk is waited for once for several."""
    new = [each for each in incoming if not _has(name_of(each.sha256.hex()), size=each.length)]
    if new:
        with ThreadPoolExecutor(min(len(new), PUT_AT_ONCE)) as pool:
            list(pool.map(_seal_and_put, new))


def _seal_and_put(incoming: Incoming) -> None:
    incoming.seal()
    put(incoming)


def restore(raw: bytes) -> None:
    """Put bytes back that were lost, for a row that names them. In a transaction of the caller."""
    with Incoming(limit=len(raw)) as incoming:
        incoming.write(raw)
        incoming.seal()
        hold(incoming.sha256)
        put(incoming)


def _has(name: str, *, size: int) -> bool:
    """All of it, that is: a part that somebody restored or cut off is put again."""
    return is_there(name) and default_storage.size(name) == size


def is_there(name: str) -> bool:
    return default_storage.exists(name)


@contextmanager
def _storage_at_work() -> Iterator[None]:
    """What is wrong with the disk is not wrong with the request. Raises StorageUnavailable."""
    try:
        yield
    except OSError as error:
        log.error("Storage: %s", error)
        raise StorageUnavailable(error.strerror or type(error).__name__) from error


def open_blob(name: str) -> BinaryIO:
    opened: Any = default_storage.open(name, "rb")
    return opened  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Swept:
    blobs: int
    bytes: int


def sweep(*, older_than_seconds: float) -> Swept:
    """Delete blobs that no row names, and uploads that were never finished.

    Only what is older: a blob that was just put waits for its row to be committed.
    """
    sizes = [
        size for path in _files(older_than_seconds) if (size := _delete_if_orphan(path)) is not None
    ]
    return Swept(blobs=len(sizes), bytes=sum(sizes))


def _files(older_than_seconds: float) -> Iterator[Path]:
    root, now = Path(_storage().location), time.time()
    for path in root.glob("*/**/*"):
        if not OURS.fullmatch(path.relative_to(root).as_posix()):
            continue
        with contextlib.suppress(FileNotFoundError):  # finished or swept by another meanwhile
            least = older_than_seconds
            if path.parent.name == INCOMING:
                least = max(least, STALLED_SECONDS)
            if path.is_file() and now - path.stat().st_mtime >= least:
                yield path


def _delete_if_orphan(path: Path) -> int | None:
    """The size of what was deleted, None if it stays."""
    if path.parent.name == INCOMING:
        return _delete(path)
    with transaction.atomic():
        hold(bytes.fromhex(path.name))
        named = Document.objects.filter(sha256=path.name, blob=name_of(path.name)).exists()
        return None if named else _delete(path)


def _delete(path: Path) -> int | None:
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return None
    return size
