"""Which operation of a migration a hazard comes from, and with that its safe form."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.db.migrations import RunPython, RunSQL
from django.db.migrations.operations import (
    AddField,
    CreateModel,
    DeleteModel,
    RemoveField,
    RenameIndex,
    RenameModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation

from ingestion.schema.editor import editor
from ingestion.schema.errors import listed
from ingestion.schema.linting import hazards
from ingestion.schema.linting.hazards import Hazard
from ingestion.schema.linting.place import Place, SafeForm
from ingestion.schema.linting.safe_forms import IN_ORDER, safe_form
from ingestion.schema.linting.watching import Seen
from ingestion.schema.observation.observe import Observed
from ingestion.schema.pieces import WHOLE
from ingestion.schema.project import Project
from ingestion.schema.sources import file_of
from ingestion.schema.statements import quoted, split, table_of, transaction_control
from ingestion.schema.states import State, after

TAKE_IT_OUT = "Take atomic = False out of the migration."
LINEAR = "Write the name of the last file into max_migration.txt."
FOLLOWED = "Let {} depend on the last of these files."
BY_HAND = "Do this in a migration of its own, at a quiet hour, or in steps that block nobody."


class Remedies:
    """Of one migration, for all that was found of it."""

    def __init__(self, project: Project, seen: Seen) -> None:
        self.project = project
        self.seen = seen
        self.operations = seen.migration.operations
        self._forms: dict[int, SafeForm] = {}

    def operation_of(self, operation: str | None, sql: str) -> int | None:
        """The place of the operation that this statement is for."""
        found = [
            place
            for place, whole in enumerate(self.operations)
            for part in _with_parts(whole)
            if (
                _is_deferred_of(part, sql) or table_of(sql) in self._tables_of(place, part)
                if operation is None
                else operation in _told(part)
            )
        ]
        by_text = [place for place in found if _says(self.operations[place], sql)]
        return next(iter(by_text or found), None)

    def _tables_of(self, place: int, operation: Operation) -> set[str]:
        """Those that it makes, or makes again when it is undone, with keys and indexes at last."""
        if not isinstance(operation, CreateModel | DeleteModel):
            return set()
        there = self._states[place + isinstance(operation, CreateModel)]
        model = there.apps.get_model(self.seen.key[0], operation.name)
        between = (field.remote_field.through for field in model._meta.local_many_to_many)
        made = [model, *(each for each in between if each._meta.auto_created)]
        return {quoted(each._meta.db_table) for each in made}

    @property
    def has_python(self) -> bool:
        parts = (part for whole in self.operations for part in _with_parts(whole))
        return any(isinstance(part, RunPython) for part in parts)

    def is_python(self, observed: Observed) -> bool:
        place = self.operation_of(observed.operation, observed.sql)
        return place is not None and any(
            isinstance(part, RunPython) and observed.operation in _told(part)
            for part in _with_parts(self.operations[place])
        )

    def are_one_transaction(self, first: Observed, second: Observed) -> bool:
        """In a migration that is not atomic: one operation of Django's own, or BEGIN … COMMIT."""
        part = self._part_of(second)
        if part is None or self._part_of(first) is not part:
            return False
        if isinstance(part, RunSQL):
            return any(
                first.sql in group and second.sql in group
                for said in (part.sql, part.reverse_sql)
                for group in _transactions(_texts(said))
            )
        return type(part) in WHOLE or part.atomic

    def _part_of(self, observed: Observed) -> Operation | None:
        place = self.operation_of(observed.operation, observed.sql)
        parts = [] if place is None else _with_parts(self.operations[place])
        return next((part for part in parts if observed.operation in _told(part)), None)

    def form(
        self, hazard: Hazard, *, forwards: Sequence[Hazard], backwards: Sequence[Hazard]
    ) -> SafeForm:
        """The two are all that was found: one form cures whatever is wrong with an operation."""
        if hazard.rule == hazards.NON_ATOMIC:
            return SafeForm(TAKE_IT_OUT)
        place = self.operation_of(hazard.operation, hazard.statement)
        if place is None:
            return SafeForm(IN_ORDER if hazard.rule == hazards.OUT_OF_ORDER else BY_HAND)
        if place not in self._forms:
            there, back = (self._rules(place, found) for found in (forwards, backwards))
            form = safe_form(self._place(place, there, back))
            if any(file.name != self.seen.key[1] for file in form.files):
                form = replace(form, advice=" ".join([form.advice, *self._afterwards()]))
            self._forms[place] = form
        return self._forms[place]

    def _afterwards(self) -> Iterator[str]:
        """What else there is to do where files are added."""
        following = [
            child.key[1]
            for child in sorted(self.project.graph.node_map[self.seen.key].children)
            if child.key[0] == self.seen.key[0]
        ]
        if following:
            yield FOLLOWED.format(listed(following))
        elif self._is_linear:
            yield LINEAR

    @property
    def _is_linear(self) -> bool:
        path = file_of(self.seen.migration)
        return path is not None and path.with_name("max_migration.txt").exists()

    def _rules(self, place: int, found: Sequence[Hazard]) -> frozenset[str]:
        return frozenset(
            each.rule
            for each in found
            if self.operation_of(each.operation, each.statement) == place
        )

    def _place(self, place: int, there: frozenset[str], back: frozenset[str]) -> Place:
        before = self._states[place]
        return Place(
            migration=self.seen.migration,
            operation=self.operations[place],
            rules=there | back,
            rules_forwards=there,
            before=before,
            reached=self._states[place + 1],
            forwards=tuple(self._statements(place, self.seen.up.statements)),
            backwards=self._backwards(place),
            things_before=self.seen.before,
            things_after=self.seen.after,
            server_version=self.project.connection.pg_version,  # type: ignore[attr-defined]
            next_number=self._next_number,
            collect=self._collect,
        )

    def _backwards(self, place: int) -> tuple[str, ...] | None:
        """Where another operation has no way back, none was seen: a RunSQL says its own."""
        if self.seen.down is not None:
            return tuple(self._statements(place, self.seen.down.statements))
        operation = self.operations[place]
        if not isinstance(operation, RunSQL) or operation.reverse_sql is None:
            return None
        return tuple(part for text in _texts(operation.reverse_sql) for part in split(text))

    def _statements(self, place: int, observed: Sequence[Observed]) -> Iterator[str]:
        for each in observed:
            if self.operation_of(each.operation, each.sql) == place:
                yield from split(each.sql)

    @cached_property
    def _states(self) -> list[State]:
        """Before each operation, and after the last."""
        states = [self.seen.state]
        for operation in self.operations:
            states.append(after(states[-1], self.seen.key[0], operation))
        return states

    @cached_property
    def _next_number(self) -> int:
        numbers = [
            int(digits[0])
            for app, name in self.project.loader.disk_migrations
            if app == self.seen.key[0] and (digits := re.match(r"\d+", name))
        ]
        return max(numbers, default=0) + 1

    def _collect(self, operation: Operation, before: State, reached: State) -> tuple[str, ...]:
        found: list[str] = []
        with editor(self.project.connection, atomic=False, sink=found.append) as made:
            operation.database_forwards(self.seen.key[0], made, before, reached)
            made.run_deferred()
        return tuple(part for sql in found for part in split(sql))


def _told(operation: Operation) -> Iterator[str | None]:
    """How it describes itself: what renames does so the other way round when it is undone."""
    yield operation.describe()
    if isinstance(operation, RenameModel | RenameIndex) and operation.old_name:
        undone = copy(operation)
        undone.old_name, undone.new_name = operation.new_name, operation.old_name
        yield undone.describe()


def _with_parts(operation: Operation) -> Iterator[Operation]:
    """It, and in a migration that is not atomic, what lies inside of it."""
    yield operation
    if isinstance(operation, SeparateDatabaseAndState):
        for part in operation.database_operations:
            yield from _with_parts(part)


def _is_deferred_of(operation: Operation, sql: str) -> bool:
    """Django puts off the indexes of a field that is added, to the end of the migration."""
    mentioned = {word.lower() for word in re.findall(r"[\w$]+", sql)}
    if isinstance(operation, RenameModel):
        names_ = operation.old_name.lower(), operation.new_name.lower()
        return any(word.endswith(f"_{each}") for word in mentioned for each in names_)
    if not isinstance(operation, AddField | RemoveField):
        return False
    chosen = operation.field.db_column if isinstance(operation, AddField) else None
    column = (chosen or operation.name).lower()
    return bool({column, f"{column}_id"} & mentioned)


def _says(operation: Operation, sql: str) -> bool:
    """The text of a RunSQL, which is told by nothing else from the next one."""
    texts = [
        text
        for part in _with_parts(operation)
        if isinstance(part, RunSQL)
        for said in (part.sql, part.reverse_sql)
        for text in _texts(said)
    ]
    return any(sql in text or text in sql for text in texts if text)


def _texts(said: Any) -> list[str]:
    """Of a RunSQL: one, or a list, in which some may come with their parameters."""
    if isinstance(said, str):
        return [said]
    return [each if isinstance(each, str) else each[0] for each in said or ()]


def _transactions(texts: Sequence[str]) -> Iterator[list[str]]:
    """What stands between each BEGIN and its end, and what is sent as one."""
    yield from (split(text) for text in texts if not transaction_control(text))
    group: list[str] | None = None
    for statement in split("; ".join(texts)):
        if not transaction_control(statement):
            if group is not None:
                group.append(statement)
        elif statement.split()[0].upper() in {"BEGIN", "START"}:
            group = []
        elif group is not None and " TO " not in statement.upper():
            yield group
            group = None
