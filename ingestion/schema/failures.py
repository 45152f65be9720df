"""What the database said when a run failed → a refusal that says what became of the run."""

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, InterfaceError
from psycopg2 import errors as pg

from ingestion.schema.errors import ConnectionLost, MigrationFailed, SchemaError
from ingestion.schema.run import Run

CURES: tuple[tuple[Any, str], ...] = (
    (
        pg.InsufficientPrivilege,
        "Run it as the role that owns the tables, or let the owner grant what is missing.",
    ),
    (
        pg.ReadOnlySqlTransaction,
        "The server or the role only reads: connect to the primary, as a role that may write.",
    ),
    (
        (pg.DuplicateTable, pg.DuplicateColumn, pg.DuplicateObject),
        "The database has it already. If its history was lost, find the state it is in with: "
        "manage.py schema adopt --plan. Otherwise mend the migration.",
    ),
    (pg.LockNotAvailable, "Somebody holds a table that it needs: try again in a moment."),
    (pg.DiskFull, "Make room on the server's disk, then run migrate again."),
    (
        pg.QueryCanceled,
        "It took longer than it may (statement_timeout, or BUDGET_SECONDS for CONCURRENTLY and "
        "VALIDATE). Run migrate again, with a larger limit if need be.",
    ),
)
OTHERWISE = "Mend the migration, and run migrate again; --traceback shows where it was."


def refusal(error: DatabaseError | InterfaceError, run: Run | None) -> SchemaError:
    """For any error of the database after it was reached."""
    what = _what(run)
    if is_lost(error):
        return ConnectionLost(what)
    cause = next((each for each in chain(error) if isinstance(each, pg.Error)), None)
    primary = cause.diag.message_primary if cause is not None else None
    why = (primary or f"{error}".strip().partition("\n")[0]).rstrip(".")
    hint = next((cure for kind, cure in CURES if isinstance(cause, kind)), OTHERWISE)
    return MigrationFailed(what, why, state=became(run), hint=hint)


def _what(run: Run | None) -> str:
    if run is None or not (run.current or run.done):
        return "the record of migrations"
    return str(run.current) if run.current else "what follows the migrations"


def python_refusal(error: BaseException, run: Run) -> SchemaError:
    """For any other error inside a migration: it is the author's, who gets the traceback too."""
    why = f"{type(error).__name__}: {error}".rstrip(".")
    return MigrationFailed(str(run.current), why, state=became(run), hint=OTHERWISE)


def is_about_the_role(error: BaseException) -> bool:
    """Whether the role may not do what every run begins with; that is no fault of a migration."""
    return any(isinstance(each, pg.InsufficientPrivilege) for each in chain(error))


def became(run: Run | None) -> str:
    """What is there now, of the run that stopped."""
    if run is None or run.grouped:
        return "Nothing was changed."
    before = f"the {len(run.done)} done before it stay" if run.done else ""
    if run.current is None:
        return f"{before[:1].upper()}{before[1:]}." if before else "Nothing was changed."
    if run.is_piecewise(run.current):
        tail = f"; {before}" if before else ""
        return f"What it had done by then stays{tail}, and migrate goes on from there."
    if run.committed:
        return "It is done, but for what was to follow it."
    return (
        f"It was rolled back; {before}." if before else "It was rolled back; nothing was changed."
    )


def is_lost(error: BaseException) -> bool:
    """The server gives every error of a statement a SQLSTATE; class 57P is a server that goes."""
    if isinstance(error, InterfaceError):
        return True
    code = getattr(error.__cause__, "pgcode", None)
    lost = isinstance(error.__cause__, pg.OperationalError) and code is None
    return lost or (code or "").startswith("57P")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
