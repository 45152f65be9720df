"""The statements that end a drift, either way: as a script for psql, or as a migration."""

from collections.abc import Sequence
from itertools import groupby

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.models import Model

from ingestion.schema import psql
from ingestion.schema.catalog import table_of
from ingestion.schema.compare import Drift
from ingestion.schema.repair import Statement
from ingestion.schema.statements import drops, needs_no_transaction
from ingestion.schema.units import counted

NAME = "keep_what_is_there"
LOCK_TIMEOUT = "5s"
INDENT = " " * 4


def script(drift: Drift) -> str:
    """Makes the database what the migrations say."""
    if not drift.repair:
        return psql.comment("Nothing to do: the database is what its migrations make.")
    migrations = counted(drift.applied, "applied migration")
    lines = [
        psql.comment(f"Makes {drift.server.database} what its {migrations} make. Read it first."),
        "\\set ON_ERROR_STOP on",
    ]
    for is_alone, some in groupby(drift.repair, key=lambda each: needs_no_transaction(each.sql)):
        body = [line for each in some for line in _statement(each)]
        timeout = f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';"
        lines += ["", *(body if is_alone else ["BEGIN;", timeout, *body, "COMMIT;"])]
    return "\n".join(lines)


def _statement(statement: Statement) -> list[str]:
    lost = [psql.comment(f"LOSES DATA: {each}") for each in losses(statement.sql)]
    return [psql.comment(statement.thing), *lost, psql.ended(statement.sql)]


def losses(sql: str) -> list[str]:
    return [
        f"the rows of {table}" if column is None else f"the values of {table}.{column}"
        for table, column in drops(sql)
    ]


def migration(drift: Drift) -> str:
    """What stands in the class of a migration that makes what the database has."""
    if not drift.keep:
        return "# Nothing to keep: the database is what its migrations make."
    both = [*drift.keep, *drift.repair]
    is_alone = any(needs_no_transaction(each.sql) for each in both)
    return "\n".join(
        [
            *(f"{INDENT}# {line}" for line in commands(drift)),
            *([f"{INDENT}atomic = False"] if is_alone else []),
            f"{INDENT}operations = [",
            operation(drift.keep, drift.repair, indent=INDENT * 2),
            f"{INDENT}]",
        ]
    )


def operation(keep: Sequence[Statement], repair: Sequence[Statement], *, indent: str = "") -> str:
    """Both directions, in the order of each."""
    ways = (("sql", keep), ("reverse_sql", repair))
    lines = [
        line
        for name, statements in ways
        for line in (
            f"{INDENT}{name}=[",
            *(f"{INDENT * 2}{literal(each.sql)}," for each in statements),
            f"{INDENT}],",
        )
    ]
    return "\n".join(f"{indent}{line}" for line in ["migrations.RunSQL(", *lines, ")"])


def literal(text: str) -> str:
    """As Python writes it, with its own ends of lines."""
    escaped = text.replace("\\", "\\\\")
    if "\n" not in text and '"' not in text:
        return f'"{escaped}"'
    escaped = escaped.replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    return f'"""{escaped}"""'


def commands(drift: Drift) -> list[str]:
    """What it takes to keep what the database has, around the paste."""
    app, number = _place(drift)
    first = ["manage.py migrate"] if drift.pending else []
    return [
        *first,
        f"manage.py makemigrations {app} --empty -n {NAME}",
        f"manage.py migrate {app} {number} --fake",
    ]


def _place(drift: Drift) -> tuple[str, str]:
    """The app whose tables differ, if it is one of the project's, and the next number in it."""
    owners = {model._meta.db_table: model._meta.app_label for model in _models()}
    tables = {table_of(each.difference.thing) for each in drift.comparison.groups}
    found = {owners.get(table or "") for table in tables} - {None}
    own = found & drift.leaves.keys() or drift.leaves.keys()
    if len(own) != 1:
        return "APP", "NUMBER"
    app = next(iter(own)) or ""
    number = MigrationAutodetector.parse_number(drift.leaves[app]) or 0
    return app, f"{number + 1:04}"


def _models() -> list[type[Model]]:
    return apps.get_models(include_auto_created=True)
