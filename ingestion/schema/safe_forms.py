"""What to do instead of an operation that blocks: migration files that are ready to paste.

Each ends in the same tables. Where Django has an operation for it, that one is used; else the
operation stays as it is for the models, and SQL that blocks nobody does it in the database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelTable,
    DeleteModel,
    RemoveField,
    RemoveIndex,
    RenameField,
    RenameModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, CheckConstraint, Field
from django.db.models.functions import Now
from django.utils import timezone

from ingestion.schema import hazards
from ingestion.schema.catalog import Catalog, name
from ingestion.schema.migration_files import File, called, moved_python, new_file, run_sql, slug
from ingestion.schema.safe_sql import NameOf, named_by_postgres, softened
from ingestion.schema.statements import names
from ingestion.schema.states import State
from ingestion.schema.type_change import (
    ADVICE,
    BY_ANOTHER_NAME,
    OF_A_KEY,
    Column,
    TypeChange,
    order,
)


@dataclass(frozen=True)
class SafeForm:
    advice: str
    """A sentence or two."""
    files: tuple[File, ...] = ()
    """In their order."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """An operation with hazards, in its migration and between two states."""

    migration: Migration
    operation: Operation
    rules: frozenset[str]
    """That it breaks, in whatever direction."""
    rules_forwards: frozenset[str]
    before: State
    reached: State
    forwards: tuple[str, ...]
    backwards: tuple[str, ...] | None
    """The statements of the operation; None where there is no way back."""
    things_before: Catalog
    things_after: Catalog
    """What the database has before the migration, and after it."""
    next_number: int
    """Of the first migration of the app that does not exist yet."""
    name_of: NameOf = named_by_postgres
    collect: Callable[[Operation, State, State], tuple[str, ...]] = field(
        default=lambda _operation, _before, _reached: ()
    )
    """The statements that another operation would make here."""

    @property
    def app(self) -> str:
        return self.migration.app_label

    @property
    def is_alone(self) -> bool:
        return len(self.migration.operations) == 1

    @property
    def is_rewritten(self) -> bool:
        return hazards.REWRITTEN in self.rules

    def model(self, model_name: str, *, state: State | None = None) -> Any:
        return (state or self.reached).apps.get_model(self.app, model_name)


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
    return (_for_release(place) if rules - hazards.BLOCKING else None) or _beside(place)


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
            return _replaced(place, CONCURRENTLY, [operation], atomic=False)
        case RemoveIndex(model_name=model, name=name):
            removal = RemoveIndexConcurrently(model_name=model, name=name)
            return _replaced(place, CONCURRENTLY, [removal], atomic=False)
        case AddConstraint(model_name=model, constraint=CheckConstraint() as constraint):
            return _replaced(
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
    return _replaced(place, IN_STEPS, [instead], atomic=False)


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


def _replaced(
    place: Place, advice: str, *steps: Sequence[Operation], atomic: bool = True
) -> SafeForm:
    """A file for each step; the first takes the place of the migration, if that has no more."""
    before, number = place.migration.name, place.next_number
    files: list[File] = []
    for step in steps:
        if place.is_alone and not files:
            name, needs = before, list(place.migration.dependencies)
        else:
            name, needs = f"{number:04}_{slug(step[0])}", [(place.app, before)]
            number += 1
        when = _when(place, files, before, is_last=False)
        files.append(new_file(name, step, needs=needs, when=when, atomic=atomic))
        before = name
    return SafeForm(advice, tuple(files))


def _apart(place: Place) -> SafeForm:
    """Rows are moved in a migration of their own, which holds no other locks."""
    operation, before = place.operation, place.migration.name
    advice = (
        "Move the rows in a migration of its own, whose transaction holds no other locks; what "
        "needs the moved rows goes into a third one."
    )
    when = _when(place, [], before, is_last=False)
    name, needs = f"{place.next_number:04}_{slug(operation)}", (place.app, before)
    if isinstance(operation, RunPython):
        moved = moved_python(name, operation, place.migration, needs=needs, when=when)
        return SafeForm(advice, (moved,) if moved else ())
    return SafeForm(advice, (new_file(name, [operation], needs=[needs], when=when),))


# --- For the release that is still running -------------------------------------------------


def _with_default(place: Place, operation: AddField) -> SafeForm:
    """A default in the database; where none can be told, without a value at first."""
    default = _constant(operation.field)
    if default is NOT_PROVIDED:
        advice = (
            "Let it be empty at first, in the model too: null=True. When the old release is gone "
            "everywhere, fill it in batches and take that away again."
        )
        chosen = _changed(operation.field, null=True)
    else:
        advice = "Give it a default in the database too, and say so in the model: db_default."
        chosen = _changed(operation.field, db_default=default)
    instead = AddField(operation.model_name, operation.name, chosen, operation.preserve_default)
    if not place.rules & hazards.BLOCKING:
        return _replaced(place, advice, [instead])
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


def _for_release(place: Place) -> SafeForm | None:
    operation, form = place.operation, None
    match operation:
        case RemoveField() | DeleteModel():
            form = _in_two_releases(place, operation)
        case RenameField():
            form = _renamed_in_the_models(place, operation)
        case AlterField() if hazards.COLUMN_RENAMED in place.rules:
            form = _same_column(place, operation)
        case RenameModel():
            form = _model_renamed(place, operation)
        case AlterModelTable():
            form = _with_view(place, operation)
        case RunSQL() | SeparateDatabaseAndState():
            form = SafeForm(ONE_RELEASE_BEFORE)
    return form


ONE_RELEASE_BEFORE = (
    "First release a version that does not use what this takes away; run it with the release "
    "after that."
)
TWO_RELEASES = (
    "First release a version whose models do not have it any more, and leave the database as it "
    "is; drop it with the release after that."
)


KEY_STAYS = (
    "Its foreign key stays until then: rows that it points at cannot be deleted meanwhile, unless "
    "you drop the key at once."
)


def _in_two_releases(place: Place, operation: RemoveField | DeleteModel) -> SafeForm:
    parts: list[Operation] = []
    if isinstance(operation, RemoveField):
        model = place.model(operation.model_name, state=place.before)
        field = model._meta.get_field(operation.name)
        parts = _may_be_left_out(model, field)
        refers = bool(field.remote_field)
    else:
        model = place.model(operation.name, state=place.before)
        refers = any(field.remote_field for field in model._meta.get_fields())
    advice = f"{TWO_RELEASES} {KEY_STAYS}" if refers else TWO_RELEASES
    removal = SeparateDatabaseAndState(database_operations=parts, state_operations=[operation])
    drop = run_sql(_plain(place.forwards), _brought_back(place, is_empty=bool(parts)))
    return _in_releases(place, advice, removal, drop, atomic=not parts)


def _may_be_left_out(model: Any, of: Any) -> list[Operation]:
    """The new release writes rows without it."""
    if not getattr(of, "column", None) or of.null or of.has_db_default() or of.generated:
        return []
    column = f'ALTER TABLE "{model._meta.db_table}" ALTER COLUMN "{of.column}"'
    return [run_sql([f"{column} DROP NOT NULL"], softened([f"{column} SET NOT NULL"]))]


def _brought_back(place: Place, *, is_empty: bool) -> list[str] | None:
    if place.backwards is None:
        return None
    # As the first of the two files leaves it; Django takes each default away at once.
    back = [sql.replace(" NOT NULL", " NULL") if is_empty else sql for sql in place.backwards]
    return softened(back, name_of=place.name_of)


def _plain(sqls: Sequence[str]) -> Sequence[str]:
    return [sql for sql in sqls if not sql.startswith("SET CONSTRAINTS")]


def _in_releases(
    place: Place, advice: str, first: Operation, second: RunSQL, *, atomic: bool
) -> SafeForm:
    form = _replaced(place, advice, [first], atomic=atomic)
    number = place.next_number + (0 if place.is_alone else 1)
    name = f"{number:04}_drop_{slug(place.operation, what_only=True)}"
    needs_none = any("CONCURRENTLY" in sql for sql in second.reverse_sql or ())
    last = new_file(
        name,
        [second],
        needs=[(place.app, form.files[-1].name)],
        when="With the release after that:",
        atomic=not needs_none,
    )
    return SafeForm(advice, (*form.files, last))


NAME_STAYS = (
    "Rename it in the models only, and let the database keep the name: say {attribute} in the "
    "model too."
)


def _renamed_in_the_models(place: Place, operation: RenameField) -> SafeForm:
    old = place.model(operation.model_name, state=place.before)._meta.get_field(operation.old_name)
    new = place.model(operation.model_name)._meta.get_field(operation.new_name)
    attribute, value = ("db_column", old.column)
    if old.many_to_many:
        attribute, value = ("db_table", old.m2m_db_table())
    states = [
        operation,
        AlterField(operation.model_name, operation.new_name, _changed(new, **{attribute: value})),
    ]
    return _replaced(
        place,
        NAME_STAYS.format(attribute=f'{attribute}="{value}"'),
        [SeparateDatabaseAndState(state_operations=states)],
    )


def _same_column(place: Place, operation: AlterField) -> SafeForm:
    old = place.model(operation.model_name, state=place.before)._meta.get_field(operation.name)
    same = _changed(operation.field, db_column=old.column)
    advice = NAME_STAYS.format(attribute=f'db_column="{old.column}"')
    return _replaced(place, advice, [AlterField(operation.model_name, operation.name, same)])


def _model_renamed(place: Place, operation: RenameModel) -> SafeForm:
    model = place.model(operation.old_name, state=place.before)
    table = model._meta.db_table
    if model._meta.local_many_to_many or _points_by_join_table(model):
        return SafeForm(
            f'Keep the old name of the model, or say db_table="{table}" in it, and name the '
            "join tables of its relations to many, whose columns would be renamed as well, by a "
            "model of their own (through=…)."
        )
    states = [operation, AlterModelTable(operation.new_name, table)]
    return _replaced(
        place,
        NAME_STAYS.format(attribute=f'db_table="{table}"'),
        [SeparateDatabaseAndState(state_operations=states)],
    )


def _points_by_join_table(model: Any) -> bool:
    return any(relation.many_to_many for relation in model._meta.related_objects)


def _with_view(place: Place, operation: AlterModelTable) -> SafeForm:
    old = place.model(operation.name, state=place.before)._meta.db_table
    new = place.model(operation.name)._meta.db_table
    view = f'CREATE VIEW "{old}" AS TABLE "{new}"'
    gone = f'DROP VIEW "{old}"'
    advice = (
        "Leave a view under the old name, through which the release that is still running reads "
        "and writes; drop it with the release after."
    )
    renamed = run_sql(
        [*_plain(place.forwards), view],
        None if place.backwards is None else [gone, *_plain(place.backwards)],
        [operation],
    )
    form = _in_releases(place, advice, renamed, run_sql([gone], [view]), atomic=True)
    waiver = {"ban-drop-view": f'No release uses the name "{old}" any more.'}
    return SafeForm(advice, (*form.files[:-1], form.files[-1].waiving(waiver)))


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
                when=_when(place, files, before, is_last=what == "drop"),
                atomic=not any("COMMIT;" in s for s in [*sql.forwards, *sql.backwards]),
            )
        )
        number, before = number + (not takes_place), name
    waiver = {"ban-drop-function": "Only the trigger has called it."}
    return SafeForm(ADVICE, (*files[:-1], files[-1].waiving(waiver)))


def _when(place: Place, files: Sequence[File], before: str, *, is_last: bool) -> str:
    if is_last:
        return "With the release after that:"
    if files:
        return f"After {before}:"
    if place.is_alone:
        return f"Instead of {before}:"
    what = called(place.operation)
    return f"Take '{what}', and whatever needs it, out of {before}; after that one:"


def _changed(of: Field, **attributes: Any) -> Field:
    """The same field with other arguments, as a migration would have it."""
    _, _, args, kwargs = of.deconstruct()
    made: Field = type(of)(*args, **{**kwargs, **attributes})
    return made
