"""What undoing would lose is counted and asked for; where nothing is lost, nothing is asked."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.db.models.signals import pre_migrate

from ingestion.schema.losses import candidates, new_losses
from ingestion.schema.plan import Step
from ingestion.schema.project import Project

pytestmark = pytest.mark.slow

Story = Callable[..., None]
Migrate = Callable[..., str]
Names = Callable[[str], list[str]]

PROJECT = Path(__file__).parents[2]


def execute(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def refusal(losses: str) -> str:
    return (
        f"Undoing this would lose {losses}. "
        "Nothing was changed. If that is meant, add --accept-data-loss."
    )


@pytest.fixture
def operations(story: Story, write_app: Any, migrate: Migrate) -> Callable[..., None]:
    """operations("…", "…"): an app "shop" with a table shop_note and these done to it, a migration
    each."""

    def install(*written: str) -> None:
        table = 'migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))])'
        files = {}
        for number, operation in enumerate([table, *written]):
            needs = [("shop", f"{number - 1}_step")] if number else []
            files[f"{number}_step"] = (
                "import uuid\n"
                "from django.contrib.postgres.fields import ArrayField\n"
                "from django.db import migrations, models\n"
                "from django.db.models.functions import Now\n"
                "class Migration(migrations.Migration):\n"
                f"    dependencies = {needs}\n"
                f"    operations = [{operation}]\n"
            )
        write_app("shop", files)
        story("shop")
        migrate("shop")

    return install


# --- Tables ----------------------------------------------------------------------------------


def test_the_rows_of_a_table_are_counted(story: Story, migrate: Migrate, refuse: Migrate) -> None:
    story("linear")
    migrate("linear")
    execute("INSERT INTO linear_book (title, pages) SELECT 'x', n FROM generate_series(1, 1234) n")
    assert refuse("linear", "zero") == refusal("1,234 row(s) of linear_book")


def test_an_empty_table_goes_without_a_question(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    migrate("linear")
    migrate("linear", "zero")
    assert names("linear") == []


def test_it_goes_when_that_is_accepted(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear")
    execute("INSERT INTO linear_book (title, pages) VALUES ('x', 1)")
    migrate("linear", "zero", accept_data_loss=True)
    assert names("linear") == []


def test_the_record_alone_loses_nothing(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate("linear")
    execute("INSERT INTO linear_book (title, pages) VALUES ('x', 1)")
    migrate("linear", "zero", fake=True)
    assert (names("linear"), execute("SELECT count(*) FROM linear_book")) == ([], (1,))


def test_what_django_makes_again_is_not_lost(story: Story, migrate: Migrate, names: Names) -> None:
    story("linear")
    migrate()
    assert execute("SELECT count(*) > 0 FROM django_content_type") == (True,)
    migrate("zero")
    assert names("contenttypes") == []


def test_both_tables_of_a_relation_to_many_are_counted(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("m2m")
    migrate("m2m")
    execute("INSERT INTO m2m_tag VALUES (1)")
    execute("INSERT INTO m2m_post VALUES (1)")
    execute("INSERT INTO m2m_post_tags (post_id, tag_id) VALUES (1, 1)")
    execute("INSERT INTO m2m_post_related (from_post_id, to_post_id) VALUES (1, 1)")
    assert refuse("m2m", "-1") == refusal("1 row(s) of m2m_post_related")
    assert refuse("m2m", "-2") == refusal(
        "1 row(s) of m2m_post_related, 1 row(s) of m2m_post, 1 row(s) of m2m_post_tags"
    )


def test_a_renamed_table_and_column_are_counted_by_their_present_names(
    story: Story, migrate: Migrate, refuse: Migrate
) -> None:
    story("renames")
    migrate("renames")
    execute("INSERT INTO people (nick, years) VALUES ('Al', 7), ('Bo', 0)")
    assert refuse("renames", "0001") == refusal("1 value(s) of people.years")
    assert refuse("renames", "zero") == refusal("2 row(s) of people")


def test_the_join_table_of_a_renamed_model_is_counted(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    operations(
        'migrations.AddField("Note", "others", models.ManyToManyField("shop.Note"))',
        'migrations.RenameModel("Note", "Memo")',
        'migrations.RenameField("Memo", "others", "related")',
        'migrations.AlterModelTable("Memo", "memos")',
    )
    execute("INSERT INTO memos VALUES (1)")
    execute("INSERT INTO memos_related VALUES (1, 1, 1)")
    assert refuse("shop", "0") == refusal("1 row(s) of memos_related")


def test_a_column_with_another_name_in_the_database_is_counted(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    operations(
        'migrations.AddField("Note", "size", models.IntegerField(default=0))',
        'migrations.AlterField("Note", "size", models.IntegerField(default=0, db_column="bytes"))',
    )
    execute("INSERT INTO shop_note (bytes) VALUES (1)")
    assert refuse("shop", "0") == refusal("1 value(s) of shop_note.bytes")


def test_what_sql_drops_on_the_way_back_is_counted(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    operations(
        'migrations.RunSQL("CREATE TABLE extra (id int)", [("DROP TABLE extra", None)])',
        "migrations.SeparateDatabaseAndState([migrations.RunSQL("
        '"ALTER TABLE shop_note ADD note text", "ALTER TABLE shop_note DROP note")])',
    )
    execute("INSERT INTO extra VALUES (1)")
    execute("INSERT INTO shop_note (note) VALUES (NULL), ('kept')")
    assert refuse("shop", "0") == refusal("1 value(s) of shop_note.note, 1 row(s) of extra")


def test_odd_names_in_sql_are_counted_too(operations: Callable[..., None], refuse: Migrate) -> None:
    tables = """'"we.ird"', '"a""b"', 'public."c.d"'"""
    operations(
        *(
            f"migrations.RunSQL('CREATE TABLE ' + {name} + ' (id int)', 'DROP TABLE ' + {name})"
            for name in tables.split(", ")
        )
    )
    execute('INSERT INTO "we.ird" VALUES (1); INSERT INTO "a""b" VALUES (1), (2)')
    execute('INSERT INTO "c.d" VALUES (1), (2), (3)')
    assert refuse("shop", "0") == refusal(
        "3 row(s) of public.c.d, 2 row(s) of ab, 1 row(s) of we.ird"
    )


# --- Columns ---------------------------------------------------------------------------------

FIELDS = [
    ("models.IntegerField(default=7)", "7", "8"),
    ("models.IntegerField(null=True)", "NULL", "0"),
    ("models.IntegerField(db_default=7)", "7", "8"),
    ("models.IntegerField(db_default=models.Value(3) + 4)", "7", "8"),
    ("models.TextField(blank=True)", "''", "'x'"),
    ("models.JSONField(default=dict)", "'{}'", "'[]'"),
    ("ArrayField(models.IntegerField(), default=list)", "'{}'", "'{1}'"),
    ("models.DecimalField(max_digits=5, decimal_places=2, default=1)", "1", "1.01"),
    ('models.BinaryField(default=b"")', "''", "'x'"),
    ('models.ForeignKey("shop.Note", models.CASCADE, null=True)', "NULL", "1"),
]


@pytest.mark.parametrize(("field", "default", "chosen"), FIELDS)
def test_values_that_differ_from_the_default_are_counted(
    operations: Callable[..., None], refuse: Migrate, field: str, default: str, chosen: str
) -> None:
    operations(f'migrations.AddField("Note", "more", {field})')
    column = "more_id" if "ForeignKey" in field else "more"
    execute(f"INSERT INTO shop_note (id, {column}) VALUES (1, {default})")
    execute(f"INSERT INTO shop_note (id, {column}) VALUES (2, {chosen}), (3, {chosen})")
    assert refuse("shop", "-1") == refusal(f"2 value(s) of shop_note.{column}")


def test_defaults_go_without_a_question(
    operations: Callable[..., None], migrate: Migrate, names: Names
) -> None:
    operations('migrations.AddField("Note", "size", models.IntegerField(default=7))')
    execute("INSERT INTO shop_note (size) VALUES (7), (7)")
    migrate("shop", "-1")
    assert names("shop") == ["0_step"]


def test_a_default_for_one_time_is_a_default(
    operations: Callable[..., None], migrate: Migrate, refuse: Migrate
) -> None:
    operations(
        'migrations.AddField("Note", "size", models.IntegerField(default=7), '
        "preserve_default=False)"
    )
    execute("INSERT INTO shop_note (size) VALUES (7), (8)")
    assert refuse("shop", "-1") == refusal("1 value(s) of shop_note.size")


def test_a_default_that_refers_to_a_row_is_a_default(
    operations: Callable[..., None], migrate: Migrate, refuse: Migrate
) -> None:
    operations(
        'migrations.AddField("Note", "to", models.ForeignKey("shop.Note", models.CASCADE, '
        "default=1), preserve_default=False)"
    )
    execute("INSERT INTO shop_note (id, to_id) VALUES (1, 1), (2, 2)")
    assert refuse("shop", "-1") == refusal("1 value(s) of shop_note.to_id")


@pytest.mark.parametrize(
    "default", ["default=uuid.uuid4", "db_default=models.Func(function='gen_random_uuid')"]
)
def test_values_that_no_two_rows_share_are_all_counted(
    operations: Callable[..., None], migrate: Migrate, refuse: Migrate, default: str
) -> None:
    operations(f'migrations.AddField("Note", "key", models.UUIDField({default}))')
    execute("INSERT INTO shop_note (key) SELECT gen_random_uuid() FROM generate_series(1, 3)")
    assert refuse("shop", "-1") == refusal("3 value(s) of shop_note.key")


def test_what_the_database_computes_is_not_lost(
    operations: Callable[..., None], migrate: Migrate, names: Names
) -> None:
    operations(
        'migrations.AddField("Note", "twice", models.GeneratedField(expression=models.F("id") * 2,'
        " output_field=models.BigIntegerField(), db_persist=True))"
    )
    execute("INSERT INTO shop_note VALUES (1)")
    migrate("shop", "-1")
    assert names("shop") == ["0_step"]


ADD = 'migrations.AddField("Note", "v", models.{})'


@pytest.mark.parametrize(
    ("field", "wider", "value"),
    [
        ("CharField(max_length=5, default='')", "TextField(default='')", "'longer than five'"),
        ("IntegerField(default=0)", "FloatField(default=0)", "1.75"),
        (
            "DecimalField(max_digits=8, decimal_places=1, default=0)",
            "DecimalField(max_digits=9, decimal_places=4, default=0)",
            "1.2345",
        ),
        ("IntegerField(default=7)", "IntegerField(default=7, null=True)", "NULL"),
    ],
)
def test_a_column_that_gets_narrower_loses_what_does_not_fit(
    operations: Callable[..., None], refuse: Migrate, field: str, wider: str, value: str
) -> None:
    altered = f'migrations.AlterField("Note", "v", models.{wider})'
    operations(ADD.format(field), altered)
    execute(f"INSERT INTO shop_note (v) VALUES ({value}), (1)")
    assert refuse("shop", "-1") == refusal("1 value(s) of shop_note.v")


def test_what_fits_the_narrower_column_is_not_lost(
    operations: Callable[..., None], migrate: Migrate, names: Names
) -> None:
    altered = 'migrations.AlterField("Note", "v", models.TextField())'
    operations(ADD.format("CharField(max_length=5, default='')"), altered)
    execute("INSERT INTO shop_note (v) VALUES ('fits')")
    migrate("shop", "-1")
    assert names("shop") == ["0_step", "1_step"]


def test_a_column_that_goes_after_it_got_narrower_counts_as_a_whole(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    altered = 'migrations.AlterField("Note", "v", models.TextField())'
    operations(ADD.format("CharField(max_length=5, default='')"), altered)
    execute("INSERT INTO shop_note (v) VALUES ('fits'), ('does not fit')")
    assert refuse("shop", "0_step") == refusal("2 value(s) of shop_note.v")


def test_a_table_in_another_schema_is_counted(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    operations('migrations.RunSQL("CREATE SCHEMA s; CREATE TABLE s.x (a int)", "DROP TABLE s.x")')
    execute("INSERT INTO s.x VALUES (1)")
    assert refuse("shop", "-1") == refusal("1 row(s) of s.x")


def test_the_order_of_rows_is_counted(operations: Callable[..., None], refuse: Migrate) -> None:
    operations(
        'migrations.AddField("Note", "to", models.ForeignKey("self", models.CASCADE, null=True))',
        'migrations.AlterOrderWithRespectTo("Note", "to")',
    )
    execute("INSERT INTO shop_note (_order) VALUES (0), (3)")
    assert refuse("shop", "-1") == refusal("1 value(s) of shop_note._order")


def test_a_rename_that_only_the_state_tells_is_followed(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    operations(
        'migrations.CreateModel("Pad", [("id", models.BigAutoField(primary_key=True))]),'
        "migrations.SeparateDatabaseAndState("
        '[migrations.RunSQL("ALTER TABLE shop_pad RENAME TO pads",'
        ' "ALTER TABLE pads RENAME TO shop_pad")],'
        '[migrations.AlterModelTable("Pad", "pads")])'
    )
    execute("INSERT INTO pads DEFAULT VALUES")
    assert refuse("shop", "-1") == refusal("1 row(s) of pads")


def test_values_of_a_type_without_equality_are_counted(
    operations: Callable[..., None], refuse: Migrate
) -> None:
    operations(
        'migrations.RunSQL("ALTER TABLE shop_note ADD p point",'
        ' "ALTER TABLE shop_note DROP p"),'
        'migrations.AddField("Note", "since", models.DurationField(default="30 days"))'
    )
    execute("INSERT INTO shop_note (p, since) VALUES ('(1,2)', '1 month'), (NULL, '30 days')")
    assert refuse("shop", "-1") == refusal(
        "1 value(s) of shop_note.since, 1 value(s) of shop_note.p"
    )


def test_rows_that_a_policy_hides_are_not_taken_for_none(
    operations: Callable[..., None], migrate: Migrate
) -> None:
    operations(ADD.format("TextField(default='')"))
    role = "hidden_rows_owner"
    execute(f"CREATE ROLE {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    execute(f"GRANT ALL ON SCHEMA public TO {role}; ALTER TABLE shop_note OWNER TO {role}")
    execute("INSERT INTO shop_note (v) VALUES ('kept')")
    execute("ALTER TABLE shop_note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    execute(f"SET ROLE {role}")
    try:
        with pytest.raises(ProgrammingError, match="row-level security policy"):
            migrate("shop", "-1")
    finally:
        execute("RESET ROLE")
        execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


# --- Rows that come after the count ----------------------------------------------------------


@pytest.fixture
def meanwhile() -> Callable[[str], None]:
    """meanwhile(statement): it is executed after the count, before the first step."""
    receivers = []

    def arrange(statement: str) -> None:
        def insert(**_: Any) -> None:
            pre_migrate.disconnect(insert)
            execute(statement)

        receivers.append(insert)  # signals hold them weakly
        pre_migrate.connect(insert)

    return arrange


def test_rows_that_came_since_are_not_lost(
    story: Story, migrate: Migrate, meanwhile: Callable[[str], None], names: Names
) -> None:
    story("linear")
    migrate("linear", "0001")
    meanwhile("INSERT INTO linear_book (title) VALUES ('just now')")
    with pytest.raises(CommandError) as refused:
        migrate("linear", "zero")
    assert str(refused.value) == (
        "Undoing this would lose 1 row(s) of linear_book. It was rolled back; nothing was changed. "
        "If that is meant, add --accept-data-loss."
    )
    assert names("linear") == ["0001_book"]


def test_values_that_came_since_are_found_under_the_name_of_that_time(
    story: Story, migrate: Migrate, meanwhile: Callable[[str], None], names: Names
) -> None:
    story("renames")
    migrate("renames")
    meanwhile("INSERT INTO people (nick, years) VALUES ('Al', 7)")
    with pytest.raises(CommandError) as refused:
        migrate("renames", "0001")
    assert "1 value(s) of renames_person.age" in str(refused.value)
    assert "It was rolled back; the 3 done before it stay" in str(refused.value)
    assert names("renames") == ["0001_person", "0002_age"]


def test_nobody_writes_between_the_last_look_and_the_end(story: Story, migrate: Migrate) -> None:
    story("linear")
    migrate("linear", "0001")
    step = Step(("linear", "0001_book"), backwards=True)
    due = candidates(Project.read(connection), [step])
    with closing(connection.copy()) as other, other.cursor() as cursor, transaction.atomic():
        assert new_losses(connection, due) == []
        cursor.execute("SET lock_timeout = 50; SELECT FROM linear_book")
        with pytest.raises(OperationalError, match="lock timeout"):
            cursor.execute("INSERT INTO linear_book (title) VALUES ('x')")


# --- On a terminal ---------------------------------------------------------------------------

MANAGE = """
import sys
import django
from django.conf import settings
from django.core.management import ManagementUtility
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **eval(sys.argv.pop(1))}},
    INSTALLED_APPS=["ingestion.schema.apps.SchemaConfig", "tests.schema.stories.linear"],
)
django.setup()
ManagementUtility(["manage.py", *sys.argv[1:]]).execute()
"""


def on_a_terminal(answer: bytes, *words: str) -> tuple[int, str]:
    """Exit code, and all that is shown."""
    known = connection.settings_dict
    database = {name: known[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", MANAGE, repr(database), "migrate", *words],
        cwd=PROJECT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    ) as process:
        os.write(ours, answer)
        said = process.communicate(timeout=60)[0]
    os.close(theirs)
    os.close(ours)
    return process.returncode, said


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [
        (b"y\n", 0, []),
        (b"n\n", 2, ["0001_book"]),
        (b"\n", 2, ["0001_book"]),
        (b"\x04", 2, ["0001_book"]),
    ],
)
def test_on_a_terminal_it_asks(
    story: Story, migrate: Migrate, names: Names, answer: bytes, code: int, left: list[str]
) -> None:
    story("linear")
    migrate("linear", "0001")
    execute("INSERT INTO linear_book (title) VALUES ('x')")
    returned, said = on_a_terminal(answer, "linear", "zero", "--verbosity=0")
    assert said.startswith("Undoing this loses:\n  1 row(s) of linear_book\nGo on? [y/N] ")
    assert (returned, names("linear")) == (code, left)


def test_on_a_terminal_that_says_noinput_it_does_not_ask(
    story: Story, migrate: Migrate, names: Names
) -> None:
    story("linear")
    migrate("linear", "0001")
    execute("INSERT INTO linear_book (title) VALUES ('x')")
    returned, said = on_a_terminal(b"y\n", "linear", "zero", "--noinput")
    assert said.strip() == f"CommandError: {refusal('1 row(s) of linear_book')}"
    assert (returned, names("linear")) == (2, ["0001_book"])
