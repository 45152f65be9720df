"""The definition of a thing, in one line: what of its facts makes a difference, in order."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Facts = Mapping[str, Any]

# Each fact with the words around it; "{}" is its value. A fact that is true needs words only.
_COMMENT = ("comment", "-- {}")
_OPTIONS = ("options", "WITH ({})")
_ENABLED = ("enabled", "{}")
_RELATION = (_OPTIONS, ("method", "USING {}"), ("tablespace", "TABLESPACE {}"))
_TYPE = (
    ("labels", "ENUM ({})"),
    ("attributes", "({})"),
    ("range", "RANGE OF {}"),
    ("base", "{}"),
    ("collation", "COLLATE {}"),
    ("not_null", "NOT NULL"),
    ("default", "DEFAULT {}"),
    ("constraints", "{}"),
    _COMMENT,
)
_GRANT = (("privileges", "{}"),)

_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "table": (
        ("persistence", "{}"),
        ("foreign", "FOREIGN"),
        ("table", "TABLE"),
        ("of", "OF {}"),
        ("parents", "{}"),
        ("partition_key", "PARTITION BY {}"),
        ("method", "USING {}"),
        ("server", "SERVER {}"),
        ("fdw_options", "OPTIONS ({})"),
        _OPTIONS,
        ("tablespace", "TABLESPACE {}"),
        ("row_security", "ROW LEVEL SECURITY"),
        ("force_row_security", "FORCE ROW LEVEL SECURITY"),
        ("replica_identity", "REPLICA IDENTITY {}"),
        _COMMENT,
    ),
    "column": (
        ("type", "{}"),
        ("collation", "COLLATE {}"),
        ("storage", "STORAGE {}"),
        ("compression", "COMPRESSION {}"),
        ("not_null", "NOT NULL"),
        ("no_inherit", "NO INHERIT"),
        ("not_valid", "NOT VALID"),
        ("identity", "GENERATED {} AS IDENTITY"),
        ("default", "DEFAULT {}"),
        ("generated", "GENERATED ALWAYS AS ({})"),
        ("kept", "{}"),
        ("statistics", "STATISTICS {}"),
        _OPTIONS,
        ("fdw_options", "OPTIONS ({})"),
        _COMMENT,
    ),
    "constraint": (("definition", "{}"), ("disabled", "DISABLED"), _COMMENT),
    "index": (
        ("definition", "{}"),
        ("tablespace", "TABLESPACE {}"),
        ("attached_to", "ATTACHED TO {}"),
        ("invalid", "INVALID"),
        ("not_ready", "NOT READY"),
        ("replica_identity", "REPLICA IDENTITY"),
        ("clustered", "CLUSTER"),
        ("targets", "STATISTICS ({})"),
        _COMMENT,
    ),
    "trigger": (("definition", "{}"), _ENABLED, _COMMENT),
    "rule": (("definition", "{}"), _ENABLED, _COMMENT),
    "policy": (
        ("permissive", "{}"),
        ("command", "FOR {}"),
        ("roles", "TO {}"),
        ("using", "USING ({})"),
        ("check", "WITH CHECK ({})"),
        _COMMENT,
    ),
    "statistics": (("definition", "{}"), ("target", "STATISTICS {}"), _COMMENT),
    "view": (("query", "{}"), *_RELATION, _COMMENT),
    "materialized view": (("query", "{}"), *_RELATION, ("no_data", "WITH NO DATA"), _COMMENT),
    "sequence": (
        ("persistence", "{}"),
        ("type", "AS {}"),
        ("start", "START {}"),
        ("increment", "INCREMENT {}"),
        ("min", "MINVALUE {}"),
        ("max", "MAXVALUE {}"),
        ("cache", "CACHE {}"),
        ("cycle", "CYCLE"),
        ("owner", "OWNED BY {}"),
        _COMMENT,
    ),
    "function": (("definition", "{}"), ("aggregate", "AGGREGATE RETURNS {}"), _COMMENT),
    "enum": _TYPE,
    "domain": _TYPE,
    "type": _TYPE,
    "collation": (
        ("provider", "PROVIDER {}"),
        ("locale", "LOCALE {}"),
        ("lc_collate", "LC_COLLATE {}"),
        ("lc_ctype", "LC_CTYPE {}"),
        ("rules", "RULES {}"),
        ("not_deterministic", "NOT DETERMINISTIC"),
        _COMMENT,
    ),
    "text search dictionary": (("template", "TEMPLATE {}"), ("settings", "({})"), _COMMENT),
    "text search configuration": (("parser", "PARSER {}"), ("mappings", "({})"), _COMMENT),
    "extension": (("version", "VERSION {}"), ("schema", "SCHEMA {}")),
    "event trigger": (
        ("event", "ON {}"),
        ("tags", "WHEN TAG IN ({})"),
        ("function", "EXECUTE FUNCTION {}()"),
        _ENABLED,
        _COMMENT,
    ),
    "schema": (_COMMENT,),
}


_ARRAY = re.compile(r"ARRAY\[")
_CAST = re.compile(r"(?P<close>\)?)::text\[\]")
_MARK = re.compile(
    r"""E'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | [\[\](),]""",
    re.DOTALL | re.VERBOSE,
)
_VARYING = "::character varying"


def definition(kind: str, facts: Facts) -> str:
    """As things of this kind are defined: text NOT NULL DEFAULT ''::text."""
    words = _GRANT if kind.startswith("grant") else _WORDS[kind]
    shown = {"table": True, **facts}
    text = " ".join(form.replace("{}", _said(fact, facts)) for fact, form in words if fact in shown)
    return text if "body_is_text" in facts else _of_texts(text)


def _of_texts(text: str) -> str:
    """What `state IN ('a', 'b')` on a varchar is printed as, once it has been read again.

    As by pg_restore: it has become an array of texts then, which means the same.
    """
    found, at = [], 0
    for array in _ARRAY.finditer(text):
        elements, end = _elements(text, array.end())
        cast = _CAST.match(text, end)
        if not cast or array.start() < at or not all(e.endswith(_VARYING) for e in elements):
            continue
        form = "({})::text" if cast["close"] else "{}::text"
        start = array.start() - len(cast["close"])
        found += [text[at:start], f"ARRAY[{_list(map(form.format, elements))}]"]
        at = cast.end()
    return "".join([*found, text[at:]])


def _elements(text: str, start: int) -> tuple[list[str], int]:
    """Of the array that begins there, and where it is over."""
    elements, at, depth = [], start, 0
    for mark in _MARK.finditer(text, start):
        if depth == 0 and mark[0] in {",", "]"}:
            elements.append(text[at : mark.start()].strip())
            at = mark.end()
            if mark[0] == "]":
                return elements, at
        depth += (mark[0] in {"(", "["}) - (mark[0] in {")", "]"})
    return elements, len(text)


def _said(fact: str, facts: Facts) -> str:
    value = facts.get(fact)
    if fact in _SAID:
        return _SAID[fact](facts)
    return _list(value) if isinstance(value, list) else f"{value}"


def _list(values: Iterable[str]) -> str:
    return ", ".join(values)


def _attribute(of: Facts) -> str:
    return _with_comment(
        f"{of['name']} {of['type']}" + (f" COLLATE {of['collation']}" if "collation" in of else ""),
        of,
    )


def _constraint(of: Facts) -> str:
    return _with_comment(f"CONSTRAINT {of['name']} {of['definition']}", of)


def _with_comment(text: str, of: Facts) -> str:
    return f"{text} /* {of['comment']} */" if "comment" in of else text


def _range(of: Facts) -> str:
    words = {
        "collation": "COLLATE",
        "subtype_opclass": "OPCLASS",
        "canonical": "CANONICAL",
        "subtype_diff": "SUBTYPE_DIFF",
    }
    return " ".join(
        [of["subtype"], *(f"{word} {of[fact]}" for fact, word in words.items() if fact in of)]
    )


def _aggregate(facts: Facts) -> str:
    words = [facts["returns"]]
    for word, value in facts["aggregate"].items():
        if word in {"ARGUMENTS", "SORTOP_NAME"}:
            continue
        if value is True:
            words.append(word)
        else:
            words.append(f"{word} {literal(value) if 'INITCOND' in word else value}")
    return " ".join(words)


def _parents(facts: Facts) -> str:
    parents = _list(facts["parents"])
    return (
        f"PARTITION OF {parents} {facts['bound']}" if "bound" in facts else f"INHERITS ({parents})"
    )


_SAID: dict[str, Callable[[Facts], str]] = {
    "parents": _parents,
    "labels": lambda facts: _list(map(literal, facts["labels"])),
    "attributes": lambda facts: _list(map(_attribute, facts["attributes"])),
    "constraints": lambda facts: " ".join(map(_constraint, facts["constraints"])),
    "range": lambda facts: _range(facts["range"]),
    "aggregate": _aggregate,
    "mappings": lambda facts: _list(
        f"{token} WITH {_list(dictionaries)}" for token, dictionaries in facts["mappings"]
    ),
    "targets": lambda facts: _list(f"{column}: {target}" for column, target in facts["targets"]),
}


def literal(text: str) -> str:
    """As quote_literal() writes it."""
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return f"E{quoted}" if "\\" in text else quoted
