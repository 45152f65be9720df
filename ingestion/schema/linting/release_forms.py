"""Safe forms for changes that the release which is still running cannot live with.

What goes or gets another name does so in two steps, with a release between them.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.db.migrations import RunSQL
from django.db.migrations.operations import (
    AlterField,
    AlterModelTable,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation

from ingestion.schema.linting import hazards
from ingestion.schema.linting.migration_files import new_file, run_sql, slug
from ingestion.schema.linting.place import Place, SafeForm, changed, replaced
from ingestion.schema.linting.safe_sql import added, softened
from ingestion.schema.statements import quoted


def for_release(place: Place) -> SafeForm | None:
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
        case _ if hazards.NOT_NULL in place.rules:
            form = _default_stays(place)
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


NEEDS_DEFAULT = (
    "Give it a DEFAULT, which stays until the old release is gone everywhere; or add it without "
    "NOT NULL, fill it in batches, and make it NOT NULL with the release after."
)
DEFAULT_STAYS = (
    "Leave its default in the database until the old release is gone everywhere, and take it away "
    "with the release after."
)


def _default_stays(place: Place) -> SafeForm:
    dropped = [sql for sql in place.forwards if _DROPS_DEFAULT.search(sql)]
    kept = [sql for sql in place.forwards if sql not in dropped]
    defaults = _defaults(kept)
    if not dropped or len(defaults) != len(dropped):
        return SafeForm(NEEDS_DEFAULT)
    parts = softened(kept, tables=place.tables)
    state = place.operation
    states = [] if isinstance(state, RunSQL | SeparateDatabaseAndState) else [state]
    first = run_sql(parts, place.backwards, states)
    return _in_releases(place, DEFAULT_STAYS, first, run_sql(dropped, defaults), atomic=True)


_DROPS_DEFAULT = re.compile(r"\bALTER\b.*\bDROP\s+DEFAULT\s*;?\s*$", re.IGNORECASE | re.DOTALL)


def _defaults(sqls: Sequence[str]) -> list[str]:
    """What brings them back, in the order of the columns that are added."""
    return [
        f"ALTER TABLE {table} ALTER COLUMN {column.name} SET {column.clauses['DEFAULT']}"
        for sql in sqls
        for table, column in added(sql)
        if "DEFAULT" in column.clauses
    ]


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
    if of.many_to_many or not getattr(of, "column", None):
        return []
    if of.null or of.has_db_default() or of.generated:
        return []
    column = f'ALTER TABLE "{model._meta.db_table}" ALTER COLUMN "{of.column}"'
    return [run_sql([f"{column} DROP NOT NULL"], softened([f"{column} SET NOT NULL"]))]


def _brought_back(place: Place, *, is_empty: bool) -> list[str] | None:
    if place.backwards is None:
        return None
    # As the first of the two files leaves it; Django takes each default away at once.
    back = [sql.replace(" NOT NULL", " NULL") if is_empty else sql for sql in place.backwards]
    return softened(back, tables=place.tables_back)


def _plain(sqls: Sequence[str]) -> Sequence[str]:
    return [sql for sql in sqls if not sql.startswith("SET CONSTRAINTS")]


def _in_releases(
    place: Place, advice: str, first: Operation, second: RunSQL, *, atomic: bool
) -> SafeForm:
    form = replaced(place, advice, [first], atomic=atomic)
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
        AlterField(operation.model_name, operation.new_name, changed(new, **{attribute: value})),
    ]
    return replaced(
        place,
        NAME_STAYS.format(attribute=f'{attribute}="{value}"'),
        [SeparateDatabaseAndState(state_operations=states)],
    )


def _same_column(place: Place, operation: AlterField) -> SafeForm:
    old = place.model(operation.model_name, state=place.before)._meta.get_field(operation.name)
    same = changed(operation.field, db_column=old.column)
    advice = NAME_STAYS.format(attribute=f'db_column="{old.column}"')
    return replaced(place, advice, [AlterField(operation.model_name, operation.name, same)])


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
    return replaced(
        place,
        NAME_STAYS.format(attribute=f'db_table="{table}"'),
        [SeparateDatabaseAndState(state_operations=states)],
    )


def _points_by_join_table(model: Any) -> bool:
    return any(relation.many_to_many for relation in model._meta.related_objects)


def _with_view(place: Place, operation: AlterModelTable) -> SafeForm:
    renamed = _tables(place, operation.name)
    views = [f"CREATE VIEW {quoted(old)} AS TABLE {quoted(new)}" for old, new in renamed]
    gone = [f"DROP VIEW {quoted(old)}" for old, _ in renamed]
    advice = (
        "Leave a view under the old name, through which the release that is still running reads "
        "and writes; drop it with the release after."
    )
    # The join tables first: they refer to the other one.
    first = run_sql(
        [*reversed(_plain(place.forwards)), *views],
        None if place.backwards is None else [*gone, *_plain(place.backwards)],
        [operation],
    )
    form = _in_releases(place, advice, first, run_sql(gone, views), atomic=True)
    names = " or ".join(f'"{old}"' for old, _ in renamed)
    waiver = {"ban-drop-view": f"No release uses the name {names} any more."}
    return SafeForm(advice, (*form.files[:-1], form.files[-1].waiving(waiver)))


def _tables(place: Place, model_name: str) -> list[tuple[str, str]]:
    """That of the model and those of its relations to many, by their old and new names."""
    before, after = place.model(model_name, state=place.before), place.model(model_name)
    pairs = [(before._meta.db_table, after._meta.db_table)]
    pairs += [
        (old.m2m_db_table(), new.m2m_db_table())
        for old, new in zip(
            before._meta.local_many_to_many, after._meta.local_many_to_many, strict=True
        )
    ]
    return [(old, new) for old, new in pairs if old != new]
