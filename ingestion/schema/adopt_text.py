"""The words of `schema adopt`: the state that was found, what is marked, what differs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ingestion.schema.adopt import Correction, Finding, owner_of
from ingestion.schema.catalog import table_of
from ingestion.schema.drift.differences import Difference
from ingestion.schema.errors import FitsNoState, listed
from ingestion.schema.plan import Key

MOST = 8
"""Names on a line."""


def facts(outcome: str, database: str, finding: Finding, needed: Correction) -> dict[str, Any]:
    """For programs."""
    return {
        "outcome": outcome,
        "database": database,
        "state": finding.reached,
        "add": _names(needed.add),
        "remove": _names(needed.remove),
        "unseen": {".".join(key): words for key, words in finding.unseen.items()},
        "others": finding.others,
        "differences": finding.differences,
    }


def text(outcome: str, database: str, finding: Finding, needed: Correction) -> str:
    """For people."""
    match outcome:
        case "no_tables":
            lines = [f"{database} has no table that the migrations make: nothing to adopt."]
            lines += [*_others(finding), "Make them with: manage.py migrate"]
        case "no_fit":
            refusal = FitsNoState(len(finding.differences))
            lines = [refusal.message, "The nearest:", *_state(finding.reached)]
            lines += ["What differs from it:", *_differences(finding.differences)]
            lines += [*_others(finding), refusal.hint]
        case "nothing_to_adopt":
            lines = [f"Nothing to adopt: the record says what {database} has."]
            lines += [*_state(finding.reached), *_others(finding)]
        case _:
            done = outcome == "adopted"
            lines = [f"{database} has the tables of this state:", *_state(finding.reached)]
            lines += [*_changes(finding, needed, done=done), *_others(finding)]
            next_step = "Go on with" if done else "Nothing was changed. Mark it with"
            lines.append(f"{next_step}: manage.py {'migrate' if done else 'schema adopt'}")
    return "\n".join(lines)


def _state(reached: Mapping[str, Sequence[str]]) -> list[str]:
    width = max(map(len, reached), default=0)
    return [
        f"  {app.ljust(width)}  {listed(names, most=MOST) or 'nothing'}"
        for app, names in reached.items()
    ]


def _changes(finding: Finding, needed: Correction, *, done: bool) -> list[str]:
    lines = []
    silent = {key: words for key, words in finding.unseen.items() if key in needed.add}
    shown = [key for key in needed.add if key not in silent]
    if shown:
        lines += ["Marked as applied:" if done else "To be marked as applied:", *_by_app(shown)]
    if silent:
        lines.append(
            f"{'Marked' if done else 'To be marked'} too, though no table shows all of it:"
        )
        lines += [f"  {'.'.join(key)} ({', '.join(words)})" for key, words in silent.items()]
        lines.append(
            "    → see that what they do has been done here: manage.py schema show APP NAME"
        )
    if needed.remove:
        lines.append("Taken out of the record:" if done else "To be taken out of the record:")
        lines += _by_app(needed.remove)
    if not (needed.add or needed.remove):
        lines.append(
            "The record says so; the journal does now too."
            if done
            else "The record says so; the journal does not."
        )
    return lines


def _by_app(keys: Iterable[Key]) -> list[str]:
    found: dict[str, list[str]] = {}
    for app, name in keys:
        found.setdefault(app, []).append(name)
    return [f"  {app}: {_range(names)}" for app, names in found.items()]


def _range(names: Sequence[str]) -> str:
    few = ", ".join(names)
    return few if len(names) < 3 else f"{names[0]} … {names[-1]} ({len(names)})"


def _differences(found: Sequence[Difference]) -> list[str]:
    """Of a table that is missing, or that should be, not every column too."""
    whole = {
        table_of(each.thing)
        for each in found
        if each.thing.startswith("table ") and None in {each.expected, each.found}
    }
    lines = []
    for each in found:
        table = table_of(each.thing) or owner_of(each.expected or each.found or "")
        if table not in whole or each.thing.startswith("table "):
            lines += [f"  {each.thing}", *_pair(each, is_whole=table in whole)]
    return lines


def _pair(each: Difference, *, is_whole: bool) -> list[str]:
    tail = ", with all that belongs to it" if is_whole else ""
    return [
        f"    expected  {_definition(each.expected)}{tail if each.found is None else ''}",
        f"    found     {_definition(each.found)}{tail if each.expected is None else ''}",
    ]


def _definition(definition: str | None) -> str:
    if definition is None:
        return "nothing"
    return definition.replace("\n", "\n              ") or "it"


def _others(finding: Finding) -> list[str]:
    names = listed(finding.others, most=MOST)
    return [f"Not ours, and left as they are: {names}"] if names else []


def _names(keys: Collection[Key]) -> list[str]:
    return [".".join(key) for key in keys]
