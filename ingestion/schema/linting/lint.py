"""What a migration would do to others, told from what it did on a scratch database.

each migration up and down, watched ─► hazards ─┐
the same SQL ─► squawk ─────────────────────────┴─► findings, each with its safe form
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ingestion.schema import waivers
from ingestion.schema.catalog import Catalog, catalog, name
from ingestion.schema.limits import Limits
from ingestion.schema.linting import hazards, squawk
from ingestion.schema.linting.breaking import Change, breaking
from ingestion.schema.linting.hazards import Hazard
from ingestion.schema.linting.place import SafeForm
from ingestion.schema.linting.remedies import Remedies
from ingestion.schema.linting.squawk import Complaint
from ingestion.schema.linting.tables import references
from ingestion.schema.linting.watching import Seen, used, watch
from ingestion.schema.observation.observe import Observed, StepObserved
from ingestion.schema.origin import Origin
from ingestion.schema.plan import Key
from ingestion.schema.project import Project
from ingestion.schema.statements import names, split, table_of

FORWARDS, BACKWARDS = "forwards", "backwards"


@dataclass(frozen=True, kw_only=True)
class Finding:
    rule: str
    squawk: tuple[str, ...] = ()
    """What squawk calls the same."""
    migration: str
    direction: str | None
    """forwards or backwards; None where it is about the file."""
    statement: str
    relation: str | None
    blocks: str
    for_whom: str
    why: str
    safe_form: SafeForm
    waived: str | None = None
    """The reason for which it does not count."""

    @property
    def names(self) -> set[str]:
        return {self.rule, *self.squawk}


def lint(
    project: Project,
    keys: Collection[Key],
    *,
    origin: Origin,
    limits: Limits,
    running: Collection[Key] = (),
) -> list[Finding]:
    """What is wrong with these migrations, in the order in which they run.

    `running` are those that the release which runs now was made with: what it uses it goes on
    using, whatever has been taken out of the models since.
    """
    squawk.program()  # its absence is said before anything that takes long
    nodes = project.graph.nodes
    found: list[Finding] = []
    if there := [key for key in keys if key in nodes]:
        watched = watch(project, there, origin=origin, limits=limits)
        found += judged(project, watched, running=running)
    if replaced := [key for key in keys if key not in nodes]:
        parts, _ = project.in_parts({app for app, _ in replaced})
        parts.see_all(replaced)
        watched = watch(parts, replaced, origin=origin, limits=limits)
        known = [key for key in running if key in parts.graph.nodes]
        found += judged(parts, watched, running=known)
    return found


def judged(
    project: Project, watched: Iterable[Seen], *, running: Collection[Key] = ()
) -> list[Finding]:
    """The same, of what has been watched already."""
    judge = _Judge(project, running)
    found: list[Finding] = []
    for seen in watched:
        found += judge.findings(seen)
        judge.passes(seen)
    return found


class _Judge:
    def __init__(self, project: Project, running: Collection[Key]) -> None:
        self.project = project
        self.running = used(project.state(running)) if running else frozenset()
        self.young: set[str] = set()
        """Tables that came with an earlier one of these: the running release knows none of them."""
        self.server_version: int = project.connection.pg_version  # type: ignore[attr-defined]

    @cached_property
    def there(self) -> Catalog:
        """What the live database has."""
        return catalog(self.project.connection)

    def passes(self, seen: Seen) -> None:
        """What it made is new to the running release, where that is known."""
        if self.running:
            new = seen.after.keys() - seen.before.keys() - self.running
            self.young |= {thing.removeprefix("table ") for thing in new if _is_table(thing)}

    def findings(self, seen: Seen) -> list[Finding]:
        remedies = Remedies(self.project, seen)
        steps = [(FORWARDS, seen.up), *([(BACKWARDS, seen.down)] if seen.down else [])]
        hazards_of = {way: self._hazards(seen, step, remedies) for way, step in steps}
        if seen.down:
            hazards_of[BACKWARDS] = _without_narrowing(hazards_of[FORWARDS], hazards_of[BACKWARDS])
        known = {way: hazards_of.get(way, []) for way in (FORWARDS, BACKWARDS)}
        found: list[Finding] = []
        for way, step in steps:
            said = self._squawk(step)
            found += [
                _finding(seen, way, hazard, said, remedies.form(hazard, **known))
                for hazard in hazards_of[way]
            ]
            found += self._by_squawk_alone(seen, way, said)
        found = [_waived(seen, each) for each in found]
        return found + _misused_waivers(seen, found)

    def _hazards(self, seen: Seen, step: StepObserved, remedies: Remedies) -> list[Hazard]:
        pairs = references(seen.before)

        def refers(child: str, parent: str) -> bool:
            return (child, parent) in pairs

        found = list(
            hazards.blocking(
                step,
                concerns=lambda relation: self._concerns(seen, relation),
                is_python=remedies.is_python,
                are_one=remedies.are_one_transaction,
                # Undone, it is the other way round in any case, and seldom.
                refers=refers if step is seen.up else lambda _child, _parent: False,
            )
        )
        if step is seen.up and self._is_own(seen):
            found += breaking(
                Change(
                    before=seen.before,
                    after=seen.after,
                    statements=step.statements,
                    used=self.running | used(seen.state),
                )
            )
            if _is_parted_without_need(seen, remedies):
                found.append(hazards.non_atomic())
        return found

    def _is_own(self, seen: Seen) -> bool:
        return seen.key[0] in self.project.own

    def _concerns(self, seen: Seen, relation: str) -> bool:
        """Whether somebody may be waiting for a relation that was there before.

        A library's migrations are as they are. What they will do to tables that are there is
        worth to know; what they did, or do while the library is being installed, is not.
        """
        if relation in self.young:
            return False
        if self._is_own(seen):
            return True
        return seen.key not in self.project.applied and f"table {relation}" in self.there

    def _squawk(self, step: StepObserved) -> "list[Said]":
        parts = [(each, part) for each in step.statements for part in split(each.sql)]
        found = squawk.complaints(
            [part for _, part in parts],
            is_transaction=step.is_transaction,
            server_version=self.server_version,
        )
        return [Said(*parts[complaint.statement], complaint) for complaint in found]

    def _by_squawk_alone(self, seen: Seen, way: str, said: "Sequence[Said]") -> Iterator[Finding]:
        """Of the project's own apps: what is wrong with those of libraries nobody here can mend."""
        for each in said if self._is_own(seen) else ():
            if each.complaint.rule in squawk.OBSERVED or _is_harmless(each, seen, way):
                continue
            blocks, for_whom = squawk.EFFECTS.get(each.complaint.rule, squawk.NO_EFFECT)
            yield Finding(
                rule=each.complaint.rule,
                squawk=(each.complaint.rule,),
                migration=".".join(seen.key),
                direction=way,
                statement=each.statement,
                relation=table_of(each.statement),
                blocks=blocks,
                for_whom=for_whom,
                why=each.complaint.message,
                safe_form=SafeForm(each.complaint.help or squawk.NO_HELP),
            )


def _without_narrowing(forwards: Sequence[Hazard], backwards: Sequence[Hazard]) -> list[Hazard]:
    """To undo a change of type that blocked nobody, a longer varchar say, is to narrow it again."""
    blocking = {each.operation for each in forwards if _CHANGES_TYPE.search(each.statement)}
    return [
        each
        for each in backwards
        if each.rule != hazards.REWRITTEN
        or each.operation is None
        or each.operation in blocking
        or not _CHANGES_TYPE.search(each.statement)
    ]


_CHANGES_TYPE = re.compile(r"\bALTER\b.*\bTYPE\b", re.IGNORECASE | re.DOTALL)


def _is_table(thing: str) -> bool:
    return thing.startswith("table ")


@dataclass(frozen=True)
class Said:
    """A complaint of squawk, with what it is about."""

    observed: Observed
    statement: str
    """One of those that were executed together."""
    complaint: Complaint


def _is_harmless(said: Said, seen: Seen, way: str) -> bool:
    if way == BACKWARDS and said.complaint.rule in squawk.IMPLIED_BY_UNDOING:
        return True
    if said.complaint.rule == "renaming-object" and said.statement.upper().startswith(
        squawk.NAMED_BY_NOBODY
    ):
        return True
    before, after = (seen.before, seen.after) if way == FORWARDS else (seen.after, seen.before)
    if match := _DROPS.match(said.statement):
        path = name(*names(match["name"]))
        was, stays = (any(_is_called(thing, path) for thing in each) for each in (before, after))
        return not was or stays
    table = table_of(said.statement)
    return table is not None and f"table {name(*names(table))}" not in before


_DROPS = re.compile(
    r"DROP\s+(?:MATERIALIZED\s+VIEW|VIEW|FUNCTION|PROCEDURE|TYPE|DOMAIN|SEQUENCE|EXTENSION)\s+"
    r'(?:IF\s+EXISTS\s+)?(?P<name>(?:[\w$]+|"[^"]+")(?:\.(?:[\w$]+|"[^"]+"))?)',
    re.IGNORECASE,
)


def _is_called(thing: str, path: str) -> bool:
    """Of whatever kind, and with whatever arguments."""
    return not thing.startswith(("table ", "column ", "constraint ", "index ")) and (
        f"{thing} ".partition("(")[0].rstrip().endswith(f" {path}")
    )


def _finding(
    seen: Seen, way: str, hazard: Hazard, said: Sequence[Said], safe_form: SafeForm
) -> Finding:
    same = (
        each.complaint.rule
        for each in said
        if each.observed.sql == hazard.statement
        and hazard.rule in squawk.OBSERVED.get(each.complaint.rule, ())
    )
    return Finding(
        rule=hazard.rule,
        squawk=tuple(dict.fromkeys(same)),
        migration=".".join(seen.key),
        direction=None if hazard.rule == hazards.NON_ATOMIC else way,
        statement=hazard.statement,
        relation=hazard.relation,
        blocks=hazard.blocks,
        for_whom=hazard.for_whom,
        why=hazard.why,
        safe_form=safe_form,
    )


def _is_parted_without_need(seen: Seen, remedies: Remedies) -> bool:
    if seen.migration.atomic or remedies.has_python:  # which may work in batches
        return False
    steps = [seen.up, *([seen.down] if seen.down else [])]
    return hazards.parted_without_need([each.sql for step in steps for each in step.statements])


def _waived(seen: Seen, finding: Finding) -> Finding:
    reasons = (waivers.waived(seen.migration, rule) for rule in [finding.rule, *finding.squawk])
    return replace(finding, waived=next(filter(None, reasons), None))


def _misused_waivers(seen: Seen, found: Sequence[Finding]) -> list[Finding]:
    rules = {rule for finding in found for rule in finding.names}
    judged = hazards.RULES | squawk.RULES
    return [
        Finding(
            rule=fault.rule,
            migration=".".join(seen.key),
            direction=None,
            statement="",
            relation=None,
            blocks=hazards.NOTHING,
            for_whom="whoever reads the migration",
            why=fault.why,
            safe_form=SafeForm(fault.instead),
        )
        for fault in waivers.faults(
            seen.migration,
            known=judged | rules | waivers.JUDGED_ELSEWHERE,
            judged=judged,
            found=rules,
        )
    ]
