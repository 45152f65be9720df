"""The words of `schema drift`: what differs, and what ends it, either way."""

import difflib
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ingestion.schema.drift.compare import Drift
from ingestion.schema.drift.differences import Difference, Group, Side
from ingestion.schema.drift.script import commands, doubts, loses_data, on_database
from ingestion.schema.errors import listed
from ingestion.schema.psql import ended
from ingestion.schema.repair import Statement
from ingestion.schema.units import counted

MOST = 8
"""Names on a line."""
MANY = 25
"""More differences than that are told in a line each."""
LONG = 12
"""More lines than that of a definition, or of what is to be done, are cut."""
MODELS = "models and migrations"
TABLES = "migrations and database"
FOLLOWS = "follows from what is done for the others"
USUAL = "what is usual"
SIDES = {Side.MISSING: "missing", Side.EXTRA: "extra", None: "changed"}

# --- For programs --------------------------------------------------------------------------


def facts(drift: Drift) -> dict[str, Any]:
    found = drift.comparison
    return {
        "clean": drift.is_clean,
        "database": drift.server.database,
        "server_version": drift.server.version,
        "applied": drift.applied,
        "things": len(found.found),
        "cached": drift.is_cached,
        "differences": [
            *(_fact(each, drift) for each in found.groups),
            *(_fact_of_models(app, words) for app, words in drift.unmade.items()),
        ],
        "ignored": [
            {"what": each.difference.thing, "pattern": each.pattern, "reason": each.reason}
            for each in found.ignored
        ],
        "unused_ignores": found.unused,
        "pending": [".".join(key) for key in drift.pending],
    }


def _fact(group: Group, drift: Drift) -> dict[str, Any]:
    difference = group.difference
    repair, keep = _sql(group, drift.repair), _sql(group, drift.keep)
    return {
        "what": difference.thing,
        "between": TABLES,
        "expected": difference.expected,
        "found": difference.found,
        "found_as": group.found_as.thing if group.found_as else None,
        "with": [each.thing for each in group.parts],
        "repair": repair,
        "keep": keep,
        "repair_loses_data": any(map(loses_data, repair)),
        "keep_loses_data": any(map(loses_data, keep)),
    }


def _fact_of_models(app: str, words: Sequence[str]) -> dict[str, Any]:
    return {
        "what": f"models of {app}",
        "between": MODELS,
        "expected": "\n".join(words),
        "found": None,
        "found_as": None,
        "with": [],
        "repair": [f"manage.py makemigrations {app}"],
        "keep": [],
        "repair_loses_data": False,
        "keep_loses_data": False,
    }


def _sql(group: Group, statements: Sequence[Statement]) -> list[str]:
    """What is said of it, and of what belongs to it; in the order in which it can be run."""
    return [ended(each.sql) for each in statements if each.thing in group.things]


# --- For people ----------------------------------------------------------------------------


def text(drift: Drift, *, ignoring: Sequence[str] = ()) -> str:
    """`ignoring` is what the command was told besides the settings."""
    groups = drift.comparison.groups
    lines = [_head(drift), ""]
    if len(groups) > MANY:
        lines += [*map(_in_one_line, groups), ""]
    else:
        lines += [line for group in groups for line in _in_full(group, drift)]
    for app, words in drift.unmade.items():
        lines += _of_models(app, words)
    lines += _notes(drift)
    if groups:
        lines += _ways(drift, ignoring)
    return "\n".join(lines).rstrip()


def _head(drift: Drift) -> str:
    how = "known from before" if drift.is_cached else "replayed on an empty database"
    count = counted(drift.applied, "applied migration")
    where = f"{drift.server.database}, PostgreSQL {drift.server.version}"
    found = len(drift.comparison.groups) + len(drift.unmade)
    if not found:
        things = counted(len(drift.comparison.found), "thing")
        verb = "makes" if drift.applied == 1 else "make"
        return f"Clean: {where}, has what its {count} {verb} ({how}): {things} compared."
    return f"{where}, against its {count} ({how}): {counted(found, 'difference')}."


def _in_full(group: Group, drift: Drift) -> list[str]:
    repair, keep = _sql(group, drift.repair), _sql(group, drift.keep)
    if not (repair or keep):
        return [_heading(group), *_definitions(group), *_told("both", FOLLOWS), ""]
    return [
        _heading(group),
        *_definitions(group),
        *_told("repair", "\n".join(repair) or FOLLOWS),
        *_told("keep", "\n".join(keep) or FOLLOWS),
        *_note(group, drift),
        "",
    ]


def _in_one_line(group: Group) -> str:
    expected, found = _without_same_comment(group.difference.expected, group.difference.found)
    if not (expected and found) or "\n" in f"{expected}{found}":
        return _heading(group)
    return f"{_heading(group)}: {found}, expected {expected}"


def _note(group: Group, drift: Drift) -> list[str]:
    difference = group.difference
    if difference.thing in (doubtful := doubts(drift)):
        return _told("note", doubtful[difference.thing])
    holds_data = not group.found_as and difference.thing.partition(" ")[0] in {"table", "column"}
    if difference.side is Side.MISSING and holds_data:
        return _told("note", "what was in it does not come back: it is in a backup at best")
    return []


def _heading(group: Group) -> str:
    belongs = [each.thing.partition(" ")[0] for each in group.parts]
    counts = ", ".join(_count(kind, belongs.count(kind)) for kind in dict.fromkeys(belongs))
    parts = f" (with {counts})" if counts else ""
    side = SIDES[group.difference.side]
    if group.found_as:
        side = "renamed"
    elif _is_grant(group.difference):
        side = "changed"
    return f"{side} {group.difference.thing}{parts}"


def _count(kind: str, number: int) -> str:
    plural = {"index": "indexes", "policy": "policies", "statistics": "statistics"}
    return f"1 {kind}" if number == 1 else f"{number} {plural.get(kind, f'{kind}s')}"


def _definitions(group: Group) -> list[str]:
    if group.found_as:
        return _told("found", f"{group.found_as.thing}: the same, but for its name")
    expected, found = group.difference.expected, group.difference.found
    if expected and found and "\n" in expected and "\n" in found:
        return _by_lines(expected, found)
    expected, found = _without_same_comment(expected, found)
    if _is_grant(group.difference):
        expected, found = expected or USUAL, found or USUAL
    return [
        line
        for word, definition in (("expected", expected), ("found", found))
        if definition
        for line in _told(word, definition)
    ]


def _without_same_comment(expected: str | None, found: str | None) -> tuple[str | None, str | None]:
    """What is the same is in the way where one looks for what differs."""
    if expected and found:
        comment = expected.rpartition(" -- ")[2]
        tail = f" -- {comment}"
        if expected.endswith(tail) and found.endswith(tail):
            return expected.removesuffix(tail), found.removesuffix(tail)
    return expected, found


def _is_grant(difference: Difference) -> bool:
    """It says what differs from the rights of a new thing; that nothing does is no thing."""
    return difference.thing.startswith("grant ")


def _by_lines(expected: str, found: str) -> list[str]:
    lines = difflib.unified_diff(
        expected.splitlines(), found.splitlines(), "expected", "found", lineterm="", n=1
    )
    return [f"  {line}" for line in lines if not line.startswith("@@")]


def _told(word: str, text: str) -> list[str]:
    """A word, and lines beside it; of a long text only the first."""
    lines = text.splitlines()
    if not lines:
        return []
    if len(lines) > LONG:
        lines = [*lines[: LONG - 1], f"… and {len(lines) - LONG + 1} lines more"]
    return [f"  {word:<9} {lines[0]}", *(f"{' ' * 12}{line}" for line in lines[1:])]


def _of_models(app: str, words: Sequence[str]) -> list[str]:
    return [
        f"changed models of {app}, and no migration says so",
        *(f"  {word}" for word in words),
        f"  {'repair':<9} manage.py makemigrations {app}",
        f"  {'keep':<9} the migrations, and take the change out of the models",
        "",
    ]


def _notes(drift: Drift) -> list[str]:
    found = drift.comparison
    ignored = Counter((each.pattern, each.reason) for each in found.ignored)
    lines = [
        f"Ignored: {counted(number, 'thing')} by '{pattern}' ({reason})"
        for (pattern, reason), number in ignored.items()
    ]
    if found.unused:
        lines.append(f"Nothing to ignore any more: {listed(found.unused)}")
    if drift.pending:
        names = listed((".".join(key) for key in drift.pending), most=MOST)
        lines.append(f"Pending, and not compared: {names}")
    return [*lines, ""] if lines else []


def _ways(drift: Drift, ignoring: Sequence[str]) -> list[str]:
    first, *rest = commands(drift)
    # Else what was ignored here would be dropped by the script.
    again = "".join(f" --ignore {shlex.quote(each)}" for each in ignoring) + on_database(drift)
    return [
        "To make the database what the migrations say, read this, and run it with psql:",
        f"  manage.py schema drift --sql{again}",
        "To keep what the database has, and give it to other databases too (`keep` is for them):",
        f"  {first}",
        *(f"  {each}" for each in rest[:-1]),
        f"  manage.py schema drift --keep{again}    says what to write into the new file",
        f"  {rest[-1]}    here only, where it is there already",
    ]
