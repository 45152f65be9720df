"""Rights: what is there too much is revoked, what is missing is granted."""

from collections.abc import Iterable

from ingestion.schema.catalog import Thing
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import own, table, whole

_OPTION = " WITH GRANT OPTION"
_WORDS = {"sequence": "SEQUENCE", "schema": "SCHEMA", "enum": "TYPE", "domain": "TYPE"}


def create(want: Thing, _sides: Sides) -> list[str]:
    return _change(want, before=_usual(want), after=_given(want))


def drop(have: Thing, _sides: Sides) -> list[str]:
    return _change(have, before=_given(have), after=_usual(have))


def alter(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    return _change(want, before=_given(have), after=_given(want))


def _given(thing: Thing) -> set[str]:
    return set(thing.facts["privileges"]) - {"nothing"}


def _usual(thing: Thing) -> set[str]:
    """What everybody, or the owner, has of a new thing."""
    return set(thing.facts.get("usual", ()))


def _change(thing: Thing, *, before: set[str], after: set[str]) -> list[str]:
    only_option = {each for each in before if each.endswith(_OPTION) and _bare(each) in after}
    revoked = {_bare(each) for each in before} - {_bare(each) for each in after}
    granted = after - before - {_bare(each) for each in only_option}
    on, to = _on(thing), thing.facts["to"]
    plain = [each for each in granted if not each.endswith(_OPTION)]
    passed_on = [_bare(each) for each in granted if each.endswith(_OPTION)]
    return [
        *_said("REVOKE {} ON {} FROM {};", thing, revoked, on, to),
        *_said("REVOKE GRANT OPTION FOR {} ON {} FROM {};", thing, map(_bare, only_option), on, to),
        *_said("GRANT {} ON {} TO {};", thing, plain, on, to),
        *_said("GRANT {} ON {} TO {} WITH GRANT OPTION;", thing, passed_on, on, to),
    ]


def _bare(privilege: str) -> str:
    return privilege.removesuffix(_OPTION)


def _said(form: str, thing: Thing, privileges: Iterable[str], on: str, to: str) -> list[str]:
    listed = sorted(privileges)
    if not listed:
        return []
    if thing.kind == "grant column":
        listed = [f"{each} ({own(thing)})" for each in listed]
    return [form.format(", ".join(listed), on, to)]


def _on(thing: Thing) -> str:
    what = thing.kind.removeprefix("grant").strip()
    if what == "function":
        return f"ROUTINE {thing.facts['on']}"
    if what == "column":
        return table(thing)
    if what in {"", "view", "materialized view"}:
        return whole(thing)
    return f"{_WORDS.get(what, 'TYPE')} {whole(thing)}"
