"""Each safe form, pasted into migrations, leads to the same tables and blocks nobody."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from ingestion.schema.catalog import catalog
from tests.schema.conftest import Migrate, Use, WriteApp
from tests.schema.linting.pasting import SHOP, Linted, linted, pasted, written

pytestmark = pytest.mark.slow

FIRST = """
from django.contrib.postgres.fields import IntegerRangeField
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.CreateModel("Author", [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=50)),
        ]),
        migrations.CreateModel("Reader", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel("Book", [
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=50)),
            ("subtitle", models.TextField(null=True)),
            ("year", models.IntegerField(default=2000)),
            ("pages", models.IntegerField(null=True, db_index=True)),
            ("writer_id", models.BigIntegerField(null=True)),
            ("slot", IntegerRangeField(null=True)),
            ("size", models.PositiveSmallIntegerField(null=True)),
            ("place", models.CharField(max_length=9, null=True, db_index=True)),
            ("stock", models.IntegerField(db_default=0, db_comment="How many are there")),
            ("fans", models.ManyToManyField("shop.Reader")),
        ], options={"constraints": [
            models.CheckConstraint(condition=models.Q(stock__gte=0), name="book_stock"),
        ], "indexes": [
            models.Index(
                fields=["writer_id"],
                condition=models.Q(subtitle__isnull=False),
                name="book_writer",
            ),
        ]}),
    ]
"""
SECOND = """
import uuid
import django.db.models.functions
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.models import F, Q
from django.utils import timezone

def fill(apps, schema_editor):
    apps.get_model("shop", "Book").objects.filter(pages=None).update(pages=1)

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        {operations}
    ]
"""


@pytest.fixture
def shop(own_database: DatabaseWrapper, write_app: WriteApp, story: Use) -> Callable[..., Linted]:
    """shop("models.…", name="source of a file") → what lint says of all but the first migration."""

    def run(**files: str) -> Linted:
        written(FIRST, files, write_app=write_app, story=story)
        return linted(files)

    return run


CASES = {
    "AddIndex": (
        'migrations.AddIndex("book", models.Index(fields=["title", "-year"], name="book_title"))',
        {"index-built-under-lock"},
    ),
    "RemoveIndex": (
        'migrations.AlterField("book", "pages", models.IntegerField(null=True))',
        {"index-built-under-lock"},
    ),
    "AlterField db_index": (
        'migrations.AlterField("book", "title", models.CharField(max_length=50, db_index=True))',
        {"index-built-under-lock"},
    ),
    "AddConstraint check": (
        'migrations.AddConstraint("book", models.CheckConstraint(condition=Q(year__gt=0),'
        ' name="book_year"))',
        {"scan-under-lock"},
    ),
    "AddConstraint unique": (
        'migrations.AddConstraint("book", models.UniqueConstraint(fields=["title", "year"],'
        ' name="book_unique"))',
        {"index-built-under-lock"},
    ),
    "AddConstraint deferrable unique": (
        'migrations.AddConstraint("book", models.UniqueConstraint(fields=["title"],'
        ' name="book_unique", deferrable=models.Deferrable.DEFERRED))',
        {"index-built-under-lock"},
    ),
    "AddConstraint unique, nulls not distinct, including": (
        'migrations.AddConstraint("book", models.UniqueConstraint(fields=["pages"],'
        ' name="book_unique", nulls_distinct=False, include=["title"]))',
        {"index-built-under-lock"},
    ),
    "AddConstraint unique on a condition": (
        'migrations.AddConstraint("book", models.UniqueConstraint(fields=["title"],'
        ' name="book_unique", condition=Q(year__gt=1900)))',
        {"index-built-under-lock"},
    ),
    "AddConstraint unique on an expression": (
        'migrations.AddConstraint("book", models.UniqueConstraint('
        'django.db.models.functions.Lower("title"), name="book_unique"))',
        {"index-built-under-lock"},
    ),
    "AlterUniqueTogether": (
        'migrations.AlterUniqueTogether("book", {("title", "year")})',
        {"index-built-under-lock"},
    ),
    "AlterField unique": (
        'migrations.AlterField("book", "title", models.CharField(max_length=50, unique=True))',
        {"index-built-under-lock"},
    ),
    "AlterField to a foreign key": (
        'migrations.AlterField("book", "writer_id", models.ForeignKey("shop.Author",'
        ' models.CASCADE, null=True, db_column="writer_id"))',
        {"scan-under-lock", "index-built-under-lock"},
    ),
    "AlterField not null": (
        'migrations.AlterField("book", "pages", models.IntegerField(default=1, db_index=True))',
        {"scan-under-lock", "data-moved-under-lock"},
    ),
    "AlterField not null, without a default": (
        'migrations.AlterField("book", "subtitle", models.TextField())',
        {"scan-under-lock"},
    ),
    "AlterField another comment, with an index on a condition": (
        'migrations.AlterField("book", "writer_id", models.BigIntegerField(db_comment="Who"))',
        {"index-built-under-lock"},
    ),
    "AddField foreign key": (
        'migrations.AddField("book", "author", models.ForeignKey("shop.Author", models.CASCADE,'
        " null=True))",
        {"index-built-under-lock"},
    ),
    "AddField unique": (
        'migrations.AddField("book", "isbn", models.CharField(max_length=13, null=True,'
        " unique=True))",
        {"index-built-under-lock"},
    ),
    "AddField with a check": (
        'migrations.AddField("book", "price", models.PositiveIntegerField(null=True))',
        {"scan-under-lock"},
    ),
    "AddField with a volatile default": (
        'migrations.AddField("book", "key", models.UUIDField(db_default=RandomUUID()))',
        {"table-rewritten"},
    ),
    "AddField with a volatile default, unique": (
        'migrations.AddField("book", "key", models.UUIDField(db_default=RandomUUID(),'
        " unique=True))",
        {"table-rewritten"},
    ),
    "AlterField to a wider type": (
        'migrations.AlterField("book", "year", models.BigIntegerField(default=2000))',
        {"table-rewritten"},
    ),
    "AlterField to a wider type, with an index": (
        'migrations.AlterField("book", "pages", models.BigIntegerField(null=True, db_index=True))',
        {"table-rewritten"},
    ),
    "AlterField to a wider type, with a default, a comment and a constraint": (
        'migrations.AlterField("book", "stock", models.BigIntegerField(db_default=0,'
        ' db_comment="How many are there"))',
        {"table-rewritten"},
    ),
    "AlterField to a wider type, with a check that comes": (
        'migrations.AlterField("book", "year", models.PositiveBigIntegerField(default=2000))',
        {"table-rewritten", "scan-under-lock"},
    ),
    "AlterField to another collation": (
        'migrations.AlterField("book", "place", models.CharField(max_length=9, null=True,'
        ' db_index=True, db_collation="C"))',
        {"index-built-under-lock"},
    ),
    "AlterField to a text with an index": (
        'migrations.AlterField("book", "title", models.TextField(db_index=True))',
        {"index-built-under-lock"},
    ),
    "RunSQL": (
        'migrations.RunSQL("CREATE INDEX book_sql ON shop_book (year);'
        ' ALTER TABLE shop_book ADD CONSTRAINT book_pages CHECK (pages > 0)",'
        ' ["ALTER TABLE shop_book DROP CONSTRAINT book_pages", "DROP INDEX book_sql"])',
        {"index-built-under-lock", "scan-under-lock"},
    ),
    "RunSQL in a list": (
        'migrations.RunSQL(["ALTER TABLE shop_book ADD CONSTRAINT book_writer FOREIGN KEY'
        ' (writer_id) REFERENCES shop_author (id)"],'
        ' ["ALTER TABLE shop_book DROP CONSTRAINT book_writer"])',
        {"scan-under-lock"},
    ),
    "RemoveField": ('migrations.RemoveField("book", "title")', {"column-dropped"}),
    "RemoveField with an index": (
        'migrations.RemoveField("book", "pages")',
        {"column-dropped", "index-built-under-lock"},
    ),
    "RemoveField many to many": ('migrations.RemoveField("book", "fans")', {"table-dropped"}),
    "DeleteModel": ('migrations.DeleteModel("Author")', {"table-dropped"}),
    "AlterModelTable": (
        'migrations.AlterModelTable("book", "books")',
        {"table-renamed", "locks-out-of-order"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_safe_form_leads_to_the_same_and_nothing_is_found_of_it(
    shop: Callable[..., Linted], case: str
) -> None:
    operations, rules = CASES[case]
    source = SECOND.replace("{operations}", operations)
    original = shop(**{SHOP: source})
    assert original.rules == rules
    safe = shop(**pasted(original.findings, source=source))
    assert safe.findings == []
    assert safe.things == original.things


STAYING = {
    "a default in the database too": (
        'migrations.AddField("book", "stars", models.IntegerField(default=3))',
        {"not-null-without-default"},
        "db_default=3",
    ),
    "the time": (
        'migrations.AddField("book", "at", models.DateTimeField(default=timezone.now))',
        {"not-null-without-default"},
        "db_default=django.db.models.functions.datetime.Now()",
    ),
    "an empty JSON": (
        'migrations.AddField("book", "facts", models.JSONField(default=dict))',
        {"not-null-without-default"},
        "db_default={}",
    ),
    "one that nobody can tell": (
        'migrations.AddField("book", "key", models.UUIDField(default=uuid.uuid4))',
        {"not-null-without-default"},
        "null=True",
    ),
    "a default for this one time, and an index": (
        'migrations.AddField("book", "stars", models.IntegerField(default=3, db_index=True),'
        " preserve_default=False)",
        {"not-null-without-default", "index-built-under-lock"},
        "CONCURRENTLY",
    ),
    "a foreign key": (
        'migrations.AddField("book", "author", models.ForeignKey("shop.Author", models.CASCADE,'
        " default=1))",
        {"not-null-without-default", "index-built-under-lock", "scan-under-lock"},
        "NOT VALID",
    ),
    "what a trigger can compute": (
        'migrations.AddField("book", "half", models.GeneratedField(expression=F("year") / 2,'
        " output_field=models.IntegerField(), db_persist=True))",
        {"table-rewritten"},
        "field=models.IntegerField(editable=False, null=True)",
    ),
    "another kind of type, under another name": (
        'migrations.AlterField("book", "year", models.TextField(default="2000"))',
        {"table-rewritten", "type-changed"},
        "name='year_new'",
    ),
    "the name of a column": (
        'migrations.RenameField("book", "title", "name")',
        {"column-renamed"},
        "db_column='title'",
    ),
    "the name of a column that is chosen": (
        'migrations.AlterField("book", "title", models.CharField(max_length=50, db_column="t"))',
        {"column-renamed"},
        "db_column='title'",
    ),
    "the name of a table": (
        'migrations.RenameModel("Author", "Writer")',
        {"table-renamed"},
        "table='shop_author'",
    ),
}


@pytest.mark.parametrize("case", STAYING)
def test_where_something_else_is_to_stay_nothing_is_found_of_the_safe_form(
    shop: Callable[..., Linted], case: str
) -> None:
    operations, rules, says = STAYING[case]
    source = SECOND.replace("{operations}", operations)
    original = shop(**{SHOP: source})
    assert original.rules == rules
    files = pasted(original.findings, source=source)
    assert says in "".join(files.values())
    assert shop(**files).findings == []


MOVED = {
    "Python": "migrations.RunPython(fill, migrations.RunPython.noop)",
    "SQL": 'migrations.RunSQL("UPDATE shop_book SET pages = 1 WHERE pages IS NULL", "")',
}


@pytest.mark.parametrize("case", MOVED)
def test_rows_that_are_moved_under_a_lock_move_to_a_migration_of_their_own(
    shop: Callable[..., Linted], case: str
) -> None:
    adds = 'migrations.AddField("book", "extra", models.TextField(null=True))'
    source = SECOND.replace("{operations}", f"{adds},\n        {MOVED[case]}")
    original = shop(**{SHOP: source})
    assert original.rules == {"data-moved-under-lock"}
    files = pasted(original.findings, source=SECOND.replace("{operations}", adds))
    safe = shop(**files)
    assert safe.findings == []
    assert safe.things == original.things


def test_a_dropped_table_comes_back_with_its_keys_and_indexes(
    shop: Callable[..., Linted], migrate: Migrate
) -> None:
    source = SECOND.replace("{operations}", 'migrations.DeleteModel("Book")')
    files = pasted(shop(**{SHOP: source}).findings, source=source)
    migrate("shop", "0001", verbosity=0)
    before = catalog(connection)
    assert shop(**files).findings == []
    migrate("shop", "head", verbosity=0)
    assert "table shop_book" not in catalog(connection)
    migrate("shop", "0001", verbosity=0, accept_data_loss=True)
    assert catalog(connection) == before


IN_PYTHON = {
    "an index": ("CREATE INDEX book_year ON shop_book (year)", "index-built-under-lock"),
    "another type": ("ALTER TABLE shop_book ALTER size TYPE bigint", "table-rewritten"),
}


@pytest.mark.parametrize("case", IN_PYTHON)
def test_what_python_does_to_tables_is_said_in_sql(shop: Callable[..., Linted], case: str) -> None:
    sql, rule = IN_PYTHON[case]
    does = f"def does(apps, schema_editor):\n    schema_editor.execute({sql!r})\n\nclass Migration"
    source = SECOND.replace("class Migration", does)
    source = source.replace("{operations}", "migrations.RunPython(does, migrations.RunPython.noop)")
    original = shop(**{SHOP: source})
    assert original.rules == {rule}
    [advice] = {finding.safe_form.advice for finding in original.findings}
    assert advice.endswith(
        "This is what the function did where no rows are: what it does with rows stays in Python, "
        "in a migration of its own."
    )
    assert shop(**pasted(original.findings, source=source)).rules == set()


NO_FILES = {
    "a primary key": (
        'migrations.AlterField("book", "id", models.AutoField(primary_key=True))',
        "It is a key",
    ),
    "an exclusion": (
        'migrations.AddConstraint("book", ExclusionConstraint(name="e", expressions=[("slot",'
        ' "&&")]))',
        "PostgreSQL has no safe form of this",
    ),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_where_nothing_can_be_pasted_a_sentence_says_what_to_do(
    shop: Callable[..., Linted], case: str
) -> None:
    operations, says = NO_FILES[case]
    found = shop(**{SHOP: SECOND.replace("{operations}", operations)}).findings
    assert found
    assert all(each.safe_form.advice.startswith(says) for each in found)
    assert not any(each.safe_form.files for each in found)


def test_a_column_of_a_domain_with_a_check_has_no_form(shop: Callable[..., Linted]) -> None:
    """Without a value it is checked as well, and the table written anew."""
    sql = "CREATE DOMAIN pos AS int CHECK (VALUE > 0); ALTER TABLE shop_book ADD d pos DEFAULT 1"
    undone = "ALTER TABLE shop_book DROP d; DROP DOMAIN pos"
    source = SECOND.replace("{operations}", f"migrations.RunSQL({sql!r}, {undone!r})")
    [form] = {
        each.safe_form for each in shop(**{SHOP: source}).findings if each.rule == "table-rewritten"
    }
    assert form.files == ()
    assert form.advice.startswith(
        "PostgreSQL writes the whole table anew for a column of a domain with a constraint, even "
    )


# --- With rows -----------------------------------------------------------------------------

ROWS = 25_000
"""Two batches and a half."""


def do(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def ask(question: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def test_a_type_is_changed_and_changed_back_under_rows_that_come_meanwhile(
    shop: Callable[..., Linted], migrate: Migrate
) -> None:
    original = shop(
        **{
            SHOP: SECOND.replace(
                "{operations}", CASES["AlterField to a wider type, with an index"][0]
            )
        }
    )
    files = pasted(original.findings, source="")
    shop(**files)
    migrate("shop", "0001")
    write = (
        "INSERT INTO shop_book (title, year, pages) SELECT 'T', 1, n FROM generate_series(1, {}) n"
    )
    do(write.format(ROWS))
    for name in files:
        migrate("shop", name)
        do(write.format(1))
        do("UPDATE shop_book SET pages = pages + 1 WHERE id % 1000 = 0")
        assert ask("SELECT count(*) FROM shop_book WHERE pages IS NULL") == 0
    total = ask("SELECT sum(pages) FROM shop_book")
    assert ask("SELECT pg_typeof(pages)::text FROM shop_book LIMIT 1") == "bigint"
    migrate("shop", "0001", accept_data_loss=True)
    assert ask("SELECT pg_typeof(pages)::text FROM shop_book LIMIT 1") == "integer"
    assert ask("SELECT sum(pages) FROM shop_book") == total


@pytest.mark.parametrize("case", [each for each in CASES if "to a wider type" in each])
def test_a_type_that_is_changed_back_is_as_it_was(shop: Callable[..., Linted], case: str) -> None:
    original = shop(**{SHOP: SECOND.replace("{operations}", CASES[case][0])})
    shop(**pasted(original.findings, source=""))
    said = StringIO()
    call_command("schema", "verify", "--only", "stairway", stdout=said, no_color=True)
    assert "Clean" in said.getvalue()


@pytest.mark.parametrize(
    ("case", "filled"),
    [
        ("AddField with a volatile default", "SELECT count(DISTINCT key) FROM shop_book"),
        ("AlterField not null", "SELECT sum(pages) FROM shop_book"),
    ],
)
def test_rows_that_were_there_are_filled_in_batches(
    shop: Callable[..., Linted], migrate: Migrate, case: str, filled: str
) -> None:
    original = shop(**{SHOP: SECOND.replace("{operations}", CASES[case][0])})
    shop(**pasted(original.findings, source=""))
    migrate("shop", "0001")
    do(f"INSERT INTO shop_book (title, year) SELECT 'T', 1 FROM generate_series(1, {ROWS})")
    migrate()
    assert ask(filled) == ROWS
