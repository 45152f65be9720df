"""What PostgreSQL cannot do beside the traffic: why, and how to do it all the same. Only words."""

import re
from collections.abc import Sequence

from ingestion.schema.statements import statements

MEANT = 'Say that it is meant: lint_waivers = {"%s": "…"}'
ANEW = (
    "where that is too long, make a new table beside it, keep it up with a trigger, copy the rows "
    "in batches and swap the two names."
)
QUIET = "Do it at a quiet hour with a short lock_timeout;"
_WHY = {
    r"ALTER TABLE .*(?: EXCLUDE | WITHOUT OVERLAPS )": (
        "PostgreSQL has no safe form of this: it builds the index of an exclusion under the lock, "
        f"takes none that is there, and knows no NOT VALID for it. {QUIET} {ANEW}"
    ),
    r"ALTER TABLE .* GENERATED ALWAYS AS \( |ALTER TABLE .* SET EXPRESSION ": (
        "PostgreSQL computes a stored column for all rows under the lock, and has no other way. "
        "Add it as an ordinary column that a trigger computes, in a statement of its own, and "
        "fill it in batches."
    ),
    r"ALTER DOMAIN ": (
        "PostgreSQL keeps writes off every table with this domain while it reads them, also to "
        "validate later. Add a CHECK to each of these tables instead, NOT VALID, and validate it."
    ),
    r"REFRESH MATERIALIZED VIEW ": (
        "Give it a unique index on columns alone and for all rows; then REFRESH MATERIALIZED VIEW "
        "CONCURRENTLY lets everybody read on."
    ),
    r"CLUSTER |VACUUM ": (
        "PostgreSQL writes the table anew under its lock. pg_repack does the same beside the "
        "traffic, without a migration."
    ),
    r"ALTER TABLE .*SET (?:LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD) ": (
        f"PostgreSQL writes the table anew under its lock. {QUIET} {ANEW}"
    ),
    r"ALTER TABLE .*ATTACH PARTITION ": (
        "PostgreSQL reads all rows unless a CHECK says that they fit. Add one beforehand, NOT "
        "VALID, and validate it; for a default partition, one that there are no such rows in it."
    ),
    r"ALTER TABLE .* FOREIGN KEY ": (
        "Before PostgreSQL 18 a partitioned table has no foreign key that is NOT VALID. Add it to "
        "each partition, NOT VALID, and validate it there; then to the table, which takes those "
        "and reads nothing."
    ),
    r"ALTER TABLE .* TYPE ": (
        "PostgreSQL writes the table anew under its lock. Add a column of the new type beside it, "
        "keep it up with a trigger, fill it in batches, and swap the two names in one short "
        "transaction."
    ),
}
_OTHERWISE = f"PostgreSQL has no way to do this beside the traffic. {QUIET} {ANEW}"


def no_way(sqls: Sequence[str], rule: str) -> str:
    """A sentence or two for an operation that does this."""
    shapes = [each.shape for sql in sqls for each in statements(sql)]
    why = (
        said for pattern, said in _WHY.items() if any(re.match(pattern, shape) for shape in shapes)
    )
    return f"{next(why, _OTHERWISE)} {MEANT % rule}"
