"""`makemigrations` that also keeps `max_migration.txt`, where two branches conflict in git."""

from typing import Any

from django.core.management.base import CommandError
from django_linear_migrations.management.commands import makemigrations


class Command(makemigrations.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # A check refuses what --merge is there to mend.
        if options["merge"]:
            options["skip_checks"] = True
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            error.returncode = 2  # 1 says that there is something to see: --check, by itself
            raise
