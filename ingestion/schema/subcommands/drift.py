"""`schema drift`: where models, migrations and the database are not what each other say."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import OutputWrapper
from django.core.management.color import no_style
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.drift.compare import look
from ingestion.schema.drift.ignoring import ignored
from ingestion.schema.drift.kept import kept
from ingestion.schema.drift.script import migration, script
from ingestion.schema.drift.text import facts, text
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.limits import limits
from ingestion.schema.messages import Printer
from ingestion.schema.objects import as_json
from ingestion.schema.origin import origin

HELP = (
    "Whether the database is what its applied migrations make, and these what the models say: "
    "0 it is, 1 something differs, 2 could not look. Changes nothing."
)


def add_arguments(parser: ArgumentParser) -> None:
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--json", action="store_true", help="For programs.")
    ways.add_argument(
        "--sql",
        action="store_true",
        help="Print a script for psql that makes the database what the migrations say.",
    )
    ways.add_argument(
        "--keep",
        action="store_true",
        help="Print the operations of a migration that makes what the database has.",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="PATTERN=REASON",
        help="Do not mind these, as in 'table audit_*=made by the audit tool', besides those in "
        'SCHEMA["DRIFT_IGNORE"] of the settings.',
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="Replay the migrations, though what they make is known from before.",
    )
    parser.add_argument(
        "--lock-wait",
        type=int,
        metavar="SECONDS",
        help="How long to wait for a migrator to finish (default: 300).",
    )


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    # So that SIGTERM, too, leaves no scratch database.
    with cancelled_by_ctrl_c(connection):
        drift = look(
            connection,
            ignore=ignored(options["ignore"]),
            cache=None if options["no_cache"] else kept(),
            by=origin(),
            limits=limits(lock_wait=options["lock_wait"]),
            progress=Printer(OutputWrapper(sys.stderr), no_style()),
        )
    code = 0 if drift.is_clean else 1
    if options["json"]:
        return as_json(facts(drift)), code
    if options["sql"]:
        return script(drift), code
    if options["keep"]:
        return migration(drift), code
    return text(drift, ignoring=options["ignore"]), code
