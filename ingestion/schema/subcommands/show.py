"""`schema show APP NAME`: one migration, and what became of it."""

from argparse import ArgumentParser
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.objects import as_json, plain
from ingestion.schema.project import Project
from ingestion.schema.show import show
from ingestion.schema.show_text import text
from ingestion.schema.survey import Survey

HELP = "One migration: its file, what it does, and when it was applied, with the SQL of it."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("app", metavar="APP")
    parser.add_argument("name", metavar="NAME", help="Or the beginning of it.")
    parser.add_argument("--json", action="store_true", help="For programs.")


def answer(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
    shown = show(Survey(Project.read(connection)), options["app"], options["name"])
    if not options["json"]:
        return text(shown), 0
    facts = plain(shown)
    return as_json({**facts.pop("known"), **facts}), 0
