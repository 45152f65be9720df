"""Take files and folders in."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from documents.files import Summary, files_below, ingest


class Command(BaseCommand):
    help = (
        "Take files in, and every file below folders (hidden ones left out). The same file twice "
        "is one document, so running it again goes on where it stopped. Exit code 0: all kept; "
        "1: some were refused, and the summary names them; 2: nothing could be done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="to whom they belong")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = _owner(options["owner"])
        files = list(files_below(_existing(options["paths"])))
        if not files:
            raise CommandError("There is no file in what was named.", returncode=2)
        summary = Summary()
        limit = settings.MAX_UPLOAD_BYTES
        with tqdm(files, unit="file", disable=not sys.stderr.isatty()) as bar:
            for path in bar:
                summary.add(ingest(path, owner_id=owner.pk, limit=limit))
        self.stdout.write(json.dumps(summary.as_dict()) if options["json"] else str(summary))
        if summary.refused:
            sys.exit(1)


def _owner(email: str) -> Any:
    users = get_user_model()
    try:
        return users.objects.get(email=email.strip().lower(), is_active=True)
    except users.DoesNotExist as error:
        raise CommandError(
            f"There is no active user {email}. Make one with: manage.py createsuperuser, "
            "or in the admin pages.",
            returncode=2,
        ) from error


def _existing(paths: list[Path]) -> list[Path]:
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise CommandError(f"There is no {', '.join(missing)}.", returncode=2)
    odd = [str(path) for path in paths if not path.is_file() and not path.is_dir()]
    if odd:
        raise CommandError(f"Neither a file nor a folder: {', '.join(odd)}.", returncode=2)
    return paths
