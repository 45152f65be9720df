"""How the pieces of a statement are written: names, literals, lists of options, comments."""

import re
from collections.abc import Iterable, Mapping, Sequence

from ingestion.schema.catalog import Thing
from ingestion.schema.definitions import literal
from ingestion.schema.statements import LONGEST_NAME_BYTES, clipped, quoted

_PLAIN = re.compile(r"-?\d+(?:\.\d+)?|[a-z_]+")
_SMALL = re.compile(r"[a-z_][a-z0-9_]*")


def aside(thing: Thing, *, ending: str = "") -> str:
    """Its own name while it makes way. PostgreSQL would cut the end off, and be where it was."""
    room = LONGEST_NAME_BYTES - len(" befores")
    return f"{clipped(thing.path[-1], room)} before{ending}"


def quoted_aside(thing: Thing, *, ending: str = "") -> str:
    return quoted(aside(thing, ending=ending))


def whole(thing: Thing) -> str:
    """documents, or archive."the Papers"."""
    return ".".join(thing.facts["quoted"])


def table(thing: Thing) -> str:
    """Of a part of a table, the table."""
    return ".".join(thing.facts["quoted"][:-1])


def own(thing: Thing) -> str:
    """Of a part of a table, the last name."""
    return str(thing.facts["quoted"][-1])


def beside(thing: Thing) -> str:
    """Of an index or a statistics object: it stands in the schema of its table."""
    return ".".join([*thing.facts["quoted"][:-2], own(thing)])


def clause(form: str, fact: object) -> str:
    """clause("COLLATE {}", None) is empty: what is not there is not said."""
    return "" if fact is None else form.format(fact)


def joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def comment(what: str, have: Thing | None, want: Thing) -> list[str]:
    """COMMENT ON, if there is another one on `have`; on something new, if there is one at all."""
    before = have.facts.get("comment") if have else None
    return remark(what, before, want.facts.get("comment"))


def remark(what: str, before: str | None, after: str | None) -> list[str]:
    if before == after:
        return []
    return [f"COMMENT ON {what} IS {'NULL' if after is None else literal(after)};"]


def differ(have: Thing, want: Thing, *facts: str) -> bool:
    return any(have.facts.get(fact) != want.facts.get(fact) for fact in facts)


def pairs(options: Iterable[str] | None) -> dict[str, str]:
    """["fillfactor=90"] → {"fillfactor": "90"}."""
    return dict(each.split("=", 1) for each in options or ())


def written(options: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name}={value if _PLAIN.fullmatch(value) else literal(value)}"
        for name, value in options.items()
    )


def options(head: str, have: Sequence[str] | None, want: Sequence[str] | None) -> list[str]:
    """… SET (…) and … RESET (…), for what is different."""
    before, after = pairs(have), pairs(want)
    new = {name: value for name, value in after.items() if before.get(name) != value}
    gone = [name for name in before if name not in after]
    return [
        *([f"{head} SET ({written(new)});"] if new else []),
        *([f"{head} RESET ({', '.join(gone)});"] if gone else []),
    ]


def foreign(want: Thing) -> str | None:
    """The options that a new foreign table, or a column of one, gets."""
    given = pairs(want.facts.get("fdw_options"))
    return ", ".join(f"{_label(name)} {literal(value)}" for name, value in given.items()) or None


def _label(option: str) -> str:
    return option if _SMALL.fullmatch(option) else '"{}"'.format(option.replace('"', '""'))


def foreign_options(head: str, have: Sequence[str] | None, want: Sequence[str] | None) -> list[str]:
    """… OPTIONS (ADD …, SET …, DROP …), as foreign data wrappers have them."""
    before, after = pairs(have), pairs(want)
    changes = [
        *(f"DROP {_label(name)}" for name in before if name not in after),
        *(
            f"{'SET' if name in before else 'ADD'} {_label(name)} {literal(value)}"
            for name, value in after.items()
            if before.get(name) != value
        ),
    ]
    return [f"{head} OPTIONS ({', '.join(changes)});"] if changes else []


def with_options(want: Thing) -> str:
    return clause("WITH ({})", written(pairs(want.facts.get("options"))) or None)
