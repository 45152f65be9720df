"""All migrations in one walk are in the order in which the plans of the leaves have them."""

from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph
from hypothesis import given
from hypothesis import strategies as st

from ingestion.schema.plan import full_order


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 30))), max_size=30))
def test_the_order_is_that_of_the_plans_of_the_leaves(shape: list[tuple[str, set[int]]]) -> None:
    graph = MigrationGraph()
    keys = [(app, f"{number:04}") for number, (app, _) in enumerate(shape)]
    for number, (key, (_, before)) in enumerate(zip(keys, shape, strict=True)):
        graph.add_node(key, Migration(key[1], key[0]))
        for parent in sorted(before):
            if parent < number:
                graph.add_dependency(None, key, keys[parent])
    plans = [key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf)]
    assert full_order(graph) == list(dict.fromkeys(plans))
