"""`schema rehearse`: the plan on a copy of the database first, against a budget."""

import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.errors import RehearsalInterrupted
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.limits import limits
from ingestion.schema.objects import as_json
from ingestion.schema.origin import origin
from ingestion.schema.rehearsal.budget import BLOCK, read_budget
from ingestion.schema.rehearsal.page import page
from ingestion.schema.rehearsal.rehearse import rehearse
from ingestion.schema.rehearsal.text import facts, text
from ingestion.schema.rehearsal.verdict import findings

HELP = (
    "Applies, undoes and applies again on a copy of the database what migrate would do, and tells "
    "whom it keeps waiting and what it costs: 0 within the budget, 1 not."
)
NOTHING = (
    "Nothing to rehearse: migrate would do nothing. What is applied already can be undone on the "
    "copy and applied again: manage.py schema rehearse APP -1"
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("app_label", nargs="?", metavar="APP", help="As migrate takes it.")
    parser.add_argument("migration_name", nargs="?", metavar="TARGET", help="As migrate takes it.")
    parser.add_argument(
        "--schema-only",
        action="store_true",
        help="On empty tables, where nothing takes long: only what is locked and undone.",
    )
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="For programs."
    )
    parser.add_argument(
        "--max-block",
        metavar="TIME",
        help=f"The longest that a migration may keep others waiting (default: {BLOCK}).",
    )
    parser.add_argument("--max-duration", metavar="TIME", help="The longest that one may take.")
    parser.add_argument("--max-wal", metavar="SIZE", help="The most WAL that one may write.")
    parser.add_argument("--max-growth", metavar="SIZE", help="The most disk that one may need.")
    parser.add_argument(
        "--accept-data-loss",
        action="store_true",
        help="Undoing need not be possible, nor bring back the data that was there.",
    )
    parser.add_argument(
        "--lock-wait",
        type=int,
        metavar="SECONDS",
        help="How long to wait for a table that somebody is changing (default: 300).",
    )


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    budget = read_budget(options)
    try:
        # What migrations print, also as they are read, is no part of the report.
        with cancelled_by_ctrl_c(connection), redirect_stdout(sys.stderr):
            found = rehearse(
                connection,
                (options["app_label"], options["migration_name"]),
                has_data=not options["schema_only"],
                origin=origin(),
                limits=limits(lock_wait=options["lock_wait"]),
                say=_say,
            )
    except KeyboardInterrupt as error:
        raise RehearsalInterrupted from error
    if found is None:
        return (
            as_json({"passed": True, "plan": []}) if options["format"] == "json" else NOTHING
        ), 0
    wrong = findings(found, budget, is_loss_accepted=options["accept_data_loss"])
    code = 1 if wrong else 0
    match options["format"]:
        case "json":
            return as_json(facts(found, wrong)), code
        case "markdown":
            return page(found, wrong), code
    return text(found, wrong), code


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
