"""A picture shows what the migrations make, and a difference what becomes of it. No database."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import Q
from django.db.models.functions import Lower

from ingestion.schema.diagram.picture import (
    Change,
    Column,
    Link,
    Picture,
    Renames,
    Table,
    between,
    unique,
)
from ingestion.schema.diagram.tables import picture_of
from ingestion.schema.states import State, after

SAME, ADDED, REMOVED, CHANGED = Change


def picture(*operations: Operation) -> Picture:
    state = State()
    for operation in operations:
        state = after(state, "lab", operation)
    return picture_of(state, connection)


def model(name: str, *, options: Any = None, bases: Any = None, **fields: Any) -> Operation:
    """With a primary key of its own, unless one is among the fields."""
    has_key = any(getattr(field, "primary_key", False) for field in fields.values())
    key = {} if has_key else {"id": models.BigAutoField(primary_key=True)}
    more = {} if bases is None else {"bases": bases}
    return migrations.CreateModel(name, [*{**key, **fields}.items()], options, **more)


def text(**options: Any) -> models.Field:
    return models.CharField(max_length=20, **options)


def foreign(to: str, **options: Any) -> models.Field:
    return models.ForeignKey(to, **{"on_delete": models.CASCADE, **options})


def table(of: Picture, name: str) -> Table:
    return next(table for table in of.tables if table.name == name)


def column(of: Picture, name: str) -> Column:
    """column(…, "lab_book.title")"""
    owner, _, own = name.partition(".")
    return next(column for column in table(of, owner).columns if column.name == own)


BOOK = model("Book", title=text(db_comment="On its back"), options={"db_table_comment": "To read"})


def test_a_table_has_its_columns_in_order_with_the_types_of_postgresql() -> None:
    shown = picture(
        model(
            "Book",
            title=text(db_comment="On its back"),
            price=models.DecimalField(max_digits=8, decimal_places=2),
            printed=models.DateTimeField(null=True),
        )
    )
    assert table(shown, "lab_book").columns == (
        Column("id", "bigint", is_primary=True),
        Column("title", "varchar(20)", comment="On its back"),
        Column("price", "numeric(8, 2)"),
        Column("printed", "timestamp with time zone", is_null=True),
    )


def test_a_table_has_its_app_and_its_comment() -> None:
    shown = table(picture(BOOK), "lab_book")
    assert (shown.app, shown.comment) == ("lab", "To read")


def test_a_column_that_was_renamed_stands_under_its_new_name() -> None:
    shown = picture(BOOK, migrations.RenameField("Book", "title", "name"))
    assert [column.name for column in table(shown, "lab_book").columns] == ["id", "name"]


def test_a_foreign_key_is_a_column_and_a_link() -> None:
    shown = picture(BOOK, model("Page", book=foreign("lab.Book", null=True)))
    assert column(shown, "lab_page.book_id") == Column(
        "book_id", "bigint", is_null=True, refers_to="lab_book"
    )
    assert shown.links == (Link("lab_page", "book_id", "lab_book", "id", is_null=True),)


def test_a_table_may_point_to_itself() -> None:
    shown = picture(model("Node", parent=foreign("lab.Node", null=True)))
    assert shown.links == (Link("lab_node", "parent_id", "lab_node", "id", is_null=True),)


def test_a_key_that_only_one_row_may_have_is_one_to_one() -> None:
    shown = picture(
        BOOK,
        model("Cover", book=models.OneToOneField("lab.Book", on_delete=models.CASCADE)),
        model("Paper", bases=("lab.book",), book_ptr=foreign_key_to_parent()),
    )
    assert [(link.table, link.is_unique) for link in shown.links] == [
        ("lab_cover", True),
        ("lab_paper", True),
    ]
    assert column(shown, "lab_paper.book_ptr_id").is_primary


def foreign_key_to_parent() -> models.Field:
    return models.OneToOneField(
        "lab.Book", on_delete=models.CASCADE, parent_link=True, primary_key=True
    )


def test_a_key_without_a_constraint_says_so() -> None:
    shown = picture(BOOK, model("Page", book=foreign("lab.Book", db_constraint=False)))
    assert not shown.links[0].is_enforced


def test_a_key_may_point_to_another_column_than_the_primary_key() -> None:
    shown = picture(
        model("Book", isbn=text(unique=True)),
        model("Page", book=foreign("lab.Book", to_field="isbn", db_column="isbn")),
    )
    assert shown.links == (Link("lab_page", "isbn", "lab_book", "isbn"),)
    assert column(shown, "lab_page.isbn").type == "varchar(20)"


def test_a_join_table_is_a_table() -> None:
    shown = picture(BOOK, model("Shelf", books=models.ManyToManyField("lab.Book")))
    assert table(shown, "lab_shelf_books") == Table(
        "lab_shelf_books",
        "lab",
        (
            Column("id", "bigint", is_primary=True),
            Column("shelf_id", "bigint", refers_to="lab_shelf"),
            Column("book_id", "bigint", refers_to="lab_book"),
        ),
        (unique(("shelf_id", "book_id")),),
    )


def test_a_primary_key_may_be_several_columns() -> None:
    shown = picture(
        BOOK,
        model(
            "Page",
            pk=models.CompositePrimaryKey("book_id", "number"),
            book=foreign("lab.Book"),
            number=models.IntegerField(),
            words=models.IntegerField(),
        ),
    )
    keys = [column.is_primary for column in table(shown, "lab_page").columns]
    assert keys == [True, True, False]


@pytest.mark.parametrize(
    "options",
    [
        {"unique_together": {("title",)}},
        {"constraints": [models.UniqueConstraint(fields=["title"], name="one")]},
    ],
)
def test_a_column_is_unique_by_a_constraint_too(options: Any) -> None:
    assert column(picture(model("Book", title=text(), options=options)), "lab_book.title").is_unique


def test_what_is_unique_together_or_in_part_is_a_rule_of_the_table() -> None:
    constraints = [
        models.UniqueConstraint(fields=["title", "year"], name="one"),
        models.UniqueConstraint(fields=["title"], condition=Q(year=1), name="some"),
        models.UniqueConstraint(Lower("title"), name="lower"),
    ]
    fields = {"title": text(), "year": models.IntegerField()}
    shown = table(
        picture(model("Book", options={"constraints": constraints}, **fields)), "lab_book"
    )
    assert [rule.text for rule in shown.rules] == [
        "UNIQUE (title, year)",
        "UNIQUE some",
        "UNIQUE lower",
    ]
    assert not any(column.is_unique for column in shown.columns)


def test_tables_that_no_migration_makes_are_left_out() -> None:
    shown = picture(
        BOOK,
        model("Seen", options={"managed": False}),
        model("Swapped", options={"swappable": "AUTH_USER_MODEL"}),
        migrations.CreateModel("Other", [], {"proxy": True}, bases=("lab.book",)),
    )
    assert [table.name for table in shown.tables] == ["lab_book"]


def test_a_table_that_no_migration_makes_is_named_where_one_points_to_it() -> None:
    shown = picture(
        model("Seen", options={"managed": False}), model("Page", seen=foreign("lab.Seen"))
    )
    assert table(shown, "lab_seen") == Table("lab_seen", "", is_stub=True)


def test_a_key_to_a_proxy_points_to_its_table() -> None:
    shown = picture(
        BOOK,
        migrations.CreateModel("Other", [], {"proxy": True}, bases=("lab.book",)),
        model("Page", book=foreign("lab.Other")),
    )
    assert [link.to_table for link in shown.links] == ["lab_book"]


def test_of_what_is_left_out_the_name_stays_where_a_table_points_to_it() -> None:
    whole = picture(
        model("Shop"),
        model("Book", shop=foreign("lab.Shop")),
        model("Page", book=foreign("lab.Book")),
        model("Other"),
    )
    shown = whole.only(lambda table: table.name == "lab_page")
    assert [(table.name, table.is_stub) for table in shown.tables] == [
        ("lab_book", True),
        ("lab_page", False),
    ]
    assert shown.links == (Link("lab_page", "book_id", "lab_book", "id"),)


# --- Two states -----------------------------------------------------------------------------


def test_a_state_does_not_differ_from_itself() -> None:
    shown = picture(BOOK, model("Page", book=foreign("lab.Book")))
    assert between(shown, shown) == shown
    assert not shown.is_difference


def test_tables_are_added_and_removed() -> None:
    shown = between(picture(BOOK), picture(model("Shelf")))
    assert [(table.name, table.change) for table in shown.tables] == [
        ("lab_book", REMOVED),
        ("lab_shelf", ADDED),
    ]


def test_a_column_that_is_gone_stands_where_it_stood() -> None:
    before = picture(model("Book", title=text(), pages=text(), price=text()))
    after = picture(model("Book", title=text(), price=text(), weight=text()))
    shown = table(between(before, after), "lab_book")
    assert shown.change is CHANGED
    assert [(column.name, column.change) for column in shown.columns] == [
        ("id", SAME),
        ("title", SAME),
        ("pages", REMOVED),
        ("price", SAME),
        ("weight", ADDED),
    ]


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        (text(), models.TextField(), ["varchar(20) → text"]),
        (text(), text(null=True), ["NOT NULL → NULL"]),
        (text(), text(unique=True), ["+ UNIQUE"]),
        (text(unique=True), text(), ["− UNIQUE"]),  # noqa: RUF001
        (text(), models.TextField(null=True), ["varchar(20) → text", "NOT NULL → NULL"]),
        (foreign("lab.Author", db_column="title"), foreign("lab.Shop", db_column="title"),
         ["FK lab_author → lab_shop"]),
        (models.BigIntegerField(), foreign("lab.Shop", db_column="title"), ["+ FK"]),
    ],
)  # fmt: skip
def test_a_column_says_what_is_other(before: Any, after: Any, differences: list[str]) -> None:
    others = model("Author"), model("Shop")
    shown = between(
        picture(*others, model("Book", title=before)), picture(*others, model("Book", title=after))
    )
    found = column(shown, "lab_book.title")
    assert found.change is CHANGED
    assert found.differences() == differences


def test_links_are_added_and_removed() -> None:
    one = picture(BOOK, model("Shop"), model("Page", book=foreign("lab.Book")))
    other = picture(BOOK, model("Shop"), model("Page", shop=foreign("lab.Shop")))
    shown = between(one, other)
    assert [(link.column, link.change) for link in shown.links] == [
        ("book_id", REMOVED),
        ("shop_id", ADDED),
    ]


def test_a_rule_is_added() -> None:
    options = {"unique_together": {("id", "title")}}
    shown = between(picture(BOOK), picture(model("Book", title=text(), options=options)))
    assert table(shown, "lab_book").rules == (replace(unique(("id", "title")), change=ADDED),)


def test_a_comment_is_no_difference() -> None:
    bare = picture(model("Book", title=text()))
    assert not between(bare, picture(BOOK)).is_difference


def test_what_was_renamed_is_the_same_thing_under_another_name() -> None:
    page = model("Page", book=foreign("lab.Book"))
    options = {"unique_together": {("title", "pages")}}
    before = picture(model("Book", title=text(), pages=text(), options=options), page)
    book = Table(
        "volumes",
        "lab",
        (
            Column("id", "bigint", is_primary=True),
            Column("name", "text"),
            Column("pages", "varchar(20)"),
        ),
        (unique(("name", "pages")),),
    )
    link = Link("lab_page", "volume_id", "volumes", "id")
    keys = (
        Column("id", "bigint", is_primary=True),
        Column("volume_id", "bigint", refers_to="volumes"),
    )
    after = Picture((Table("lab_page", "lab", keys), book), (link,))
    names = Renames(
        {"lab_book": "volumes"},
        {("lab_book", "title"): "name", ("lab_page", "book_id"): "volume_id"},
    )
    shown = between(before, after, renames=names)
    assert [(table.title, table.change) for table in shown.tables] == [
        ("lab_page", CHANGED),
        ("lab_book → volumes", CHANGED),
    ]
    assert column(shown, "volumes.name").differences() == ["was title", "varchar(20) → text"]
    assert column(shown, "lab_page.volume_id").differences() == ["was book_id"]
    assert table(shown, "volumes").rules == book.rules
    assert shown.links == (link,)
