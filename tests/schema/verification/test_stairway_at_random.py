"""Whatever the models are like: of what Django writes for them only what it drops is told."""

from collections.abc import Callable, Iterator
from random import Random

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.limits import limits
from ingestion.schema.origin import origin
from ingestion.schema.sources import own_apps
from ingestion.schema.verification.stairway import stairway
from tests.schema.conftest import Use, WriteApp
from tests.schema.random_models import first, following, source

pytestmark = pytest.mark.slow
WriteModels = Callable[[dict[str, str]], None]


@pytest.fixture
def write_models(write_app: WriteApp, story: Use) -> Iterator[WriteModels]:
    """write_models({app: source}): installed, with a migration that makes them."""
    written: set[str] = set()

    def write(sources: dict[str, str]) -> None:
        _forget(written)
        for app, text in sources.items():
            (write_app(app) / "models.py").write_text(text)
        written.update(sources)
        story(*sources)
        call_command("makemigrations", *sources, interactive=False, verbosity=0)

    yield write
    _forget(written)


def _forget(labels: set[str]) -> None:
    for label in labels:
        apps.all_models.pop(label, None)
    apps.clear_cache()


def test_of_random_models_nothing_is_found_but_what_they_drop(
    own_database: DatabaseWrapper, write_models: WriteModels
) -> None:
    randoms = {f"app{number}": Random(number) for number in range(100, 108)}
    models = {app: first(random) for app, random in randoms.items()}
    write_models({app: source(app, models[app]) for app in randoms})
    later = {app: following(random, models[app]) for app, random in randoms.items()}
    write_models({app: source(app, later[app]) for app in randoms})
    walk = stairway(connection, origin=origin(), limits=limits(), own=own_apps(), seeds={})
    assert walk.notes == []
    assert walk.findings
    assert {each.rule for each in walk.findings} == {"data-loss"}
    assert all(" drops the values of " in each.says for each in walk.findings)
