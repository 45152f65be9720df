"""The words of `schema lint`: for each finding what it blocks, for whom, and what to do instead."""

from collections.abc import Iterator, Sequence
from textwrap import indent, wrap
from typing import Any

from ingestion.schema.linting.choice import Chosen
from ingestion.schema.linting.hazards import NOTHING, in_short
from ingestion.schema.linting.lint import Finding
from ingestion.schema.linting.place import SafeForm
from ingestion.schema.objects import plain
from ingestion.schema.units import counted

WIDTH = 96
LONGEST_STATEMENT = 300
ONE_BY_ONE = "Each of these begins at the same number: write one, lint again, then the next."


def facts(chosen: Chosen, found: Sequence[Finding]) -> dict[str, Any]:
    """For programs."""
    return {
        "clean": all(finding.waived is not None for finding in found),
        "linted": [".".join(key) for key in chosen.keys],
        "findings": [plain(finding) for finding in found],
    }


def text(chosen: Chosen, found: Sequence[Finding]) -> str:
    """For people."""
    if not chosen.keys:
        return f"Nothing to lint: no migration is {chosen.as_what}."
    open_, waived = _parted(found)
    cures = _by_cure(open_)
    blocks = ["\n".join(told(same)) for same in cures]
    blocks += ["\n".join(_waived(waived))] if waived else []
    blocks += [ONE_BY_ONE] if sum(bool(same[0].safe_form.files) for same in cures) > 1 else []
    return "\n\n".join([*blocks, _last_line(chosen, open_, waived)])


def _by_cure(found: Sequence[Finding]) -> list[list[Finding]]:
    """What the same form cures, together; in the order in which it was found."""
    cures: dict[tuple[str, SafeForm], list[Finding]] = {}
    for finding in found:
        cures.setdefault((finding.migration, finding.safe_form), []).append(finding)
    return list(cures.values())


def told(found: Sequence[Finding]) -> Iterator[str]:
    """Findings of a migration that are cured by the same."""
    for number, finding in enumerate(found):
        if number:
            yield ""
        yield from _found(finding)
    yield from _instead(found[-1].safe_form)


def _found(finding: Finding) -> Iterator[str]:
    way = {"backwards": ", when it is undone"}.get(finding.direction or "", "")
    others = [each for each in finding.squawk if each != finding.rule]
    also = f" (squawk: {', '.join(others)})" if others else ""
    yield f"{finding.migration}{way}: {finding.rule}{also}"
    if finding.statement:
        yield from _wrapped(in_short(finding.statement, LONGEST_STATEMENT), "    ")
    if finding.blocks != NOTHING:
        yield from _wrapped(f"Blocks {finding.blocks}, for {finding.for_whom}.", "  ")
    yield from _wrapped(finding.why, "  ")


def _instead(form: SafeForm) -> Iterator[str]:
    yield from _wrapped(f"→ {form.advice}", "  ")
    for file in form.files:
        yield ""
        yield f"  {file.when}"
        yield indent(f"# {file.name}.py\n{file.code.strip()}", "    ")


def _waived(found: Sequence[Finding]) -> Iterator[str]:
    yield f"Waived: {counted(len(found), 'finding')}"
    for finding in found:
        way = " (undone)" if finding.direction == "backwards" else ""
        yield f"  {finding.migration}{way}: {finding.rule}: {finding.waived}"


def _parted(found: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    return (
        [finding for finding in found if finding.waived is None],
        [finding for finding in found if finding.waived is not None],
    )


def _last_line(chosen: Chosen, open_: Sequence[Finding], waived: Sequence[Finding]) -> str:
    linted = f"{counted(len(chosen.keys), 'migration')} linted"
    if not open_:
        return f"{linted}: nothing that blocks anybody{', but what is waived' if waived else ''}."
    return f"{linted}: {counted(len(open_), 'finding')}."


def _wrapped(said: str, margin: str) -> list[str]:
    return wrap(
        said,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
