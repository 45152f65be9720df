"""What other apps do around a migration: content types, permissions and the like.

The signals are Django's, sent as its own `migrate` sends them: before and after each run, also one
with nothing to do.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db.migrations import Migration
from django.db.migrations.state import ModelState
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import module_has_submodule

from ingestion.schema.plan import Step
from ingestion.schema.project import Project

MigrationPlan = list[tuple[Migration, bool]]


def register_handlers() -> None:
    """Importing an app's `management` is how handlers register."""
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, "management"):
            import_module(".management", app.name)


def plan_of(project: Project, steps: Sequence[Step]) -> MigrationPlan:
    """As Django's signals have it: (migration, backwards?)."""
    return [(project.migration(step.key), step.backwards) for step in steps]


def send_before(project: Project, plan: MigrationPlan, **how: Any) -> None:
    emit_pre_migrate_signal(
        how["verbosity"],
        how["interactive"],
        project.connection.alias,
        stdout=how["stdout"],
        apps=project.state(project.visible()).apps,
        plan=plan,
    )


def send_after(project: Project, plan: MigrationPlan, **how: Any) -> None:
    emit_post_migrate_signal(
        how["verbosity"],
        how["interactive"],
        project.connection.alias,
        stdout=how["stdout"],
        apps=SimpleLazyObject(lambda: _registry(project)),
        plan=plan,
    )


def _registry(project: Project) -> Any:
    registry = project.state(project.applied).apps
    _render_again(registry)
    return registry


def _render_again(registry: Any) -> None:
    """Models of apps without migrations got no relations, for want of what they relate to."""
    models = [apps.get_model(each.app_label, each.name) for each in registry.real_models]
    if not any(field.is_relation for model in models for field in model._meta.local_fields):
        return
    with registry.bulk_update():
        for model in models:
            registry.unregister_model(model._meta.app_label, model._meta.model_name)
    registry.render_multiple([ModelState.from_model(model) for model in models])
