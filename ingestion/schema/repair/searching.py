"""Text search: dictionaries, and configurations that say which words go to which of them."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from ingestion.schema.catalog import Thing
from ingestion.schema.repair.sides import Sides
from ingestion.schema.repair.writing import clause, comment, differ, joined, whole

_SETTING = re.compile(
    r"""(?P<name>"(?:[^"]|"")+"|[\w$]+)\ =\ (?P<value>E?'(?:[^'\\]|''|\\.)*'|[^,]+)""",
    re.DOTALL | re.VERBOSE,
)

Dictionaries = Sequence[str]


def _what(thing: Thing) -> str:
    return f"{thing.kind.upper()} {whole(thing)}"


def drop(have: Thing, _sides: Sides) -> list[str]:
    return [f"DROP {_what(have)};"]


# ── dictionaries


def create_dictionary(want: Thing, _sides: Sides) -> list[str]:
    facts = want.facts
    options = f"TEMPLATE = {facts['template']}{clause(', {}', facts.get('settings'))}"
    return [f"CREATE {_what(want)} ({options});", *comment(_what(want), None, want)]


def alter_dictionary(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(have, want, "template"):
        return None
    before, after = _settings(have), _settings(want)
    changed = [
        *(name for name in before if name not in after),  # without a value it goes
        *(f"{name} = {value}" for name, value in after.items() if before.get(name) != value),
    ]
    found = [f"ALTER {_what(want)} ({', '.join(changed)});"] if changed else []
    return [*found, *comment(_what(want), have, want)]


def _settings(thing: Thing) -> dict[str, str]:
    found = _SETTING.finditer(thing.facts.get("settings", ""))
    return {each["name"]: each["value"] for each in found}


# ── configurations


def create_configuration(want: Thing, _sides: Sides) -> list[str]:
    return [
        f"CREATE {_what(want)} (PARSER = {want.facts['parser']});",
        *_map("ADD", want, _mappings(want)),
        *comment(_what(want), None, want),
    ]


def alter_configuration(have: Thing, want: Thing, _sides: Sides) -> list[str] | None:
    if differ(have, want, "parser"):
        return None
    before, after = _mappings(have), _mappings(want)
    gone = ", ".join(token for token in before if token not in after)
    new = {token: each for token, each in after.items() if token not in before}
    changed = {token: each for token, each in after.items() if before.get(token, each) != each}
    return [
        *([f"ALTER {_what(want)} DROP MAPPING FOR {gone};"] if gone else []),
        *_map("ALTER", want, changed),
        *_map("ADD", want, new),
        *comment(_what(want), have, want),
    ]


def _mappings(thing: Thing) -> dict[str, Dictionaries]:
    return dict(thing.facts.get("mappings", ()))


def _map(verb: str, want: Thing, mappings: Mapping[str, Dictionaries]) -> list[str]:
    """Tokens that go to the same dictionaries in one statement."""

    def dictionaries(token: str) -> str:
        return ", ".join(mappings[token])

    return [
        f"ALTER {_what(want)} {joined(verb, 'MAPPING FOR', ', '.join(tokens))} WITH {others};"
        for others, tokens in groupby(sorted(mappings, key=dictionaries), key=dictionaries)
    ]
