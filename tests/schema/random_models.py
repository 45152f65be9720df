"""Models at random: the source of a models.py, and of the next version of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

HEAD = """
import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, IntegerRangeField
from django.contrib.postgres.indexes import BrinIndex, GinIndex, GistIndex, HashIndex, SpGistIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Now, Upper
from django.utils import timezone
"""

NULL_ONLY = (
    "models.DateField({})",
    "models.TimeField({})",
    "models.DurationField({})",
    "models.GenericIPAddressField({})",
    "DateRangeField({})",
    "SearchVectorField({})",
    "ArrayField(models.CharField(max_length=5), size=3, {})",
)
WITH_DEFAULT = (
    ("models.BooleanField({})", "False"),
    ("models.TextField({})", "''"),
    ("models.SlugField({})", "'x'"),
    ("models.EmailField({})", "''"),
    ("models.FileField({})", "''"),
    ("models.SmallIntegerField({})", "0"),
    ("models.BigIntegerField({})", "-5"),
    ("models.PositiveIntegerField({})", "1"),
    ("models.PositiveSmallIntegerField({})", "1"),
    ("models.FloatField({})", "0.5"),
    ("models.DecimalField(max_digits=9, decimal_places=3, {})", "1"),
    ("models.CharField(max_length=20, db_collation='C', {})", "'a'"),
    ("models.CharField({})", "'no limit'"),
    ("models.DateTimeField({})", "None"),
    ("models.UUIDField({})", "None"),
    ("models.BinaryField({})", "None"),
    ("models.JSONField({})", "None"),
)
ONLY_IN_PYTHON = {
    "models.DateTimeField({})": "default=timezone.now",
    "models.UUIDField({})": "default=uuid.uuid4",
    "models.BinaryField({})": "default=b'x'",
    "models.JSONField({})": "default=dict",
}
IN_THE_DATABASE = {"models.DateTimeField({})": "db_default=Now()"}
COMMENTS = ("Plain words", 'It\'s "quoted" -- and more', "Zwei\\nZeilen: größer")


@dataclass(frozen=True)
class Model:
    name: str
    base: str = "models.Model"
    fields: dict[str, str] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    constraints: dict[str, str] = field(default_factory=dict)

    def source(self) -> str:
        meta = dict(self.meta)
        for name, known in (("indexes", self.indexes), ("constraints", self.constraints)):
            if known:
                meta[name] = f"[{', '.join(known.values())}]"
        return "\n".join(
            [
                f"class {self.name}({self.base}):",
                *(f"    {name} = {how}" for name, how in self.fields.items()),
                "    class Meta:",
                "        app_label = APP",
                *(f"        {name} = {how}" for name, how in meta.items()),
                "",
            ]
        )


def first(random: Random) -> list[Model]:
    """Two to five models that refer to each other."""
    found: list[Model] = []
    for number in range(random.randint(2, 5)):
        found.append(_model(random, number, found))
    return found


def following(random: Random, models: list[Model]) -> list[Model]:
    """Some fields, indexes and constraints come, go or change."""
    changed = [_changed(random, model, models) for model in models]
    return [*changed, _model(random, len(models), changed)]


def source(app: str, models: list[Model]) -> str:
    return "\n".join([HEAD, f'APP = "{app}"', "", *(model.source() for model in models)])


def _model(random: Random, number: int, others: list[Model]) -> Model:
    name = f"M{number}"
    plain = [other for other in others if other.base == "models.Model"]
    if plain and random.random() < 0.2:
        return Model(name, random.choice(plain).name, {f"own{number}": _scalar(random)})
    made = Model(name)
    made.fields["number"] = "models.IntegerField(default=0)"
    made.fields["word"] = "models.CharField(max_length=30, default='')"
    made.fields["span"] = "IntegerRangeField(null=True)"
    if random.random() < 0.4:
        made.fields["id"] = random.choice(
            (
                "models.AutoField(primary_key=True)",
                "models.SmallAutoField(primary_key=True)",
                "models.UUIDField(primary_key=True, default=uuid.uuid4)",
                "models.CharField(primary_key=True, max_length=12)",
                "models.BigIntegerField(primary_key=True)",
            )
        )
    for each in range(random.randint(1, 5)):
        made.fields[f"f{each}"] = _scalar(random)
    for each in range(random.randint(0, 2)):
        made.fields[f"r{each}"] = _relation(random, others, f"{name.lower()}r{each}")
    if random.random() < 0.3:
        made.fields["made"] = (
            "models.GeneratedField(expression=F('number') * 2, "
            "output_field=models.IntegerField(), db_persist=True)"
        )
    if random.random() < 0.4:
        made.meta["db_table_comment"] = repr(random.choice(COMMENTS))
    if random.random() < 0.2:
        made.meta["db_table"] = f'APP + "_Odd {name}"'
    if random.random() < 0.2:
        made.meta["unique_together"] = "[('number', 'word')]"
    _add_indexes(random, made)
    _add_constraints(random, made)
    return made


def _scalar(random: Random) -> str:
    if random.random() < 0.3:
        return random.choice(NULL_ONLY).format(_options(random, "null=True"))
    kind, default = random.choice(WITH_DEFAULT)
    if default == "None":
        ways = [ONLY_IN_PYTHON[kind], *([IN_THE_DATABASE[kind]] if kind in IN_THE_DATABASE else [])]
    else:
        ways = [f"default={default}", f"db_default={default}", f"default={default}, null=True"]
    return kind.format(_options(random, random.choice(ways)))


def _options(random: Random, said: str) -> str:
    words = [said]
    if random.random() < 0.3:
        words.append(f"db_comment={random.choice(COMMENTS)!r}")
    if random.random() < 0.2:
        words.append("db_index=True")
    if random.random() < 0.1:
        words.append(f"db_column='Column {random.randint(0, 10**6)}'")
    return ", ".join(words)


def _relation(random: Random, others: list[Model], related: str) -> str:
    to = repr(random.choice([other.name for other in others] + ["self"]))
    named = f"related_name='{related}'"
    return random.choice(
        (
            f"models.ForeignKey({to}, models.CASCADE, null=True, {named})",
            f"models.ForeignKey({to}, models.SET_NULL, null=True, db_index=False, {named})",
            f"models.ForeignKey({to}, models.DO_NOTHING, null=True, db_constraint=False, {named})",
            f"models.OneToOneField({to}, models.PROTECT, null=True, {named})",
            f"models.ManyToManyField({to}, {named})",
        )
    )


INDEXES = (
    "models.Index(fields=['number', '-word'], name={})",
    "models.Index(Lower('word').desc(), 'number', name={})",
    "models.Index(fields=['word'], name={}, condition=Q(number__gt=3))",
    "models.Index(fields=['word'], name={}, include=['number'])",
    "models.Index(fields=['word'], name={}, opclasses=['varchar_pattern_ops'])",
    "HashIndex(fields=['word'], name={}, fillfactor=70)",
    "BrinIndex(fields=['number'], name={}, pages_per_range=8, autosummarize=True)",
    "GistIndex(fields=['span'], name={})",
    "SpGistIndex(fields=['span'], name={}, fillfactor=60)",
)
CONSTRAINTS = (
    "models.CheckConstraint(condition=Q(number__gte=-9) | Q(word='it''s'), name={})",
    "models.CheckConstraint(condition=Q(word__in=['a', 'b%', '']), name={})",
    "models.UniqueConstraint(fields=['word', 'number'], name={})",
    "models.UniqueConstraint(fields=['word'], condition=Q(number=1), name={})",
    "models.UniqueConstraint(Upper('word'), 'number', name={})",
    "models.UniqueConstraint(fields=['number'], name={}, deferrable=models.Deferrable.DEFERRED)",
    "models.UniqueConstraint(fields=['number', 'word'], name={}, nulls_distinct=False)",
    "models.UniqueConstraint(fields=['number'], name={}, include=['word'])",
    "ExclusionConstraint(expressions=[('span', '&&')], name={}, condition=Q(number__gt=0))",
)


def _add_indexes(random: Random, model: Model) -> None:
    _add(random, model, model.indexes, INDEXES, "i")


def _add_constraints(random: Random, model: Model) -> None:
    _add(random, model, model.constraints, CONSTRAINTS, "c")


def _add(
    random: Random, model: Model, to: dict[str, str], known: tuple[str, ...], letter: str
) -> None:
    if model.base == "models.Model":
        for each in random.sample(known, random.randint(0, 2)):
            name = f"{letter}{random.randint(0, 10**9)}"
            to[name] = each.format(f"APP + '_{name}'")


def _changed(random: Random, model: Model, models: list[Model]) -> Model:
    changed = replace(
        model,
        fields=dict(model.fields),
        meta=dict(model.meta),
        indexes=_fewer(random, model.indexes),
        constraints=_fewer(random, model.constraints),
    )
    for name in [name for name in model.fields if name[0] in "for" and name != "span"]:
        ways: list[Callable[[], object]] = [
            lambda: None,
            lambda name=name: changed.fields.pop(name),  # type: ignore[misc]
            lambda name=name: changed.fields.update({name: _altered(changed.fields[name])}),  # type: ignore[misc]
        ]
        random.choice(ways)()
    changed.fields[f"{model.name.lower()}_new"] = _scalar(random)
    if "db_table_comment" in changed.meta:
        changed.meta["db_table_comment"] = "'another one'"
    _add_indexes(random, changed)
    _add_constraints(random, changed)
    return changed


def _fewer(random: Random, known: dict[str, str]) -> dict[str, str]:
    return {name: how for name, how in known.items() if random.random() < 0.7}


def _altered(how: str) -> str:
    """As nullable as it was, so that nobody is asked for a value."""
    if "db_comment" in how or "ManyToMany" in how:
        return how
    return f"{how[:-1]}, db_comment='Given later')"
