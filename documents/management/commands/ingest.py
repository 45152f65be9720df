"""Take files, folders, archives and lines of NDJSON in."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from documents import finding
from documents.errors import StorageUnavailable
from documents.finding import STANDARD_INPUT, Found
from documents.management.owners import owner
from documents.management.reports import Report, report
from documents.management.stopping import Stop
from documents.outcomes import Summary
from documents.progress import Progress, is_watched
from documents.taking import Outcome, Wish, take

HELP = """\
Take documents in. Each PATH is one of

  a file         one document, also a .zip file: its members become documents when the
                 worker reads it, as with an upload
  a folder       every file below it, each one document. Hidden ones are left out, and links
                 to folders are not followed
  a pattern      'scans/**/*.pdf', in quotes or not: the files that it matches
  a .ndjson or .jsonl file, also with .gz
                 a document of each line, in the format of the API's bulk/ and of
                 `manage.py export`. Below a folder, and with --whole, it is one document
  -              the same lines from standard input, plain or gzip

With --unpack the members of .zip, .tar, .tar.gz and .tgz files are taken as if they lay in a
folder of that name, below folders too; archives inside of them are not unpacked again.

The same content is one document, so running it again goes on where it stopped. What cannot be
read is refused, with the reason, and never stops the rest.

Exit code 0: all kept. 1: some were refused; the summary names them. 2: it could not be done.
130: stopped by Ctrl-C; what was kept is kept.
"""


class _Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the table above as it is."""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=_Formatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="to whom they belong")
        parser.add_argument(
            "--unpack", action="store_true", help="take the members of archives instead of them"
        )
        parser.add_argument(
            "--whole", action="store_true", help="take NDJSON files as one document each"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and keep nothing"
        )
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="write a line of JSON for each refusal: path, line, code, detail",
        )
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_id = owner(options["owner"]).pk
        files = _some_file(_existing(options["paths"]))
        summary = Summary(dry_run=options["dry_run"])
        with Stop() as stop, report(options["report"]) as refusals:
            total = _total(options["paths"], stop)
            outcomes = take(
                files,
                owner_id=owner_id,
                wish=_wish(options),
                dry_run=summary.dry_run,
                is_stopped=stop.is_asked,
            )
            try:
                with Progress(total=total) as progress:
                    _follow(outcomes, summary, refusals, progress)
            except KeyboardInterrupt:
                pass  # the second one; the summary says what is known
            except StorageUnavailable as error:
                raise _storage_failed(error) from error
            finally:
                summary.end(stopped=stop.is_asked())
                self.stdout.write(
                    json.dumps(summary.as_dict()) if options["json"] else str(summary)
                )
        self._exit(summary, stop)

    def _exit(self, summary: Summary, stop: Stop) -> None:
        if stop.is_asked():
            self.stderr.write(
                "Stopped. What was kept is kept: run the same again, and it goes on from there."
            )
            sys.exit(stop.exit_code)
        if not summary.documents:
            raise CommandError("Nothing arrived: there was no document in it.", returncode=2)
        if summary.refused:
            sys.exit(1)


def _existing(words: list[str]) -> list[str]:
    if missing := finding.missing(words):
        names = ", ".join(each or "''" for each in missing)
        raise CommandError(
            f"There is no file at {names}. Nothing was done; mend that and run it again.",
            returncode=2,
        )
    return words


def _some_file(words: list[str]) -> Iterator[Found]:
    """They all, if there is one."""
    files = finding.found(words)
    first = next(files, None)
    if first is None:
        raise CommandError(
            "There is no file in what was named; hidden ones below a folder do not count.",
            returncode=2,
        )
    return chain([first], files)


def _wish(options: dict[str, Any]) -> Wish:
    return Wish(limit=settings.MAX_UPLOAD_BYTES, unpack=options["unpack"], whole=options["whole"])


def _total(words: list[str], stop: Stop) -> int | None:
    """For the bar; None where nobody looks, and where nobody knows."""
    if STANDARD_INPUT in words or not is_watched():
        return None
    return finding.weight(takewhile(lambda _: not stop.is_asked(), finding.found(words)))


def _follow(
    outcomes: Iterable[Outcome], summary: Summary, refusals: Report, progress: Progress
) -> None:
    for outcome in outcomes:
        summary.add(outcome)
        refusals.add(outcome)
        progress.add(size=outcome.result.size, weight=outcome.origin.weight)


def _storage_failed(error: StorageUnavailable) -> CommandError:
    reason = getattr(error.__cause__, "strerror", None) or error.detail
    return CommandError(
        f"The storage takes no more: {reason}. What was kept is kept. Make room in "
        f"{settings.STORAGE_DIR}, and run the same again.",
        returncode=2,
    )
