"""ATTACH PARTITION without the scan: a CHECK tells PostgreSQL beforehand that every row fits."""

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

_ATTACH = re.compile(
    rf"ATTACH PARTITION (?P<partition>{QUALIFIED})FOR VALUES "
    r"(?:FROM \( (?P<from>[^(), ]+ )\) TO \( (?P<to>[^(), ]+ )\) $|IN \( (?P<in>[^()]+ )\) $)"
)
_KEY = re.compile(r'.* PARTITION BY (?:RANGE|LIST) \((?P<column>[\w$]+|"(?:[^"]|"")+")\)(?: .*)?')


def attached(action: Statement, parent: str, tables: Tables) -> list[str] | None:
    """None where the key is more than a column, or the bound more than values."""
    match = _ATTACH.match(action.shape)
    key = _KEY.fullmatch(tables.before.get(f"table {tables.path(parent)}", ""))
    if not match or not key:
        return None
    fits = _fits(action, match, key["column"])
    if fits is None:
        return None
    partition = action.name(match, "partition")
    checks = [(partition, "fits", fits)]
    if default := tables.default_partition(parent):
        checks.append((as_sql(default), "lacks", f"NOT ({fits})"))
    return [
        *(sql for table, what, condition in checks for sql in _checked(table, what, condition)),
        f"ALTER TABLE {parent} {action.text}",
        *(
            f"ALTER TABLE {table} DROP CONSTRAINT {_named(table, what)}"
            for table, what, _ in checks
        ),
    ]


def _fits(action: Statement, match: re.Match[str], column: str) -> str | None:
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
