"""From what was seen of a statement follows what it blocks, for whom, and why that takes long."""

from dataclasses import fields, replace
from typing import Any

import pytest

from ingestion.schema.linting.breaking import Change, breaking, type_of
from ingestion.schema.linting.hazards import Hazard, blocking, both, parted_without_need
from ingestion.schema.observation.observe import Lock, Observed, StepObserved
from ingestion.schema.plan import Step

DOCUMENTS = {"table documents": "TABLE", "column documents.title": "text NOT NULL"}


def lock(relation: str, mode: str, *, kind: str = "table", is_new: bool = False) -> Lock:
    return Lock(relation=relation, kind=kind, mode=f"{mode}Lock", held_ms=1.0, is_new=is_new)


def seen(sql: str, *locks: Lock, operation: str | None = "Change it", **facts: Any) -> Observed:
    """A statement, about which only these facts matter."""
    nothing: dict[str, Any] = {
        "count": 1,
        **dict.fromkeys(("duration_ms", "held_ms"), 1.0),
        **dict.fromkeys(("rows", "wal_bytes", "growth_bytes"), 0),
    }
    known = {**nothing, "sql": sql, "operation": operation, "locks": locks, **facts}
    return Observed(**{each.name: known.get(each.name, ()) for each in fields(Observed)})


def hazards(
    *statements: Observed,
    is_transaction: bool = True,
    concerned: bool = True,
    python: bool = False,
    keys: frozenset[tuple[str, str]] = frozenset(),
) -> list[Hazard]:
    step = StepObserved(
        step=Step(("shop", "0002")),
        is_transaction=is_transaction,
        duration_ms=1.0,
        statements=statements,
        locks=(),
        rows=0,
        wal_bytes=0,
        is_wal_own=True,
        growth_bytes=0,
        peak_bytes=0,
    )
    found = blocking(
        step,
        concerns=lambda _: concerned,
        is_python=lambda _: python,
        are_one=lambda first, second: first.operation == second.operation,
        refers=lambda child, parent: (child, parent) in keys,
    )
    return list(found)


def rules(*statements: Observed, **how: Any) -> list[str]:
    return [hazard.rule for hazard in hazards(*statements, **how)]


ADD_COLUMN = seen("ALTER TABLE documents ADD a text", lock("documents", "AccessExclusive"))
REWRITE = seen(
    "ALTER TABLE documents ALTER a TYPE bigint",
    lock("documents", "AccessExclusive"),
    rewritten=("documents", "documents_a"),
    scanned=("documents",),
)
CHECK = seen(
    "ALTER TABLE documents ADD CONSTRAINT c CHECK (a > 0)",
    lock("documents", "AccessExclusive"),
    scanned=("documents",),
)
INDEX = seen(
    "CREATE INDEX i ON documents (a)",
    lock("documents", "Share"),
    lock("i", "AccessExclusive", kind="index", is_new=True),
    scanned=("documents",),
)
UPDATE = seen("UPDATE documents SET a = 1", lock("documents", "RowExclusive"))


def test_a_rewrite_blocks_reading_and_writing() -> None:
    [found] = hazards(REWRITE)
    assert (found.rule, found.relation) == ("table-rewritten", "documents")
    assert found.blocks == "reads and writes of documents"
    assert found.for_whom == "everybody who reads or writes documents"
    assert found.why.startswith("PostgreSQL copies documents row by row into a new file")


def test_an_index_blocks_writing() -> None:
    [found] = hazards(INDEX)
    assert (found.rule, found.blocks) == ("index-built-under-lock", "writes to documents")


def test_an_index_behind_a_stronger_lock_of_its_transaction_blocks_what_that_does() -> None:
    [found] = hazards(ADD_COLUMN, INDEX)
    assert found.blocks == "reads and writes of documents"


def test_a_foreign_key_blocks_writing_to_both_tables() -> None:
    statement = seen(
        "ALTER TABLE documents ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES users (id)",
        lock("documents", "ShareRowExclusive"),
        lock("users", "ShareRowExclusive"),
    )
    [found] = hazards(statement)
    assert (found.rule, found.relation) == ("scan-under-lock", "documents")
    assert found.blocks == "writes to documents and users"


@pytest.mark.parametrize(
    ("relations", "said"),
    [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcdef", "a, b, c and 3 more")],
)
def test_tables_are_named_up_to_a_few(relations: str, said: str) -> None:
    assert both(list(relations)) == said


def test_what_a_block_does_to_tables_counts_as_if_it_stood_alone() -> None:
    assert rules(replace(INDEX, sql="DO $$ BEGIN EXECUTE 'CREATE INDEX …'; END $$")) == [
        "index-built-under-lock"
    ]
    assert rules(replace(REWRITE, sql="SELECT widen('documents')")) == ["table-rewritten"]
    both_at_once = "DO $$ BEGIN ALTER TABLE documents …; UPDATE documents SET a = 1; END $$"
    assert rules(replace(CHECK, sql=both_at_once)) == ["data-moved-under-lock"]


def test_a_view_that_takes_the_name_of_a_table_hides_nothing() -> None:
    view = seen("CREATE VIEW documents …", lock("documents", "AccessExclusive", is_new=True))
    assert rules(view, REWRITE) == ["table-rewritten"]


def test_a_foreign_key_of_a_new_table_reads_nothing() -> None:
    statement = seen(
        "ALTER TABLE new ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES users (id)",
        lock("new", "ShareRowExclusive", is_new=True),
        lock("users", "ShareRowExclusive"),
    )
    assert hazards(statement) == []


def test_what_is_validated_under_a_lock_of_the_same_transaction_blocks() -> None:
    add = seen("ALTER TABLE documents ADD CONSTRAINT c CHECK (a > 0) NOT VALID", *CHECK.locks)
    validate = seen(
        "ALTER TABLE documents VALIDATE CONSTRAINT c",
        lock("documents", "ShareUpdateExclusive"),
        scanned=("documents",),
    )
    assert rules(add, validate) == ["scan-under-lock"]
    assert rules(validate) == []
    assert rules(add, seen(validate.sql, operation="Next"), is_transaction=False) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET a = 1",
        "DELETE FROM documents",
        "SELECT * INTO other FROM documents",
        "INSERT INTO other SELECT * FROM documents",
        "WITH gone AS (DELETE FROM documents RETURNING *) INSERT INTO other TABLE gone",
        "DO $$ BEGIN UPDATE documents SET a = 1; END $$",
    ],
)
def test_rows_that_are_moved_after_a_strong_lock_keep_it_for_long(statement: str) -> None:
    [found] = hazards(ADD_COLUMN, seen(statement, *UPDATE.locks))
    assert found.rule == "data-moved-under-lock"
    assert "`ALTER TABLE documents ADD a text`" in found.why
    assert rules(seen(statement, *UPDATE.locks)) == []


def test_python_that_looks_at_rows_after_a_strong_lock_counts_as_moving_them() -> None:
    look = seen("SELECT * FROM documents", lock("documents", "AccessShare"))
    assert rules(ADD_COLUMN, look, python=True) == ["data-moved-under-lock"]
    assert rules(ADD_COLUMN, look) == []


def test_a_row_or_two_are_no_harm() -> None:
    assert rules(ADD_COLUMN, seen("INSERT INTO documents (a) VALUES (1)", *UPDATE.locks)) == []


@pytest.mark.parametrize(
    "statement",
    [
        ADD_COLUMN,
        UPDATE,
        seen("DROP INDEX i", lock("documents", "AccessExclusive")),
        seen(
            "CREATE INDEX CONCURRENTLY i ON documents (a)",
            lock("documents", "ShareUpdateExclusive"),
            lock("i", "AccessExclusive", kind="index", is_new=True),
            scanned=("documents",),
        ),
        seen("ALTER TABLE new ADD a text UNIQUE", lock("new", "AccessExclusive", is_new=True)),
    ],
)
def test_what_is_brief_or_in_nobodys_way_is_no_hazard(statement: Observed) -> None:
    assert hazards(statement) == []


@pytest.mark.parametrize("statement", [REWRITE, CHECK, INDEX])
def test_tables_that_nobody_uses_concern_nobody(statement: Observed) -> None:
    assert hazards(statement, concerned=False) == []


# --- Locks for nothing, and in the wrong order ---------------------------------------------


def test_truncate_blocks_everybody_until_the_transaction_ends() -> None:
    statement = seen("TRUNCATE documents", *CHECK.locks, emptied=("documents",))
    [found] = hazards(statement)
    assert found.rule == "table-emptied"
    assert found.blocks == "reads and writes of documents"
    assert found.for_whom == "everybody who reads or writes documents"
    assert found.why == (
        "TRUNCATE waits for everybody who uses documents and keeps all others waiting until the "
        "transaction ends; who reads with an older snapshot finds it empty, and undoing brings no "
        "row back."
    )
    new = seen("TRUNCATE new", lock("new", "AccessExclusive", is_new=True), emptied=("new",))
    assert hazards(new) == hazards(statement, concerned=False) == []


@pytest.mark.parametrize(
    ("mode", "blocks"),
    [("Exclusive", "writes to documents"), ("AccessExclusive", "reads and writes of documents")],
)
def test_lock_table_lasts_as_long_as_all_that_follows(mode: str, blocks: str) -> None:
    [found] = hazards(seen("LOCK documents", lock("documents", mode)))
    assert (found.rule, found.blocks) == ("table-locked", blocks)
    assert found.why == (
        "LOCK TABLE holds documents until the transaction ends, so it lasts as long as all that "
        "follows, and not only as long as a statement needs it."
    )
    inside = "DO $$ BEGIN LOCK TABLE documents; END $$"
    assert rules(seen(inside, lock("documents", mode))) == ["table-locked"]


def test_a_lock_that_lets_others_write_is_no_hazard() -> None:
    assert hazards(seen("LOCK documents IN ROW SHARE MODE", lock("documents", "RowShare"))) == []


KEYS = frozenset({("documents", "users")})
USERS = seen("ALTER TABLE users ADD a text", lock("users", "AccessExclusive"))


def test_a_table_that_is_locked_after_one_that_it_refers_to_invites_a_deadlock() -> None:
    [found] = hazards(USERS, ADD_COLUMN, keys=KEYS)
    assert (found.rule, found.relation) == ("locks-out-of-order", "documents")
    assert found.blocks == "reads and writes of documents and users"
    assert found.why == (
        "Whoever writes a row of documents locks documents first and then users, for its foreign "
        "key; here users is locked first. The two can wait for each other, until one of them is "
        "ended with 'deadlock detected' or by its lock_timeout."
    )


def test_a_list_of_tables_is_locked_from_its_beginning() -> None:
    locks = [lock(each, "AccessExclusive") for each in ("documents", "users")]
    truncate: dict[str, Any] = {"emptied": ("documents", "users")}
    one, other = (
        seen(f"TRUNCATE {a}, {b}", *locks, **truncate) for a, b in (*KEYS, ("users", "documents"))
    )
    assert rules(one, keys=KEYS) == ["table-emptied"]
    assert rules(other, keys=KEYS) == ["table-emptied", "locks-out-of-order"]


def test_locks_in_the_order_of_foreign_keys_or_of_other_transactions_are_fine() -> None:
    assert hazards(ADD_COLUMN, USERS, keys=KEYS) == []
    assert hazards(USERS, ADD_COLUMN) == []
    assert (
        hazards(
            USERS,
            seen(ADD_COLUMN.sql, *ADD_COLUMN.locks, operation="Next"),
            keys=KEYS,
            is_transaction=False,
        )
        == []
    )
    weak = seen("ALTER TABLE users …", lock("users", "ShareRowExclusive"))
    assert hazards(weak, ADD_COLUMN, keys=KEYS) == []


# --- The release that is still running -----------------------------------------------------


def broken(statement: str, things: dict[str, str | None], *, used: bool = True) -> list[Hazard]:
    """With these columns of documents changed, or the table: None where it goes."""
    after: dict[str, str] = dict(DOCUMENTS)
    for key, definition in things.items():
        thing = f"column documents.{key}" if key != "documents" else "table documents"
        after.pop(thing, None)
        if definition is not None:
            after[thing] = definition
    change = Change(
        before=DOCUMENTS,
        after=after,
        statements=[seen(statement)],
        used=DOCUMENTS if used else (),
    )
    return list(breaking(change))


@pytest.mark.parametrize(
    ("statement", "things", "rule"),
    [
        ("ALTER TABLE documents DROP COLUMN title", {"title": None}, "column-dropped"),
        (
            'ALTER TABLE "documents" RENAME COLUMN "title" TO "name"',
            {"title": None, "name": "text NOT NULL"},
            "column-renamed",
        ),
        ("DROP TABLE documents", {"documents": None}, "table-dropped"),
        ("ALTER TABLE documents RENAME TO papers", {"documents": None}, "table-renamed"),
        (
            "ALTER TABLE documents ALTER title TYPE bytea",
            {"title": "bytea NOT NULL"},
            "type-changed",
        ),
        (
            "ALTER TABLE documents ADD COLUMN a integer NOT NULL",
            {"a": "integer NOT NULL -- It has no DEFAULT value"},
            "not-null-without-default",
        ),
    ],
)
def test_what_the_running_release_uses_may_not_change_under_it(
    statement: str, things: dict[str, str | None], rule: str
) -> None:
    [found] = broken(statement, things)
    assert (found.rule, found.statement) == (rule, statement)
    assert found.for_whom == "the release that is still running"
    assert broken(statement, things, used=False) == []


@pytest.mark.parametrize(
    "things",
    [
        {"title": "character varying(90) NOT NULL"},
        {"a": "integer"},
        {"a": "integer NOT NULL DEFAULT 5"},
        {"a": "bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY"},
    ],
)
def test_what_it_does_not_notice_is_no_hazard(things: dict[str, str | None]) -> None:
    assert broken("ALTER TABLE documents …", things) == []


def test_a_view_serves_in_the_place_of_a_table() -> None:
    after = {"table papers": "TABLE", "view documents": "SELECT * FROM papers"}
    change = Change(before=DOCUMENTS, after=after, statements=[], used=DOCUMENTS)
    assert list(breaking(change)) == []


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("text", "text"),
        ('character varying(5) COLLATE "C" NOT NULL', "character varying(5)"),
        ("timestamp with time zone NOT NULL DEFAULT now()", "timestamp with time zone"),
        ("time without time zone STORAGE PLAIN", "time without time zone"),
        ("integer -- a comment WITH words", "integer"),
    ],
)
def test_the_type_stands_first_in_a_definition(definition: str, expected: str) -> None:
    assert type_of(definition) == expected


# --- Not one transaction -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "is_without_need"),
    [
        (["ALTER TABLE t ADD a int", "ALTER TABLE t DROP b"], True),
        ([], True),
        (["CREATE INDEX CONCURRENTLY i ON t (a)"], False),
        (["ALTER TABLE t ADD a int", "UPDATE t SET a = 1"], False),
        (["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID"], False),
        (["BEGIN; ALTER TABLE t ADD a int; COMMIT"], False),
    ],
)
def test_to_be_no_transaction_needs_a_reason(statements: list[str], is_without_need: bool) -> None:
    assert parted_without_need(statements) is is_without_need
