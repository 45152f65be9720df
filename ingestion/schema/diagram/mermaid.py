"""A picture as text in Mermaid's language, which GitHub, GitLab and many editors draw."""

import re
from collections.abc import Iterator

from ingestion.schema.diagram.letters import FORBIDDEN
from ingestion.schema.diagram.picture import Change, Column, Link, Picture, Table
from ingestion.schema.diagram.short_types import short

# Words of its grammar, in any case, and what it reads as a cardinality.
KEYWORDS = re.compile(
    "acctitle|accdescr|class|classdef|direction|end|erdiagram|many|one|only|optionally|style"
    "|subgraph|title|to|u|zero",
    re.IGNORECASE,
)
UNSEEN = re.compile(r"[\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]")
"""Spaces and marks among the letters: to Mermaid some of them end a word."""
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Filled lightly, so that the text on it stays readable, also on a dark page.
STYLES = {
    Change.ADDED: "fill:#dafbe1,stroke:#1a7f37,stroke-width:3px,color:#1f2328",
    Change.REMOVED: "fill:#ffebe9,stroke:#cf222e,stroke-width:2px,color:#1f2328",
    Change.CHANGED: "fill:#fff8c5,stroke:#8a5a00,stroke-width:2px,color:#1f2328",
}
WORDS = {
    Change.ADDED: "added",
    Change.REMOVED: "removed",
    Change.CHANGED: "changed",
}


def mermaid(picture: Picture, *, title: str) -> str:
    """An erDiagram; of a difference each part says itself what becomes of it."""
    lines = ["---", f"title: {_quoted(title)}", "---", "erDiagram"]
    for table in picture.tables:
        lines += [f"    {line}" for line in _table(table)]
    lines += [f"    {_link(link)}" for link in picture.links]
    if picture.is_difference:
        lines += [f"    {line}" for line in _styles(picture)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> Iterator[str]:
    name = _entity(table.name)
    if table.change is not Change.SAME:
        # Behind the name itself: a line "class …" takes no quoted one.
        name += f"[{_quoted(f'{table.change.value} {table.title}')}]:::{WORDS[table.change]}"
    if not table.columns:
        yield name
        return
    yield f"{name} {{"
    together = _together(table)
    for column in table.columns:
        yield f"    {_column(column, together.get(column.name, []))}"
    yield "}"


def _column(column: Column, notes: list[str]) -> str:
    marks = [
        mark
        for mark, is_there in (
            ("PK", column.is_primary),
            ("FK", column.refers_to),
            ("UK", column.is_unique),
        )
        if is_there
    ]
    name = _word(column.name)
    said = [
        *([f"{column.change.value} {WORDS[column.change]}"] if column.change in WORDS else []),
        *column.differences(),
        *(["NULL"] if column.is_null else []),
        *([f"named {column.name}"] if name != column.name else []),
        *notes,
    ]
    words = [_word(short(column.type)), name, ",".join(marks), _quoted(", ".join(said))]
    return " ".join(word for word in words if word not in {"", '""'})


def _together(table: Table) -> dict[str, list[str]]:
    """Rules of several columns stand beside the last column: the language has no place for them."""
    last = table.columns[-1].name
    return {last: [" ".join(filter(None, [rule.change.value, rule.text])) for rule in table.rules]}


def _link(link: Link) -> str:
    target = "|o" if link.is_null else "||"
    many = "o|" if link.is_unique else "o{"
    line = "--" if link.is_enforced else ".."
    said = " ".join(filter(None, [link.change.value, link.column]))
    names = f"{_entity(link.to_table)} {target}{line}{many} {_entity(link.table)}"
    return f"{names} : {_quoted(said)}"


def _styles(picture: Picture) -> Iterator[str]:
    for change, style in STYLES.items():
        if any(table.change is change for table in picture.tables):
            yield f"classDef {WORDS[change]} {style}"


def _entity(name: str) -> str:
    is_plain = PLAIN.fullmatch(name) and not KEYWORDS.fullmatch(name)
    if is_plain:
        return name
    quoted = _quoted(name)
    return quoted if quoted != '""' else '"_"'


def _word(text: str) -> str:
    """As a type or a column may be written: no spaces, commas or quotes."""
    word = re.sub(r"[^A-Za-z0-9_()\[\]\u00c0-\uffff-]+", "_", text.replace(", ", ","))
    word = UNSEEN.sub("_", word)
    # It reads "fk-of" as the mark FK, and "fkä", too.
    is_odd = re.match(r"(pk|fk|uk)\b|[^A-Za-z_\u00c0-\uffff]", word, re.IGNORECASE | re.ASCII)
    return f"_{word}" if is_odd else word


def _quoted(text: str) -> str:
    text = FORBIDDEN.sub("\ufffd", text)
    for mark, instead in (('"', "'"), ("\\", "/"), ("%", "\uff05")):
        text = text.replace(mark, instead)
    # A command wherever it stands in a line, between quotes too.
    text = re.sub(r"(direction)\s+(?=TB|BT|RL|LR)", r"\1_", text, flags=re.IGNORECASE)
    return f'"{" ".join(text.split())}"'
