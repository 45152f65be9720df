"""A partition more without a scan: a CHECK tells PostgreSQL beforehand that every row fits.

Those of the new partition into it, and none of the default partition.
"""

import re
from collections.abc import Iterator

from ingestion.schema.linting.new_columns import text_of
from ingestion.schema.linting.tables import Tables, as_sql
from ingestion.schema.statements import (
    LONGEST_NAME_BYTES,
    QUALIFIED,
    Statement,
    clipped,
    names,
    quoted,
)

_BOUND = (
    "FOR VALUES "
    r"(?:FROM \( (?P<from>[^(), ]+ )\) TO \( (?P<to>[^(), ]+ )\) $|IN \( (?P<in>[^()]+ )\) $)"
)
_ATTACH = re.compile(rf"ATTACH PARTITION (?P<partition>{QUALIFIED}){_BOUND}")
_CREATE = re.compile(
    rf"CREATE TABLE (?P<partition>{QUALIFIED})PARTITION OF (?P<parent>{QUALIFIED}){_BOUND}"
)
_KEY = re.compile(r'.* PARTITION BY (?:RANGE|LIST) \((?P<column>[\w$]+|"(?:[^"]|"")+")\)(?: .*)?')


def attached(action: Statement, parent: str, tables: Tables) -> list[str] | None:
    """None where the key is more than a column, or the bound more than values."""
    match = _ATTACH.match(action.shape)
    fits = match and _fits(action, match, _key(parent, tables))
    if not match or not fits:
        return None
    checks = [(action.name(match, "partition"), "fits", fits), *_lacking(parent, fits, tables)]
    return _between_checks(f"ALTER TABLE {parent} {action.text}", checks)


def created(statement: Statement, tables: Tables) -> list[str] | None:
    """None where there is no default partition to be read, either."""
    match = _CREATE.match(statement.shape)
    parent = statement.name(match, "parent") if match else ""
    fits = match and _fits(statement, match, _key(parent, tables))
    checks = _lacking(parent, fits, tables) if fits else []
    return _between_checks(statement.text, checks) if checks else None


def _key(parent: str, tables: Tables) -> str | None:
    key = _KEY.fullmatch(tables.before.get(f"table {tables.path(parent)}", ""))
    return key and key["column"]


def _lacking(parent: str, fits: str, tables: Tables) -> list[tuple[str, str, str]]:
    default = tables.default_partition(parent)
    return [(as_sql(default), "lacks", f"NOT ({fits})")] if default else []


def _between_checks(statement: str, checks: list[tuple[str, str, str]]) -> list[str]:
    return [
        *(sql for table, what, condition in checks for sql in _checked(table, what, condition)),
        statement,
        *(
            f"ALTER TABLE {table} DROP CONSTRAINT {_named(table, what)}"
            for table, what, _ in checks
        ),
    ]


def _fits(action: Statement, match: re.Match[str], column: str | None) -> str | None:
    if column is None:
        return None
    if match["in"]:
        values = _values(action, match, "in")
        return None if "NULL" in match["in"] else f"{column} IS NOT NULL AND {column} IN ({values})"
    from_, to = _values(action, match, "from"), _values(action, match, "to")
    conditions = [f"{column} IS NOT NULL"]
    conditions += [] if from_.upper() == "MINVALUE" else [f"{column} >= {from_}"]
    conditions += [] if to.upper() == "MAXVALUE" else [f"{column} < {to}"]
    return " AND ".join(conditions)


def _values(action: Statement, match: re.Match[str], group: str) -> str:
    first, behind = (action.shape.count(" ", 0, at) for at in match.span(group))
    return text_of(action, action.tokens[first:behind])


def _checked(table: str, what: str, condition: str) -> Iterator[str]:
    name = _named(table, what)
    yield f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"


def _named(table: str, what: str) -> str:
    return quoted(f"{clipped(names(table)[-1], LONGEST_NAME_BYTES - len(what) - 1)}_{what}")
