"""Models that say more than the migrations do."""

from django.apps import apps
from django.conf import settings
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ProjectState

from ingestion.schema.project import Project
from ingestion.schema.sources import own_apps


def unmade(project: Project) -> dict[str, list[str]]:
    """Apps for which `makemigrations` would make one, and what it would do. Asks no database."""
    written = project.state(project.graph.nodes.keys())
    changes = MigrationAutodetector(written, ProjectState.from_apps(apps)).changes(
        graph=project.graph
    )
    return {
        app: [
            operation.describe() for migration in changes[app] for operation in migration.operations
        ]
        for app in sorted(changes)
    }


def without_any(project: Project) -> set[str]:
    """Apps of the project with tables to make and no migrations; `makemigrations` skips them."""
    return {app for app in project.loader.unmigrated_apps & own_apps() if _has_tables(app)}


def _has_tables(app: str) -> bool:
    if settings.MIGRATION_MODULES.get(app, "") is None:  # it is to have none
        return False
    models = apps.get_app_config(app).get_models()
    return any(model._meta.managed and not model._meta.proxy for model in models)
