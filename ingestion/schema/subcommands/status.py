"""`schema status`: where the schema stands, and what to do about it."""

from argparse import ArgumentParser
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.objects import as_json, plain
from ingestion.schema.status import look
from ingestion.schema.status_text import findings, text

HELP = "Where the schema stands: 0 clean, 1 something to see, 2 could not look."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="For programs.")


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    status = look(connection)
    found = findings(status)
    if options["json"]:
        said = as_json({"clean": not found, "to_see": found, **plain(status)})
    else:
        said = text(status)
    return said, 1 if found else 0
