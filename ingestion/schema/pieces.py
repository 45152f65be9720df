"""A migration that is not one transaction, piece by piece, so that it can go on where it stopped.

    an operation of Django's own, or Python that asks for a transaction: one piece
    any other operation: each of its statements is a piece
    what a script puts between BEGIN and COMMIT: one piece

A piece that may be a transaction commits together with its entry. Of the others, a concurrent
index is judged by the catalogue; the rest is done again when it is not known to be done, and named.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.db import DatabaseError
from django.db.migrations import RunPython, operations
from django.db.migrations.operations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ingestion.schema import indexes
from ingestion.schema.editor import Editor
from ingestion.schema.operations import is_noop
from ingestion.schema.plan import Step
from ingestion.schema.progress import Progress
from ingestion.schema.resume import Done, piece_of, piece_of_operation
from ingestion.schema.statements import needs_no_transaction, split, transaction_control

WHOLE = frozenset(
    kind
    for name in operations.__all__
    if (kind := getattr(operations, name)) not in {RunPython, RunSQL, SeparateDatabaseAndState}
)
"""Django's own on models and fields: a handful of statements that look at the database first."""

SETTING = re.compile(r"(?:RESET|SET(?!\s+CONSTRAINTS))\s", re.IGNORECASE)
ACTIVE_SQL_TRANSACTION, INVALID_TRANSACTION_TERMINATION = "25001", "2D000"
"""What a transaction answers to a CALL or DO that commits, and to what the text does not show."""

Retrying = Callable[[Callable[[], None]], None]
Transaction = Callable[[], AbstractContextManager[None]]
Note = Callable[[str, list[str]], None]
"""Write the step entry of a piece, with the statements it took."""


class Pieces:
    """Around each operation of one migration."""

    def __init__(
        self,
        editor: Editor,
        step: Step,
        *,
        done: Done,
        note: Note,
        transaction: Transaction,
        retrying: Retrying,
        progress: Progress,
    ) -> None:
        self.editor = editor
        self.step = step
        self.connection = editor.connection
        self.done = done
        self.resumed = bool(done)
        self.note = note
        self.transaction = transaction
        self.retrying = retrying
        self.progress = progress
        self.statements: list[str] = []
        self._script: list[str] | None = None

    def __call__(self, operation: Operation, work: Callable[[], None]) -> None:
        self.progress.operates(self.step, operation)
        self._do(operation, work)
        self.progress.operated()

    def _do(self, operation: Operation, work: Callable[[], None]) -> None:
        if is_noop(operation, backwards=self.step.backwards):
            return
        if type(operation) in WHOLE or operation.atomic:
            self._in_one(operation, work)
        elif isinstance(operation, RunPython):
            self._python(operation, work)
        else:
            self.editor.sink = self._statement
            work()
            self.editor.run_deferred()
            self._end_script()

    def _in_one(self, operation: Operation, work: Callable[[], None]) -> None:
        piece = piece_of_operation(operation)
        if self.done.take(piece):
            return

        def attempt() -> None:
            self.statements = []
            with self.transaction():
                self.editor.sink = self._execute
                self.editor.deferred_sql = []
                work()
                self.editor.run_deferred()
                self.note(piece, self.statements)

        self.retrying(attempt)

    def _python(self, operation: Operation, work: Callable[[], None]) -> None:
        piece = piece_of_operation(operation)
        if self.done.take(piece):
            return
        may_have_run = self.resumed

        def attempt() -> None:
            nonlocal may_have_run
            if may_have_run:
                self.progress.runs_again(operation.describe())
            may_have_run = True
            self.statements = []
            self.editor.sink = self._execute
            work()
            self._note(piece, self.statements)

        self.retrying(attempt)

    def _statement(self, text: str) -> None:
        parts = split(text) if transaction_control(text) else [text]
        for part in parts:
            self._part_of_script(part, transaction_control(part) and part.split()[0].upper())

    def _part_of_script(self, text: str, control: str | bool) -> None:
        if control in {"BEGIN", "START"}:
            self._end_script()
            self._script = []
        elif self._script is None:
            if not control:
                self._piece([text], piece_of(text))
        elif control in {"COMMIT", "END"}:
            self._end_script()
        elif control in {"ROLLBACK", "ABORT"} and " TO " not in text.upper():
            self._script = None
        else:
            self._script.append(text)

    def _end_script(self) -> None:
        statements, self._script = self._script or [], None
        self._piece(statements, piece_of("; ".join(statements)))

    def _piece(self, texts: list[str], piece: str) -> None:
        if len(texts) == 1 and _is_setting(texts[0]):
            self._now(texts[0])  # of this session: in the next one it has to be said again
            return
        if not texts or self.done.take(piece):
            return
        if len(texts) == 1 and needs_no_transaction(texts[0]):
            self._alone(texts[0], piece)
            return

        def attempt() -> None:
            with self.transaction():
                for text in texts:
                    self._now(text)
                self.note(piece, texts)

        try:
            self.retrying(attempt)
        except DatabaseError as error:
            if len(texts) > 1 or not wants_no_transaction(error):
                raise
            self._alone(texts[0], piece)

    def _alone(self, text: str, piece: str) -> None:
        about_index = indexes.read(text) is not None
        if self.resumed and not about_index:
            self.progress.runs_again(text)

        def attempt() -> None:
            verdict = indexes.judge(self.connection, text) if about_index else None
            if verdict is indexes.Verdict.DONE:
                self.progress.is_there(text)
                self._note(piece, [])
                return
            repairs = indexes.repair(self.connection, text) if about_index else []
            for repair in repairs:
                self.progress.repairs(repair)
                self._now(repair)
            self._now(text)
            self._note(piece, [*repairs, text])

        self.retrying(attempt)

    def _note(self, piece: str, statements: list[str]) -> None:
        """What was done outside of a transaction."""
        with self.transaction():
            self.note(piece, statements)

    def _execute(self, text: str) -> None:
        self.statements.append(text)
        self._now(text)

    def _now(self, text: str) -> None:
        self.progress.executes(text)
        self.editor.execute_now(text)


def _is_setting(text: str) -> bool:
    return all(SETTING.match(part) for part in split(text))


def wants_no_transaction(error: DatabaseError) -> bool:
    code = getattr(error.__cause__, "pgcode", None)
    return code in {ACTIVE_SQL_TRANSACTION, INVALID_TRANSACTION_TERMINATION}
