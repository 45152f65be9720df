"""Which migrations a database seems to have, told from what each of them makes."""

from collections.abc import Mapping
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from ingestion.schema.nearest import Changes, closure, nearest
from ingestion.schema.plan import Key

A1, A2, A3 = ("a", "0001"), ("a", "0002"), ("a", "0003")
B1, B2 = ("b", "0001"), ("b", "0002")
CHAIN = {A1: [], A2: [A1], A3: [A2]}


def adds(*things: str) -> Changes:
    return dict.fromkeys(things, (None, "it"))


def has(*things: str) -> dict[str, str]:
    return dict.fromkeys(things, "it")


def test_it_stops_where_the_things_stop() -> None:
    made = {A1: adds("table a"), A2: adds("table b"), A3: adds("table c")}
    assert nearest(made, CHAIN, has("table a", "table b")) == {A1, A2}


def test_nothing_is_applied_where_nothing_is() -> None:
    assert nearest({A1: adds("table a"), A2: {}}, {A1: [], A2: [A1]}, {}) == set()


def test_what_is_gone_again_is_made_out_by_what_took_its_place() -> None:
    renamed: Changes = {"table a": ("it", None), "table b": (None, "it")}
    made = {A1: adds("table a"), A2: renamed}
    assert nearest(made, {A1: [], A2: [A1]}, has("table b")) == {A1, A2}


def test_one_of_two_branches_is_enough() -> None:
    made = {A1: adds("table a"), A2: adds("table b"), A3: adds("table c")}
    assert nearest(made, {A1: [], A2: [A1], A3: [A1]}, has("table a", "table c")) == {A1, A3}


def test_one_without_a_sign_is_taken_with_those_around_it() -> None:
    made = {A1: adds("table a"), A2: {}, A3: adds("table c")}
    assert nearest(made, CHAIN, has("table a")) == {A1, A2}


def test_one_without_a_sign_is_not_taken_when_all_others_of_its_app_are_missing() -> None:
    made = {A1: {}, A2: adds("table a"), B1: adds("table b")}
    assert nearest(made, {A1: [], A2: [A1], B1: []}, has("table b")) == {B1}


def test_one_without_a_sign_is_taken_when_another_app_needs_it() -> None:
    made = {A1: {}, A2: adds("table a"), B1: adds("table b")}
    assert nearest(made, {A1: [], A2: [A1], B1: [A1]}, has("table b")) == {A1, B1}


def test_an_app_without_any_sign_is_taken_with_the_others() -> None:
    made = {A1: {}, A2: {}, B1: adds("table b")}
    assert nearest(made, {A1: [], A2: [A1], B1: []}, has("table b")) == {A1, A2, B1}


def test_a_table_with_one_thing_missing_is_nearer_than_no_table() -> None:
    made = {A1: adds("table a", "column a.id", "column a.title")}
    assert nearest(made, {A1: []}, has("table a", "column a.id")) == {A1}


def test_it_copes_with_thousands() -> None:
    keys = [("a", f"{number:04}") for number in range(3000)]
    needs = {key: keys[max(0, n - 1) : n] for n, key in enumerate(keys)}
    made = {key: adds(f"table {key[1]}") for key in keys}
    found = has(*(f"table {name}" for _, name in keys[:2000]))
    assert nearest(made, needs, found) == set(keys[:2000])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[Key, int], dict[Key, list[Key]]]:
    keys = [("a", f"{number}") for number in range(draw(st.integers(1, 7)))]
    weights = {key: draw(st.integers(-4, 4)) for key in keys}
    needs = {
        key: draw(st.lists(st.sampled_from(keys[:n]), unique=True)) if n else []
        for n, key in enumerate(keys)
    }
    return weights, needs


@given(graphs())
def test_no_set_with_all_it_needs_has_a_larger_sum(
    graph: tuple[dict[Key, int], dict[Key, list[Key]]],
) -> None:
    weights, needs = graph

    def worth(some: tuple[Key, ...]) -> tuple[int, int]:
        return sum(weights[key] for key in some), len(some)

    every = chain.from_iterable(combinations(weights, size) for size in range(len(weights) + 1))
    best = max((some for some in every if is_whole(some, needs)), key=worth)
    assert closure(weights, needs) == set(best)


def is_whole(some: tuple[Key, ...], needs: Mapping[Key, list[Key]]) -> bool:
    return all(other in some for key in some for other in needs[key])
