"""What is wrong with a plan, from what was observed of it and what it may cost."""

from dataclasses import replace
from typing import Any

from ingestion.schema.drift.differences import Difference
from ingestion.schema.observation.observed import Lock, Observed, Rows, StepObserved, together
from ingestion.schema.plan import Step
from ingestion.schema.rehearsal.budget import Budget
from ingestion.schema.rehearsal.checksums import Changed
from ingestion.schema.rehearsal.rehearsed import Copy, Failure, Pass, Rehearsal
from ingestion.schema.rehearsal.verdict import block, findings

BUDGET = Budget(block_ms=250)


def lock(relation: str, mode: str = "AccessExclusiveLock", **how: Any) -> Lock:
    known: dict[str, Any] = {"kind": "table", "held_ms": 300.0, "is_new": False} | how
    return Lock(relation=relation, mode=mode, **known)


def statement(*locks: Lock, **how: Any) -> Observed:
    nothing: dict[str, Any] = {"rewritten": (), "emptied": (), "scanned": (), "rows": 0}
    sizes = {"wal_bytes": 0, "growth_bytes": 0, "duration_ms": 1.0}
    known: dict[str, Any] = (
        {"sql": "ALTER TABLE t …", "count": 1, "operation": None} | nothing | sizes | how
    )
    return Observed(locks=locks, **known)


def step(*statements: Observed, **how: Any) -> StepObserved:
    sizes = {"rows": 0, "wal_bytes": 0, "growth_bytes": 0, "peak_bytes": 0, "duration_ms": 9.0}
    known: dict[str, Any] = {"is_transaction": True, "is_wal_own": True, "locks": ()} | sizes | how
    return StepObserved(step=Step(("shop", "0002")), statements=statements, **known)


def rehearsal(*steps: StepObserved, **how: Any) -> Rehearsal:
    names = "irreversible elsewhere heavy lost changed not_undone stays_valid not_again left_out"
    nothing: dict[str, Any] = dict.fromkeys(names.split(), ())
    known = nothing | {"backwards": False, "plan": ("shop.0002",)} | how
    first = Pass(backwards=False, duration_ms=9.0, steps=steps, failure=None)
    copy = Copy(database="shop", has_data=True, size_bytes=1, duration_ms=1.0)
    facts: dict[str, Any] = {"copy": copy, "passes": (first,)} | known
    return Rehearsal(**facts)


def wrong(told: Rehearsal, budget: Budget = BUDGET, *, is_loss_accepted: bool = False) -> list[str]:
    return [each.what for each in findings(told, budget, is_loss_accepted=is_loss_accepted)]


def test_one_who_waits_longer_than_allowed_is_told() -> None:
    assert wrong(rehearsal(step(statement(lock("t"))))) == [
        "shop.0002 keeps whoever reads or writes t waiting for up to 300 ms (AccessExclusiveLock "
        "on t, taken by ALTER TABLE t …); at most 250 ms is allowed"
    ]


def test_up_to_what_is_allowed_nothing_is() -> None:
    assert wrong(rehearsal(step(statement(lock("t", held_ms=250.0))))) == []


def test_a_table_is_named_before_its_indexes() -> None:
    worst = block(step(statement(lock("t_pkey", kind="index", held_ms=300.2), lock("t"))))
    assert worst
    assert worst.relation == "t"


def test_who_only_reads_goes_on_beside_a_weaker_lock() -> None:
    (told,) = wrong(rehearsal(step(statement(lock("t", "ShareLock")))))
    assert "keeps whoever writes to t waiting" in told
    assert block(step(statement(lock("t", "ShareUpdateExclusiveLock")))) is None


def test_for_what_is_new_nobody_waits() -> None:
    assert block(step(statement(lock("t", is_new=True)))) is None


def test_rows_that_are_written_are_locked_as_well() -> None:
    update = statement(updated=(Rows(relation="t", count=1000),), held_ms=400.0)
    (told,) = wrong(rehearsal(step(update)))
    assert "keeps whoever writes to the same 1,000 rows of t waiting for up to 400 ms" in told


def test_rows_that_are_written_one_by_one_are_one_thing() -> None:
    one, many = Rows(relation="t", count=1), Rows(relation="t", count=150)
    said = [
        statement(sql="UPDATE t", updated=(one,), held_ms=400.0, duration_ms=2.0),
        statement(sql="UPDATE t", updated=(one,), held_ms=300.0, duration_ms=2.0),
        statement(sql="UPDATE t", updated=(many,), held_ms=200.0, duration_ms=90.0, count=150),
        statement(sql="UPDATE u"),
    ]
    first, last = together(said)
    assert (first.count, first.duration_ms, first.held_ms) == (152, 94.0, 400.0)
    assert first.updated == (Rows(relation="t", count=152),)
    assert last is said[-1]
    (told,) = wrong(rehearsal(step(*said)))
    assert "whoever writes to the same 152 rows of t waiting for up to 400 ms" in told


def test_what_is_not_limited_may_cost_anything() -> None:
    dear = step(wal_bytes=2**40, peak_bytes=2**40, duration_ms=1e9)
    assert wrong(rehearsal(dear)) == []
    limited = Budget(block_ms=250, duration_ms=1000, wal_bytes=2**30, growth_bytes=2**30)
    assert wrong(rehearsal(dear), limited) == [
        "shop.0002 takes 16666 min 40 s; at most 1.00 s is allowed",
        "shop.0002 writes WAL of 1.0 TB; at most 1.0 GB is allowed",
        "shop.0002 needs more disk: 1.0 TB; at most 1.0 GB is allowed",
    ]


def test_on_empty_tables_costs_are_not_judged() -> None:
    told = rehearsal(step(statement(lock("t"))))
    assert wrong(replace(told, copy=replace(told.copy, has_data=False))) == []


def test_data_that_does_not_come_back_may_be_accepted() -> None:
    gone = Changed(table="t", column="a", before=3, after=0, is_gone=False)
    told = rehearsal(changed=(gone,))
    assert wrong(told) == ["after undoing it, t.a: 3 values before, 0 now"]
    assert wrong(told, is_loss_accepted=True) == []


def test_of_a_plan_that_goes_back_the_way_forwards_is_judged() -> None:
    left = Difference("column t.a", "text", "integer")
    assert wrong(rehearsal(backwards=True, not_undone=(left,))) == [
        "applying it again does not lead back to the same tables: column t.a is integer, and was "
        "text"
    ]


def test_a_failure_says_on_which_way_it_was() -> None:
    fine = Pass(backwards=False, duration_ms=1.0, steps=(), failure=None)
    bad = replace(
        fine, failure=Failure(where="shop.0002", statement="SELECT 1", why="no", stays=())
    )
    ways = [(bad,), (fine, bad), (fine, fine, bad)]
    assert [wrong(rehearsal(passes=passes)) for passes in ways] == [
        ["shop.0002 fails on this data: no"],
        ["shop.0002 cannot be undone on this data: no"],
        ["shop.0002 fails the second time on this data: no"],
    ]
