"""Which migrations of this release the database does not have yet."""

from functools import cache

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def pending_migrations() -> list[tuple[str, str]]:
    """(app, name) of each, sorted. Asks the database."""
    return sorted(_expected() - set(MigrationRecorder(connection).applied_migrations()))


@cache
def _expected() -> frozenset[tuple[str, str]]:
    """The migrations of this release; its files do not change while it runs."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def sentence(pending: list[tuple[str, str]]) -> str:
    app, name = pending[0]
    return f"{len(pending)} migration(s) are pending, {app}.{name} first. Run: manage.py migrate"
