"""The migrations on disk as they are laid out where other ones are applied than here."""

from collections.abc import Collection
from typing import Any

from django.db.migrations.loader import MigrationLoader

from ingestion.schema.plan import Key


class SupposingLoader(MigrationLoader):
    """Django's, that believes these to be applied and asks no database."""

    def __init__(self, supposed: Collection[Key], *, replace: bool = True) -> None:
        self.supposed = supposed
        super().__init__(None, replace_migrations=replace)

    @property
    def applied_migrations(self) -> dict[Key, Any]:
        return self._applied

    @applied_migrations.setter
    def applied_migrations(self, _: object) -> None:
        """Where it builds the graph, Django sets here what the database has."""
        self._applied: dict[Key, Any] = dict.fromkeys(self.supposed)
