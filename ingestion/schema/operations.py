"""The operations of one migration, forwards or backwards, each between the states it needs."""

from collections.abc import Callable, Sequence

from django.db.migrations import Migration, RunPython
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ingestion.schema.editor import Editor
from ingestion.schema.states import State, after, lending, reads_few_models

Around = Callable[[Operation, Callable[[], None]], None]
"""Is given each operation and the work it does on the database, and sees to it that it is done."""


Walked = tuple[Operation, State, State]
"""An operation, between the states before and after it."""


def forwards(
    migration: Migration, before: State, editor: Editor, *, around: Around, in_parts: bool = False
) -> State:
    """Do it; the state it leads to.

    `in_parts` means that `around` is given what lies inside SeparateDatabaseAndState.
    """
    if type(migration).apply is not Migration.apply:  # it has a way of its own
        return _own_way(migration, before, lambda state: migration.apply(state, editor))
    reached = before
    for whole in migration.operations:
        walked, reached = _walk([whole], migration.app_label, reached, in_parts=in_parts)
        for operation, old, new in walked:
            _render(operation, old, new)

            def work(operation: Operation = operation, old: State = old, new: State = new) -> None:
                with lending(operation, old, new):
                    operation.database_forwards(migration.app_label, editor, old, new)

            around(operation, work)
    return reached


def backwards(
    migration: Migration, before: State, editor: Editor, *, around: Around, in_parts: bool = False
) -> None:
    """Undo it; `before` is the state before it was done, to which it leads back."""
    if type(migration).unapply is not Migration.unapply:
        _own_way(migration, before, lambda state: migration.unapply(state, editor))
        return
    walked, _ = _walk(migration.operations, migration.app_label, before, in_parts=in_parts)
    for operation, to_state, from_state in reversed(walked):
        if not is_noop(operation, backwards=True):
            _render(operation, from_state, to_state)

        def work(
            operation: Operation = operation, old: State = from_state, new: State = to_state
        ) -> None:
            with lending(operation, new, old):
                operation.database_backwards(migration.app_label, editor, old, new)

        around(operation, work)


def _walk(
    operations: Sequence[Operation], app_label: str, before: State, *, in_parts: bool
) -> tuple[list[Walked], State]:
    walked: list[Walked] = []
    for operation in operations:
        reached = after(before, app_label, operation)
        if in_parts and type(operation) is SeparateDatabaseAndState:
            walked += _walk(operation.database_operations, app_label, before, in_parts=True)[0]
        else:
            walked.append((operation, before, reached))
        before = reached
    return walked, before


def state_after(migration: Migration, before: State) -> State:
    """Without touching the database."""
    for operation in migration.operations:
        before = after(before, migration.app_label, operation)
    return before


def is_noop(operation: Operation, *, backwards: bool) -> bool:
    """Python that does nothing, in this direction."""
    if not isinstance(operation, RunPython):
        return False
    return (operation.reverse_code if backwards else operation.code) is RunPython.noop


def _render(operation: Operation, *states: State) -> None:
    if not reads_few_models(operation):
        for state in states:
            state.render()


def _own_way(migration: Migration, before: State, do: Callable[[State], object]) -> State:
    working = before.clone()
    working.render()
    do(working)
    return state_after(migration, before)
