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

from ingestion.schema.linting import hazards
from ingestion.schema.linting.computed import ADVICE as ADVICE_COMPUTED
from ingestion.schema.linting.computed import Computed, as_ordinary
from ingestion.schema.linting.migration_files import File, moved_python, new_file, run_sql, slug
from ingestion.schema.linting.no_way import no_way
from ingestion.schema.linting.place import Place, SafeForm, changed, put_where, replaced
from ingestion.schema.linting.release_forms import for_release
from ingestion.schema.linting.safe_sql import apart, left_required, softened
from ingestion.schema.linting.type_change import (
    ADVICE,
    BY_ANOTHER_NAME,
    OF_A_KEY,
    TypeChange,
    order,
)
from ingestion.schema.statements import quoted, table_of


def safe_form(place: Place) -> SafeForm:
    """For the operation as a whole: whatever was found of it is cured by the same files."""
    rules = place.rules
    if rules == {hazards.OUT_OF_ORDER}:
        return _in_order(place)
    if rules & {hazards.LOCKED, hazards.EMPTIED}:
        return _unlocked(place)
    if hazards.DATA_MOVED in rules and isinstance(place.operation, RunPython | RunSQL):
        return _apart(place)
    if hazards.NOT_NULL in rules and isinstance(place.operation, AddField):
        return _with_default(place, place.operation)
    is_of_type = rules & {hazards.REWRITTEN, hazards.TYPE_CHANGED, hazards.INDEX_BUILT}
    if is_of_type and (change := _type_change(place)) and (form := _new_type(place, change)):
        return form
    return (for_release(place) if rules - hazards.BLOCKING else None) or _beside(place)


# --- Without the lock, and in the right order ------------------------------------------------

UNLOCKED = (
    "Leave LOCK TABLE out: each statement takes the lock that it needs, and no other. What has to "
    "see the same rows goes into one statement."
)
DELETED = (
    "Delete the rows in batches that each commit: nobody waits, and whoever reads meanwhile finds "
    "the rest. VACUUM makes the room free again."
)
IN_ORDER = (
    "Lock the table with the foreign key first, or in a transaction of its own: put what locks it "
    "into a migration of its own."
)


def _unlocked(place: Place) -> SafeForm:
    advice = DELETED if hazards.EMPTIED in place.rules else UNLOCKED
    if hazards.LOCKED in place.rules and hazards.EMPTIED in place.rules:
        advice = f"{UNLOCKED} {DELETED}"
    if not isinstance(place.operation, RunSQL):
        return SafeForm(advice)
    form = _by_sql(place, place.operation, place.forwards, place.backwards)
    is_left = any(softened(place.forwards, tables=place.tables))
    return SafeForm(advice, form.files if is_left else ())


def _in_order(place: Place) -> SafeForm:
    return SafeForm(IN_ORDER) if place.is_alone else replaced(place, IN_ORDER, [place.operation])


# --- Beside the traffic --------------------------------------------------------------------

CONCURRENTLY = "Build it concurrently, which cannot be in a transaction."
IN_STEPS = (
    "Do it in steps that block nobody, each in a transaction of its own; the models get the same."
)
OF_PYTHON = (
    "This is what the function did where no rows are: what it does with rows stays in Python, in a "
    "migration of its own."
)
PARTITIONS = "A partition that no migration makes needs the same first; it is not in this list."
OF_A_DOMAIN = (
    "PostgreSQL writes the whole table anew for a column of a domain with a constraint, even where "
    "it is empty. Give the column the domain's own type and a CHECK of its own, NOT VALID, and "
    "validate it."
)
NOT_VALID = (
    "Add it as NOT VALID, which looks at new rows only, and validate it in the next migration, "
    "which reads the old ones and blocks nobody."
)
NUMBERED_ON = "It is new, and goes on with the numbers that its rows have."


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
    if computed := Computed.read(place.forwards, place.tables):
        instead = run_sql(computed.forwards(place.tables), computed.backwards, as_ordinary(place))
        return replaced(place, ADVICE_COMPUTED, [instead], atomic=False)
    return _by_sql(place, place.operation, place.forwards, place.backwards)


def _by_sql(
    place: Place,
    operation: Operation,
    forwards: Sequence[str],
    backwards: Sequence[str] | None,
) -> SafeForm:
    if place.is_rewritten and any(map(place.adds_checked_domain, [*forwards, *(backwards or ())])):
        return SafeForm(OF_A_DOMAIN)
    soft = softened(forwards, is_rewritten=place.is_rewritten, tables=place.tables)
    soft_back = None
    if backwards is not None:
        soft_back = softened(backwards, is_rewritten=place.is_rewritten, tables=place.tables_back)
        soft_back += left_required(forwards, backwards, place.tables)
    if [*soft, *(soft_back or ())] == [*apart(forwards), *apart(backwards or ())]:
        return SafeForm(no_way([*forwards, *(backwards or ())], min(place.rules)))
    instead = run_sql(soft, soft_back, _state_operations(operation))
    is_one = hazards.parted_without_need([*soft, *(soft_back or ())])
    about = [table for sql in forwards if (table := table_of(sql))]
    is_spread = not is_one and any(map(place.tables.leaves, about))
    advice = _of_python(operation, f"{IN_STEPS} {PARTITIONS}" if is_spread else IN_STEPS)
    form = replaced(place, advice, [instead], atomic=is_one)
    if any("AS IDENTITY; SELECT setval(" in sql for sql in soft):
        return form.waiving({"ban-alter-identity": NUMBERED_ON})
    return form


def _state_operations(operation: Operation) -> list[Operation]:
    if isinstance(operation, RunSQL | SeparateDatabaseAndState):
        return list(operation.state_operations)
    return [] if isinstance(operation, RunPython) else [operation]


def _of_python(operation: Operation, advice: str) -> str:
    return f"{advice} {OF_PYTHON}" if isinstance(operation, RunPython) else advice


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
    if not all(map(hazards.is_about_rows, place.forwards)):
        return _each_by_itself(place)
    return SafeForm(advice, (new_file(name, [operation], needs=[needs], when=where),))


def _each_by_itself(place: Place) -> SafeForm:
    """The same statements move rows and lock their table."""
    soft = softened(place.forwards, is_rewritten=place.is_rewritten, tables=place.tables)
    back = place.backwards and softened(place.backwards, tables=place.tables_back)
    instead = run_sql(soft, back, _state_operations(place.operation))
    return replaced(place, IN_STEPS, [instead], atomic=False)


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


def _type_change(place: Place) -> TypeChange | None:
    """Where the operation gives a column another type or collation, and does little else."""
    operation = place.operation
    things = place.things_before, place.things_after
    if isinstance(operation, AlterField):
        model = place.model(operation.model_name)
        table, column = model._meta.db_table, model._meta.get_field(operation.name).column
        change = TypeChange(quoted(table), column, *things) if column else None
    else:
        change = TypeChange.read(place.forwards, *things)
    return change if change and change.is_one else None


def _new_type(place: Place, change: TypeChange) -> SafeForm | None:
    if hazards.TYPE_CHANGED in place.rules:
        return _by_another_name(place, change)
    is_sorted_anew = change.is_sorted_anew and hazards.INDEX_BUILT in place.rules_forwards
    if hazards.REWRITTEN not in place.rules_forwards and not is_sorted_anew:
        return None
    return SafeForm(OF_A_KEY) if change.is_key else _four_files(place, change)


def _by_another_name(place: Place, change: TypeChange) -> SafeForm:
    operation = place.operation
    if not isinstance(operation, AlterField) or operation.field.primary_key:
        return SafeForm(BY_ANOTHER_NAME)
    name = f"{operation.name}_new"
    column = quoted(f"{change.column}_new")
    without = {"db_column": f"{change.column}_new"} if operation.field.db_column else {}
    beside = AddField(operation.model_name, name, changed(operation.field, null=True, **without))
    form = replaced(place, BY_ANOTHER_NAME, [beside])
    number = place.next_number + (0 if place.is_alone else 1)
    filled = new_file(
        f"{number:04}_fill_{name}",
        [run_sql([change.copied(column)], [])],
        needs=[(place.app, form.files[-1].name)],
        when="When the release that writes both is everywhere:",
        atomic=False,
    )
    return SafeForm(BY_ANOTHER_NAME, (*form.files, filled))


def _four_files(place: Place, change: TypeChange) -> SafeForm:
    files: list[File] = []
    states = _state_operations(place.operation)
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
    return SafeForm(_of_python(place.operation, ADVICE), tuple(files))
