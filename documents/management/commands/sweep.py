"""Delete bytes that no document names."""

import json
from argparse import ArgumentParser
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
            type=float,
            default=HOUR,
            metavar="SECONDS",
            help="only what has not changed for so long (default: %(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        swept = blobs.sweep(older_than_seconds=options["older_than"])
        if options["json"]:
            self.stdout.write(json.dumps({"blobs": swept.blobs, "bytes": swept.bytes}))
        else:
            size = filesizeformat(swept.bytes).replace("\xa0", " ")
            self.stdout.write(f"{swept.blobs} orphan blob(s) deleted, {size} freed")
