"""Write documents out as NDJSON that `ingest` and the API's bulk/ take back."""

import gzip
import json
import os
import secrets
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date, parse_datetime

from documents.export import lines
from documents.management.owners import owner
from documents.management.stopping import Stop
from documents.models import Document, DocumentQuerySet, State
from documents.progress import Progress, is_watched

STANDARD_OUTPUT = "-"
MOST_SHOWN = 20
REASONS = {
    "too_long": "longer than a line may be",
    "blob_missing": "its original is missing from the storage",
}
WAYS_OUT = {"blob_missing": "send the file again, or restore STORAGE_DIR"}


class Command(BaseCommand):
    help = (
        "Write documents as NDJSON, oldest first, one in each line, with their originals; "
        "`manage.py ingest FILE --owner EMAIL` takes them back as the same documents. FILE is "
        "there when all of it is on the disk, and what was there under its name stays until then; "
        "with an ending .gz it is compressed. Exit code 0: all are in it; 1: some are not, and "
        "are named with where to fetch them; 2: it could not be written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            default=STANDARD_OUTPUT,
            metavar="FILE",
            help="where to (default: -, standard output)",
        )
        parser.add_argument("--owner", metavar="EMAIL", help="only the documents of this user")
        parser.add_argument("--state", choices=State.values, help="only documents in this state")
        parser.add_argument(
            "--content-type", metavar="TYPE", help="only documents of this media type"
        )
        parser.add_argument(
            "--created-after",
            type=_moment,
            metavar="TIME",
            help="only what was taken in later: 2026-01-31, or 2026-01-31T12:00:00Z",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        documents = _chosen(options)
        last = b"{}"
        total = documents.count() if is_watched() else None
        with Stop() as stop, _target(options["file"]) as file, Progress(total=total) as progress:
            for last in _lines(documents):
                file.write(last)
                progress.add(size=len(last), weight=1)
                if stop.is_asked():
                    raise CommandError(
                        "Stopped; the export is not whole. A file that was there is as it was.",
                        returncode=stop.exit_code,
                    )
        self._say(json.loads(last), where=options["file"])

    def _say(self, told: dict[str, Any], *, where: str) -> None:
        """On standard error: standard output may be the export itself."""
        name = "standard output" if where == STANDARD_OUTPUT else where
        self.stderr.write(f"{told['documents']} document(s) written to {name}", style_func=str)
        if not told["omitted_count"]:
            return
        self.stderr.write(f"{told['omitted_count']} document(s) are NOT in it:")
        for each in told["omitted"][:MOST_SHOWN]:
            reason = REASONS.get(each["reason"], each["reason"])
            way_out = WAYS_OUT.get(each["reason"], f"fetch {each['url']} from the API")
            self.stderr.write(f"  {each['id']}: {reason}; {way_out}")
        if told["omitted_count"] > MOST_SHOWN:
            self.stderr.write("  … the last line of the export names the others")
        sys.exit(1)


def _lines(documents: DocumentQuerySet) -> Iterator[bytes]:
    try:
        yield from lines(documents)
    except OSError as error:
        raise CommandError(
            f"The storage cannot be read: {error.strerror or error}. The export is not whole; "
            "mend that and run it again.",
            returncode=2,
        ) from error


def _chosen(options: dict[str, Any]) -> DocumentQuerySet:
    filters = {
        "state": options["state"],
        "content_type": options["content_type"],
        "created_at__gt": options["created_after"],
        "owner": owner(options["owner"]) if options["owner"] is not None else None,
    }
    said = {name: value for name, value in filters.items() if value is not None}
    return Document.objects.filter(**said)


def _moment(text: str) -> datetime:
    """Without a zone it is UTC, and a date is its first moment."""
    try:
        moment = parse_datetime(text)
        if moment is None and (date := parse_date(text)) is not None:
            moment = datetime(date.year, date.month, date.day)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(
            f"{text!r} is no time; write it as 2026-01-31 or 2026-01-31T12:00:00Z"
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def _target(where: str) -> Iterator[BinaryIO]:
    if where == STANDARD_OUTPUT:
        with _standard_output() as file:
            yield file
        return
    try:
        with _replaced(Path(where).resolve()) as file:
            yield file
    except OSError as error:
        raise CommandError(
            f"{where} cannot be written: {error.strerror or error}. Nothing was changed there; "
            "mend that, or name another file.",
            returncode=2,
        ) from error


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    if sys.stdout is None:
        raise CommandError("Standard output is closed. Open it, or name a file.", returncode=2)
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except OSError as error:
        # What Python still holds of it would fail again when it ends.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise CommandError(
                "Whoever read the export has stopped reading; it is not whole.",
                returncode=128 + signal.SIGPIPE,
            ) from error
        raise CommandError(
            f"Standard output cannot be written: {error.strerror or error}. The export is not "
            "whole; mend that, or name a file.",
            returncode=2,
        ) from error


@contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """Written beside it, and put in its place when all of it is on the disk."""
    if path.exists() and not path.is_file():
        raise CommandError(
            f"{path} is there, and is no file. Name a file, or - for standard output.",
            returncode=2,
        )
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            yield from _compressed(file) if path.suffix == ".gz" else iter([file])
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _fsync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _compressed(file: BinaryIO) -> Iterator[BinaryIO]:
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as inside:
        yield cast("BinaryIO", inside)


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
