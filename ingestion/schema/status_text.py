"""The words of `schema status`: what there is to see, and what to do about each."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from ingestion.schema.errors import listed
from ingestion.schema.locks import Holder
from ingestion.schema.runs import PastRun
from ingestion.schema.status import AppStatus, Status
from ingestion.schema.units import counted, lasting, moment

MOST = 5
"""Names on a line."""


@dataclass(frozen=True)
class Finding:
    """One thing to see."""

    kind: str
    what: str
    next: str


def findings(status: Status) -> list[Finding]:
    return [*_of_runs(status), *_of_the_record(status), *_of_apps(status)]


def text(status: Status) -> str:
    """The whole answer, for people."""
    found = findings(status)
    lines = [
        _head(status),
        "",
        *_table(status.apps),
        "",
        *_runs(status),
        *_to_see(found),
        *_notes(status),
        f"{counted(len(found), 'thing')} to see." if found else "Clean.",
    ]
    return "\n".join(lines)


# --- What there is to see ------------------------------------------------------------------


def _of_runs(status: Status) -> Iterator[Finding]:
    if status.running and status.running.run:
        yield Finding(
            "running",
            f"a run is under way, by {status.running}",
            "wait for its end, and look again",
        )
    for run in status.unfinished:
        yield Finding(
            "unfinished",
            f"a run was stopped before its end: {_run(run)}",
            "manage.py migrate",
        )
    for half in status.half_done:
        app, name = half.key
        word = "half undone" if half.backwards else "half applied"
        yield Finding(
            "half_done",
            f"{half} is {word}: {counted(half.steps, 'step')} done",
            f"manage.py migrate {app} -1" if half.backwards else f"manage.py migrate {app} {name}",
        )


def _of_the_record(status: Status) -> Iterator[Finding]:
    for key, parent in status.out_of_order:
        yield Finding(
            "out_of_order",
            f"{'.'.join(key)} is applied, and {'.'.join(parent)}, which it depends on, is not",
            "manage.py schema adopt",
        )
    if status.missing_protection:
        yield Finding(
            "unprotected",
            "entries of the journal can be changed: what protects it was switched off, or dropped",
            f"in psql: {' '.join(f'{_in_one_line(each)};' for each in status.missing_protection)}",
        )


def _in_one_line(sql: str) -> str:
    return " ".join(sql.split())


def _of_apps(status: Status) -> Iterator[Finding]:
    for app in status.apps:
        if app.conflicting:
            yield Finding(
                "conflict",
                f"{app.app}: {listed(app.conflicting, most=MOST)} are all last",
                f"manage.py rebase_migration {app.app}, or manage.py makemigrations --merge",
            )
    for app in status.apps:
        if app.pending:
            yield Finding("pending", f"{app.app}: {_pending(app)}", "manage.py migrate")
    for app in filter(_is_own, status.apps):
        yield from _of_files(app)


def _of_files(app: AppStatus) -> Iterator[Finding]:
    if app.without_file:
        yield Finding(
            "without_file",
            f"{app.app}: {listed(app.without_file, most=MOST)} applied, and not on disk",
            "go to the branch that has it and undo it there; or, if its changes are to stay, "
            f"forget it with manage.py migrate {app.app} --prune",
        )
    for name in app.edited:
        yield Finding(
            "edited",
            f"{app.app}.{name} was edited after it was applied",
            "put the file back, and the change into a migration of its own; "
            f"manage.py schema show {app.app} {name}",
        )
    if app.is_unmade:
        yield Finding(
            "unmade",
            f"{app.app}: the models have changes that no migration makes",
            f"manage.py makemigrations {app.app}",
        )


def _is_own(app: AppStatus) -> bool:
    return app.is_own


def _pending(app: AppStatus) -> str:
    return f"{len(app.pending)} pending: {listed(app.pending, most=MOST)}"


# --- For people ----------------------------------------------------------------------------


def _head(status: Status) -> str:
    server = status.server
    return (
        f"PostgreSQL {server.version}, database {server.database} at {server.host} as {server.role}"
    )


def _table(apps: tuple[AppStatus, ...]) -> list[str]:
    width = max((len(app.app) for app in apps), default=0)
    return [f"  {app.app.ljust(width)}  {_row(app)}" for app in apps]


def _row(app: AppStatus) -> str:
    at = listed(app.current, most=MOST) or "nothing applied"
    return f"{at}, {len(app.pending)} pending" if app.pending else at


def _runs(status: Status) -> list[str]:
    lines = []
    if status.last_run:
        lines.append(f"Last run: {_run(status.last_run)}{_outcome(status.last_run, status)}")
    # One that has not begun to change anything is no thing to see: it may have nothing to do.
    if status.running and not status.running.run:
        lines.append(f"Holds the lock on migrations: {status.running}")
    return [*lines, ""] if lines else []


def _run(run: PastRun) -> str:
    where = f" on {run.host}" if run.host else ""
    return f"`{run.command}` by {run.by or run.role}{where}, {moment(run.at)}"


def _outcome(run: PastRun, status: Status) -> str:
    if run.outcome is None:
        return ": under way" if _is_running(run, status.running) else ": stopped before its end"
    took = f" in {lasting(run.duration_ms)}" if run.duration_ms is not None else ""
    why = f": {run.error.splitlines()[0]}" if run.error and run.outcome == "failed" else ""
    return f": {run.outcome}{took}{why}"


def _is_running(run: PastRun, running: Holder | None) -> bool:
    return running is not None and running.run == run.run


def _to_see(found: list[Finding]) -> list[str]:
    if not found:
        return []
    lines = ["To see:"]
    for next_step, some in groupby(found, key=lambda each: each.next):
        lines += [f"  {each.what}" for each in some]
        lines.append(f"    → {next_step}")
    return [*lines, ""]


def _notes(status: Status) -> list[str]:
    """What is worth a line, and nobody's to mend."""
    lines = []
    for app in status.apps:
        if app.edited and not app.is_own:
            names = listed(app.edited, most=MOST)
            lines.append(
                f"Note: the library of {app.app} has other files than when applied: {names}"
            )
        if app.without_file and not app.is_own:
            names = listed(app.without_file, most=MOST)
            lines.append(f"Note: of {app.app}, no file is here any more for {names}")
        if app.is_unmade and not app.is_own:
            lines.append(f"Note: the models of {app.app}, a library, differ from its migrations")
        if app.unjournaled:
            names = listed(app.unjournaled, most=MOST)
            lines.append(f"Note: {app.app} was changed without an entry in the journal: {names}")
    return [*lines, ""] if lines else []
