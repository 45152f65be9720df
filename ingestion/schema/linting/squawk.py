"""Asks squawk, the linter of PostgreSQL migrations, about the SQL of one migration.

It sees text only. Whatever it says about locks, rewrites and scans is left to what was observed of
the same statement, where it is known and not guessed; the rest of its rules stand as they are.
"""

import json
import os
import shutil
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from itertools import accumulate
from pathlib import Path
from typing import Any

from ingestion.schema.errors import SquawkFailed, SquawkIsMissing
from ingestion.schema.linting.hazards import NOTHING

EXCLUDED = {
    "prefer-bigint-over-int": "Which integer fits is for the model to say.",
    "prefer-bigint-over-smallint": "Which integer fits is for the model to say.",
    "prefer-identity": "Django makes identity columns; a serial is in a migration of long ago.",
    "prefer-repack": "No lock of VACUUM FULL or CLUSTER escapes the observation.",
    "prefer-robust-stmts": "A run that broke off goes on where it stopped, by the catalogue.",
    "prefer-text-field": "A CharField is a varchar; whether widening one rewrites it is observed.",
    "prefer-timestamp-tz": "USE_TZ decides it, for all columns alike.",
    "require-table-schema": "Django leaves the schema to the search path.",
    "require-enum-value-ordering": "Which place a value gets is for the author to say.",
    "require-timeout-settings": "manage.py migrate sets the timeouts around every statement.",
    "require-lock-timeout": "manage.py migrate sets it around every statement.",
    "require-statement-timeout": "manage.py migrate sets it where the time counts.",
    "ban-drop-constraint": "Nobody who kept to a constraint is harmed when it goes.",
    "ban-drop-not-null": "Nobody who wrote a value is harmed when none is needed.",
    "ban-drop-default": "Django takes each default away; that a column lacks one is observed.",
    "require-concurrent-index-deletion": "The lock of DROP INDEX lasts a moment.",
    "syntax-error": "PostgreSQL itself has run the statement.",
    "unused-ignore": "There are no comments for squawk in what Django generates.",
}
"""Rules that contradict what Django generates or what our runner does, each with the reason."""

OBSERVED = {
    "require-concurrent-index-creation": ("index-built-under-lock",),
    "require-concurrent-reindex": ("index-built-under-lock",),
    "disallowed-unique-constraint": ("index-built-under-lock",),
    "constraint-missing-not-valid": ("scan-under-lock", "index-built-under-lock"),
    "adding-foreign-key-constraint": ("scan-under-lock",),
    "adding-not-nullable-field": ("scan-under-lock",),
    "adding-field-with-default": ("table-rewritten",),
    "adding-serial-primary-key-field": ("table-rewritten", "index-built-under-lock"),
    "changing-column-type": ("table-rewritten", "type-changed"),
    "adding-required-field": ("not-null-without-default",),
    "ban-drop-column": ("column-dropped",),
    "ban-drop-table": ("table-dropped",),
    "renaming-column": ("column-renamed",),
    "renaming-table": ("table-renamed",),
}
"""Rules of squawk that one of ours answers by what was seen: what both find is one finding."""

IMPLIED_BY_UNDOING = frozenset(
    {
        "ban-drop-view",
        "ban-drop-function",
        "ban-drop-type",
        "ban-drop-schema",
        "ban-drop-sequence",
        "ban-drop-domain",
        "ban-drop-extension",
        "ban-drop-trigger",
        "renaming-object",
        "ban-set-schema",
    }
)

OTHERS = IMPLIED_BY_UNDOING | {
    "adding-exclusion-constraint",
    "ban-alter-domain-with-add-constraint",
    "ban-char-field",
    "ban-concurrent-index-creation-in-transaction",
    "ban-create-domain-with-constraint",
    "ban-drop-database",
    "ban-truncate-cascade",
    "ban-uncommitted-transaction",
    "identifier-too-long",
    "require-concurrent-partition-detach",
    "transaction-nesting",
}
"""Those that squawk judges alone, as far as this version is known."""

RULES = OTHERS | OBSERVED.keys()

NAMED_BY_NOBODY = ("ALTER INDEX ", "ALTER SEQUENCE ")
"""What can be renamed without anybody noticing."""

EFFECTS = dict.fromkeys(
    IMPLIED_BY_UNDOING, ("whatever uses it", "the release that is still running")
) | {
    "require-concurrent-partition-detach": (
        "reads and writes of the partitioned table",
        "everybody who reads or writes it",
    ),
    "ban-truncate-cascade": (NOTHING, "whoever keeps rows in a table that refers to this one"),
}
"""What is blocked, and for whom, by what squawk judges alone."""
NO_EFFECT = (NOTHING, "whoever runs the migration")
NO_HELP = "Do without it, or say in lint_waivers why it is meant."


@dataclass(frozen=True)
class Complaint:
    """What squawk says of one statement."""

    statement: int
    """The place of the statement in the list that was asked about."""
    rule: str
    message: str
    help: str


def program(*, beside: Path = Path(sys.executable).parent, wheel: str = "squawk-cli") -> Path:
    """In the folder of this Python, or wherever its wheel was unpacked to."""
    found = shutil.which("squawk", path=f"{beside}") or _unpacked(wheel)
    if not found:
        raise SquawkIsMissing
    return Path(found)


def _unpacked(wheel: str) -> str | None:
    try:
        files = distribution(wheel).files or []
    except PackageNotFoundError:
        return None
    places = [f"{file.locate()}" for file in files if file.stem == "squawk"]
    return next(filter(shutil.which, places), None)


def complaints(
    statements: Sequence[str], *, is_transaction: bool, server_version: int
) -> list[Complaint]:
    """In the order of the statements. `server_version` is PostgreSQL's own number: 180000."""
    if not statements:
        return []
    texts = [f"{text.rstrip().rstrip(';')}\n;\n" for text in statements]
    first_lines = [0, *accumulate(text.count("\n") for text in texts)]
    return [
        Complaint(
            statement=bisect_right(first_lines, each["line"]) - 1,
            rule=each["rule_name"],
            message=each["message"],
            help=each["help"] or "",
        )
        for each in _ask("".join(texts), is_transaction=is_transaction, version=server_version)
        if each["rule_name"] not in EXCLUDED
    ]


def _ask(sql: str, *, is_transaction: bool, version: int) -> list[dict[str, Any]]:
    words = [f"{program()}", "--reporter=json", f"--pg-version={version // 10000}.0"]
    # Else it reads the .squawk.toml of wherever this runs.
    words.append(f"--config={os.devnull}")
    if is_transaction:
        words.append("--assume-in-transaction")
    done = subprocess.run(
        words, input=sql, capture_output=True, text=True, encoding="utf-8", check=False
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        why = done.stderr.strip().partition("\n")[0] or f"exit code {done.returncode}"
        raise SquawkFailed(why) from error
    return found
