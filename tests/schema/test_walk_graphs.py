"""Any graph of migrations, walked up and down: what comes back is what was there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.schema.catalog import Catalog
from ingestion.schema.journal import replay
from ingestion.schema.models import JournalEntry

pytestmark = pytest.mark.slow

Migrate = Callable[..., str]
Parents = list[set[int]]
"""Of each migration, those before it that it needs."""

NOTHING: frozenset[Any] = frozenset()
OPERATIONS = [
    'migrations.CreateModel("T{number}", [("id", models.BigAutoField(primary_key=True))])',
    'migrations.AddField("T0", "c{number}", models.IntegerField(default=0))',
    'migrations.AddIndex("T0", models.Index(fields=["id"], name="i{number}"))',
]


@st.composite
def graphs(draw: st.DrawFn) -> Parents:
    """With branches, and merges; the last one needs all that nothing else needs."""
    parents: Parents = [set()]
    for number in range(1, draw(st.integers(3, 6))):
        parents.append(draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=2)))
    ends = set(range(len(parents))) - set().union(*parents)
    return [*parents, ends] if len(ends) > 1 else parents


def sources(parents: Parents) -> dict[str, str]:
    """All of them stand on the table that the first one makes."""
    return {
        f"{number:04}_step": (
            "from django.db import migrations, models\n"
            "class Migration(migrations.Migration):\n"
            f"    dependencies = {[('shop', f'{each:04}_step') for each in sorted(needs)]}\n"
            f"    operations = [{OPERATIONS[number % 3].format(number=number)}]\n"
        )
        for number, needs in enumerate(parents)
    }


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), st.lists(st.integers(-4, 4).filter(bool), max_size=4))
def test_the_same_migrations_are_the_same_catalogue_and_the_record_is_the_journals(
    story: Callable[..., None],
    write_app: Callable[..., Any],
    migrate: Migrate,
    applied: Callable[[], set[Any]],
    journal: Callable[[], list[JournalEntry]],
    catalog_now: Callable[[], Catalog],
    parents: Parents,
    moves: list[int],
) -> None:
    folder = write_app("shop", sources(parents)) / "migrations"
    story("shop")
    known: dict[frozenset[Any], Catalog] = {}

    def move(steps: int) -> None:
        try:
            migrate(f"{steps:+}", verbosity=0)
        except CommandError as refusal:  # there are not so many
            if "were asked for" not in str(refusal):
                raise
        now, found = frozenset(applied()), catalog_now()
        assert replay(journal()) == now
        assert known.setdefault(now, found) == found

    migrate("zero", verbosity=0)
    for steps in [*[1] * len(parents), *[-1] * len(parents), *moves]:
        move(steps)
    migrate("zero", verbosity=0)
    assert applied() == NOTHING
    for file in folder.glob("0*.py"):
        file.unlink()
