"""What a migration says about the findings in it: that one is meant, and why.

    class Migration(migrations.Migration):
        lint_waivers = {"table-rewritten": "The table has forty rows, and gets one a year."}

The reason is for whoever reads the migration next; without one, nothing is waived.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.db.migrations import Migration

ATTRIBUTE = "lint_waivers"
JUDGED_ELSEWHERE = frozenset(
    {
        *("comes-back-different", "leaves-behind", "not-brought-back", "data-loss", "irreversible"),
        *("fails", "fails-again", "differs-again", "order-dependence", "squash-differs"),
        "not-made",
    }
)
"""Rules of `schema verify`, which says itself what of them is waived."""
FEWEST_WORDS = 3
"""Of a reason; "ok" is none."""


@dataclass(frozen=True)
class Fault:
    """A waiver that waives nothing."""

    rule: str
    """Of the fault itself: it cannot be waived."""
    about: str
    """The rule that the waiver names."""
    why: str
    instead: str


UNEXPLAINED, UNKNOWN, NEEDLESS = (
    "waiver-without-reason",
    "waiver-of-unknown-rule",
    "needless-waiver",
)


def waived(migration: Migration, rule: str) -> str | None:
    """The reason for which this is not to count, if one is given."""
    reason = _given(migration).get(rule)
    return " ".join(reason.split()) if is_reason(reason) else None


def faults(
    migration: Migration,
    *,
    known: Collection[str],
    judged: Collection[str],
    found: Collection[str],
) -> list[Fault]:
    """Of `known` rules those in `judged` were looked for, and those in `found` found here.

    A rule that somebody else judges may be needed or not.
    """
    return [
        fault
        for rule, reason in _given(migration).items()
        if (fault := _fault(rule, reason, known=known, needless=set(judged) - set(found)))
    ]


def _fault(
    rule: str, reason: object, *, known: Collection[str], needless: Collection[str]
) -> Fault | None:
    if rule not in known:
        return Fault(
            UNKNOWN,
            rule,
            f"There is no rule '{rule}'.",
            "Write the name as the finding has it, or take the waiver out.",
        )
    if not is_reason(reason):
        return Fault(
            UNEXPLAINED,
            rule,
            f"The waiver of '{rule}' gives no reason, so it waives nothing.",
            f'Say in a sentence why it is no harm here: {ATTRIBUTE} = {{"{rule}": "…"}}',
        )
    if rule in needless:
        return Fault(
            NEEDLESS,
            rule,
            f"Nothing in this migration is waived by '{rule}' any more.",
            "Take the waiver out, so that it does not hide what comes later.",
        )
    return None


def _given(migration: Migration) -> Mapping[str, Any]:
    given = getattr(migration, ATTRIBUTE, None)
    if isinstance(given, Mapping):
        return given
    is_list = isinstance(given, list | tuple | set | frozenset)
    named: Any = given if is_list else [] if given is None else [given]
    return {f"{rule}": None for rule in named}


def is_reason(reason: object) -> TypeGuard[str]:
    return isinstance(reason, str) and len(reason.split()) >= FEWEST_WORDS
