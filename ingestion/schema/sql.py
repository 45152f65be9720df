"""A plan → a script for psql: what a run of it executes, written down as it happens.

The SQL of a migration depends on the tables it meets: names of constraints are looked up. So the
plan is really run, on a scratch database in the state that the script starts from, and the script
has the transactions, timeouts and records of that run. See `render`.
"""

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.contenttypes.management import RenameContentType
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, RunPython
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ingestion.schema.errors import NotInSQL
from ingestion.schema.journal import COLUMNS, TABLE, Entry, insert
from ingestion.schema.limits import Limits
from ingestion.schema.losses import Candidate, hold, is_there, rows, told
from ingestion.schema.operations import is_noop
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key, Step
from ingestion.schema.progress import Progress
from ingestion.schema.psql import INDENT, comment, dollar_quoted, echo, ended
from ingestion.schema.run import for_the_journal
from ingestion.schema.statements import Kind, kind

RUN = "current_setting('schema.run')::uuid"
RENAME = """\
UPDATE django_content_type SET model = {name}
 WHERE (app_label, model) = ({old})
   AND NOT EXISTS (SELECT FROM django_content_type WHERE (app_label, model) = ({new}));"""
LOSSES = """
#variable_conflict use_column
DECLARE
    found bigint;
    lost text[] := ARRAY[]::text[];
    row_security_before text := current_setting('row_security');
BEGIN
    PERFORM set_config('row_security', 'off', true);  -- no policy hides a row: it is an error then
{looks}
    PERFORM set_config('row_security', row_security_before, true);
    IF lost <> ARRAY[]::text[] THEN
        RAISE EXCEPTION USING HINT = {hint},
            MESSAGE = format('this would lose %s: nothing of this migration was done',
                array_to_string(lost, ', '));
    END IF;
END
"""
LOOK = """\
    IF {is_there} THEN{hold}
        SELECT count(*) INTO found FROM {rows};
        IF found > 0 THEN
            lost := lost || format('%s %s', found, {name});
        END IF;
    END IF;"""
RULE = "-- " + "-" * 95
RECORDS = ("django_migrations", TABLE)
LOOKS = re.compile(
    r"\s*(SELECT|WITH|SHOW|EXPLAIN|VALUES|TABLE|SET|DECLARE|FETCH|CLOSE|SAVEPOINT|RELEASE|ROLLBACK)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Known:
    """A function of a library that has nothing to do where its table comes or goes as well."""

    table: Key
    """The migration that makes the table it works on."""
    instead: str = ""
    """What the statements behind it need."""


AUTH_0011 = "django.contrib.auth.migrations.0011_update_proxy_permissions"
TYPES_0002 = "django.contrib.contenttypes.migrations.0002_remove_content_type_name"
KNOWN = {
    f"{AUTH_0011}.update_proxy_model_permissions": Known(("auth", "0001_initial")),
    f"{AUTH_0011}.revert_proxy_model_permissions": Known(("auth", "0001_initial")),
    f"{TYPES_0002}.add_legacy_name": Known(
        ("contenttypes", "0001_initial"), "UPDATE django_content_type SET name = model"
    ),
}


class Script(Progress):
    """What a run executes, as the lines of a script."""

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        steps: Sequence[Step],
        *,
        origin: Origin,
        limits: Limits,
        at_stake: Sequence[Candidate] = (),
        is_loss_accepted: bool = False,
    ) -> None:
        self.connection = connection
        self.steps = list(steps)
        # A script is run by somebody else, somewhere else.
        self.origin = replace(origin, os_user=None, host=None, process=None)
        self.limits = limits
        self.at_stake = at_stake
        self.is_loss_accepted = is_loss_accepted
        self.lines: list[str] = []
        self.gaps: list[tuple[Step, str]] = []
        self.piecewise: list[Step] = []
        self._transaction: list[str] = []
        self.step: Step | None = None
        self._muted: list[bool] = []
        self._is_under_way = False
        """The record is not any more what the script starts from."""
        self._announced = ""
        self._piece: list[str] = []
        self._whole: list[str] = []

    # --- What happens, in order ----------------------------------------------------------------

    def starts(self, step: Step) -> None:
        number = self.steps.index(step) + 1
        title = f"{number} of {len(self.steps)}: {verb(step)} {step}"
        self.lines += ["", RULE, comment(title), RULE, echo(title)]
        self.step, self._piece, self._whole = step, [], []

    def ends(self, step: Step, seconds: float) -> None:
        self.step = None

    def looks_for_losses(self, step: Step) -> None:
        """Before anything else in its transaction, or outside of any where it has several."""
        due = [replace(each, now=each.due) for each in self.at_stake if each.step == step]
        if not due or self.is_loss_accepted:
            return
        lines = self._transaction if self.connection.in_atomic_block else self.lines
        lines.append(comment("Nothing goes that was not accepted"))
        lines.append(self._losses(told(due)))

    def operates(self, step: Step, operation: Operation) -> None:
        is_python = isinstance(operation, RunPython) or not operation.reduces_to_sql
        self._muted.append(is_python)
        if isinstance(operation, RenameContentType):
            self._transaction.append("-- Rename its content type, too")
            self._transaction.append(self._rename_content_type(operation, step))
            return
        self._transaction.append(comment(operation.describe()))
        if is_python:
            self._python(operation, step)

    def operated(self) -> None:
        self._muted.pop()

    def executes(self, statement: str) -> None:
        self._announced = statement
        if not any(self._muted):
            self._piece.append(statement)
            self._whole.append(statement)
            self._write(statement)

    def records(self, key: Key, *, added: bool) -> None:
        self._is_under_way = True
        names = self.literals(*key)
        if added:
            self._transaction.append(
                f"INSERT INTO django_migrations (app, name, applied) VALUES ({names}, now());"  # noqa: S608
            )
        else:
            self._transaction.append(
                f"DELETE FROM django_migrations WHERE (app, name) = ({names});"  # noqa: S608
            )

    def notes(self, entry: Entry) -> None:
        """Every entry ends a transaction, but for those of the parts of a squashed migration."""
        if entry.action == "step":
            entry = replace(entry, ddl=for_the_journal(self._piece))
            if self.step and self.step not in self.piecewise:
                self.piecewise.append(self.step)
        elif entry.action in {"apply", "unapply"}:
            gaps = [name for step, name in self.gaps if step == self.step]
            detail = {**entry.detail, "left_out": gaps} if gaps else entry.detail
            entry = replace(entry, ddl=for_the_journal(self._whole), detail=detail)
        elif entry.action == "begin":
            entry = replace(entry, detail={**entry.detail, "script": True})
        elif entry.action == "end":
            self.lines += ["", RULE, comment("The end of the run"), RULE]
        self._transaction.append(self.insert(entry))
        if "because" not in entry.detail:
            self._commit()

    def watch(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Around each statement on the scratch database: those that change it are announced."""
        text = str(sql)
        if (
            self.step
            and not any(self._muted)
            and text != self._announced
            and not LOOKS.match(text)
            and not any(table in text for table in RECORDS)
        ):
            raise NotInSQL(f"{self.step}", f"{text.split(maxsplit=1)[0]} …")
        return execute(sql, params, many, context)

    # --- The text --------------------------------------------------------------------------------

    def insert(self, entry: Entry) -> str:
        """The statement that writes this entry, with the columns that say something."""
        _, values = insert(entry, self.origin)
        said = dict(zip(COLUMNS.split(", "), values, strict=True)) | {"duration_ms": None}
        if not entry.detail:
            said["detail"] = None
        texts = {"run": RUN} | {
            name: self.literals(value)
            for name, value in said.items()
            if name not in {"run", "ddl"} and value is not None
        }
        if self._is_one_transaction(entry):
            texts["duration_ms"] = "extract(epoch FROM clock_timestamp() - now()) * 1000"
        if entry.ddl:  # the longest comes last
            texts["ddl"] = dollar_quoted(entry.ddl, tag="ddl")
        return f"INSERT INTO {TABLE} ({', '.join(texts)})\nVALUES ({', '.join(texts.values())});"

    def _is_one_transaction(self, entry: Entry) -> bool:
        return entry.action in {"apply", "unapply", "fake"} and self.step not in self.piecewise

    def _write(self, statement: str) -> None:
        inside = self.connection.in_atomic_block
        how = "SET LOCAL" if inside else "SET"
        lines = [ended(statement)]
        if kind(statement) is Kind.WAITS:
            lines = [
                f"{how} lock_timeout = 0;",
                f"{how} statement_timeout = '{self.limits.budget}s';",
                *lines,
                f"{how} lock_timeout = :'lock_timeout';",
                f"{how} statement_timeout = :'old_statement_timeout';",
            ]
        if inside:
            self._transaction += lines
        else:
            self.lines += [*self._transaction, *lines]
            self._transaction = []

    def _commit(self) -> None:
        """What has gathered is one transaction, which a single statement is by itself."""
        lines, self._transaction, self._piece = self._transaction, [], []
        alone = sum(not line.startswith("--") for line in lines) == 1
        self.lines += lines if alone else ["BEGIN;", *lines, "COMMIT;"]

    def _python(self, operation: Operation, step: Step) -> None:
        if is_noop(operation, backwards=step.backwards):
            self._transaction.append("-- (which does nothing)")
            return
        name = _name_of_python(operation, backwards=step.backwards)
        known = KNOWN.get(name)
        if known and Step(known.table, backwards=step.backwards) in self.steps:
            why = "is dropped below" if step.backwards else "is new, and empty"
            self._transaction.append(comment(f"(left out: {name}; its table {why})"))
            if known.instead:
                self._transaction.append(ended(known.instead))
            return
        self.gaps.append((step, name))
        self._transaction.append(self._gap(step, name))

    def _losses(self, due: Sequence[Candidate]) -> str:
        """The same look as `migrate` takes before each step; a column may be called `found`."""
        hint = "If that is meant: psql -v accept_data_loss=yes"
        if self._is_under_way:
            hint = f"What came before is done. {hint}, with a new script from here."
        looks = "\n".join(self._look(each) for each in due)
        body = LOSSES.format(looks=looks, hint=self.literals(hint))
        return "\n".join(
            [
                "\\if :accept_data_loss",
                "\\else",
                f"DO {dollar_quoted(body, tag='loss')};",
                "\\endif",
            ]
        )

    def _look(self, due: Candidate) -> str:
        place, inside = due.now, self.connection.in_atomic_block
        return LOOK.format(
            is_there=is_there(self.connection, place),
            hold=f"\n{INDENT * 2}{hold(self.connection, place)};" if inside else "",
            rows=rows(self.connection, place, due.field),
            name=self.literals(f"{place.unit} of {place}"),
        )

    def _gap(self, step: Step, name: str) -> str:
        message = self.literals(f"{step} runs Python here, which a script cannot: {name}")
        hint = (
            "This migration is half done: only manage.py migrate goes on from here. Where it has "
            "not begun, this script goes past it with psql -v leave_out_python=yes"
            if step in self.piecewise
            else "What came before is done. Go on with manage.py migrate, or with a new script "
            "from here and psql -v leave_out_python=yes"
        )
        return "\n".join(
            [
                comment(f"GAP: {name}"),
                "\\if :leave_out_python",
                "\\else",
                "DO $gap$ BEGIN",
                f"{INDENT}RAISE EXCEPTION USING MESSAGE = {message}, HINT =",
                f"{INDENT * 2}{self.literals(hint)};",
                "END $gap$;",
                "\\endif",
            ]
        )

    def _rename_content_type(self, operation: RenameContentType, step: Step) -> str:
        """As Django does, beside each RenameModel."""
        names = operation.old_model, operation.new_model
        old, new = reversed(names) if step.backwards else names
        app = operation.app_label
        return RENAME.format(
            old=self.literals(app, old), new=self.literals(app, new), name=self.literals(new)
        )

    def literals(self, *values: object) -> str:
        with self.connection.cursor() as cursor:
            places = ", ".join(["%s"] * len(values))
            text: str = cursor.mogrify(places, values).decode()
        return text


class Part(Operation):
    """One of the operations in a SeparateDatabaseAndState, which runs them by itself."""

    def __init__(self, operation: Operation, *, step: Step, script: Script) -> None:
        self.operation = operation
        self.step = step
        self.script = script

    def state_forwards(self, app_label: str, state: Any) -> None:
        self.operation.state_forwards(app_label, state)

    def database_forwards(self, *args: Any) -> None:
        self.script.operates(self.step, self.operation)
        self.operation.database_forwards(*args)
        self.script.operated()

    def database_backwards(self, *args: Any) -> None:
        self.script.operates(self.step, self.operation)
        self.operation.database_backwards(*args)
        self.script.operated()


def open_up(migration: Migration, *, step: Step, script: Script) -> None:
    """Let the script hear of the operations inside others; no way of its own past them is known."""
    own = type(migration).unapply if step.backwards else type(migration).apply
    if own not in {Migration.apply, Migration.unapply}:
        raise NotInSQL(f"{step}", f"its own {own.__name__}()")
    # Each has a list of its own; the operations in it belong to all.
    migration.operations = [  # type: ignore[misc]
        _opened(each, step, script) for each in migration.operations
    ]


def _opened(operation: Operation, step: Step, script: Script) -> Operation:
    if not isinstance(operation, SeparateDatabaseAndState):
        return operation
    opened = copy(operation)
    opened.database_operations = [
        Part(_opened(each, step, script), step=step, script=script)
        for each in operation.database_operations
    ]
    return opened


def verb(step: Step) -> str:
    return f"{'undo' if step.backwards else 'apply'}{' in the record only' if step.fake else ''}"


def counted(steps: Sequence[Step]) -> str:
    down = sum(step.backwards for step in steps)
    up = len(steps) - down
    words = [f"{count} to {verb}" for count, verb in ((up, "apply"), (down, "undo")) if count]
    return " and ".join(words) or "the record"


def _name_of_python(operation: Operation, *, backwards: bool) -> str:
    if not isinstance(operation, RunPython):
        return f"{type(operation).__module__}.{type(operation).__qualname__}"
    code = operation.reverse_code if backwards else operation.code
    name = getattr(code, "__qualname__", type(code).__qualname__)
    return f"{getattr(code, '__module__', type(code).__module__)}.{name}"
