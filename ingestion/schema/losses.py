"""What undoing would lose, counted: rows of tables that go, values of columns that go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import (
    AddField,
    AlterField,
    AlterModelTable,
    AlterOrderWithRespectTo,
    CreateModel,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
)
from django.db.migrations.operations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.models import Field

from ingestion.schema.editor import editor
from ingestion.schema.plan import Step
from ingestion.schema.project import Project
from ingestion.schema.statements import drops, quoted
from ingestion.schema.states import State, after

REMADE = frozenset({"django_content_type", "auth_permission"})
"""Their rows follow from the models: Django makes them again after the next migration."""


@dataclass(frozen=True)
class Place:
    """A table, or a column of one."""

    table: str
    column: str | None = None

    def __str__(self) -> str:
        table = self.table.replace('"', "")
        return table if self.column is None else f"{table}.{self.column}"

    @property
    def unit(self) -> str:
        return "row(s)" if self.column is None else "value(s)"


@dataclass(frozen=True)
class Candidate:
    """A place that is there now and will not be."""

    step: Step
    now: Place
    due: Place
    """What it is called when it is the step's turn: what was renamed later is renamed back then."""
    field: Any = None
    """Of the column: its default says which values were not chosen by anybody."""


@dataclass(frozen=True)
class Narrowed:
    """In the place of a field: the column stays, and may not hold all that it holds."""

    before: str
    """Its type, to which it goes back."""
    now: str
    takes_null_away: bool


@dataclass(frozen=True)
class Loss:
    candidate: Candidate
    count: int

    def __str__(self) -> str:
        what = self.candidate.now
        return f"{self.count:,} {what.unit} of {what}"


class Names:
    """What things are called now, that had other names when the migration was written."""

    def __init__(self) -> None:
        self._tables: dict[str, str] = {}
        self._columns: dict[Place, str] = {}

    def __call__(self, table: str, column: str | None = None) -> Place:
        known = self._table(table)
        return Place(known, column and self._column(known, column))

    def table_was(self, old: str, new: str) -> None:
        self._tables[old] = self._table(new)

    def column_was(self, table: str, old: str, new: str) -> None:
        known = self._table(table)
        self._columns[Place(known, old)] = self._column(known, new)

    def _table(self, then: str) -> str:
        return self._tables.get(then, then)

    def _column(self, known_table: str, then: str) -> str:
        return self._columns.get(Place(known_table, then), then)


class Walk:
    """Back through the operations of one step after the other, remembering the names."""

    def __init__(self, step: Step, names: Names, connection: BaseDatabaseWrapper) -> None:
        self.step = step
        self.connection = connection
        self.names = names
        self._due = Names()

    def found(self, table: str, column: str | None = None, field: Any = None) -> Candidate:
        places = self.names(table, column), self._due(table, column)
        return Candidate(self.step, *places, field)

    def table_was(self, old: str, new: str) -> None:
        for names in (self.names, self._due):
            names.table_was(old, new)

    def column_was(self, table: str, old: str, new: str) -> None:
        for names in (self.names, self._due):
            names.column_was(table, old, new)


def candidates(project: Project, steps: Sequence[Step]) -> list[Candidate]:
    """What goes with these steps, in their order."""
    down = [step for step in steps if step.backwards and not step.fake]
    before = project.states_before([step.key for step in down], project.visible())
    names = Names()
    found: list[Candidate] = []
    for step in down:
        operations = project.migration(step.key).operations
        found += _of_operations(operations, before[step.key], Walk(step, names, project.connection))
    return [each for each in found if each.now.table not in REMADE]


def at_stake(project: Project, steps: Sequence[Step], *, is_undo: bool) -> list[Candidate]:
    """All of it; to undo a run goes forwards again where that went back."""
    again = [step for step in steps if is_undo and not step.backwards]
    return candidates(project, steps) + given_up(project, again)


def given_up(project: Project, steps: Sequence[Step]) -> list[Candidate]:
    """What goes with steps forwards: meant by whoever wrote them, but not by who undoes an undo."""
    state = project.state(project.visible())
    found: list[Candidate] = []
    for step in steps:
        walk = Walk(step, Names(), project.connection)
        for operation in [] if step.fake else project.migration(step.key).operations:
            found += _of_removal(operation, state, walk)
            state = after(state, step.key[0], operation)
    return [each for each in found if each.now.table not in REMADE]


def _of_removal(operation: Operation, before: State, walk: Walk) -> Iterator[Candidate]:
    app = walk.step.key[0]
    match operation:
        case DeleteModel():
            yield from _of_model(before.apps.get_model(app, operation.name), walk)
        case RemoveField():
            model = before.apps.get_model(app, operation.model_name)
            yield from _of_field(model, model._meta.get_field(operation.name), walk)


def losses(connection: BaseDatabaseWrapper, found: Sequence[Candidate]) -> list[Loss]:
    """Those of which there is something."""
    with all_rows(connection):
        counted = [Loss(each, _count(connection, each.now, each.field)) for each in told(found)]
    return [loss for loss in counted if loss.count]


def told(found: Sequence[Candidate]) -> list[Candidate]:
    """Each once, and no column that goes with its table."""
    tables = {each.now.table for each in found if each.now.column is None}
    once: dict[Place, Candidate] = {}
    for each in found:
        known = once.setdefault(each.now, each)
        if isinstance(known.field, Narrowed):  # of a column that goes, in the end
            once[each.now] = each
    return [
        each
        for each in found
        if once[each.now] is each and (each.now.column is None or each.now.table not in tables)
    ]


def new_losses(connection: BaseDatabaseWrapper, due: Sequence[Candidate]) -> list[Loss]:
    """Those of which there is something now that it is their step's turn; it can grow no more."""
    found: list[Loss] = []
    with all_rows(connection):
        for each in due:
            if connection.in_atomic_block:
                _hold_still(connection, each.due)
            if count := _count(connection, each.due, each.field):
                found.append(Loss(replace(each, now=each.due), count))
    return found


def _of_operations(
    operations: Sequence[Operation], before: State, walk: Walk
) -> Iterator[Candidate]:
    walked: list[tuple[Operation, State, State]] = []
    for operation in operations:
        reached = after(before, walk.step.key[0], operation)
        walked.append((operation, before, reached))
        before = reached
    for operation, old, new in reversed(walked):
        yield from _of_operation(operation, old, new, walk)


def _of_operation(
    operation: Operation, before: State, reached: State, walk: Walk
) -> Iterator[Candidate]:
    app = walk.step.key[0]
    match operation:
        case SeparateDatabaseAndState():
            _learn_names(operation.state_operations, before, walk)
            yield from _of_operations(operation.database_operations, before, walk)
        case RunSQL():
            yield from _of_sql(operation, walk)
        case RenameModel():
            old, new = operation.old_name, operation.new_name
            _rename_tables(before.apps.get_model(app, old), reached.apps.get_model(app, new), walk)
        case AlterModelTable():
            _rename_tables(*_models(operation.name, app, before, reached), walk)
        case RenameField():
            models = _models(operation.model_name, app, before, reached)
            _rename(*models, operation.old_name, operation.new_name, walk)
        case AlterField():
            models = _models(operation.model_name, app, before, reached)
            yield from _of_alteration(*models, operation.name, walk)
            _rename(*models, operation.name, operation.name, walk)
        case AlterOrderWithRespectTo():
            models = _models(operation.name, app, before, reached)
            yield from _of_order(*models, walk)
        case CreateModel():
            yield from _of_model(reached.apps.get_model(app, operation.name), walk)
        case AddField():
            model = reached.apps.get_model(app, operation.model_name)
            field = _as_given(operation, model._meta.get_field(operation.name))
            yield from _of_field(model, field, walk)


def _learn_names(operations: Sequence[Operation], before: State, walk: Walk) -> None:
    """What a migration says of the state alone is what its own SQL has renamed."""
    walked: list[tuple[Operation, State, State]] = []
    for operation in operations:
        reached = after(before, walk.step.key[0], operation)
        walked.append((operation, before, reached))
        before = reached
    for operation, old, new in reversed(walked):
        if isinstance(operation, RenameModel | RenameField | AlterModelTable):
            list(_of_operation(operation, old, new, walk))


def _of_alteration(old: Any, new: Any, name: str, walk: Walk) -> Iterator[Candidate]:
    was, became = old._meta.get_field(name), new._meta.get_field(name)
    if not (getattr(was, "column", None) and getattr(became, "column", None)):
        return
    types = was.db_type(walk.connection), became.db_type(walk.connection)
    takes_null_away = became.null and not was.null
    if types[0] != types[1] or takes_null_away:
        narrowed = Narrowed(*types, takes_null_away)
        yield walk.found(new._meta.db_table, became.column, narrowed)


def _of_order(old: Any, new: Any, walk: Walk) -> Iterator[Candidate]:
    """The column that Django keeps the order of related rows in."""
    names = [{field.name for field in model._meta.local_fields} for model in (old, new)]
    if "_order" in names[1] - names[0]:
        field = copy(new._meta.get_field("_order"))
        field.default = 0  # as Django adds it
        vars(field).pop("_get_default", None)
        yield walk.found(new._meta.db_table, field.column, field)


def _models(name: str, app: str, before: State, reached: State) -> tuple[Any, Any]:
    return before.apps.get_model(app, name), reached.apps.get_model(app, name)


def _of_model(model: Any, walk: Walk) -> Iterator[Candidate]:
    if model._meta.managed and not model._meta.proxy and not model._meta.swapped:
        yield walk.found(model._meta.db_table)
        for table in _join_tables(model).values():
            yield walk.found(table)


def _of_field(model: Any, field: Any, walk: Walk) -> Iterator[Candidate]:
    if not model._meta.managed or model._meta.swapped:
        return
    if table := _join_table(field):
        yield walk.found(table)
    elif getattr(field, "column", None) and not getattr(field, "generated", False):
        yield walk.found(model._meta.db_table, field.column, field)


def _as_given(operation: AddField, field: Any) -> Any:
    """With the operation's own default, which may have been for this one time."""
    given = copy(field)
    given.default = operation.field.default
    vars(given).pop("_get_default", None)  # what was remembered of the other one
    return given


def _of_sql(operation: RunSQL, walk: Walk) -> Iterator[Candidate]:
    reverse = operation.reverse_sql or ""
    for text in [reverse] if isinstance(reverse, str) else reverse:
        for table, column in drops(text if isinstance(text, str) else text[0]):
            is_plain = len(table) == 1 and '"' not in table[0]
            yield walk.found(table[0] if is_plain else quoted(*table), column)


def _rename_tables(old: Any, new: Any, walk: Walk) -> None:
    walk.table_was(old._meta.db_table, new._meta.db_table)
    renamed = _join_tables(new)
    for field, table in _join_tables(old).items():
        walk.table_was(table, renamed.get(field, table))


def _rename(old: Any, new: Any, old_name: str, new_name: str, walk: Walk) -> None:
    was, became = old._meta.get_field(old_name), new._meta.get_field(new_name)
    if (table := _join_table(was)) and (renamed := _join_table(became)):
        walk.table_was(table, renamed)
    elif getattr(was, "column", None) and getattr(became, "column", None):
        walk.column_was(old._meta.db_table, was.column, became.column)


def _join_tables(model: Any) -> dict[str, str]:
    """By the name of the field."""
    fields = model._meta.local_many_to_many
    return {field.name: table for field in fields if (table := _join_table(field))}


def _join_table(field: Any) -> str | None:
    """Of a relation to many without a model of its own for it."""
    if not field.many_to_many or not field.remote_field.through._meta.auto_created:
        return None
    return str(field.remote_field.through._meta.db_table)


def _count(connection: BaseDatabaseWrapper, place: Place, field: Any) -> int:
    """0 where it is not there."""
    if not _exists(connection, place):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {rows(connection, place, field)}")  # noqa: S608
        return int(cursor.fetchone()[0])


@contextmanager
def all_rows(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Also those that a policy hides from this role: where it may not, the server says so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('row_security')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('row_security', 'off', false)")
    try:
        yield
    finally:
        # A transaction that failed takes the setting back with all the rest.
        if not connection.in_atomic_block or connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('row_security', %s, false)", [before])


def _hold_still(connection: BaseDatabaseWrapper, place: Place) -> None:
    """Nobody writes to the table until this transaction ends; reading goes on."""
    if _exists(connection, place):
        with connection.cursor() as cursor:
            cursor.execute(hold(connection, place))


def _exists(connection: BaseDatabaseWrapper, place: Place) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {is_there(connection, place)}")
        return bool(cursor.fetchone()[0])


def _quoted(connection: BaseDatabaseWrapper, table: str) -> str:
    """A name may be quoted, with its schema: '"a"."b"' from raw SQL, or Django's 'a"."b'."""
    return connection.ops.quote_name(table)


# --- As SQL, for here and for a script ---------------------------------------------------------


def is_there(connection: BaseDatabaseWrapper, place: Place) -> str:
    condition = (
        "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(%s) "
        "AND NOT attisdropped AND (attname = %s OR %s))"
    )
    params = [_quoted(connection, place.table), place.column or "", place.column is None]
    return _composed(connection, condition, params)


def hold(connection: BaseDatabaseWrapper, place: Place) -> str:
    return f"LOCK TABLE {_quoted(connection, place.table)} IN SHARE MODE"


def rows(connection: BaseDatabaseWrapper, place: Place, field: Any) -> str:
    """Those that hold something of it."""
    table = _quoted(connection, place.table)
    if place.column is None:
        return table
    column = connection.ops.quote_name(place.column)
    if field is None:
        return f"{table} WHERE {column} IS NOT NULL"
    # As text: some types have no equality, and for some what differs is equal.
    text = f"{table} WHERE CAST({column} AS text) IS DISTINCT FROM CAST"
    if isinstance(field, Narrowed):
        narrowed = f"{text}(CAST(CAST({column} AS {field.before}) AS {field.now}) AS text)"
        return f"{narrowed} OR {column} IS NULL" if field.takes_null_away else narrowed
    default, params = _default(connection, field)
    value = _composed(connection, default, params)
    return f"{text}(CAST({value} AS {field.db_type(connection)}) AS text)"


def _default(connection: BaseDatabaseWrapper, field: Field) -> tuple[str, list[Any]]:
    """What a row gets that says nothing of the column, as SQL."""
    schema = editor(connection, atomic=False)
    if field.has_db_default():
        sql, params = schema.db_default_sql(field)
        return sql, list(params)
    value = schema.effective_default(field)
    return f"CAST(%s AS {field.db_type(connection)})", [value]


def _composed(connection: BaseDatabaseWrapper, sql: str, params: list[Any]) -> str:
    with connection.cursor() as cursor:
        text: str = cursor.mogrify(sql, params).decode()
    return text
