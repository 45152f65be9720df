"""`schema`: what there is to know about the schema of a database, and to do with it."""

import sys
from argparse import SUPPRESS, ArgumentParser
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ingestion.schema.errors import NotPostgres, SchemaError
from ingestion.schema.subcommands import (
    adopt,
    diagram,
    drift,
    history,
    lint,
    rehearse,
    show,
    status,
    verify,
)


class Subcommand(Protocol):
    """A module each."""

    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None: ...

    def answer(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> tuple[str, int]:
        """What to say, and the exit code: 0 done, 1 there is something to see."""


SUBCOMMANDS: dict[str, Subcommand] = {
    "status": status,
    "history": history,
    "show": show,
    "adopt": adopt,
    "diagram": diagram,
    "lint": lint,
    "rehearse": rehearse,
    "drift": drift,
    "verify": verify,
}

# Of the command; people type them behind the subcommand as well.
COMMON: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--settings", {}),
    ("--pythonpath", {}),
    ("--traceback", {"action": "store_true"}),
    ("--no-color", {"action": "store_true"}),
    ("--force-color", {"action": "store_true"}),
)


class Command(BaseCommand):
    help = "Tells where the schema of the database stands, and how it came there."
    # They import all views; this one has to answer at once, and also when those are broken.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
        for name, subcommand in SUBCOMMANDS.items():
            inner = subparsers.add_parser(name, help=subcommand.HELP, description=subcommand.HELP)
            subcommand.add_arguments(inner)
            inner.add_argument(
                "--database",
                default="default",
                choices=tuple(connections),
                help='Which one, by its name in DATABASES (default: "default").',
            )
            for option, how in COMMON:
                inner.add_argument(option, default=SUPPRESS, help=SUPPRESS, **how)

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        try:
            if connection.vendor != "postgresql":
                raise NotPostgres(connection.alias, connection.vendor)
            said, code = SUBCOMMANDS[options["subcommand"]].answer(connection, options)
        except SchemaError as error:
            raise CommandError(f"{error}", returncode=error.exit_code) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted.", returncode=130) from error
        self.stdout.write(said)
        if code:
            sys.exit(code)
