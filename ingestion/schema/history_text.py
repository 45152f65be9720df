"""The words of `schema history`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ingestion.schema.history import AppHistory
from ingestion.schema.runs import Event, PastRun
from ingestion.schema.survey import Applied, Known, State
from ingestion.schema.units import counted, lasting, moment

# --- The graph -----------------------------------------------------------------------------


def graphs(found: Sequence[AppHistory]) -> str:
    return "\n\n".join("\n".join(_graph(app)) for app in found)


def _graph(found: AppHistory) -> Iterator[str]:
    yield found.app
    wide = max((len(line.drawn) for line in found.lines), default=0)
    named = [*(line.known for line in found.lines), *found.outside]
    long = max((len(known.name) for known in named if known), default=0)
    for line in found.lines:
        words = _words(line.known, long) if line.known else ""
        yield f"  {line.drawn.ljust(wide)}  {words}".rstrip()
    if found.older:
        yield f"  {''.ljust(wide)}  and {found.older} older"
    for known in found.outside:
        yield f"  {''.ljust(wide)}  {_words(known, long)}".rstrip()


def _words(known: Known, long: int) -> str:
    return f"{known.name.ljust(long)}  {', '.join(_facts(known))}{_places(known)}"


def _facts(known: Known) -> Iterator[str]:
    if known.state is State.WAITING:
        yield "stands for nothing until all that it replaces is applied, or nothing"
    elif known.state is State.NO_FILE:
        yield "applied, and not on disk"
    elif known.state is not State.APPLIED:
        yield str(known.state)
    if known.applied:
        yield how(known.applied)
    elif known.state is State.APPLIED:
        yield "applied in parts, the next migrate records it"
    if known.is_edited:
        yield "edited since"
    if known.replaces and known.state is not State.WAITING:
        yield f"replaces {counted(len(known.replaces), 'migration')}"
    if known.needs:
        yield f"needs {' and '.join(known.needs)}"


def how(applied: Applied) -> str:
    """ "2026-01-31 12:00:00 UTC by ada in 0.02 s"."""
    words = [moment(applied.at)] if applied.at else []
    if applied.by or applied.role:
        words.append(f"by {applied.by or applied.role}")
    if applied.how == "fake":
        words.append("as a fake")
    elif applied.duration_ms is not None:
        words.append(f"in {lasting(applied.duration_ms)}")
    if applied.how == "adopt":
        words.append("adopted")
    return " ".join(words)


def _places(known: Known) -> str:
    places = [
        *(["head"] if known.is_head else []),
        *(["current"] if known.is_current else []),
    ]
    return f"  ({', '.join(places)})" if places else ""


# --- The runs ------------------------------------------------------------------------------


def told(found: Sequence[PastRun]) -> str:
    if not found:
        return "The journal has no runs."
    known = {str(run.run): run for run in found}
    return "\n\n".join("\n".join([_run(run), *_events(run.events, known)]) for run in found)


def _run(run: PastRun) -> str:
    who = f"{run.by or '?'} (role {run.role})"
    where = f" on {run.host}" if run.host else ""
    code = f" with version {run.version}" if run.version else ""
    commit = f" at {_short(run.git_commit)}" if run.git_commit else ""
    done = f"`{run.command}`" if run.command else "the journal was made"
    return f"{moment(run.at)}  {done} by {who}{where}{code}{commit}{_outcome(run)}"


def _short(commit: str) -> str:
    """The "+" behind it says that there were changes beside it."""
    return f"{commit.removesuffix('+')[:9]}{'+' if commit.endswith('+') else ''}"


def _outcome(run: PastRun) -> str:
    if run.command is None:
        return ""
    took = f" in {lasting(run.duration_ms)}" if run.duration_ms is not None else ""
    return f": {run.outcome or 'no end'}{took}"


def _events(events: Sequence[Event], known: Mapping[str, PastRun]) -> Iterator[str]:
    """Adopted migrations are one line, and so are the steps of one."""
    for (action, about), some in groupby(events, key=lambda event: (event.action, _about(event))):
        these = list(some)
        if action == "adopt":
            yield f"  adopt    {counted(len(these), 'migration')} that had been applied before"
        elif action == "step":
            yield f"  step     {about}  {counted(len(these), 'step')}"
        else:
            said = [filter(None, (about, _said(each, known))) for each in these]
            yield from (f"  {action.ljust(7)}  {'  '.join(words)}".rstrip() for words in said)


def _about(event: Event) -> str:
    return f"{event.app}.{event.migration}" if event.app and event.action != "adopt" else ""


def _said(event: Event, known: Mapping[str, PastRun]) -> str:
    if event.action == "undo":
        of = str(event.detail.get("of"))
        undone = known.get(of)
        return f"`{undone.command}` of {moment(undone.at)}" if undone else f"the run {of}"
    if event.error:
        return event.error.splitlines()[0]
    if event.action == "fake":
        because = event.detail.get("because")
        return f"{event.detail.get('direction')}{f', {because}' if because else ''}"
    return lasting(event.duration_ms) if event.duration_ms is not None else ""
