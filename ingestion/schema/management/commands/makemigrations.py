"""`makemigrations` that also keeps `max_migration.txt`, where two branches conflict in git."""

from typing import Any

from django_linear_migrations.management.commands import makemigrations


class Command(makemigrations.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # A check refuses what --merge is there to mend.
        if options["merge"]:
            options["skip_checks"] = True
        return super().execute(*args, **options)
