"""A target, a graph drawn by hand and what is applied → the steps, in order. No database."""

from collections.abc import Collection
from typing import Any

import pytest
from django.db import migrations
from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph

from ingestion.schema.errors import (
    Ambiguous,
    FileIsMissing,
    HasDependents,
    Irreversible,
    NeedsOthers,
    NoSuchMigration,
    StepsRunOut,
    UnreadableState,
)
from ingestion.schema.plan import (
    read_state,
    refuse_irreversible,
    resolve,
    steps_down,
    steps_up,
)
from ingestion.schema.targets import read_target

Key = tuple[str, str]

LINE = {"shop.1": "", "shop.2": "shop.1", "shop.3": "shop.2"}
# Two branches and their merge.
DIAMOND = {
    "shop.root": "",
    "shop.a1": "shop.root",
    "shop.a2": "shop.a1",
    "shop.b1": "shop.root",
    "shop.b2": "shop.b1",
    "shop.merge": "shop.a2 shop.b2",
}
# A library between two migrations of ours.
SANDWICH = {"shop.1": "", "lib.1": "shop.1", "shop.2": "lib.1", "shop.3": "shop.2"}


def key(name: str) -> Key:
    app, _, rest = name.partition(".")
    return app, rest


def draw(parents: dict[str, str]) -> MigrationGraph:
    graph = MigrationGraph()
    for name in parents:
        graph.add_node(key(name), Migration(key(name)[1], key(name)[0]))
    for name, needs in parents.items():
        for parent in needs.split():
            graph.add_dependency(graph.nodes[key(name)], key(name), key(parent))
    return graph


def to(
    words: str,
    parents: dict[str, str],
    applied: str = "",
    *,
    own: Collection[str] = ("shop",),
) -> str:
    """The steps there as +app.name and -app.name; `applied` is in order."""
    app, name = [*words.split(), None, None][:2]
    steps = resolve(
        read_target(app, name, apps={"shop", "lib", "depot"}),
        graph=draw(parents),
        applied={key(word): number for number, word in enumerate(applied.split())},
        own=own,
    )
    return " ".join(f"{'-' if step.backwards else '+'}{step}" for step in steps)


@pytest.mark.parametrize(
    ("words", "applied", "steps"),
    [
        ("head", "", "+shop.1 +shop.2 +shop.3"),
        ("head", "shop.1 shop.2", "+shop.3"),
        ("head", "shop.1 shop.2 shop.3", ""),
        ("zero", "shop.1 shop.2", "-shop.2 -shop.1"),
        ("zero", "", ""),
        ("+1", "", "+shop.1"),
        ("+3", "", "+shop.1 +shop.2 +shop.3"),
        ("-1", "shop.1 shop.2", "-shop.2"),
        ("-2", "shop.1 shop.2", "-shop.2 -shop.1"),
        ("shop +2", "shop.1", "+shop.2 +shop.3"),
        ("shop -1", "shop.1 shop.2", "-shop.2"),
        ("shop head", "shop.1 shop.2", "+shop.3"),
        ("shop zero", "shop.1", "-shop.1"),
        ("shop 2", "", "+shop.1 +shop.2"),
        ("shop 1", "shop.1 shop.2 shop.3", "-shop.3 -shop.2"),
        ("shop 2", "shop.1 shop.2", ""),
    ],
)
def test_it_takes_the_steps_to_the_target(words: str, applied: str, steps: str) -> None:
    assert to(words, LINE, applied) == steps


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ("-1", "-shop.merge"),
        ("-2", "-shop.merge -shop.a2"),
        ("-3", "-shop.merge -shop.a2 -shop.b2"),
        ("-5", "-shop.merge -shop.a2 -shop.b2 -shop.a1 -shop.b1"),
        ("shop a2", "-shop.merge"),
        ("shop a1", "-shop.merge -shop.a2"),
        ("shop root", "-shop.merge -shop.a2 -shop.a1 -shop.b2 -shop.b1"),
    ],
)
def test_a_merge_is_undone_branch_by_branch_as_it_was_applied(words: str, steps: str) -> None:
    as_applied = "shop.root shop.b1 shop.a1 shop.b2 shop.a2 shop.merge"
    assert to(words, DIAMOND, as_applied) == steps


def test_the_other_branch_stays_whole_when_one_was_applied_after_the_other() -> None:
    as_applied = "shop.root shop.a1 shop.a2 shop.b1 shop.b2 shop.merge"
    assert to("-3", DIAMOND, as_applied) == "-shop.merge -shop.b2 -shop.b1"


def test_what_needs_one_goes_before_it_whatever_the_record_says() -> None:
    assert to("-2", LINE, "shop.3 shop.2 shop.1") == "-shop.3 -shop.2"


def test_a_step_on_brings_what_it_needs_from_a_library() -> None:
    assert to("+2", SANDWICH) == "+shop.1 +lib.1 +shop.2"


def test_steps_without_an_app_leave_libraries_alone() -> None:
    graph = {"shop.1": "", "lib.1": ""}
    assert to("-1", graph, "shop.1 lib.1") == "-shop.1"
    with pytest.raises(StepsRunOut):
        to("-2", graph, "shop.1 lib.1")


def test_a_library_is_touched_by_name() -> None:
    assert to("lib -1", {"shop.1": "", "lib.1": ""}, "lib.1 shop.1") == "-lib.1"


def test_steps_without_an_app_count_in_all_of_ours() -> None:
    graph = {"shop.1": "", "depot.1": "", "shop.2": "shop.1"}
    as_applied = "depot.1 shop.1 shop.2"
    assert to("-2", graph, "shop.1 depot.1 shop.2", own={"shop", "depot"}) == "-shop.2 -depot.1"
    assert to("-3", graph, as_applied, own={"shop", "depot"}) == "-shop.2 -shop.1 -depot.1"


@pytest.mark.parametrize("words", ["-3", "shop -3", "shop -1"])
def test_a_number_refuses_what_others_need_and_names_them(words: str) -> None:
    graph = {"shop.1": "", "shop.2": "shop.1", "shop.3": "shop.2", "lib.1": "shop.3"}
    with pytest.raises(HasDependents) as refusal:
        to(words, graph, "shop.1 shop.2 shop.3 lib.1")
    assert str(refusal.value) == (
        "shop.3 cannot be undone alone: lib.1 needs it. Undo what depends on it first, or name a "
        "target of shop, which takes that along: manage.py migrate shop 2"
    )


@pytest.mark.parametrize("words", ["shop zero", "zero"])
def test_zero_takes_dependents_along_first(words: str) -> None:
    assert to(words, SANDWICH, "shop.1 lib.1 shop.2") == "-shop.2 -lib.1 -shop.1"


def test_a_name_takes_dependents_along_first() -> None:
    graph = {"shop.1": "", "shop.2": "shop.1", "lib.1": "shop.2", "lib.2": "lib.1"}
    assert to("shop 1", graph, "shop.1 shop.2 lib.1 lib.2") == "-lib.2 -lib.1 -shop.2"


@pytest.mark.parametrize(
    ("words", "applied", "sentence"),
    [
        (
            "+2",
            "shop.1 shop.2",
            "The project has only 1 migration(s) to apply, and 2 were asked for. "
            "Apply all of them with: manage.py migrate head",
        ),
        (
            "+1",
            "shop.1 shop.2 shop.3",
            "The project has no migration to apply, and 1 were asked for. "
            "See where it stands with: manage.py schema status",
        ),
        (
            "shop -99",
            "shop.1",
            "shop has only 1 migration(s) to undo, and 99 were asked for. "
            "Undo all of them with: manage.py migrate shop zero",
        ),
    ],
)
def test_it_refuses_more_steps_than_there_are(words: str, applied: str, sentence: str) -> None:
    with pytest.raises(StepsRunOut) as refusal:
        to(words, LINE, applied)
    assert str(refusal.value) == sentence


def test_it_refuses_to_undo_what_has_no_file() -> None:
    with pytest.raises(FileIsMissing) as refusal:
        to("-1", LINE, "shop.1 shop.gone")
    assert str(refusal.value) == (
        "shop.gone is applied, and its file is not here. Go to the branch that has the file and "
        "undo it there, or, if its changes are to stay, forget it with: manage.py migrate shop "
        "--prune"
    )


def test_a_file_that_is_missing_further_back_is_no_hindrance() -> None:
    assert to("-1", LINE, "shop.gone shop.1") == "-shop.1"


def test_a_prefix_stands_for_the_only_name_that_begins_so() -> None:
    assert to("shop m", DIAMOND, "shop.root shop.a1 shop.a2 shop.b1 shop.b2") == "+shop.merge"


def test_a_whole_name_is_not_the_beginning_of_another() -> None:
    assert to("shop 1", {"shop.1": "", "shop.1_more": "shop.1"}) == "+shop.1"


def test_it_refuses_a_prefix_of_two() -> None:
    with pytest.raises(Ambiguous) as refusal:
        to("shop a", DIAMOND)
    assert str(refusal.value) == (
        "2 migrations of shop begin with 'a'. Write more of the name: a1, a2"
    )


def test_it_refuses_a_prefix_of_none() -> None:
    with pytest.raises(NoSuchMigration) as refusal:
        to("shop 9", LINE)
    assert str(refusal.value) == "No migration of shop begins with '9'. There are: 1, 2, 3"


def test_what_goes_back_up_needs_its_parents() -> None:
    graph = draw(LINE)
    steps_up([key("shop.2"), key("shop.3")], graph=graph, applied={key("shop.1")})
    with pytest.raises(NeedsOthers) as refusal:
        steps_up([key("shop.3")], graph=graph, applied={key("shop.1")})
    assert str(refusal.value) == (
        "shop.3 cannot be applied alone: it needs shop.2. "
        "Apply it with what it needs: manage.py migrate shop 3"
    )


def test_what_goes_down_goes_with_all_that_need_it() -> None:
    graph, applied = draw(LINE), {key("shop.1"), key("shop.2")}
    steps_down([key("shop.2"), key("shop.1")], graph=graph, applied=applied)
    with pytest.raises(HasDependents):
        steps_down([key("shop.1")], graph=graph, applied=applied)


def test_what_alembic_calls_base_is_zero() -> None:
    with pytest.raises(NoSuchMigration) as refusal:
        to("shop base", LINE)
    assert str(refusal.value) == (
        "No migration of shop begins with 'base'. Alembic's base is: manage.py migrate shop zero"
    )


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("zero", ""),
        ("head", "shop.1 lib.1 shop.2 shop.3"),
        ("shop:1", "shop.1 lib.1"),
        ("shop.2", "shop.1 lib.1 shop.2"),
        ("lib:1", "shop.1 lib.1 shop.2 shop.3"),
        ("lib:zero", "shop.1"),
        ("shop:1, lib:1", "shop.1 lib.1"),
    ],
)
def test_it_reads_a_state(text: str, state: str) -> None:
    assert read_state(text, graph=draw(SANDWICH)) == {key(name) for name in state.split()}


def test_it_refuses_a_state_that_contradicts_itself() -> None:
    with pytest.raises(UnreadableState, match=r"it needs lib\.1, and leaves it out\."):
        read_state("shop:2, lib:zero", graph=draw(SANDWICH))


def test_it_refuses_a_state_without_a_name() -> None:
    with pytest.raises(UnreadableState) as refusal:
        read_state("shop", graph=draw(SANDWICH))
    assert str(refusal.value) == (
        "The state 'shop' cannot be read: 'shop' has no app and name. "
        "Write zero, head, or APP:NAME with commas between."
    )


def of(*operations: Any) -> Migration:
    kind: type[Migration] = type("Migration", (Migration,), {"operations": list(operations)})
    return kind("0001", "shop")


ONE_WAY = migrations.RunSQL("SELECT 1")


@pytest.mark.parametrize(
    ("operation", "described"),
    [
        (ONE_WAY, "Raw SQL operation"),
        (migrations.RunPython(lambda *_: None), "Raw Python operation"),
        (
            migrations.SeparateDatabaseAndState(database_operations=[ONE_WAY]),
            "Raw SQL operation",
        ),
        (
            migrations.SeparateDatabaseAndState(
                [migrations.SeparateDatabaseAndState(database_operations=[ONE_WAY])]
            ),
            "Raw SQL operation",
        ),
    ],
)
def test_it_names_what_has_no_way_back(operation: Any, described: str) -> None:
    with pytest.raises(Irreversible) as refusal:
        refuse_irreversible([of(operation)])
    assert str(refusal.value) == (
        f"Nothing was touched: there is no way back from shop.0001 ({described}). "
        "Give the operation a reverse (reverse_code, reverse_sql), or restore a backup."
    )


def test_what_changes_only_the_state_has_a_way_back() -> None:
    refuse_irreversible([of(migrations.SeparateDatabaseAndState(state_operations=[ONE_WAY]))])
