"""`schema verify`: the one gate for CI."""

from argparse import ArgumentParser
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.limits import limits
from ingestion.schema.objects import as_json
from ingestion.schema.origin import origin
from ingestion.schema.verification.text import facts, text
from ingestion.schema.verification.verify import CHECKS, verify

HELP = (
    "The gate for CI: all migrations made, up, down and up again with rows in the tables, in every "
    "order, and nothing new that blocks anybody. 0 clean, 1 findings, 2 could not look."
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--base",
        metavar="REF",
        help="The branch or commit that has landed: what is new since is linted, and what was "
        "there must not have changed (default: what is pending on the database is linted).",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=tuple(CHECKS),
        metavar="CHECK",
        help=f"This check alone, or several: {', '.join(CHECKS)}.",
    )
    parser.add_argument("--json", action="store_true", help="For programs.")
    parser.add_argument(
        "--lock-wait",
        type=int,
        metavar="SECONDS",
        help="How long to wait for a migrator to finish (default: 300).",
    )


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    # So that SIGTERM, too, leaves no scratch database.
    with cancelled_by_ctrl_c(connection):
        checks = verify(
            connection,
            base=options["base"],
            only=options["only"],
            origin=origin(),
            limits=limits(lock_wait=options["lock_wait"]),
        )
    code = 0 if all(each.is_passed for each in checks) else 1
    return as_json(facts(checks)) if options["json"] else text(checks), code
