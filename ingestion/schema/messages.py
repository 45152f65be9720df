"""The words for people: plans, progress, what is lost."""

from collections.abc import Sequence
from typing import Any

from ingestion.schema.journal import PARTS_APPLIED, Entry
from ingestion.schema.locks import Holder
from ingestion.schema.plan import Step
from ingestion.schema.progress import Progress


class Printer(Progress):
    """A run, told line by line as Django's `migrate` does, with the time that each step took."""

    def __init__(self, stdout: Any, style: Any) -> None:
        self.stdout = stdout
        self.style = style
        self._is_inside = False

    def stops(self) -> None:
        """Something else is to be said now, on a line of its own."""
        if self._is_inside:
            self.stdout.write("")
            self._is_inside = False

    def waits(self, holder: Holder, waited: float) -> None:
        self._line(f"  Waiting for {holder}; {waited:.0f} s so far", self.style.NOTICE)

    def starts(self, step: Step) -> None:
        self._is_inside = True
        verb = "Unapplying" if step.backwards else "Applying"
        self.stdout.write(f"  {verb} {step}...", ending="")
        self.stdout.flush()

    def ends(self, step: Step, seconds: float) -> None:
        self._is_inside = False
        word = "FAKED" if step.fake else "OK"
        self.stdout.write(self.style.SUCCESS(f" {word} ({seconds:.2f} s)"))

    def retries(self, reason: str, blockers: Sequence[str], attempt: int, pause: float) -> None:
        who = f", held by {'; '.join(blockers)}" if blockers else ""
        self._inside(f"{reason}{who}; rolled back, try {attempt + 1} in {pause:.1f} s")

    def goes_on(self, step: Step) -> None:
        self._inside("was stopped in the middle, goes on from there")

    def runs_again(self, what: str) -> None:
        self._inside(f"may have run before, runs again: {_short(what)}")

    def is_there(self, statement: str) -> None:
        self._inside(f"is there already, whole and of the same shape: {_short(statement)}")

    def repairs(self, statement: str) -> None:
        self._inside(f"removes what was left broken: {_short(statement)}")

    def notes(self, entry: Entry) -> None:
        """What only the record learns, beside the steps: a squash whose parts are applied."""
        if entry.action == "fake" and entry.key and entry.detail.get("because") == PARTS_APPLIED:
            self._line(f"  Recording {'.'.join(entry.key)}: {PARTS_APPLIED}", self.style.NOTICE)

    def _inside(self, text: str) -> None:
        """A line in the middle of a step."""
        self._line(f"\n    {text}", self.style.NOTICE, ending="")

    def _line(self, text: str, style: Any, ending: str = "\n") -> None:
        self.stdout.write(style(text), ending=ending)
        self.stdout.flush()


def planned(steps: Sequence[Step], *, most: int = 30) -> list[str]:
    """One line per step, in order."""
    lines = [f"  {'undo' if step.backwards else 'apply'} {step}" for step in steps]
    rest = len(lines) - most
    return lines if rest <= 1 else [*lines[:most], f"  and {rest} more"]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
