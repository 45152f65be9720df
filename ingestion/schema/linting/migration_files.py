"""Migrations as text: a file with these operations, in Django's own hand."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import MigrationWriter

from ingestion.schema.plan import Key
from ingestion.schema.sources import file_of
from ingestion.schema.waivers import ATTRIBUTE

CLASS = "class Migration(migrations.Migration):\n"
_BLANK_FIRST = re.compile(rf"({re.escape(CLASS)})\n+")


@dataclass(frozen=True)
class File:
    name: str
    """Of the migration."""
    when: str
    """Where it goes, and with which release."""
    code: str

    def waiving(self, waivers: Mapping[str, str]) -> "File":
        return self._with(f"{ATTRIBUTE} = {dict(waivers)!r}")

    def not_atomic(self) -> "File":
        return self._with("atomic = False")

    def _with(self, line: str) -> "File":
        return replace(self, code=self.code.replace(CLASS, f"{CLASS}    {line}\n"))


def new_file(
    name: str,
    operations: Sequence[Operation],
    *,
    needs: Sequence[Key],
    when: str,
    atomic: bool = True,
) -> File:
    said = {"operations": list(operations), "dependencies": list(needs)}
    migration = type("Migration", (Migration,), said)(name, "app")
    text = MigrationWriter(migration, include_header=False).as_string()
    text = _BLANK_FIRST.sub(r"\1", text)
    for operation in operations:
        text = _readable(operation, text)
    file = File(name, when, text)
    return file if atomic else file.not_atomic()


def _readable(operation: Operation, text: str) -> str:
    """A statement to a line: Django writes a list of them as one."""
    if isinstance(operation, SeparateDatabaseAndState):
        for part in operation.database_operations:
            text = _readable(part, text)
    if isinstance(operation, RunSQL):
        for sqls in (operation.sql, operation.reverse_sql):
            if isinstance(sqls, list) and sqls:
                text = _one_to_a_line(text, sqls)
    return text


def run_sql(
    forwards: Sequence[str], backwards: Sequence[str] | None, states: Sequence[Operation] = ()
) -> RunSQL:
    sql: list[Any] = list(forwards)
    reverse: list[Any] | None = None if backwards is None else list(backwards)
    return RunSQL(sql, reverse, state_operations=list(states))


def _one_to_a_line(text: str, sqls: Sequence[Any]) -> str:
    whole, _ = MigrationWriter.serialize(list(sqls))
    lines = []
    for line in text.splitlines():
        head, found, tail = line.partition(f"={whole}")
        if found:
            indent = " " * (len(head) - len(head.lstrip()))
            lines.append(f"{head}=[")
            for sql in sqls:
                lines += [f"{indent}    {line}" for line in _on_lines(sql)]
            lines.append(f"{indent}]{tail}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _on_lines(sql: Any) -> list[str]:
    """A statement of several lines as so many strings."""
    if not isinstance(sql, str):
        return [f"{MigrationWriter.serialize(sql)[0]},"]
    *first, last = [MigrationWriter.serialize(line)[0] for line in sql.splitlines(keepends=True)]
    return [*first, f"{last},"]


def slug(operation: Operation, *, what_only: bool = False) -> str:
    """For the name of a file: what Django would call it; or what it is about, without the verb."""
    if isinstance(operation, RunSQL | SeparateDatabaseAndState) and operation.state_operations:
        return slug(operation.state_operations[0], what_only=what_only)
    if isinstance(operation, RunPython):
        return getattr(operation.code, "__name__", "rows").strip("<>_").lower() or "rows"
    fragment = operation.migration_name_fragment or "rows"
    return _VERB.sub("", fragment) if what_only else fragment


_VERB = re.compile(r"^(?:remove|delete|alter)_")


def called(operation: Operation) -> str:
    """For a sentence."""
    if isinstance(operation, RunPython):
        return f"RunPython({getattr(operation.code, '__name__', '…')})"
    return operation.describe().rstrip(".")


def moved_python(
    name: str, operation: RunPython, migration: Migration, *, needs: Key, when: str
) -> File | None:
    """The module of the migration without its class, and a class that has this operation alone."""
    path = file_of(migration)
    words = [_word(operation.code), _word(operation.reverse_code)]
    if path is None or words[0] is None or (operation.reverse_code and words[1] is None):
        return None
    source = path.read_text(encoding="utf-8")
    kept = _without_class(source)
    arguments = ", ".join(word for word in words if word)
    code = (
        f"{kept}\n\n\n{CLASS}    dependencies = [{needs!r}]\n\n"
        f"    operations = [migrations.RunPython({arguments})]\n"
    )
    return File(name, when, code)


def _word(code: object) -> str | None:
    """How a migration names a function of its own; what has no name cannot be moved."""
    if code is RunPython.noop:
        return "migrations.RunPython.noop"
    word = getattr(code, "__name__", "")
    return word if word.isidentifier() else None


def _without_class(source: str) -> str:
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            del lines[node.lineno - 1 : node.end_lineno]
            break
    return "\n".join(lines).strip()
