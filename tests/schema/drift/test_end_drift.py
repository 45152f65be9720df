"""What `schema drift` prints ends the drift, in the direction that somebody chooses."""

import ast
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from ingestion.schema.drift.script import literal, loses_data
from ingestion.schema.statements import split
from tests.schema.conftest import NOTE, SHOP, Drift, forget_models

Use = Callable[..., Any]

CHANGES = """
    ALTER TABLE shop_note ALTER text TYPE text, ADD stranger int CHECK (stranger > 1);
    CREATE TABLE audit (id int PRIMARY KEY, what text DEFAULT 'a "b" \\c');
    CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'x' || E'\\n\"\"\"' $$;
"""


def execute(script: str) -> None:
    """As psql does: one statement after the other."""
    lines = [line for line in script.splitlines() if not line.startswith("\\")]
    with connection.cursor() as cursor:
        for statement in split("\n".join(lines)):
            cursor.execute(statement)


def warnings(script: str) -> list[str]:
    return [line for line in script.splitlines() if "LOSES" in line]


def test_the_script_makes_what_the_migrations_say(drift: Drift, shop: Use) -> None:
    shop()
    execute(CHANGES)
    code, script = drift("--sql")
    assert code == 1
    assert warnings(script) == ["-- LOSES DATA, in 2 places: look for `loses`."]
    execute(script)
    assert drift()[0] == 0


@pytest.mark.slow
def test_a_view_that_is_made_anew_keeps_what_the_dba_has_granted(
    drift: Drift, shop: Use, catalog_now: Use
) -> None:
    shop('migrations.RunSQL("CREATE VIEW v AS SELECT 1 AS a, 2 AS b")')
    execute("DROP VIEW v; CREATE VIEW v AS SELECT 'x' AS a; GRANT SELECT ON v TO pg_monitor")
    execute(drift("--sql")[1])
    assert drift()[0] == 0
    assert catalog_now()["grant view v to pg_monitor"] == "SELECT"
    execute("DROP VIEW v; CREATE VIEW v AS SELECT 'x' AS a; GRANT SELECT ON v TO pg_monitor")
    assert "pg_monitor" not in drift("--keep")[1]


@pytest.mark.slow
def test_what_needs_no_transaction_stands_outside_of_it(drift: Drift, shop: Use) -> None:
    shop(NOTE, 'migrations.RunSQL("CREATE INDEX by_text ON shop_note (text)")')
    execute("DROP INDEX by_text; ALTER TABLE shop_note ADD stranger int")
    _, script = drift("--sql")
    assert script.index("COMMIT;") < script.index("CREATE INDEX CONCURRENTLY by_text")
    execute(script)
    assert drift()[0] == 0


@pytest.mark.slow
def test_a_new_label_is_committed_before_it_is_used(
    drift: Drift, shop: Use, write_app: Use, story: Use, migrate: Use, catalog_now: Use
) -> None:
    made = "CREATE TYPE hue AS ENUM ('red'); CREATE TABLE t (hue hue DEFAULT 'red')"
    shop(f'migrations.RunSQL("{made}")')
    execute("ALTER TYPE hue ADD VALUE 'blue'")
    execute("ALTER TABLE t ALTER hue SET DEFAULT 'blue'; ALTER TABLE t ADD n int")
    kept = catalog_now()
    head = SHOP.partition("    operations")[0].format(after='("shop", "0001")')
    write_app("shop", {"0002": head + drift("--keep")[1]}, installed=True)
    execute(drift("--sql")[1])
    assert drift()[0] == 0
    story("shop")
    migrate("shop", verbosity=0)
    assert (drift()[0], catalog_now()) == (0, kept)
    execute("DROP TYPE hue CASCADE; CREATE TYPE hue AS ENUM (); ALTER TABLE t ADD hue hue")
    execute(drift("--sql")[1])
    assert drift()[0] == 0


@pytest.mark.slow
def test_where_there_is_nothing_to_do_the_scripts_say_so(drift: Drift, shop: Use) -> None:
    shop()
    clean = "the database is what its migrations make."
    assert drift("--sql") == (0, f"-- Nothing to do: {clean}\n")
    assert drift("--keep") == (0, f"# Nothing to keep: {clean}\n")


@pytest.mark.slow
def test_the_migration_makes_what_the_database_has(
    drift: Drift, shop: Use, write_app: Use, story: Use, migrate: Use, catalog_now: Use
) -> None:
    shop()
    execute(CHANGES)
    kept = catalog_now()
    head = SHOP.partition("    operations")[0].format(after='("shop", "0001")')
    write_app("shop", {"0002": head + drift("--keep")[1]}, installed=True)
    story("shop")
    migrate("shop", fake=True, verbosity=0)
    assert drift()[0] == 0
    migrate("shop", "0001", verbosity=0, accept_data_loss=True)
    assert drift()[0] == 0
    migrate("shop", verbosity=0)
    assert (drift()[0], catalog_now()) == (0, kept)


@pytest.mark.slow
def test_it_says_which_role_a_repair_needs(drift: Drift, shop: Use) -> None:
    role = f"end_drift_{os.getpid()}"
    shop(NOTE, f"migrations.RunSQL('CREATE ROLE {role}; GRANT SELECT ON shop_note TO {role}')")
    execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    needed = f"the server has no role {role}: make it before, as the migration does"
    assert f"  note      {needed}" in drift()[1].splitlines()
    assert f"-- {needed}" in drift("--sql")[1].splitlines()


@pytest.mark.slow
def test_it_says_where_such_a_migration_belongs(
    drift: Drift, write_app: Use, story: Use, migrate: Use
) -> None:
    write_app("shop", {"0001_note": SHOP.format(after="", operations=NOTE)})
    (Path(write_app("shop")) / "models.py").write_text(MODELS)
    story("shop")
    migrate("shop", verbosity=0)
    execute("ALTER TABLE shop_note ADD stranger int, ALTER text DROP NOT NULL")
    assert drift()[1].splitlines()[-5:] == [
        "To keep what the database has, and give it to other databases too (`keep` is for them):",
        "  manage.py migrate",
        "  manage.py makemigrations shop --empty -n keep_what_is_there",
        "  manage.py schema drift --keep    says what to write into the new file",
        "  manage.py migrate shop 0002 --fake    here only, where it is there already",
    ]


@pytest.mark.slow
def test_the_migration_says_what_the_models_are_to_say(
    drift: Drift, write_app: Use, story: Use, migrate: Use
) -> None:
    note = NOTE.replace("primary_key=True", "primary_key=True, serialize=False") + HAS_TEXT
    folder = Path(write_app("shop", {"0001_note": SHOP.format(after="", operations=note)}))
    (folder / "models.py").write_text(MODELS)
    story("shop")
    migrate(verbosity=0)
    execute(
        "ALTER TABLE shop_note ALTER text DROP NOT NULL, ADD n numeric(8, 2) NOT NULL DEFAULT 7"
    )
    execute(
        "ALTER TABLE shop_note ADD who bigint REFERENCES shop_note, ADD class text;"
        "CREATE INDEX by_n ON shop_note (text)"
    )
    execute(
        "COMMENT ON COLUMN shop_note.text IS 'It.'; CREATE INDEX odd ON shop_note (lower(text));"
        "ALTER TABLE shop_note DROP CONSTRAINT has_text"
    )
    _, said = drift("--keep")
    assert [line.strip() for line in said.splitlines() if "model" in line] == [
        "# At the top, too: from django.db import models",
        "# In the model Note, the constraint has_text goes",
        "# In the model Note: n = models.DecimalField(db_default=7, decimal_places=2,"
        " max_digits=8)",
        "# In the model Note: text = models.CharField(db_comment='It.', max_length=100, null=True)",
        '# In the indexes of the model Note: models.Index(fields=["text"], name="by_n")',
        "# See to the model shop.Note yourself: column shop_note.class",
        "# See to the model shop.Note yourself: column shop_note.who",
        'migrations.AddField("Note", "n", models.DecimalField(db_default=7, decimal_places=2,'
        " max_digits=8)),",
        'migrations.AlterField("Note", "text", models.CharField(db_comment=\'It.\','
        " max_length=100, null=True)),",
        'migrations.AddIndex("Note", models.Index(fields=["text"], name="by_n")),',
    ]
    assert 'migrations.RemoveConstraint("Note", "has_text"),' in said
    assert (
        "# What makemigrations makes of that goes into state_operations, of this migration or of "
        "one of that app: the SQL is here already\n" in said
    )
    head = SHOP.partition("    operations")[0].format(after='("shop", "0001_note")')
    write_app("shop", {"0002_kept": head + said})
    (folder / "models.py").write_text(MODELS_OF_KEPT)
    forget_models({"shop"})
    story("shop")
    call_command("makemigrations", "shop", check=True, dry_run=True)
    migrate("shop", fake=True, verbosity=0)
    assert drift()[0] == 0


MODELS = """
from django.db import models

class Note(models.Model):
    id = models.BigAutoField(primary_key=True)
    text = models.CharField(max_length=100)
"""
HAS_TEXT = """
    migrations.AddConstraint(
        "note", models.CheckConstraint(condition=~models.Q(text=""), name="has_text")
    ),
"""
MODELS_OF_KEPT = """
from django.db import models

class Note(models.Model):
    id = models.BigAutoField(primary_key=True)
    text = models.CharField(db_comment="It.", max_length=100, null=True)
    n = models.DecimalField(db_default=7, decimal_places=2, max_digits=8)

    class Meta:
        indexes = [models.Index(fields=["text"], name="by_n")]
"""


# --- Without a database --------------------------------------------------------------------


@given(st.text(alphabet="ab'\"\\\n\r%{ ", max_size=12))
def test_sql_in_a_migration_is_what_it_was(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


def test_what_loses_data_says_so_in_a_comment() -> None:
    assert loses_data("-- loses its rows\nDROP TABLE a;")
    assert not loses_data("DROP VIEW a;")
