"""Whatever the models are like: a database that migrations alone have changed has no drift."""

import json
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.schema.conftest import forget_models
from tests.schema.random_models import first, following, source

pytestmark = pytest.mark.slow

Use = Callable[..., Any]
BATCH = 20


@pytest.fixture
def write_models(write_app: Use, story: Use) -> Use:
    """write_models({app: source}): installed, with a migration that makes them."""
    written: set[str] = set()

    def write(sources: dict[str, str]) -> None:
        written.update(sources)
        forget_models(written)
        for app, text in sources.items():
            folder: Path = write_app(app)
            (folder / "models.py").write_text(text)
        story(*sources)
        call_command("makemigrations", *sources, interactive=False, verbosity=0)

    return write


@pytest.mark.parametrize("batch", range(5))
def test_of_a_hundred_random_graphs_of_models_none_drifts(
    write_models: Use, migrate: Use, batch: int
) -> None:
    randoms = {
        f"app{number}": Random(number) for number in range(BATCH * batch, BATCH * (batch + 1))
    }
    models = {app: first(random) for app, random in randoms.items()}
    write_models({app: source(app, models[app]) for app in randoms})
    migrate(verbosity=0)
    later = {app: following(random, models[app]) for app, random in randoms.items()}
    write_models({app: source(app, later[app]) for app in randoms})
    migrate(verbosity=0)
    assert drift() == []
    migrate(f"-{BATCH // 2}", verbosity=0)
    migrate(verbosity=0)
    assert drift() == []
    with connection.cursor() as cursor:  # which it would see
        cursor.execute("ALTER TABLE django_content_type ADD stranger text")
    assert [each["what"] for each in drift()] == ["column django_content_type.stranger"]


def drift() -> Any:
    said = StringIO()
    with suppress(SystemExit):
        call_command("schema", "drift", "--json", stdout=said)
    return json.loads(said.getvalue())["differences"]
