"""`schema lint`: what a migration would do to others, and what to do instead."""

from argparse import ArgumentParser
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.limits import limits
from ingestion.schema.linting.choice import choose
from ingestion.schema.linting.lint import lint
from ingestion.schema.linting.text import facts, text
from ingestion.schema.objects import as_json
from ingestion.schema.origin import origin
from ingestion.schema.project import Project

HELP = (
    "What a migration would block, for whom, and the safe form of it: of those that are pending "
    "here, or of those that are named."
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("app", nargs="?", metavar="APP", help="Those of this app.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="This one; its beginning will do.")
    parser.add_argument(
        "--base", metavar="REF", help="Those whose files are new since this commit or branch."
    )
    parser.add_argument("--all", action="store_true", help="All of the project's own apps.")
    parser.add_argument("--json", action="store_true", help="For programs.")


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    project = Project.read(connection)
    chosen = choose(
        project,
        app=options["app"],
        name=options["name"],
        base=options["base"],
        is_all=options["all"],
    )
    found = lint(
        project,
        chosen.keys,
        origin=origin(),
        limits=limits(),
        running=chosen.running,
    )
    code = 1 if any(finding.waived is None for finding in found) else 0
    if options["json"]:
        return as_json(facts(chosen, found)), code
    return text(chosen, found), code
