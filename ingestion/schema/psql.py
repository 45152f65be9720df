"""SQL as psql reads it: what would be a variable, a command or the end of a comment to it is not.

psql puts its variables in for :name, :'name' and :"name", ends a statement at each semicolon, and
takes a backslash for a command, all of it outside of literals, quoted names and comments. (psql
manual, "SQL Interpolation" and "Meta-Commands".)
"""

from ingestion.schema.statements import Statement, Token, statements

INDENT = "    "


def ended(sql: str) -> str:
    """One or more statements with a semicolon behind the last, before the comments that follow."""
    found = statements(sql)
    if not found:
        return ""
    end = found[-1].tokens[-1].end
    missing = "" if sql[end:].lstrip().startswith(";") else ";"
    places = dict.fromkeys((place for each in found for place in _variables(each)), " ")
    if len(found) == 1 and "\n" not in sql:
        places |= _lines_of_table(found[0])
    return _with(sql[:end], places).strip() + missing + sql[end:].rstrip()


def comment(text: str) -> str:
    return f"-- {in_one_line(text)}".rstrip()


def echo(text: str) -> str:
    """A line that psql prints when it is there."""
    escaped = in_one_line(text).replace("\\", "\\\\").replace("'", "''")
    return f"\\echo '{escaped}'"


def dollar_quoted(text: str, *, tag: str) -> str:
    """A literal in which nothing needs to be escaped."""
    mark, number = f"${tag}$", 1
    while mark in f"{text}{mark[:-1]}":
        number += 1
        mark = f"${tag}{number}$"
    return f"{mark}{text}{mark}"


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def _variables(statement: Statement) -> list[int]:
    """Where a colon meets what psql could take for the name of a variable: a[1:n].

    A space between the two says the same to PostgreSQL. :: and := are left together.
    """
    places, tokens = [], [*statement.tokens, Token("", -1, -1)]
    at = 0
    while at < len(tokens) - 1:
        token, following = tokens[at], tokens[at + 1]
        at += 1
        if token.mark == ":" and following.start == token.end:
            if following.mark in {":", "="}:
                at += 1
            else:
                places.append(token.end)
    return places


def _lines_of_table(statement: Statement) -> dict[int, str]:
    """Where a CREATE TABLE in one line is broken: a column or constraint on each."""
    places: dict[int, str] = {}
    if not statement.shape.startswith("CREATE TABLE ") or "( ) " in statement.shape:
        return places
    depth = 0
    for token in statement.tokens:
        depth += (token.mark == "(") - (token.mark == ")")
        if depth == 1 and token.mark in {"(", ","}:
            places[token.end] = f"\n{INDENT}"
        elif depth == 0 and token.mark == ")":
            return places | {token.start: "\n"}
    return {}


def _with(sql: str, places: dict[int, str]) -> str:
    """With these texts at these places, and no space behind a new end of a line."""
    texts, before = [], 0
    for place, text in sorted(places.items()):
        texts += [sql[before:place], text]
        before = place + (text[0] == "\n" and sql[place : place + 1] == " ")
    return "".join([*texts, sql[before:]])
