"""The words of `schema show`."""

from collections.abc import Iterator

from ingestion.schema.history_text import how
from ingestion.schema.show import Shown, Written
from ingestion.schema.survey import State
from ingestion.schema.units import lasting, moment


def text(shown: Shown) -> str:
    return "\n".join([*_facts(shown), *_operations(shown), *_journal(shown)])


def _facts(shown: Shown) -> Iterator[str]:
    known = shown.known
    yield f"{known.app}.{known.name}"
    yield f"  state       {_state(shown)}"
    yield f"  file        {shown.file or 'not here'}"
    if shown.hash:
        yield f"  hash        {shown.hash}{_edited(shown)}"
    needs = [*(f"{known.app}.{name}" for name in known.parents), *known.needs]
    yield f"  depends on  {', '.join(needs) or 'nothing'}"
    yield f"  needed by   {', '.join(shown.needed_by) or 'nothing'}"
    if known.replaces:
        yield f"  replaces    {', '.join(known.replaces)}"
    if shown.is_atomic is not None:
        yield f"  atomic      {'yes' if shown.is_atomic else 'no: done piece by piece'}"
        yield f"  reversible  {'yes' if shown.is_reversible else 'no'}"


def _state(shown: Shown) -> str:
    known = shown.known
    word = "applied, and not on disk" if known.state is State.NO_FILE else str(known.state)
    return f"{word}, {how(known.applied)}" if known.applied else word


def _edited(shown: Shown) -> str:
    applied = shown.known.applied
    if shown.known.is_edited and applied:
        return f"\n              edited: when it was applied it was {applied.hash}"
    return ", as when it was applied" if applied and applied.hash else ""


def _operations(shown: Shown) -> Iterator[str]:
    if shown.operations:
        yield "Operations:"
    for each in shown.operations:
        yield f"  {each.does}{'' if each.is_reversible else ' (no way back)'}"


def _journal(shown: Shown) -> Iterator[str]:
    yield "Journal:" if shown.journal else "The journal has nothing about it."
    for entry in shown.journal:
        yield f"  {_entry(entry)}"
        for line in (entry.error or "").splitlines()[:1]:
            yield f"    {line}"
        for line in (entry.ddl or "").splitlines():
            yield f"    {line}"


def _entry(entry: Written) -> str:
    who = f"{entry.by or '?'} (role {entry.role})"
    where = f" on {entry.host}" if entry.host else ""
    took = f" in {lasting(entry.duration_ms)}" if entry.duration_ms is not None else ""
    return f"{moment(entry.at)}  {entry.action} by {who}{where}{took}"
