"""The words of a rehearsal for a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from ingestion.schema.errors import listed
from ingestion.schema.objects import plain
from ingestion.schema.observation.observed import Lock, Observed, StepObserved, together
from ingestion.schema.rehearsal.rehearsed import Pass, Rehearsal
from ingestion.schema.rehearsal.verdict import Finding, block, cannot_be_undone, one_line
from ingestion.schema.units import brief, counted, size

MOST = 12
"""Statements of a migration that are shown, the ones that keep others waiting first."""


def text(rehearsal: Rehearsal, found: Sequence[Finding]) -> str:
    lines = [
        head(rehearsal),
        "",
        *table(rehearsal),
        "",
        *_statements(rehearsal),
        *notes(rehearsal, found),
        *(["", *(f"! {told(each)}" for each in found)] if found else []),
        "",
        verdict(rehearsal, found),
    ]
    return "\n".join(lines)


def facts(rehearsal: Rehearsal, found: Sequence[Finding]) -> dict[str, Any]:
    """For programs."""
    return {"passed": not found, "findings": plain(list(found)), **plain(rehearsal)}


def head(rehearsal: Rehearsal) -> str:
    copy = rehearsal.copy
    what = counted(len(rehearsal.plan), "migration")
    verb = "Undoing" if rehearsal.backwards else "Applying"
    on = (
        f"a copy of {copy.database} with all its data ({size(copy.size_bytes)}, copied in "
        f"{brief(copy.duration_ms)})"
        if copy.has_data
        else f"empty tables like those of {copy.database}: times and sizes mean nothing"
    )
    return f"{verb} {what}, rehearsed on {on}."


def told(each: Finding) -> str:
    return f"{each.what}. {each.hint}" if each.hint else f"{each.what}."


def verdict(rehearsal: Rehearsal, found: Sequence[Finding]) -> str:
    barrier = rehearsal.barrier
    behind = f" There is no way back past {barrier}." if barrier else ""
    if found:
        return f"{counted(len(found), 'thing')} to see.{behind}"
    if not rehearsal.copy.has_data:
        only = "It can be done; what it costs, only a rehearsal with all data tells."
        return f"{only}{behind}"
    return f"It may go ahead.{behind}"


# --- The plan, migration by migration ----------------------------------------------------------

TITLES = ("", "time", "others wait", "rows", "WAL", "disk")


def table(rehearsal: Rehearsal) -> list[str]:
    """The plan and its undoing; the third time tells nothing new."""
    rows = [row for each in rehearsal.passes[:2] for row in _rows(each)]
    if not rows:
        return ["  (nothing was done)"]
    widths = [max(map(len, column)) for column in zip(TITLES, *rows, strict=True)]
    return [
        f"  {first:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        for first, *cells in [TITLES, *rows]
    ]


def _rows(each: Pass) -> Iterator[tuple[str, ...]]:
    sign = "-" if each.backwards else "+"
    for step in each.steps:
        yield (f"{sign} {step.step}", *cells(step))


def cells(step: StepObserved) -> tuple[str, ...]:
    worst = block(step)
    return (
        brief(step.duration_ms),
        brief(worst.duration_ms) if worst else "no",
        f"{step.rows:,}",
        size(step.wal_bytes),
        size(step.peak_bytes),
    )


# --- Its statements ----------------------------------------------------------------------------


def _statements(rehearsal: Rehearsal) -> Iterator[str]:
    for step in rehearsal.passes[0].steps:
        if not step.statements:
            continue
        yield f"{step.step}"
        for each in shown(step):
            yield f"  {brief(each.duration_ms):>8}  {many(each)}{one_line(each.sql, most=100)}"
            yield from (f"            {line}" for line in effects(each))
        if (rest := hidden(step)) > 0:
            yield f"            and {rest} more, which keep nobody waiting longer"
        yield ""


def shown(step: StepObserved) -> list[Observed]:
    """In their order."""
    statements = together(step.statements)
    ranked = sorted(statements, key=_weight, reverse=True)[:MOST]
    return [each for each in statements if each in ranked]


def hidden(step: StepObserved) -> int:
    """So many more there are."""
    return len(together(step.statements)) - len(shown(step))


def _weight(each: Observed) -> tuple[float, float]:
    held = [lock.held_ms for lock in each.locks if lock.blocks_writes]
    return max(held, default=0.0), each.duration_ms


def many(each: Observed) -> str:
    return f"{each.count:,} times, or the like: " if each.count > 1 else ""


def effects(each: Observed) -> Iterator[str]:
    locks = [lock for lock in each.locks if not lock.is_new]
    for mode in dict.fromkeys(lock.mode for lock in locks):
        those = [lock for lock in locks if lock.mode == mode]
        longest = brief(max(lock.held_ms for lock in those))
        yield f"{mode} on {names(those)}: {_who_waits(those[0], longest)}"
    for rows in each.updated:
        yield f"locks {counted(rows.count, 'row')} of {rows.relation} for {brief(each.held_ms)}"
    done = [("rewrites", each.rewritten), ("empties", each.emptied), ("scans", each.scanned)]
    words = [f"{verb} {', '.join(tables)}" for verb, tables in done if tables]
    if words:
        yield "; ".join(words)


def _who_waits(lock: Lock, time: str) -> str:
    if lock.blocks_reads:
        return f"reading and writing wait {time}"
    return f"writing waits {time}" if lock.blocks_writes else f"held {time}, nobody waits"


def names(locks: Sequence[Lock]) -> str:
    """Tables first; an index goes with its table."""
    tables = [lock.relation for lock in locks if lock.kind != "index"]
    indexes = [lock.relation for lock in locks if lock.kind == "index"]
    if not tables:
        return ", ".join(indexes)
    more = f" and {counted(len(indexes), 'index')}" if indexes else ""
    return ", ".join(tables) + more.replace("indexs", "indexes")


# --- Undoing -----------------------------------------------------------------------------------


def notes(rehearsal: Rehearsal, found: Sequence[Finding]) -> list[str]:
    """What is to be known of the way back, besides what is wrong."""
    lines = [f"{each}." for each in rehearsal.elsewhere]
    back = rehearsal.way_back
    lines += _accepted(rehearsal, found)
    if len(rehearsal.passes) == 3 and not (rehearsal.not_undone or rehearsal.not_again):
        stays = listed(each.thing for each in rehearsal.stays_valid)
        but = f", but that it stays valid: {stays}" if stays else ""
        lines.append(f"{rehearsal.ways[1]} leads back to the same tables{but}.")
    if not all(step.is_wal_own for each in rehearsal.passes for step in each.steps):
        lines.append("WAL is the whole server's: what others wrote meanwhile is in it.")
    lines += [
        f"With rows, {each.where} {each.verb} {each.relation} ({size(each.size_bytes)} in "
        f"{rehearsal.copy.database}) while others wait for it."
        for each in rehearsal.heavy
    ]
    if rehearsal.lost:
        lines.append("It loses:" if rehearsal.backwards else f"{rehearsal.ways[1]} would lose:")
        lines += [f"  {each}" for each in rehearsal.lost]
    if not any(each.kind == "changed" for each in found):
        lines += [f"After {back}, {each}." for each in rehearsal.changed]
    if rehearsal.left_out:
        lines.append("Not done on the copy, since it is for the whole server:")
        lines += [f"  {each}" for each in rehearsal.left_out]
    return lines


def _accepted(rehearsal: Rehearsal, found: Sequence[Finding]) -> Iterator[str]:
    """What cannot be undone, and is no finding."""
    counts = {each.where for each in found if each.kind == "irreversible"}
    for each in {each.where: each for each in rehearsal.irreversible}.values():
        if each.where not in counts:
            what = cannot_be_undone(each.where, rehearsal.irreversible)
            yield f"Waived: {what}. ({each.waived})" if each.waived else f"Accepted: {what}."
