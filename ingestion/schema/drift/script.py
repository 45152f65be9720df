"""The statements that end a drift, either way: as a script for psql, or as a migration."""

import glob
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.migrations.autodetector import MigrationAutodetector

from ingestion.schema import psql
from ingestion.schema.catalog import table_of
from ingestion.schema.drift.compare import Drift
from ingestion.schema.drift.differences import role_of
from ingestion.schema.drift.models import taken_over
from ingestion.schema.plan import Key
from ingestion.schema.repair import Statement
from ingestion.schema.statements import QUALIFIED, needs_no_transaction, statements
from ingestion.schema.units import counted

NAME = "keep_what_is_there"
LOCK_TIMEOUT = "5s"
INDENT = " " * 4
ENDING = re.compile(r'"{3,}|"+\Z')
"""What would be taken for the end of a literal."""
ADDS_LABEL = re.compile(rf"ALTER TYPE {QUALIFIED}ADD VALUE ")
LOSES = re.compile(r"^-- loses [^\n]+$", re.MULTILINE)


# --- For psql ------------------------------------------------------------------------------


def script(drift: Drift) -> str:
    """Makes the database what the migrations say."""
    if not drift.repair:
        return psql.comment("Nothing to do: the database is what its migrations make.")
    migrations = counted(drift.applied, "applied migration")
    verb = "makes" if drift.applied == 1 else "make"
    lines = [
        psql.comment(f"Gives {drift.server.database} what its {migrations} {verb}. Read it first."),
        *_warning(drift.repair),
        "\\set ON_ERROR_STOP on",
    ]
    for is_alone, some in groupby(drift.repair, key=_is_alone):
        body = list(_told(some, doubts(drift)))
        timeout = f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';"
        lines += ["", *(body if is_alone else ["BEGIN;", timeout, *body, "COMMIT;"])]
    return "\n".join(lines)


def _is_alone(statement: Statement) -> bool:
    """Outside of a transaction. A new label may be used only when it is committed."""
    return needs_no_transaction(statement.sql) or _adds_label(statement)


def _adds_label(statement: Statement) -> bool:
    return any(ADDS_LABEL.match(each.shape) for each in statements(statement.sql))


def _warning(statements: Sequence[Statement]) -> list[str]:
    count = sum(loses_data(each.sql) for each in statements)
    return (
        [psql.comment(f"LOSES DATA, in {counted(count, 'place')}: look for `loses`.")]
        if count
        else []
    )


def _told(statements: Iterator[Statement], doubts: Mapping[str, str]) -> Iterator[str]:
    for thing, some in groupby(statements, key=lambda each: each.thing):
        yield psql.comment(thing)
        if thing in doubts:
            yield psql.comment(doubts[thing])
        yield from (psql.ended(each.sql) for each in some)


def doubts(drift: Drift) -> dict[str, str]:
    """Of what is taken for renamed, and may be two: then values would get into another place.

    And of what a repair needs, and cannot make.
    """
    expected = drift.comparison.expected
    of_roles = {
        group.difference.thing: _needed(role)
        for group in drift.comparison.groups
        for each in sorted(group.things & expected.keys())
        if (role := role_of(expected[each])) in drift.absent and role
    }
    return of_roles | {
        group.difference.thing: _doubt(group.difference.thing, group.found_as.thing)
        for group in drift.comparison.groups
        if group.found_as and group.difference.thing.startswith(("table ", "column "))
    }


def _needed(role: str) -> str:
    return f"the server has no role {role}: make it before, as the migration does"


def _doubt(expected: str, found: str) -> str:
    told = shlex.quote(f"{glob.escape(found)}=another one")
    return f"if {found} is not what was {expected}, ask again with --ignore {told}"


def loses_data(sql: str) -> bool:
    return LOSES.search(sql) is not None


# --- For a migration -----------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a migration for it belongs."""

    app: str
    number: str
    needs: tuple[Key, ...]
    """Migrations of other apps whose tables it is about."""


def migration(drift: Drift) -> str:
    """What stands in the class of a migration that makes what the database has."""
    if not drift.keep:
        return "# Nothing to keep: the database is what its migrations make."
    is_alone = any(map(_breaks_a_transaction, (drift.keep, drift.keep_undone)))
    where = place(drift)
    needs = "".join(f'("{app}", "{name}"), ' for app, name in where.needs)
    known = taken_over(drift.comparison, drift.project, app=where.app)
    said = [
        *commands(drift),
        *doubts(drift).values(),
        *(f"At the top, too: {line}" for line in known.imports),
        *known.words,
    ]
    return "\n".join(
        [
            *(f"{INDENT}# {psql.in_one_line(line)}" for line in said),
            *([f"{INDENT}# In `dependencies`, too: {needs.rstrip(', ')}"] if needs else []),
            *([f"{INDENT}atomic = False", ""] if is_alone else []),
            f"{INDENT}operations = [",
            *(
                f"{INDENT * 2}{line}"
                for line in operation(drift.keep, drift.keep_undone, state=known.state)
            ),
            f"{INDENT}]",
        ]
    )


def _breaks_a_transaction(way: Sequence[Statement]) -> bool:
    return any(needs_no_transaction(each.sql) for each in way) or any(map(_adds_label, way[:-1]))


def operation(
    keep: Sequence[Statement], undone: Sequence[Statement], *, state: Sequence[str] = ()
) -> list[str]:
    """Both directions, in the order of each."""
    ways = (("sql", keep), ("reverse_sql", undone))
    lines = [
        line
        for name, statements in ways
        for line in (
            f"{INDENT}{name}=[",
            *(f"{INDENT * 2}{literal(each.sql)}," for each in statements),
            f"{INDENT}],",
        )
    ]
    known = [
        f"{INDENT}state_operations=[",
        *(f"{INDENT * 2}{each}" for each in state),
        f"{INDENT}],",
    ]
    return ["migrations.RunSQL(", *lines, *(known if state else ()), "),"]


def literal(text: str) -> str:
    """As Python writes it, with its own ends of lines."""
    escaped = text.replace("\\", "\\\\").replace("\r", "\\r")
    if "\n" not in text and '"' not in text:
        return f'"{escaped}"'
    inside = ENDING.sub(lambda quotes: '\\"' * len(quotes[0]), escaped)
    return f'"""{inside}"""'


def commands(drift: Drift) -> list[str]:
    """What it takes to keep what the database has, around the paste."""
    where, on = place(drift), on_database(drift)
    first = [f"manage.py migrate{on}"] if drift.pending else []
    return [
        *first,
        f"manage.py makemigrations {where.app} --empty -n {NAME}",
        f"manage.py migrate {where.app} {where.number} --fake{on}",
    ]


def on_database(drift: Drift) -> str:
    """The option that leads there."""
    return "" if drift.alias == DEFAULT_DB_ALIAS else f" --database {shlex.quote(drift.alias)}"


def place(drift: Drift) -> Place:
    """With the app of the project whose tables differ most, or its first one."""
    models = apps.get_models(include_auto_created=True)
    labels = {model._meta.db_table: model._meta.app_label for model in models}
    tables = [table_of(each.difference.thing) for each in drift.comparison.groups]
    touched = Counter(labels[table] for table in tables if table in labels)
    own = [*(app for app, _ in touched.most_common() if app in drift.own), *sorted(drift.own)]
    if not own:
        return Place("APP", "NUMBER", ())
    number = MigrationAutodetector.parse_number(drift.leaves[own[0]]) or 0
    needs = sorted((app, drift.leaves[app]) for app in touched if app in drift.leaves)
    return Place(own[0], f"{number + 1:04}", tuple(key for key in needs if key[0] != own[0]))
