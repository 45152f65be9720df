"""The words of `schema verify`: a line for each check, then what was found."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from ingestion.schema.differing import apart
from ingestion.schema.drift.differences import Difference
from ingestion.schema.errors import SchemaError, TwoHeads, listed
from ingestion.schema.linting import lint
from ingestion.schema.linting.hazards import NOTHING, in_short
from ingestion.schema.objects import plain
from ingestion.schema.plan import Key
from ingestion.schema.units import counted
from ingestion.schema.verification.findings import Check, Finding

CONFLICT_FIRST = (
    "Which models have no migration yet was not looked at: an app has two last ones, and what "
    "the models are compared with depends on how that is settled."
)

NOTHING_IS_NEW = (
    "Nothing was linted: nothing is applied here, and no --base says what has landed already."
)
NOTHING_IS_APPLIED = (
    "drift: no migration is applied here, so there was nothing to compare but what is there "
    "without one."
)
LONGEST_STATEMENT = 120
WIDTH = 96


# --- Findings of the checks that have no module of their own ---------------------------------


def unmade(app: str, what: Sequence[str]) -> Finding:
    return Finding(
        rule="unmade",
        migration=None,
        says=f"The models of {app} say more than its migrations: {listed(what)}.",
        hint=f"Write the migration with: manage.py makemigrations {app}",
    )


def without_any(app: str) -> Finding:
    return Finding(
        rule="unmade",
        migration=None,
        says=f"{app} has models with tables, and no migrations.",
        hint=f"Write the first one with: manage.py makemigrations {app}",
    )


def two_heads(app: str, names: list[str]) -> Finding:
    error = TwoHeads({app: names})
    return Finding(rule="two-heads", migration=None, says=error.message, hint=error.hint)


def of_lint(found: lint.Finding) -> Finding:
    """In one sentence or two; `schema lint` shows the safe form."""
    way = ", when it is undone" if found.direction == lint.BACKWARDS else ""
    parts = [f"{found.migration}{way}, {found.rule}:"]
    if found.statement:
        parts.append(in_short(found.statement, LONGEST_STATEMENT))
        parts.append(
            f"blocks {found.blocks}, for {found.for_whom}."
            if found.blocks != NOTHING
            else "blocks nobody."
        )
    app, _, name = found.migration.partition(".")
    return Finding(
        rule=found.rule,
        migration=found.migration,
        says=" ".join([*parts, found.why]),
        hint=f"{found.safe_form.advice} To see it: manage.py schema lint {app} {name}",
        waived=found.waived,
    )


def edited(key: Key, base: str) -> Finding:
    name = ".".join(key)
    return Finding(
        rule="edited",
        migration=name,
        says=f"{name} was edited, although it is part of {base}.",
        hint="Take the edit back, and write what it is for into a new migration: databases that "
        "have this one do not run it again. (What is to be waived in it: SCHEMA['WAIVERS'].)",
    )


def gone(key: Key, base: str) -> Finding:
    name = ".".join(key)
    return Finding(
        rule="deleted",
        migration=name,
        says=f"The file of {name} is gone, although it is part of {base}.",
        hint="Put it back: databases that have it cannot undo it without. To be rid of old "
        "migrations, squash them.",
    )


def waived_for_nobody(names: list[str]) -> str:
    return (
        f"SCHEMA['WAIVERS'] of the settings gives reasons for {listed(names)}, and there is no "
        "such migration: take them out."
    )


def drifted(each: Difference) -> Finding:
    if each.expected is None:
        says = f"The database has {each.thing}, and no applied migration makes it."
    elif each.found is None:
        says = f"The database does not have {each.thing}, and its applied migrations make it."
    else:
        made, found = apart(each.expected, each.found)
        says = f"In the database {each.thing} is {found}, and its applied migrations make {made}."
    hint = "See what repairs it with: manage.py schema drift"
    return Finding(rule="drift", migration=None, says=says, hint=hint)


def not_checked(check: str, error: SchemaError) -> str:
    return f"{check} could not be checked: {error.message}"


# --- The whole answer ------------------------------------------------------------------------


def facts(checks: Sequence[Check]) -> dict[str, Any]:
    """For programs."""
    return {
        "clean": all(each.is_passed for each in checks),
        "checks": [
            {
                "check": each.check,
                "passed": each.is_passed,
                "done": each.is_done,
                "seconds": round(each.seconds, 3),
                "findings": [plain(finding) for finding in each.findings],
                "notes": [*each.notes],
            }
            for each in checks
        ],
    }


def text(checks: Sequence[Check]) -> str:
    """For people."""
    return "\n".join(
        [
            *map(_line, checks),
            *_findings(checks),
            *_waived(checks),
            *_notes(checks),
            "",
            _last(checks),
        ]
    )


def _line(check: Check) -> str:
    outcome = counted(len(check.open), "finding") if check.open else ""
    outcome = outcome or ("ok" if check.is_done else "not checked")
    waived = len(check.findings) - len(check.open)
    more = f", {waived} waived" if waived else ""
    return f"  {check.check:<9} {check.seconds:6.2f} s  {outcome}{more}"


def _findings(checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        for finding in check.open:
            yield ""
            yield from _wrapped(finding.says)
            yield from _wrapped(f"→ {finding.hint}", margin="  ")


def _waived(checks: Sequence[Check]) -> Iterator[str]:
    waived = [each for check in checks for each in check.findings if each.waived is not None]
    if waived:
        yield ""
    for finding in waived:
        yield from _wrapped(f"Waived: {finding.says} ({finding.waived})")


def _notes(checks: Sequence[Check]) -> Iterator[str]:
    notes = [note for check in checks for note in check.notes]
    if notes:
        yield ""
    for note in notes:
        yield from _wrapped(f"Note: {note}")


def _last(checks: Sequence[Check]) -> str:
    count = sum(len(each.open) for each in checks)
    undone = [each.check for each in checks if not each.is_done]
    seconds = sum(each.seconds for each in checks)
    outcome = counted(count, "finding") if count else "No finding" if undone else "Clean"
    without = f"; not wholly checked: {listed(undone)}" if undone else ""
    return f"{outcome}, after {seconds:.1f} s{without}."


def _wrapped(said: str, margin: str = "") -> list[str]:
    return wrap(
        said,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin and f"{margin}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
