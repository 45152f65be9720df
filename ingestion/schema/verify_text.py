"""The words of `schema verify`: a line for each check, then what was found."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ingestion.schema.errors import SchemaError, TwoHeads, listed
from ingestion.schema.findings import Finding
from ingestion.schema.objects import plain
from ingestion.schema.units import counted

if TYPE_CHECKING:
    from ingestion.schema.verify import Check

CONFLICT_FIRST = (
    "Which models have no migration yet was not looked at: an app has two last ones, and what "
    "the models are compared with depends on how that is settled."
)


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


def not_checked(check: str, error: SchemaError) -> str:
    return f"{check} could not be checked: {error.message}"


# --- The whole answer ------------------------------------------------------------------------


def facts(checks: "Sequence[Check]") -> dict[str, Any]:
    """For programs."""
    return {
        "clean": all(each.is_passed for each in checks),
        "checks": [
            {
                "check": each.check,
                "passed": each.is_passed,
                "seconds": round(each.seconds, 3),
                "findings": [plain(finding) for finding in each.findings],
                "notes": [*each.notes],
            }
            for each in checks
        ],
    }


def text(checks: "Sequence[Check]") -> str:
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


def _line(check: "Check") -> str:
    outcome = counted(len(check.open), "finding") if check.open else "ok"
    waived = len(check.findings) - len(check.open)
    more = f", {waived} waived" if waived else ""
    return f"  {check.check:<9} {check.seconds:6.2f} s  {outcome}{more}"


def _findings(checks: "Sequence[Check]") -> Iterator[str]:
    for check in checks:
        for finding in check.open:
            yield ""
            yield finding.says
            yield f"  → {finding.hint}"


def _waived(checks: "Sequence[Check]") -> Iterator[str]:
    waived = [each for check in checks for each in check.findings if each.waived is not None]
    if waived:
        yield ""
    for finding in waived:
        yield f"Waived: {finding.says} ({finding.waived})"


def _notes(checks: "Sequence[Check]") -> Iterator[str]:
    notes = [note for check in checks for note in check.notes]
    if notes:
        yield ""
    yield from (f"Note: {note}" for note in notes)


def _last(checks: "Sequence[Check]") -> str:
    count = sum(len(each.open) for each in checks)
    seconds = sum(each.seconds for each in checks)
    outcome = counted(count, "finding") if count else "Clean"
    return f"{outcome}, after {seconds:.1f} s."
