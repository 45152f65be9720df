"""A migration may say that a finding is meant, with a reason, and with nothing less."""

from typing import Any

import pytest
from django.db.migrations import Migration
from django.db.migrations.writer import MigrationWriter

from ingestion.schema.waivers import Fault, faults, waived

REASON = "The table has forty rows."
KNOWN = {"table-rewritten", "scan-under-lock", "data-loss"}
JUDGED = {"table-rewritten", "scan-under-lock"}


def migration(waivers: Any) -> Migration:
    kind: type[Migration] = type("Migration", (Migration,), {"lint_waivers": waivers})
    return kind("0001_initial", "shop")


def told(waivers: Any, *found: str) -> list[Fault]:
    return faults(migration(waivers), known=KNOWN, judged=JUDGED, found=found)


def test_a_rule_is_waived_with_its_reason() -> None:
    with_waiver = migration({"table-rewritten": f"{REASON[:10]}\n     {REASON[10:]}"})
    assert waived(with_waiver, "table-rewritten") == "The table has forty rows."
    assert waived(with_waiver, "scan-under-lock") is None
    assert told({"table-rewritten": REASON}, "table-rewritten") == []


def test_a_migration_that_says_nothing_waives_nothing() -> None:
    assert waived(Migration("0001_initial", "shop"), "table-rewritten") is None


@pytest.mark.parametrize("reason", ["", "  ", "ok", "it's fine", None, True])
def test_without_a_reason_nothing_is_waived(reason: Any) -> None:
    assert waived(migration({"table-rewritten": reason}), "table-rewritten") is None
    [fault] = told({"table-rewritten": reason}, "table-rewritten")
    assert fault.rule == "waiver-without-reason"
    assert fault.why == "The waiver of 'table-rewritten' gives no reason, so it waives nothing."


def test_a_list_of_rules_gives_no_reasons() -> None:
    assert [fault.rule for fault in told(["table-rewritten"])] == ["waiver-without-reason"]


@pytest.mark.parametrize(
    ("waivers", "rules"),
    [
        (None, []),
        ("table-rewritten", ["waiver-without-reason"]),
        (("table-rewritten",), ["waiver-without-reason"]),
        (True, ["waiver-of-unknown-rule"]),
        ([["table-rewritten"]], ["waiver-of-unknown-rule"]),
    ],
)
def test_what_has_another_form_waives_nothing(waivers: Any, rules: list[str]) -> None:
    assert waived(migration(waivers), "table-rewritten") is None
    assert [fault.rule for fault in told(waivers)] == rules


def test_a_rule_that_nobody_knows_is_a_fault() -> None:
    [fault] = told({"table-rewriten": REASON}, "table-rewritten")
    assert (fault.rule, fault.why) == (
        "waiver-of-unknown-rule",
        "There is no rule 'table-rewriten'.",
    )


def test_a_waiver_of_what_is_not_found_any_more_is_a_fault() -> None:
    [fault] = told({"scan-under-lock": REASON}, "table-rewritten")
    assert (fault.rule, fault.about) == ("needless-waiver", "scan-under-lock")


def test_whether_a_rule_that_others_judge_is_found_is_for_them_to_say() -> None:
    assert told({"data-loss": REASON}) == []


def test_django_does_not_mind_the_attribute() -> None:
    written = MigrationWriter(migration({"table-rewritten": REASON}))
    assert "class Migration" in written.as_string()
