"""What a drift that is to stay means for the models: for migrations' state, and for models.py.

Plain columns, renamed ones, indexes of columns and constraints that are gone. Of the rest
Django's models know nothing, or nobody can say how they would say it: those are named.
"""

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.migrations.serializer import serializer_factory
from django.db.migrations.state import ModelState
from django.db.models.functions import Now

from ingestion.schema.catalog import Thing, Things
from ingestion.schema.drift.differences import Comparison, Group
from ingestion.schema.project import Project

Field = Any
"""One of Django's, of whatever type."""

_PLAIN: Mapping[str, Any] = {
    "text": models.TextField,
    "smallint": models.SmallIntegerField,
    "integer": models.IntegerField,
    "bigint": models.BigIntegerField,
    "boolean": models.BooleanField,
    "date": models.DateField,
    "timestamp with time zone": models.DateTimeField,
    "time without time zone": models.TimeField,
    "double precision": models.FloatField,
    "interval": models.DurationField,
    "uuid": models.UUIDField,
    "jsonb": models.JSONField,
    "bytea": models.BinaryField,
    "inet": models.GenericIPAddressField,
}
_VARYING = re.compile(r"character varying\((\d+)\)")
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_TEXT = re.compile(r"'((?:[^'\\]|'')*)'::(?:text|character varying)")
_INDEX = re.compile(
    r"CREATE INDEX (?P<name>[a-z]\w{0,29}) ON [^ ]+ USING btree \((?P<columns>[\w, ]+)\)"
)
_ORDER = [
    f"migrations.{name}"
    for name in (
        "RemoveIndex",
        "RemoveConstraint",
        "RenameField",
        "AddField",
        "AlterField",
        "AddIndex",
        "RemoveField",
    )
]
_OTHERS = frozenset({"storage", "compression", "collation", "identity", "generated", "not_valid"})
"""Facts of a column that a plain field does not have."""
_OF_MODELS = frozenset({"column", "constraint", "index"})
_STATE_ONLY = (
    "What makemigrations makes of that goes into state_operations, of this migration or of one "
    "of that app: the SQL is here already"
)


@dataclass(frozen=True, kw_only=True)
class TakenOver:
    state: tuple[str, ...]
    """Operations for `state_operations`, as Python writes them."""
    imports: tuple[str, ...]
    """What they need besides `migrations`."""
    words: tuple[str, ...]
    """What to write into models.py, and what to see to oneself."""


@dataclass(frozen=True)
class _Change:
    operation: str
    words: str
    imports: frozenset[str] = frozenset()


def taken_over(comparison: Comparison, project: Project, *, app: str) -> TakenOver:
    """In a migration of this app: only its own models change with it."""
    state = project.state(project.graph.nodes)
    known = {
        _table(each): each for each in state.models.values() if each.options.get("managed", True)
    }
    changes, unsaid = [], []
    for group in comparison.groups:
        thing = (comparison.expected | comparison.found)[group.difference.thing]
        model = known.get(thing.path[0]) if thing.kind in _OF_MODELS | {"table"} else None
        if model is None or len(thing.path) > 2:
            continue
        change = _change(group, comparison, model) if model.app_label == app else None
        if change:
            changes.append(change)
        elif _concerns(group, model):
            unsaid.append(f"See to the model {model.app_label}.{model.name} yourself: {thing.name}")
    changes.sort(key=lambda each: _ORDER.index(each.operation.partition("(")[0]))
    return TakenOver(
        state=tuple(each.operation for each in changes),
        imports=tuple(sorted({line for each in changes for line in each.imports})),
        words=(*(each.words for each in changes), *unsaid, *([_STATE_ONLY] if unsaid else [])),
    )


def _concerns(group: Group, model: ModelState) -> bool:
    """An index or a constraint that no model knows needs none."""
    is_extra = group.difference.expected is None
    return not (is_extra and not group.difference.thing.startswith("column "))


def _table(model: ModelState) -> str:
    return str(model.options.get("db_table") or f"{model.app_label}_{model.name_lower}").strip('"')


def _change(group: Group, comparison: Comparison, model: ModelState) -> _Change | None:
    thing = group.difference.thing
    expected, found = comparison.expected.get(thing), comparison.found.get(thing)
    if not thing.startswith("column "):
        return None if group.found_as else _of_other(expected, found, model)
    if group.found_as and expected:
        return _renamed(expected, comparison.found[group.found_as.thing], model)
    if found is None and expected:
        return _removed(expected, model)
    return _made(expected, found, model, others=comparison.found) if found else None


# --- Columns -------------------------------------------------------------------------------


def _name(column: Thing, model: ModelState) -> str | None:
    """Of the field, if it is a plain one."""
    own = column.path[-1]
    for name, field in model.fields.items():
        if not field.is_relation and not field.primary_key and (field.db_column or name) == own:
            return str(name)
    return None


def _renamed(expected: Thing, found: Thing, model: ModelState) -> _Change | None:
    name, new = _name(expected, model), found.path[-1]
    if name is None or model.fields[name].db_column or not _may_be_field(new, model):
        return None
    return _Change(
        f"migrations.RenameField({model.name!r}, {name!r}, {new!r}),".replace("'", '"'),
        f"In the model {model.name}, {name} is called {new}",
    )


def _removed(expected: Thing, model: ModelState) -> _Change | None:
    name = _name(expected, model)
    if name is None:
        return None
    return _Change(
        f"migrations.RemoveField({model.name!r}, {name!r}),".replace("'", '"'),
        f"In the model {model.name}, {name} goes",
    )


def _may_be_field(name: str, model: ModelState) -> bool:
    is_name = re.fullmatch(r"[a-z](?:_?[a-z0-9])*", name) is not None
    is_free = name not in {*model.fields, "objects"} and not hasattr(models.Model, name)
    return is_name and is_free and not keyword.iskeyword(name)


def _made(
    expected: Thing | None, found: Thing, model: ModelState, *, others: Things
) -> _Change | None:
    if "inherited" in found.facts or _is_referring(found, others):
        return None
    if expected is None:
        name, verb = found.path[-1], "AddField"
        field = _field(found) if _may_be_field(name, model) else None
    else:
        name, verb = _name(expected, model) or "", "AlterField"
        field = _altered(model.fields[name], expected, found) if name else None
    if field is None:
        return None
    text, imports = serializer_factory(field).serialize()
    return _Change(
        f'migrations.{verb}("{model.name}", "{name}", {text}),',
        f"In the model {model.name}: {name} = {text}",
        frozenset(imports),
    )


def _is_referring(column: Thing, others: Things) -> bool:
    """A foreign key is more than a column."""
    return any(
        column.name in each.facts["goes_with"] and each.facts["type"] == "f"
        for each in others.values()
        if each.kind == "constraint"
    )


def _field(column: Thing) -> Field | None:
    facts = column.facts
    if _OTHERS & facts.keys():
        return None
    options: dict[str, Any] = {}
    if "not_null" not in facts:
        options |= {"null": True, "blank": True}
    if "comment" in facts:
        options["db_comment"] = facts["comment"]
    if "default" in facts:
        default = _default(facts["default"])
        if default is None:
            return None
        options["db_default"] = default
    return _of_type(facts["type"], options)


def _of_type(written: str, options: dict[str, Any]) -> Field | None:
    if varying := _VARYING.fullmatch(written):
        return models.CharField(max_length=int(varying[1]), **options)
    if numeric := _NUMERIC.fullmatch(written):
        digits, places = map(int, numeric.groups())
        return models.DecimalField(max_digits=digits, decimal_places=places, **options)
    return _PLAIN[written](**options) if written in _PLAIN else None


def _default(written: str) -> Any:
    """None: not one that can be told in Python."""
    if text := _TEXT.fullmatch(written):
        return text[1].replace("''", "'")
    if re.fullmatch(r"-?\d{1,9}", written):
        return int(written)
    return {"true": True, "false": False, "now()": Now()}.get(written)


def _altered(field: Field, expected: Thing, found: Thing) -> Field | None:
    """The field that there is, with what is different; another one, if its type is."""
    changed = {
        fact
        for fact in expected.facts.keys() | found.facts.keys()
        if expected.facts.get(fact) != found.facts.get(fact)
    } - {"position", "needs", "goes_with", "usual_storage", "not_null_name"}
    if "type" in changed:
        return _field(found)
    if not changed <= {"not_null", "comment"}:
        return None
    field = field.clone()
    if "not_null" in changed:
        field.null = "not_null" not in found.facts
    if "comment" in changed:
        field.db_comment = found.facts.get("comment")
    return field


# --- Indexes and constraints ---------------------------------------------------------------


def _of_other(expected: Thing | None, found: Thing | None, model: ModelState) -> _Change | None:
    thing = expected or found
    if thing and thing.kind == "index":
        return _of_index(expected, found, model)
    if thing and thing.kind == "constraint":
        return _of_constraint(expected, found, model)
    return None


def _of_index(expected: Thing | None, found: Thing | None, model: ModelState) -> _Change | None:
    if expected and not found:
        (name,) = expected.path[-1:]
        if name not in {each.name for each in model.options.get("indexes", ())}:
            return None
        return _Change(
            f'migrations.RemoveIndex("{model.name}", "{name}"),',
            f"In the model {model.name}, the index {name} goes",
        )
    if expected or not found or "constraint" in found.facts:
        return None
    shape = _INDEX.fullmatch(found.facts["definition"])
    fields = [_field_of(each, model) for each in shape["columns"].split(", ")] if shape else []
    if not shape or not fields or None in fields:
        return None
    index = f'models.Index(fields={_listed(fields)}, name="{shape["name"]}")'
    return _Change(
        f'migrations.AddIndex("{model.name}", {index}),',
        f"In the indexes of the model {model.name}: {index}",
        frozenset({"from django.db import models"}),
    )


def _of_constraint(
    expected: Thing | None, found: Thing | None, model: ModelState
) -> _Change | None:
    if found or not expected:
        return None
    name = expected.path[-1]
    if name not in {each.name for each in model.options.get("constraints", ())}:
        return None
    return _Change(
        f'migrations.RemoveConstraint("{model.name}", "{name}"),',
        f"In the model {model.name}, the constraint {name} goes",
    )


def _field_of(column: str, model: ModelState) -> str | None:
    names: Iterator[str] = (
        str(name)
        for name, field in model.fields.items()
        if column == (field.db_column or (f"{name}_id" if field.is_relation else name))
    )
    return next(names, None)


def _listed(names: Iterable[str | None]) -> str:
    return "[{}]".format(", ".join(f'"{each}"' for each in names))
