"""What two catalogues differ in, and what of it is no fault of an undoing."""

import pytest

from ingestion.schema.differing import is_validated
from ingestion.schema.drift.differences import Difference

FEW = "CHECK ((stars < 9))"


@pytest.mark.parametrize(
    ("thing", "was", "now"),
    [
        ("constraint notes.few", f"{FEW} NOT VALID", FEW),
        ("constraint notes.few", f"{FEW} NOT VALID -- Few.", f"{FEW} -- Few."),
        ("constraint notes.no", "CHECK (a <> ' NOT VALID') NOT VALID", "CHECK (a <> ' NOT VALID')"),
        ("column notes.a", "integer NOT NULL NOT VALID DEFAULT 1", "integer NOT NULL DEFAULT 1"),
        ("index notes.i", "btree (a) INVALID NOT READY", "btree (a)"),
        ("index notes.i", "btree (a) INVALID", "btree (a)"),
        ("domain d", "int CONSTRAINT a CHECK (true) NOT VALID CONSTRAINT b CHECK (true) NOT VALID",
         "int CONSTRAINT a CHECK (true) CONSTRAINT b CHECK (true) NOT VALID"),
        ("materialized view m", "SELECT 1 WITH NO DATA", "SELECT 1"),
    ],
)  # fmt: skip
def test_what_is_known_to_fit_now_need_not_be_undone(thing: str, was: str, now: str) -> None:
    assert is_validated(Difference(thing, was, now))
    assert not is_validated(Difference(thing, now, was))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (f"{FEW} NOT VALID", "CHECK ((stars < 8))"),
        (f"{FEW} NOT VALID", None),
        (None, FEW),
        (f"{FEW} NOT VALID", f"{FEW} -- Few."),
        ("CHECK (a <> 'x NOT VALID')", "CHECK (a <> 'x')"),
        ('CHECK ("a NOT VALID" > 1)', "CHECK (a > 1)"),
        ("integer NOT VALIDATED", "integer"),
    ],
)
def test_what_is_another_one_has_to_be(was: str | None, now: str | None) -> None:
    assert not is_validated(Difference("constraint notes.few", was, now))
