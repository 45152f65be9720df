"""`--fake-initial`: first migrations whose tables are there already are only recorded."""

from collections.abc import Sequence
from dataclasses import replace

from django.db.migrations.executor import MigrationExecutor

from ingestion.schema.operations import state_after
from ingestion.schema.plan import Step
from ingestion.schema.project import Project


def already_there(project: Project, steps: Sequence[Step]) -> list[Step]:
    """The steps, with those fake that Django finds to be applied: it looks at names only."""
    judge = MigrationExecutor(project.connection)
    state = project.state(project.visible())
    found: list[Step] = []
    for step in steps:
        if not step.backwards:
            migration = project.migration(step.key)
            is_there, _ = judge.detect_soft_applied(state, migration)
            step = replace(step, fake=step.fake or is_there)  # noqa: PLW2901
            state = state_after(migration, state)
        found.append(step)
    return found
