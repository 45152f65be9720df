"""`migrate` beside Alembic's `upgrade head` and stock Django, as whole processes.

The same tables and models for all three: each table has two foreign keys to earlier ones, a unique
constraint, an index and a CHECK, and comes with a migration of its own. All load the models, as a
project does that has its migrations made from them (Alembic: target_metadata).
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.postgres import Postgres
from tests.bench.programs import PROJECT
from tests.bench.rounds import in_turn
from tests.bench.stage import Stage
from tests.bench.table import Row, ratios


@dataclass(frozen=True)
class Contender:
    name: str
    command: list[str]
    folder: Path
    env: dict[str, str]

    def run(self) -> float:
        """Seconds of the whole process."""
        started = time.perf_counter()
        done = subprocess.run(
            self.command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(f"{self.name} failed:\n{done.stdout}{done.stderr}")
        return took


def rows(stage: Stage) -> Iterator[Row]:
    for size in stage.scale.migrations:
        contenders = make(stage.folder / f"migrations-{size}", stage.postgres, size)
        for what, before in (("from empty", _empty), ("nothing to do", _leave)):
            took = in_turn(
                {each.name: partial(_turn, stage.postgres, each, before) for each in contenders},
                rounds=stage.scale.rounds,
            )
            yield from _compared(f"migrate, {what}, {size} migrations", took)


def _compared(what: str, took: dict[str, list[float]]) -> Iterator[Row]:
    seconds = {name: statistics.median(times) for name, times in took.items()}
    for other in ("Alembic", "Django"):
        yield Row(
            what=what,
            against="stock Django" if other == "Django" else other,
            figures=ratios(took[other], took["ours"]),
            note=f"{seconds['ours']:.2f} : {seconds[other]:.2f} s",
        )


def _turn(
    postgres: Postgres, contender: Contender, before: Callable[[Postgres, Contender], None]
) -> float:
    before(postgres, contender)
    return contender.run()


def make(folder: Path, postgres: Postgres, size: int) -> list[Contender]:
    """The three projects, each with a database of its own."""
    found = []
    for name, build, command in (
        ("ours", _django, ["manage.py", "migrate"]),
        ("Alembic", _alembic, ["-m", "alembic", "upgrade", "head"]),
        ("Django", _django, ["manage.py", "migrate"]),
    ):
        place = folder / name
        place.mkdir(parents=True)
        build(place, size, ours=name == "ours")
        database = f"bench_{name.lower()}_{size}"
        env = postgres.environment(database) | {"PYTHONPATH": str(PROJECT)}
        contender = Contender(name, [sys.executable, *command], place, env)
        _empty(postgres, contender)
        contender.run()  # compiles what it imports
        found.append(contender)
    return found


def _empty(postgres: Postgres, contender: Contender) -> None:
    postgres.create(contender.env["PGDATABASE"])


def _leave(postgres: Postgres, contender: Contender) -> None:
    """As the last round has left it: migrated."""


def _parents(number: int) -> list[int]:
    return sorted({number // 2, number - 1} - {number}) if number else []


# --- Django --------------------------------------------------------------------------------

SETTINGS = """
import os
SECRET_KEY = "bench"
INSTALLED_APPS = [{apps}]
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql",
    "NAME": os.environ["PGDATABASE"],
}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
MODEL = """
class Thing{n}(models.Model):
    name = models.CharField(max_length=100)
    amount = models.IntegerField()
{keys}
    class Meta:
        db_table = "thing_{n}"
        indexes = [models.Index(fields=["name"], name="thing_{n}_name")]
        constraints = [
            models.UniqueConstraint(fields=["name", "amount"], name="thing_{n}_unique"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="thing_{n}_check"),
        ]
"""
MIGRATION = """
import django.db.models.deletion
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = {initial}
    dependencies = [{parent}]
    operations = [
        migrations.CreateModel(
            name="Thing{n}",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, auto_created=True,
                                           verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("amount", models.IntegerField()),
{keys}
            ],
            options={{"db_table": "thing_{n}"}},
        ),
        migrations.AddIndex("thing{n}", models.Index(fields=["name"], name="thing_{n}_name")),
        migrations.AddConstraint("thing{n}", models.UniqueConstraint(
            fields=["name", "amount"], name="thing_{n}_unique")),
        migrations.AddConstraint("thing{n}", models.CheckConstraint(
            condition=models.Q(amount__gte=0), name="thing_{n}_check")),
    ]
"""


def _django(folder: Path, size: int, *, ours: bool) -> None:
    apps = ['"ingestion.schema.apps.SchemaConfig"'] if ours else []
    (folder / "settings.py").write_text(SETTINGS.format(apps=", ".join([*apps, '"shop"'])))
    (folder / "manage.py").write_text(MANAGE)
    migrations = folder / "shop" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "__init__.py").write_text("")
    (folder / "shop" / "__init__.py").write_text("")
    models = ["from django.db import models\n"]
    for n in range(size):
        key = "models.ForeignKey('shop.Thing{p}', models.CASCADE, related_name='+', db_index=False)"
        keys = [(f"parent_{p}", key.format(p=p)) for p in _parents(n)]
        models.append(MODEL.format(n=n, keys="\n".join(f"    {k} = {v}" for k, v in keys)))
        text = MIGRATION.format(
            n=n,
            initial=n == 0,
            parent=f"('shop', '{n:04}_thing_{n - 1}')" if n else "",
            keys="\n".join(f'                ("{k}", {v}),' for k, v in keys),
        )
        (migrations / f"{n + 1:04}_thing_{n}.py").write_text(text)
    (folder / "shop" / "models.py").write_text("\n".join(models))


# --- Alembic -------------------------------------------------------------------------------

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass
"""
TABLE = """
class Thing{n}(Base):
    __tablename__ = "thing_{n}"
    __table_args__ = (
        sa.Index("thing_{n}_name", "name"),
        sa.UniqueConstraint("name", "amount", name="thing_{n}_unique"),
        sa.CheckConstraint("amount >= 0", name="thing_{n}_check"),
    )
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    amount: Mapped[int]
{keys}
"""
INI = """
[alembic]
script_location = %(here)s/alembic
prepend_sys_path = .
"""
ENV = """
from alembic import context
from models import Base
from sqlalchemy import create_engine, pool

with create_engine("postgresql+psycopg2://", poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{n:04}"
down_revision = {parent}

def upgrade():
    op.create_table(
        "thing_{n}",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
{keys}
    )
    op.create_index("thing_{n}_name", "thing_{n}", ["name"])
    op.create_unique_constraint("thing_{n}_unique", "thing_{n}", ["name", "amount"])
    op.create_check_constraint("thing_{n}_check", "thing_{n}", "amount >= 0")

def downgrade():
    op.drop_table("thing_{n}")
"""


def _alembic(folder: Path, size: int, *, ours: bool) -> None:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI)
    (folder / "alembic" / "env.py").write_text(ENV)
    (folder / "alembic" / "script.py.mako").write_text("")
    key = (
        '        sa.Column("parent_{p}_id", sa.BigInteger(), sa.ForeignKey("thing_{p}.id", '
        'deferrable=True, initially="DEFERRED"), nullable=False),'
    )
    column = (
        '    parent_{p}_id: Mapped[int] = mapped_column(sa.ForeignKey("thing_{p}.id", '
        'deferrable=True, initially="DEFERRED"))'
    )
    models = [MODELS]
    for n in range(size):
        keys = "\n".join(column.format(p=p) for p in _parents(n))
        models.append(TABLE.format(n=n, keys=keys))
        text = REVISION.format(
            n=n,
            parent=f'"{n - 1:04}"' if n else None,
            keys="\n".join(key.format(p=p) for p in _parents(n)),
        )
        (versions / f"{n:04}_thing.py").write_text(text)
    (folder / "models.py").write_text("\n".join(models))
