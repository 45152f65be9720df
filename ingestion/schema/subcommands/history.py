"""`schema history`: the migrations as a graph, or the journal run by run."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.history import history, newest_first
from ingestion.schema.history_text import graphs, told
from ingestion.schema.objects import as_json
from ingestion.schema.project import Project
from ingestion.schema.runs import runs
from ingestion.schema.survey import Survey

HELP = "The migrations, newest first, with their branches; with --runs who did what, and when."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("app", nargs="?", metavar="APP", help="Only of this app.")
    parser.add_argument("--runs", action="store_true", help="The journal, run by run.")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="Only the newest N, of each app or of the runs."
    )
    parser.add_argument("--json", action="store_true", help="Both, for programs.")


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    app, most = options["app"], options["limit"]
    found = history(Survey(Project.read(connection)), app=app, most=most)
    if options["json"]:
        migrations = [known for each in found for known in newest_first(each)]
        past = runs(connection, app=app, most=most)
        return as_json({"migrations": migrations, "runs": past}), 0
    if options["runs"]:
        return told(runs(connection, app=app, most=most)), 0
    return graphs(found), 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"'{text}' is not a number of 1 or more")
    return int(text)
