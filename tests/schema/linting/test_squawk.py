"""squawk is asked about the SQL of a migration, and answers by statement."""

from pathlib import Path

import pytest

from ingestion.schema.errors import SquawkIsMissing
from ingestion.schema.linting.squawk import EXCLUDED, OBSERVED, OTHERS, complaints, program

TRUNCATE = "TRUNCATE a, b CASCADE"


def told(*statements: str, is_transaction: bool = True) -> list[tuple[int, str]]:
    found = complaints(statements, is_transaction=is_transaction, server_version=180000)
    return [(each.statement, each.rule) for each in found]


def test_each_complaint_is_about_a_statement_whatever_lines_it_takes() -> None:
    several = ["SELECT 1", "SELECT 'one;\ntwo -- ', $$\n;\n$$", TRUNCATE, "SELECT 2 -- at the end"]
    assert told(*several, TRUNCATE) == [(2, "ban-truncate-cascade"), (4, "ban-truncate-cascade")]


def test_nothing_is_asked_about_nothing() -> None:
    assert told() == []


def test_it_says_what_and_why() -> None:
    [found] = complaints([TRUNCATE], is_transaction=True, server_version=150000)
    assert found.message.startswith("Using `CASCADE` will recursively truncate any tables")
    assert found.help.startswith("Remove the `CASCADE`")


def test_what_may_not_be_in_a_transaction_is_fine_outside() -> None:
    statements = ["SELECT 1", "CREATE INDEX CONCURRENTLY i ON t (a)"]
    assert told(*statements) == [(1, "ban-concurrent-index-creation-in-transaction")]
    assert told(*statements, is_transaction=False) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t ADD COLUMN a integer DEFAULT 5 NOT NULL",
        "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
        "ALTER TABLE t DROP CONSTRAINT a",
        "ALTER TABLE t ADD COLUMN a varchar(10) NULL",
        "DROP INDEX i",
    ],
)
def test_what_django_generates_and_nobody_suffers_from_is_no_complaint(statement: str) -> None:
    assert told(statement) == []


@pytest.mark.slow
def test_its_configuration_in_the_working_folder_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["ban-truncate-cascade"]')
    monkeypatch.chdir(tmp_path)
    assert told(TRUNCATE) == [(0, "ban-truncate-cascade")]


def test_no_rule_is_in_two_lists_and_each_exclusion_has_a_reason() -> None:
    assert not EXCLUDED.keys() & OBSERVED.keys()
    assert not OTHERS & (EXCLUDED.keys() | OBSERVED.keys())
    assert all(reason.endswith(".") for reason in EXCLUDED.values())


def test_where_it_is_not_installed_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SquawkIsMissing) as refusal:
        program(beside=tmp_path, wheel="no-such-wheel")
    assert f"{refusal.value}" == (
        "The program squawk is not installed beside this Python. "
        "Get it with: pip install squawk-cli"
    )
    assert refusal.value.exit_code == 2


def test_it_is_found_where_its_wheel_was_unpacked(tmp_path: Path) -> None:
    assert program(beside=tmp_path).samefile(program())
