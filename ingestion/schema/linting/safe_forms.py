"""What to do instead of an operation that blocks: migration files that are ready to paste.

Each ends in the same tables. Where Django has an operation for it, that one is used; else the
operation stays as it is for the models, and SQL that blocks nobody does it in the database.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    RemoveIndex,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, CheckConstraint, Field
from django.db.models.functions import Now
from django.utils import timezone

from ingestion.schema.catalog import name
from ingestion.schema.linting import hazards
from ingestion.schema.linting.migration_files import File, moved_python, new_file, run_sql, slug
from ingestion.schema.linting.place import Place, SafeForm, changed, put_where, replaced
from ingestion.schema.linting.release_forms import for_release
from ingestion.schema.linting.safe_sql import softened
from ingestion.schema.linting.type_change import (
    ADVICE,
    BY_ANOTHER_NAME,
    OF_A_KEY,
    Column,
    TypeChange,
    order,
)
from ingestion.schema.statements import names


def safe_form(place: Place) -> SafeForm:
    """For the operation as a whole: whatever was found of it is cured by the same files."""
    rules = place.rules
    if hazards.DATA_MOVED in rules and isinstance(place.operation, RunPython | RunSQL):
        return _apart(place)
    if hazards.NOT_NULL in rules and isinstance(place.operation, AddField):
        return _with_default(place, place.operation)
    if rules & {hazards.REWRITTEN, hazards.TYPE_CHANGED} and isinstance(
        place.operation, AlterField
    ):
        return _new_type(place, place.operation)
    return (for_release(place) if rules - hazards.BLOCKING else None) or _beside(place)


# --- Beside the traffic --------------------------------------------------------------------

CONCURRENTLY = "Build it concurrently, which cannot be in a transaction."
IN_STEPS = (
    "Do it in steps that block nobody, each in a transaction of its own; the models get the same."
)
NOT_VALID = (
    "Add it as NOT VALID, which looks at new rows only, and validate it in the next migration, "
    "which reads the old ones and blocks nobody."
)
NO_WAY = (
    "PostgreSQL has no way to do this beside the traffic. Do it at a quiet hour, and say so: "
    'lint_waivers = {"%s": "…"}'
)


def _beside(place: Place) -> SafeForm:
    match place.operation:
        case AddIndex(model_name=model, index=index):
            operation = AddIndexConcurrently(model_name=model, index=index)
            return replaced(place, CONCURRENTLY, [operation], atomic=False)
        case RemoveIndex(model_name=model, name=name):
            removal = RemoveIndexConcurrently(model_name=model, name=name)
            return replaced(place, CONCURRENTLY, [removal], atomic=False)
        case AddConstraint(model_name=model, constraint=CheckConstraint() as constraint):
            return replaced(
                place,
                NOT_VALID,
                [AddConstraintNotValid(model_name=model, constraint=constraint)],
                [ValidateConstraint(model_name=model, name=constraint.name)],
            )
    return _by_sql(place, place.operation, place.forwards, place.backwards)


def _by_sql(
    place: Place,
    operation: Operation,
    forwards: Sequence[str],
    backwards: Sequence[str] | None,
) -> SafeForm:
    soft = _softened(place, forwards)
    soft_back = None if backwards is None else _softened(place, backwards)
    if [*soft, *(soft_back or ())] == [*forwards, *(backwards or ())]:
        return SafeForm(NO_WAY % min(place.rules))
    instead = run_sql(soft, soft_back, _state_operations(operation))
    return replaced(place, IN_STEPS, [instead], atomic=False)


def _softened(place: Place, sqls: Sequence[str]) -> list[str]:
    def keeps_type(table: str, column: str) -> bool:
        thing = f"column {name(*names(table), *names(column))}"
        known = [things.get(thing) for things in (place.things_before, place.things_after)]
        was, became = (each and Column.read(each).type for each in known)
        return was == became

    return softened(
        sqls, is_rewritten=place.is_rewritten, name_of=place.name_of, keeps_type=keeps_type
    )


def _state_operations(operation: Operation) -> list[Operation]:
    if isinstance(operation, RunSQL | SeparateDatabaseAndState):
        return list(operation.state_operations)
    return [operation]


def _apart(place: Place) -> SafeForm:
    """Rows are moved in a migration of their own, which holds no other locks."""
    operation, before = place.operation, place.migration.name
    advice = (
        "Move the rows in a migration of its own, whose transaction holds no other locks; what "
        "needs the moved rows goes into a third one."
    )
    where = put_where(place, [], before, is_last=False)
    name, needs = f"{place.next_number:04}_{slug(operation)}", (place.app, before)
    if isinstance(operation, RunPython):
        moved = moved_python(name, operation, place.migration, needs=needs, when=where)
        return SafeForm(advice, (moved,) if moved else ())
    return SafeForm(advice, (new_file(name, [operation], needs=[needs], when=where),))


# --- For the release that is still running -------------------------------------------------


def _with_default(place: Place, operation: AddField) -> SafeForm:
    """A default in the database; where none can be told, without a value at first."""
    default = _constant(operation.field)
    if default is NOT_PROVIDED:
        advice = (
            "Let it be empty at first, in the model too: null=True. When the old release is gone "
            "everywhere, fill it in batches and take that away again."
        )
        chosen = changed(operation.field, null=True)
    else:
        advice = "Give it a default in the database too, and say so in the model: db_default."
        chosen = changed(operation.field, db_default=default)
    instead = AddField(operation.model_name, operation.name, chosen, operation.preserve_default)
    if not place.rules & hazards.BLOCKING:
        return replaced(place, advice, [instead])
    reached = place.before.clone()
    instead.state_forwards(place.app, reached)
    forwards = place.collect(instead, place.before, reached)
    form = _by_sql(place, instead, forwards, place.backwards)
    return SafeForm(f"{advice} {form.advice}", form.files)


def _constant(of: Field) -> Any:
    """The default as the database can have it."""
    default = of.default
    if default is timezone.now:
        return Now()
    if isinstance(default, type) and default.__module__ == "builtins":
        return default()
    return NOT_PROVIDED if callable(default) else default


def _new_type(place: Place, operation: AlterField) -> SafeForm:
    model = place.model(operation.model_name)
    column = model._meta.get_field(operation.name).column
    change = TypeChange(
        f'"{model._meta.db_table}"', column, place.things_before, place.things_after
    )
    if hazards.TYPE_CHANGED in place.rules:
        return SafeForm(BY_ANOTHER_NAME)
    if hazards.REWRITTEN not in place.rules_forwards:
        return SafeForm(NO_WAY % min(place.rules))
    return SafeForm(OF_A_KEY) if change.is_key else _four_files(place, change)


def _four_files(place: Place, change: TypeChange) -> SafeForm:
    files: list[File] = []
    states = [place.operation]
    number, before = place.next_number, place.migration.name
    for what, sql in order(change):
        takes_place = place.is_alone and not files
        name = before if takes_place else f"{number:04}_{what}_{change.column}"
        files.append(
            new_file(
                name,
                [run_sql(sql.forwards, sql.backwards, states if what == "swap" else [])],
                needs=list(place.migration.dependencies) if takes_place else [(place.app, before)],
                when=put_where(place, files, before, is_last=what == "drop"),
                atomic=not any("COMMIT;" in s for s in [*sql.forwards, *sql.backwards]),
            )
        )
        number, before = number + (not takes_place), name
    if any(each.kind == "constraint" for each in change.made):
        files[2] = files[2].waiving({"renaming-object": "No query names a constraint."})
    files[3] = files[3].waiving({"ban-drop-function": "Only the trigger has called it."})
    return SafeForm(ADVICE, tuple(files))
