"""A file with a line of JSON for each refusal, written as it comes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.management.base import CommandError

from documents.outcomes import refusal
from documents.taking import Outcome


class Report:
    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    def add(self, outcome: Outcome) -> None:
        if self._file is not None and outcome.result.status == "failed":
            self._file.write(json.dumps(refusal(outcome), ensure_ascii=False) + "\n")


@contextmanager
def report(path: Path | None) -> Iterator[Report]:
    """Without a path it goes nowhere."""
    if path is None:
        yield Report(None)
        return
    try:
        opened = path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise CommandError(
            f"The report cannot be written to {path}: {error.strerror or error}. Nothing was done; "
            "name another file.",
            returncode=2,
        ) from error
    try:
        with opened as file:
            yield Report(file)
    except OSError as error:
        # Everything else that reads or writes says in its own words what went wrong.
        raise CommandError(
            f"The report cannot be written to {path}: {error.strerror or error}. What was kept is "
            "kept; name another file and run it again.",
            returncode=2,
        ) from error
