"""What the models are between two operations; their classes are made as they are asked for.

Django makes the classes of all models related to one that changes, for each operation again,
and most operations look at one model and at what it refers to.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, reduce
from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.contrib.postgres import operations as postgres
from django.core.checks.model_checks import (  # type: ignore[attr-defined]
    _check_lazy_references,
)
from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import AppConfigStub, ModelState, ProjectState, StateApps
from django.db.migrations.utils import resolve_relation
from django.db.models import Model
from django.utils.functional import cached_property

Key = tuple[str, str]
"""The label of an app, and the name of a model in lower case."""

# The exact types: what a subclass does, nobody knows.
_OF_ONE_MODEL: dict[type[Operation], str] = dict.fromkeys(
    [
        migrations.CreateModel,
        migrations.DeleteModel,
        migrations.AlterModelTable,
        migrations.AlterModelTableComment,
        migrations.AlterUniqueTogether,
        migrations.AlterIndexTogether,
        migrations.AlterOrderWithRespectTo,
        migrations.AlterModelOptions,
        migrations.AlterModelManagers,
    ],
    "name_lower",
) | dict.fromkeys(
    [
        migrations.AddField,
        migrations.RemoveField,
        migrations.AlterField,
        migrations.AddIndex,
        migrations.RemoveIndex,
        migrations.RenameIndex,
        migrations.AddConstraint,
        migrations.RemoveConstraint,
        migrations.AlterConstraint,
        postgres.AddIndexConcurrently,
        postgres.RemoveIndexConcurrently,
        postgres.AddConstraintNotValid,
    ],
    "model_name_lower",
)
_OF_REFERRING_MODELS_TOO = frozenset({migrations.RenameModel, migrations.RenameField})
_OF_NO_MODEL = frozenset(
    {
        postgres.CreateExtension,
        postgres.BloomExtension,
        postgres.BtreeGinExtension,
        postgres.BtreeGistExtension,
        postgres.CITextExtension,
        postgres.CryptoExtension,
        postgres.HStoreExtension,
        postgres.TrigramExtension,
        postgres.UnaccentExtension,
        postgres.CreateCollation,
        postgres.RemoveCollation,
        postgres.ValidateConstraint,
    }
)
_OF_COLUMNS_ONLY = frozenset(
    {
        migrations.AddIndex,
        migrations.RemoveIndex,
        migrations.RenameIndex,
        migrations.AddConstraint,
        migrations.RemoveConstraint,
        postgres.AddIndexConcurrently,
        postgres.RemoveIndexConcurrently,
        postgres.AddConstraintNotValid,
    }
)
_OF_OTHER_OPERATIONS = frozenset({migrations.SeparateDatabaseAndState, migrations.RunSQL})


def after(state: "State", app_label: str, operation: Operation) -> "State":
    """The state when the operation has run; the one before stays as it is.

    The two share the models that the operation does not touch: change neither in place.
    """
    kind = type(operation)
    if kind in _OF_OTHER_OPERATIONS:
        parts: list[Operation] = getattr(operation, "state_operations", [])
        return reduce(lambda reached, part: after(reached, app_label, part), parts, state)
    if kind is migrations.RunPython or kind in _OF_NO_MODEL:
        return state
    if kind in _OF_ONE_MODEL:
        reached = state.sharing_all_but((app_label, getattr(operation, _OF_ONE_MODEL[kind])))
    else:
        reached = state.clone()
        # Others may have been handed all classes, but their successors need not be.
        reached.is_whole = False
    operation.state_forwards(app_label, reached)
    return reached


def reads_few_models(operation: Operation) -> bool:
    """It finds what it needs by asking for it; any other may expect all classes to be there.

    Python that a migration runs does: `author.book_set` is made together with the book.
    """
    if type(operation) in _OF_OTHER_OPERATIONS:
        return all(map(reads_few_models, getattr(operation, "database_operations", [])))
    return (
        type(operation) in _OF_ONE_MODEL
        or type(operation) in _OF_NO_MODEL
        or type(operation) in _OF_REFERRING_MODELS_TOO
    )


@contextmanager
def lending(operation: Operation, *states: "State") -> Iterator[None]:
    """One class of the model serves for all its indexes and constraints in a row.

    They look at its columns and leave them as they are. Nobody else gets to see the class, which
    knows of no index or constraint that came later.
    """
    if type(operation) not in _OF_COLUMNS_ONLY:
        yield
        return
    lender = next((each.lender for each in states if each.lender), states[0])
    apps = lender.apps
    own = [each.__dict__.get("apps") for each in states]
    for each in states:
        each.lender = lender
        each.__dict__["apps"] = apps
    try:
        yield
    finally:
        for each, before in zip(states, own, strict=True):
            each.__dict__["apps"] = before
            if before is None:
                del each.__dict__["apps"]


class State(ProjectState):
    """Django's, with classes made on demand, and anew after it was changed."""

    def __init__(
        self,
        models: dict[Key, ModelState] | None = None,
        real_apps: set[str] | None = None,
        *,
        real_models: list[ModelState] | None = None,
    ) -> None:
        super().__init__(models, real_apps)
        self.real_models = _real_models(self.real_apps) if real_models is None else real_models
        self.is_whole = False
        self.lender: State | None = None
        """The one of the same columns whose classes `lending` hands out."""

    @cached_property
    def apps(self) -> "LazyApps":
        apps = LazyApps(self.real_apps, self.models, self.real_models)
        if self.is_whole:
            apps.render()
        return apps

    def render(self) -> None:
        """Make all classes, here and in every clone."""
        self.is_whole = True
        self.apps.render()

    def clear_delayed_apps_cache(self) -> None:
        """Django calls it before it hands all models to somebody."""
        self.render()

    def clone(self) -> "State":
        clone = self._with({key: model_state.clone() for key, model_state in self.models.items()})
        clone.is_whole = self.is_whole
        return clone

    def sharing_all_but(self, key: Key) -> "State":
        models = dict(self.models)
        if key in models:
            models[key] = models[key].clone()
        return self._with(models)

    def _with(self, models: dict[Key, ModelState]) -> "State":
        return State(models, self.real_apps, real_models=self.real_models)

    def remove_model(self, app_label: str, model_name: str) -> None:
        self._forget_classes()
        super().remove_model(app_label, model_name)

    def rename_field(self, app_label: str, model_name: str, old_name: str, new_name: str) -> None:
        # Django writes into the fields, which the state before and the operations have too.
        for model_state in self.models.values():
            for name, field in model_state.fields.items():
                if field.remote_field or hasattr(field, "field_names"):
                    model_state.fields[name] = copy.deepcopy(field)
        super().rename_field(app_label, model_name, old_name, new_name)

    def reload_model(self, app_label: str, model_name: str, delay: bool = False) -> None:
        self._forget_classes()

    def reload_models(self, models: Any, delay: bool = True) -> None:
        self._forget_classes()

    def _forget_classes(self) -> None:
        self.lender = None
        self.__dict__.pop("apps", None)


class LazyApps(StateApps):
    """Makes a class when it is asked for, with the bases and targets it needs to be whole.

    Whoever looks at all of them (Django does to find who refers to a model) finds all made.
    """

    def __init__(
        self, real_apps: set[str], models: dict[Key, ModelState], real_models: list[ModelState]
    ) -> None:
        self.real_models = real_models
        self._states = {(one.app_label, one.name_lower): one for one in real_models}
        self._states = models | self._states
        self._unmade = dict(self._states)
        self._complete: set[Key] = set()
        self._awaited: defaultdict[Key, set[Key]] = defaultdict(set)
        labels = sorted(real_apps | {label for label, _ in models})
        Apps.__init__(self, [_LazyApp(label) for label in labels])
        self._lock = None  # as in StateApps: they cannot be copied
        self.ready_event = None  # type: ignore[assignment]

    @property
    def all_models(self) -> dict[str, dict[str, type[Model]]]:
        if self.ready and self._unmade:
            self._make_rest()
        return self._made

    @all_models.setter
    def all_models(self, models: dict[str, dict[str, type[Model]]]) -> None:
        self._made = models

    def render(self) -> None:
        """Make all, and refuse references to nothing, as Django does."""
        _ = self.all_models
        if errors := _check_lazy_references(self):
            raise ValueError("\n".join(error.msg for error in errors))

    def made(self) -> list[type[Model]]:
        """Those there are by now."""
        return [model for models in self._made.values() for model in models.values()]

    def find(self, key: Key) -> type[Model] | None:
        """With all it needs; None where only a look at all of them can tell."""
        if not self.ready:  # another is being made, and this is a base of it
            self._make(key)
        elif key not in self._complete:
            with super().bulk_update():
                self._complete_model(key)
        return self._made[key[0]].get(key[1])

    def get_models(
        self, include_auto_created: bool = False, include_swapped: bool = False
    ) -> list[type[Model]]:
        # Django's own remembers its answers, for all registries in one place.
        return [
            model
            for app in self.app_configs.values()
            for model in app.get_models(include_auto_created, include_swapped)
        ]

    @contextmanager
    def bulk_update(self) -> Iterator[None]:
        _ = self.all_models
        with super().bulk_update():
            yield

    def clear_cache(self) -> None:
        # Django's own empties what it remembers of the classes in use, too.
        if self.ready:
            for model in self.made():
                model._meta._expire_cache()  # type: ignore[attr-defined]

    def lazy_model_operation(self, function: Callable[..., Any], *model_keys: Key) -> None:
        if len(model_keys) > 1:
            self._awaited[model_keys[0]].update(model_keys[1:])
        super().lazy_model_operation(function, *model_keys)

    def register_model(self, app_label: str, model: type[Model]) -> None:
        super().register_model(app_label, model)
        for field in model._meta.local_fields:
            relation: Any = field.remote_field
            if relation and isinstance(vars(relation).get("model"), str):
                relation.__class__ = _late(type(relation))  # type: ignore[arg-type]

    def _complete_model(self, key: Key) -> None:
        self._make(key)
        model = self._made[key[0]].get(key[1])
        if model is None or key in self._complete:
            return
        self._complete.add(key)
        for parent in model._meta.parents:
            self._complete_model(_key(parent))
        late = _targets(model._meta.local_fields)
        at_once = _targets(model._meta.local_many_to_many)
        for target in (self._awaited[key] - late) | at_once:
            self._make(target)
            if target[1] not in self._made[target[0]]:
                self._make_rest()  # it is made together with another model, or missing

    def _make(self, key: Key) -> None:
        model_state = self._unmade.pop(key, None)
        if model_state is None:
            return
        try:
            self.render_multiple([model_state])
        except BaseException:
            self._unmade[key] = model_state
            raise

    def _make_rest(self) -> None:
        with super().bulk_update():
            for key in list(self._unmade):
                self._make(key)
        self._sort()

    def _sort(self) -> None:
        """The order in which Django would have made them: it is the order of statements too."""
        places = {key: place for place, key in enumerate(self._states)}
        for models in self._made.values():
            ordered = sorted(
                models.items(),
                key=lambda item: places.get(_key(item[1]._meta.auto_created or item[1]), 0),
            )
            models.clear()
            models.update(ordered)


class _Late:
    """A reference that makes the class it refers to when this is read, and is plain again."""

    field: Any

    @property
    def model(self) -> type[Model] | str:
        apps = self.field.model._meta.apps
        target = _target(self.field)
        if apps.ready and target and apps.find(target) is None:
            _ = apps.all_models  # it is made together with another model, or missing
        model: type[Model] | str = vars(self)["model"]
        return model

    @model.setter
    def model(self, model: type[Model] | str) -> None:
        vars(self)["model"] = model
        self.__class__ = type(self).__bases__[1]


@cache
def _late(kind: Any) -> type:
    return type(kind.__name__, (_Late, kind), {})


class _LazyApp(AppConfigStub):
    apps: LazyApps

    def __init__(self, label: str) -> None:
        self.label = self.name = label

    @property
    def models(self) -> dict[str, type[Model]]:  # type: ignore[override]
        return self.apps.all_models[self.label]

    def import_models(self) -> None:
        pass

    def get_model(self, model_name: str, require_ready: bool = True) -> type[Model]:
        found = self.apps.find((self.label, model_name.lower()))
        return found or super().get_model(model_name, require_ready)


def _real_models(real_apps: set[str]) -> list[ModelState]:
    """Of the apps without migrations: Django leaves out what they refer to."""
    return [
        ModelState.from_model(model, exclude_rels=True)
        for label in real_apps
        for model in global_apps.get_app_config(label).get_models()
    ]


def _key(model: Any) -> Key:
    return model._meta.app_label, model._meta.model_name


def _targets(fields: Iterable[Any]) -> set[Key]:
    return {target for target in map(_target, fields) if target}


def _target(field: Any) -> Key | None:
    """What the field refers to, when the class of it is still to be made."""
    target = vars(field.remote_field).get("model") if field.remote_field else None
    return resolve_relation(target, *_key(field.model)) if isinstance(target, str) else None
