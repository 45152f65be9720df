"""`schema adopt`: finds the state that the tables are in, and makes the record say so."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import OutputWrapper
from django.core.management.color import no_style
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.adopt import Correction, Finding, correction, look, mark
from ingestion.schema.adopt_text import facts, text
from ingestion.schema.limits import limits
from ingestion.schema.messages import Printer
from ingestion.schema.objects import as_json
from ingestion.schema.origin import origin

HELP = (
    "For a database whose history is lost or foreign: finds the migrations whose tables it has, "
    "and marks them as applied."
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="For programs.")
    parser.add_argument(
        "--plan", action="store_true", help="Only look: 1 means that there is something to mark."
    )
    parser.add_argument(
        "--lock-wait",
        type=int,
        metavar="SECONDS",
        help="How long to wait for another migrator (default: 300).",
    )


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    chosen, who = limits(lock_wait=options["lock_wait"]), origin()
    finding = look(connection, origin=who, limits=chosen)
    needed = correction(connection, finding)
    outcome, code = _outcome(finding, needed)
    if outcome == "to_adopt" and not options["plan"]:
        progress = Printer(OutputWrapper(sys.stderr), no_style())
        needed = mark(connection, finding, origin=who, limits=chosen, progress=progress)
        outcome, code = "adopted", 0
    database = str(connection.settings_dict["NAME"])
    if options["json"]:
        return as_json(facts(outcome, database, finding, needed)), code
    return text(outcome, database, finding, needed), code


def _outcome(finding: Finding, needed: Correction) -> tuple[str, int]:
    """A word for it, and the exit code if nothing is marked."""
    if finding.differences:
        return "no_fit", 2
    if needed:
        return "to_adopt", 1
    return ("nothing_to_adopt", 0) if finding.state.applied else ("no_tables", 0)
