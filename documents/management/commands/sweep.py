"""Delete bytes that no document names."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat

from documents import blobs

HOUR = 3600


class Command(BaseCommand):
    help = (
        "Delete blobs that no document names, and uploads that were never finished. "
        "Safe at any time, beside uploads too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=_seconds,
            default=HOUR,
            metavar="SECONDS",
            help="only what has not changed for so long (default: %(default)s); unfinished uploads "
            "always wait for an hour",
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        swept = blobs.sweep(older_than_seconds=options["older_than"])
        if options["json"]:
            self.stdout.write(json.dumps({"blobs": swept.blobs, "bytes": swept.bytes}))
        else:
            size = filesizeformat(swept.bytes).replace("\xa0", " ")
            age = f"{options['older_than']:.0f} s"
            self.stdout.write(
                f"{swept.blobs} orphan blob(s) older than {age} deleted, {size} freed"
            )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ArgumentTypeError(f"{text} is no number of seconds")
    return seconds
