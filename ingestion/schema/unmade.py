"""Models that say more than the migrations do."""

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ProjectState

from ingestion.schema.project import Project


def unmade(project: Project) -> list[str]:
    """Labels of the apps for which `makemigrations` would make one. Asks no database."""
    written = project.state(project.graph.nodes.keys())
    changes = MigrationAutodetector(written, ProjectState.from_apps(apps)).changes(
        graph=project.graph
    )
    return sorted(changes)
