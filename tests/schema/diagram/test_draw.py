"""`schema diagram` draws any state of the migrations, or two, and asks no database for it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.management import CommandError, call_command

JOINED = """from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Tag", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Post",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("tags", models.ManyToManyField("shop.Tag")),
            ],
        ),
    ]
"""
JOINED_RENAMED = """from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_first")]
    operations = [
        migrations.RenameModel("Tag", "Label"),
        migrations.RenameField("Post", "tags", "labels"),
    ]
"""
BOOK = """from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Book", [("id", models.BigAutoField(primary_key=True)), ("title", models.TextField())]
        ),
    ]
"""
ANOTHER_BOOK = """from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_first")]
    operations = [
        migrations.RenameModel("Book", "Volume"),
        migrations.RenameField("Volume", "title", "name"),
        migrations.AddField("Volume", "title", models.IntegerField(default=0)),
        migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True))]),
    ]
"""
PROJECT = Path(__file__).parents[3]
Draw = Callable[..., str]


@pytest.fixture
def draw(story: Any) -> Draw:
    """draw("linear", …) → what `schema diagram` prints where the stories are installed."""
    story("linear", "library", "m2m", "unmigrated")

    def run(*words: str) -> str:
        said = StringIO()
        call_command("schema", "diagram", *words, stdout=said, no_color=True)
        return said.getvalue()

    return run


def body(said: str) -> list[str]:
    """Without the title and what it stands in."""
    return [line.strip() for line in said.splitlines()[4:]]


def tables(said: str) -> list[str]:
    return re.findall(r"^    (\w+)(?:\[.*\]:::\w+)?(?: \{)?$", said, re.MULTILINE)


def test_it_draws_the_tables_of_the_project_as_the_last_migrations_make_them(draw: Draw) -> None:
    assert draw("linear") == (
        "---\n"
        'title: "linear at head"\n'
        "---\n"
        "erDiagram\n"
        "    linear_book {\n"
        "        bigint id PK\n"
        "        varchar(100) title\n"
        "        integer pages\n"
        "    }\n"
    )


def test_it_draws_another_state(draw: Draw) -> None:
    said = draw("linear", "--at", "linear:0001")
    assert 'title: "linear at linear:0001"' in said
    assert "pages" not in said


def test_without_an_app_it_draws_those_of_the_project(draw: Draw) -> None:
    assert tables(draw()) == [
        "linear_book",
        "m2m_post",
        "m2m_post_related",
        "m2m_post_tags",
        "m2m_tag",
    ]


def test_of_other_apps_it_shows_the_names_that_are_pointed_to(draw: Draw) -> None:
    assert body(draw("library")) == [
        "library_shelf {",
        "bigint id PK",
        'bigint first_id FK "NULL"',
        "text label",
        "}",
        "linear_book",
        'linear_book |o--o{ library_shelf : "first_id"',
    ]


def test_it_draws_the_tables_of_libraries_when_asked(draw: Draw) -> None:
    found = tables(draw("--libraries"))
    assert {"library_shelf", "django_content_type", "linear_book"} <= {*found}


def test_it_draws_how_two_states_differ(draw: Draw) -> None:
    said = draw("linear", "--between", "linear:0001", "head")
    assert 'title: "linear: linear:0001 → head"' in said
    assert body(said)[:5] == [
        'linear_book["~ linear_book"]:::changed {',
        "bigint id PK",
        "varchar(100) title",
        'integer pages "+ added"',
        "}",
    ]


def test_it_leaves_out_what_stays_as_it_is(draw: Draw) -> None:
    words = ("--between", "linear:0001", "head")
    assert tables(draw(*words)) == ["linear_book"]
    assert len(tables(draw(*words, "--whole"))) == 5


def test_a_state_may_come_before_the_other(draw: Draw) -> None:
    said = draw("linear", "--between", "head", "linear:zero,library:zero")
    assert "]:::removed" in "\n".join(body(said))


RENAMED = [
    'people["~ renames_person → people"]:::changed {',
    "bigint id PK",
    "text nick",
    'integer years "~ changed, was age"',
    "}",
]


def test_the_last_of_the_parts_that_were_squashed_is_a_state_like_any_other(
    draw: Draw, story: Any
) -> None:
    story("squashed")
    for name in ("0001_squashed_0002_size", "0002_size"):
        said = draw("squashed", "--at", f"squashed:{name}")
        assert body(said) == ["squashed_cup {", "bigint id PK", "integer size", "}"]
        assert tables(draw("squashed", "--between", f"squashed:{name}", "head")) == [
            "squashed_plate"
        ]


def test_what_was_renamed_is_not_gone(draw: Draw, story: Any) -> None:
    story("renames")
    assert body(draw("--between", "renames:0002", "head"))[:5] == RENAMED
    back = body(draw("--between", "head", "renames:0002"))
    assert back[0] == 'renames_person["~ people → renames_person"]:::changed {'
    assert back[3] == 'integer age "~ changed, was years"'


def test_a_join_table_follows_the_name_of_its_model(draw: Draw, story: Any, write_app: Any) -> None:
    write_app("shop", {"0001_first": JOINED, "0002_renamed": JOINED_RENAMED})
    story("shop")
    said = body(draw("--between", "shop:0001", "head"))
    assert said[: said.index("}") + 1] == [
        'shop_label["~ shop_tag → shop_label"]:::changed {',
        "bigint id PK",
        "}",
    ]
    assert 'shop_post_labels["~ shop_post_tags → shop_post_labels"]:::changed {' in said
    assert 'bigint label_id FK "~ changed, was tag_id, UNIQUE (post_id, label_id)"' in said
    assert not [line for line in said if "added" in line or "removed" in line]


def test_what_takes_an_old_name_is_new(draw: Draw, story: Any, write_app: Any) -> None:
    write_app("shop", {"0001_first": BOOK, "0002_renamed": ANOTHER_BOOK})
    story("shop")
    assert body(draw("--between", "shop:0001", "head"))[:8] == [
        'shop_book["+ shop_book"]:::added {',
        "bigint id PK",
        "}",
        'shop_volume["~ shop_book → shop_volume"]:::changed {',
        "bigint id PK",
        'text name "~ changed, was title"',
        'integer title "+ added"',
        "}",
    ]


def test_a_state_without_tables_says_so(draw: Draw) -> None:
    assert 'title: "linear at zero: no table"' in draw("linear", "--at", "zero")


def test_states_that_do_not_differ_say_so(draw: Draw) -> None:
    said = draw("linear", "--between", "linear:0002", "head")
    assert 'title: "linear: linear:0002 → head: no table, column or key differs"' in said
    assert body(said) == []


def test_it_writes_to_a_file_and_knows_its_kind_by_its_name(draw: Draw, tmp_path: Path) -> None:
    file = tmp_path / "tables.svg"
    assert draw("linear", "--output", str(file)) == f"{file}: linear at head; 1 table\n"
    assert ET.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    draw("linear", "--format", "mermaid", "--output", str(file))
    assert file.read_text() == draw("linear")


def test_it_prints_a_drawing_when_asked(draw: Draw) -> None:
    said = draw("m2m", "--format", "svg", "--between", "zero", "head")
    assert ET.fromstring(said).get("role") == "img"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["nowhere"],
            "There is no app with the label 'nowhere'. Those that have migrations are "
            "contenttypes, library, linear, m2m.",
        ),
        (
            ["unmigrated"],
            "The app 'unmigrated' has no migrations. Make the first one with: "
            "manage.py makemigrations unmigrated",
        ),
        (
            ["--at", "linear:9"],
            "No migration of linear begins with '9'. There are: 0001_book, 0002_pages, 0003_index",
        ),
        (
            ["--at", "nowhere:0001"],
            "There is no app with the label 'nowhere'. Those that have migrations are "
            "contenttypes, library, linear, m2m.",
        ),
        (
            ["--output", "tables.png"],
            "tables.png is of no format that this draws. "
            "Name a FILE.svg or a FILE.mmd, or say --format svg or --format mermaid.",
        ),
        (
            ["--between", "head", "linear"],
            "The state 'linear' cannot be read: 'linear' has no app and name. "
            "Write zero, head, or APP:NAME with commas between.",
        ),
        (
            ["--output", "tables\0.svg"],
            "The diagram cannot be written to tables\0.svg: embedded null byte. "
            "Name another file with --output, or leave it out to have the diagram here.",
        ),
        (
            ["--output", "/nowhere/tables.svg"],
            "The diagram cannot be written to /nowhere/tables.svg: No such file or directory. "
            "Name another file with --output, or leave it out to have the diagram here.",
        ),
    ],
)
def test_it_refuses_what_it_does_not_know(draw: Draw, words: list[str], message: str) -> None:
    with pytest.raises(CommandError) as refusal:
        draw(*words)
    assert (str(refusal.value), refusal.value.returncode) == (message, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", "head", "--between", "zero", "head"], "not allowed with argument --at"),
        (["--format", "png"], "invalid choice: 'png'"),
    ],
)
def test_it_refuses_what_it_cannot_do(draw: Draw, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        draw(*words)


def in_a_process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nowhere", **environment}
    return subprocess.run(
        [sys.executable, "manage.py", "schema", "diagram", *words],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "ingestion.settings", **nowhere},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
def test_it_needs_no_server() -> None:
    done = in_a_process("--between", "zero", "head")
    assert (done.returncode, done.stderr) == (0, "")
    assert 'title: "accounts, documents: zero → head"' in done.stdout


@pytest.mark.slow
def test_it_exits_2_when_it_refuses() -> None:
    assert in_a_process("--at", "head", "--between", "zero", "head").returncode == 2
    assert in_a_process("nowhere").returncode == 2


@pytest.mark.slow
def test_each_time_it_is_the_same_drawing() -> None:
    one, other = (in_a_process("--format", "svg", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert one.returncode == 0
    assert one.stdout == other.stdout
