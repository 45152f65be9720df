"""A rehearsal as a page in Markdown, for who reviews the migrations: the verdict first."""

import re
from collections.abc import Iterator, Sequence

from ingestion.schema.observation.observed import StepObserved
from ingestion.schema.rehearsal.rehearsed import Rehearsal
from ingestion.schema.rehearsal.text import (
    TITLES,
    cells,
    effects,
    head,
    hidden,
    many,
    notes,
    shown,
    verdict,
)
from ingestion.schema.rehearsal.verdict import Finding
from ingestion.schema.units import brief


def page(rehearsal: Rehearsal, found: Sequence[Finding]) -> str:
    lines = [
        f"## {'⚠️' if found else '✅'} Rehearsal: {verdict(rehearsal, found)}",
        "",
        _escaped(head(rehearsal)),
        "",
        *(f"- **{_escaped(each.what)}.** {_escaped(each.hint or '')}".rstrip() for each in found),
        *([""] if found else []),
        *_table(rehearsal),
        "",
        *(_item(line) for line in notes(rehearsal, found)),
        "",
        *_details(rehearsal),
    ]
    return "\n".join(lines)


def _table(rehearsal: Rehearsal) -> Iterator[str]:
    if not any(each.steps for each in rehearsal.passes):
        yield "(nothing was done)"
        return
    yield "| " + " | ".join(["migration", *TITLES[1:]]) + " |"
    yield "| --- " + "| ---: " * (len(TITLES) - 1) + "|"
    for each in rehearsal.passes[:2]:
        sign = "−" if each.backwards else "+"  # noqa: RUF001
        for step in each.steps:
            name = f"{step.step}".replace("|", "\\|")  # a table ends its cells also inside of code
            yield "| " + " | ".join([f"{sign} `{name}`", *cells(step)]) + " |"


def _details(rehearsal: Rehearsal) -> Iterator[str]:
    for way, each in zip(rehearsal.ways, rehearsal.passes, strict=False):
        yield "<details>"
        yield f"<summary>{way}: every statement ({brief(each.duration_ms)})</summary>"
        yield ""
        for step in each.steps:
            if step.statements:
                yield from _step(step)
        if each.failure:
            for statement in each.failure.stays:
                yield from _code(statement)
            if each.failure.stays:
                yield f"were done by `{each.failure.where}` for good. Then"
            yield f"**`{each.failure.where}` failed: {_escaped(each.failure.why)}**, at"
            yield from _code(each.failure.statement)
        yield "</details>"
        yield ""


def _step(step: StepObserved) -> Iterator[str]:
    how = "one transaction" if step.is_transaction else "several transactions"
    yield f"**`{step.step}`** ({how})"
    yield ""
    for each in shown(step):
        yield from _code(each.sql)
        told = [f"{many(each)}{brief(each.duration_ms)}", *effects(each)]
        yield from (f"- {_escaped(line)}" for line in told)
        yield ""
    if (rest := hidden(step)) > 0:
        yield f"and {rest} more, which keep nobody waiting longer"
        yield ""


def _code(sql: str) -> Iterator[str]:
    fence = "```"
    while fence in sql:
        fence += "`"
    yield from (f"{fence}sql", sql.strip(), fence)


def _item(line: str) -> str:
    return f"- {_escaped(line[2:])}" if line.startswith("  ") else _escaped(line)


def _escaped(text: str) -> str:
    """Names may hold what Markdown and HTML read otherwise, and line ends."""
    return re.sub(r"([\\`*_<>|\[\]&~$])", r"\\\1", " ".join(text.splitlines()))
