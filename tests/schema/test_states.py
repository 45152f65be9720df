"""States give the statements that Django's own give, and make few classes for it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import connection, migrations, models, transaction
from django.db.migrations.exceptions import InvalidBasesError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.schema.states import State, after, reads_few_models

Q = models.Q


def foreign(to: str, **options: Any) -> models.Field:
    return models.ForeignKey(to, **{"on_delete": models.CASCADE, **options})


def create(
    name: str, *fields: tuple[str, Any], key: Any = None, **rest: Any
) -> migrations.CreateModel:
    primary = () if key is False else (("id", key or models.BigAutoField(primary_key=True)),)
    return migrations.CreateModel(name, [*primary, *fields], **rest)


def text(**options: Any) -> models.Field:
    return models.CharField(max_length=20, **options)


# Each is made anew for each run: operations are written to by Django's RenameField.
def simple() -> list[Operation]:
    return [
        create("Author", ("name", text())),
        create(
            "Book",
            ("title", text(db_index=True)),
            ("author", foreign("lab.Author", related_name="books")),
            ("sequel_of", foreign("self", null=True)),
        ),
    ]


def one_table_after_another() -> list[Operation]:
    return [
        *simple(),
        migrations.AddField("Book", "pages", models.IntegerField(default=1), False),
        migrations.AddField("Book", "editor", foreign("lab.Author", null=True, related_name="+")),
        migrations.AlterField("Book", "title", text(unique=True)),
        migrations.AlterField("Book", "pages", models.BigIntegerField(null=True)),
        migrations.AddIndex("Book", models.Index(fields=["author", "-title"], name="book_ix")),
        migrations.AddIndex("Book", models.Index(Lower("title"), "author", name="book_lower")),
        migrations.RenameIndex("Book", "book_index", "book_ix"),
        migrations.AddConstraint(
            "Book", models.CheckConstraint(condition=Q(pages__gt=0), name="book_pages")
        ),
        migrations.AddConstraint(
            "Book",
            models.UniqueConstraint(
                Lower("title"), "author_id", condition=Q(author__isnull=False), name="book_unique"
            ),
        ),
        migrations.RemoveConstraint("Book", "book_pages"),
        migrations.AlterUniqueTogether("Book", {("author", "title")}),
        migrations.AlterUniqueTogether("Book", set()),
        migrations.AlterModelOptions("Book", {"ordering": ["title"], "verbose_name": "a book"}),
        migrations.AlterModelTableComment("Book", "what is read"),
        migrations.AlterModelTable("Author", "lab_writers"),
        migrations.RemoveIndex("Book", "book_lower"),
        migrations.RemoveField("Book", "editor"),
        migrations.RemoveConstraint("Book", "book_unique"),
        migrations.RemoveIndex("Book", "book_index"),
        migrations.RenameField("Book", "author", "writer"),
        migrations.RemoveField("Book", "sequel_of"),
        migrations.DeleteModel("Book"),
    ]


def renamed_and_referred_to() -> list[Operation]:
    return [
        create("Country", ("code", text(unique=True))),
        create("City", ("country", foreign("lab.Country", to_field="code"))),
        create("Street", ("city", foreign("lab.City"))),
        migrations.RenameField("Country", "code", "iso"),
        migrations.AlterField("Country", "iso", models.CharField(max_length=30, unique=True)),
        migrations.AddField("Street", "country", foreign("lab.Country", to_field="iso", null=True)),
        migrations.RenameModel("Country", "State"),
        migrations.AlterField("City", "id", models.AutoField(primary_key=True)),
        migrations.RenameModel("City", "Town"),
    ]


def keys_made_of_keys() -> list[Operation]:
    return [
        create("Root", key=models.UUIDField(primary_key=True)),
        create("Middle", key=models.OneToOneField("lab.Root", models.CASCADE, primary_key=True)),
        create("Leaf", key=models.OneToOneField("lab.Middle", models.CASCADE, primary_key=True)),
        create("Note", ("leaf", foreign("lab.Leaf"))),
        migrations.AddField("Note", "other", models.ManyToManyField("lab.Leaf")),
        migrations.AddField("Root", "back", foreign("lab.Leaf", null=True)),
    ]


def many_to_many() -> list[Operation]:
    return [
        create("Tag", ("name", text())),
        create("Post", ("tags", models.ManyToManyField("lab.Tag")), ("to", foreign("lab.Tag"))),
        create("Person", ("friends", models.ManyToManyField("self"))),
        create("Membership", ("post", foreign("lab.Post")), ("person", foreign("lab.Person"))),
        migrations.AddField(
            "Post", "people", models.ManyToManyField("lab.Person", through="lab.Membership")
        ),
        migrations.AlterField("Post", "tags", models.ManyToManyField("lab.Tag", related_name="p")),
        migrations.RenameField("Post", "tags", "labels"),
        migrations.RenameModel("Tag", "Label"),
        migrations.AlterModelTable("Post", "lab_messages"),
        migrations.RemoveField("Post", "people"),
        migrations.RenameModel("Person", "Human"),
        migrations.RemoveField("Post", "labels"),
    ]


def referring_to_a_table_between() -> list[Operation]:
    tags = models.ManyToManyField("lab.Tag")
    return [
        create("Tag"),
        create("Post", ("tags", tags)),
        create("M", ("p", foreign("lab.Post_tags"))),
    ]


class Mixin:
    pass


class Stamped(models.Model):
    owner = foreign("lab.Owner", related_name="+")

    class Meta:
        abstract = True
        app_label = "lab"


def inherited() -> list[Operation]:
    pointer = models.OneToOneField(
        "lab.Place", models.CASCADE, parent_link=True, primary_key=True, auto_created=True
    )
    return [
        create("Owner"),
        create("Place", ("name", text()), ("owner", foreign("lab.Owner"))),
        create("Cafe", ("place_ptr", pointer), key=False, bases=(Mixin, "lab.place")),
        create("Visit", ("cafe", foreign("lab.Cafe"))),
        migrations.AddField("Place", "best_cafe", foreign("lab.Cafe", null=True)),
        create("Nice", key=False, bases=("lab.cafe",), options={"proxy": True}),
        create("Nicer", key=False, bases=("lab.nice",), options={"proxy": True}),
        migrations.AddField("Visit", "nice", foreign("lab.Nicer", null=True)),
        migrations.AlterField("Place", "id", models.AutoField(primary_key=True)),
        create("Thing", bases=(Stamped,)),
        create("Plain", options={"managed": False}),
    ]


def ordered_and_swappable() -> list[Operation]:
    return [
        create("Survey"),
        create("Question", ("survey", foreign("lab.Survey"))),
        migrations.AlterOrderWithRespectTo("Question", "survey"),
        create("User", options={"swappable": "AUTH_USER_MODEL"}),
        migrations.AlterModelManagers("Survey", [("found", models.Manager())]),
        migrations.AlterOrderWithRespectTo("Question", None),
    ]


def parts() -> list[Operation]:
    nothing = migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop)
    note = migrations.AddField("Book", "note", text(default=""))
    year = migrations.AddField("Book", "year", models.IntegerField(null=True))
    return [
        *simple(),
        migrations.SeparateDatabaseAndState([note, nothing, year], [note, year]),
        migrations.RunSQL("SELECT 1", "SELECT 2"),
        migrations.RunSQL(
            "ALTER TABLE lab_book ADD n integer",
            "ALTER TABLE lab_book DROP n",
            state_operations=[migrations.AddField("Book", "n", models.IntegerField(null=True))],
        ),
        BtreeGistExtension(),
        nothing,
        migrations.AddIndex("Book", models.Index(fields=["n", "author"], name="by_n")),
    ]


def left_without_target() -> list[Operation]:
    """The model referred to goes first; Django minds only when it needs it."""
    return [*simple(), migrations.DeleteModel("Author"), migrations.DeleteModel("Book")]


SCENARIOS = [
    one_table_after_another,
    renamed_and_referred_to,
    keys_made_of_keys,
    many_to_many,
    referring_to_a_table_between,
    inherited,
    ordered_and_swappable,
    parts,
]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Those executed inside; nothing of them stays."""
    found: list[str] = []
    connection.queries_log.clear()  # it is full at some time
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        yield found
        transaction.set_rollback(True)
    found += [q["sql"] for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]


def as_migrations(operations: Iterable[Operation]) -> list[migrations.Migration]:
    made = []
    for number, operation in enumerate(operations):
        kind = type("Migration", (migrations.Migration,), {"operations": [operation]})
        made.append(kind(f"{number:04}", "lab"))
    return made


def run_ours(
    plan: list[migrations.Migration], *, state: State | None = None, backwards: bool
) -> State:
    state = state or State()
    walked: list[tuple[str, Operation, State, State]] = []
    for migration in plan:
        with connection.schema_editor() as editor:
            for operation in migration.operations:
                reached = after(state, migration.app_label, operation)
                prepare(operation, state, reached)
                operation.database_forwards(migration.app_label, editor, state, reached)
                walked.append((migration.app_label, operation, state, reached))
                state = reached
    for app, operation, before, reached in reversed(walked if backwards else []):
        with connection.schema_editor() as editor:
            operation.database_backwards(app, editor, reached, before)
    return state


def prepare(operation: Operation, *states: State) -> None:
    if not reads_few_models(operation):
        for state in states:
            state.render()


def run_stock(plan: list[migrations.Migration], *, state: ProjectState | None = None) -> None:
    state = state or ProjectState()
    _ = state.apps
    for migration in plan:
        with connection.schema_editor() as editor:
            state = migration.apply(state, editor)


def undo_stock(plan: list[migrations.Migration]) -> None:
    states = [ProjectState()]
    for migration in plan:
        _ = states[-1].apps
        states.append(migration.mutate_state(states[-1]))
    for migration, before in reversed([*zip(plan, states, strict=False)]):
        with connection.schema_editor() as editor:
            migration.unapply(before, editor)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_it_gives_the_statements_that_django_gives(
    db: None, scenario: Callable[[], list[Operation]]
) -> None:
    with statements() as expected:
        run_stock(as_migrations(scenario()))
        undo_stock(as_migrations(scenario()))
    with statements() as found:
        run_ours(as_migrations(scenario()), backwards=True)
    # Django changes the tables that refer to one in the order of a set.
    assert sorted(found) == sorted(expected)
    assert len(found) > len(scenario())


def test_it_minds_a_lost_target_no_more_than_django(db: None) -> None:
    with statements() as expected:
        run_stock(as_migrations(left_without_target()))
    with statements() as found:
        run_ours(as_migrations(left_without_target()), backwards=False)
    assert found == expected


def test_it_gives_the_statements_of_all_migrations_there_are(db: None) -> None:
    loader = MigrationLoader(connection)
    plan: list[migrations.Migration] = []
    for leaf in loader.graph.leaf_nodes():
        nodes = map(loader.graph.nodes.__getitem__, loader.graph.forwards_plan(leaf))
        # Both are run in a transaction here, which an index made concurrently does not bear.
        plan += [each for each in nodes if each not in plan and each.atomic]
    with elsewhere() as expected:
        run_stock(plan, state=ProjectState(real_apps=set(loader.unmigrated_apps)))
    with elsewhere() as found:
        run_ours(plan, state=State(real_apps=set(loader.unmigrated_apps)), backwards=False)
    assert found == expected
    assert len(found) > 100


@contextmanager
def elsewhere() -> Iterator[list[str]]:
    """Beside the tables of the tests."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA elsewhere")
        cursor.execute("SET LOCAL search_path TO elsewhere, public")
        with statements() as found:
            yield found
        transaction.set_rollback(True)


@dataclass
class Table:
    name: str
    columns: list[str]


class Writer:
    """Writes operations that fit what those before them have made of three tables."""

    def __init__(self) -> None:
        number = models.IntegerField
        self.tables = [Table(f"{letter}0", ["n"]) for letter in "ABC"]
        self.found: list[Operation] = [
            create("A0", ("n", number(unique=True))),
            create("B0", ("n", number(unique=True)), ("a", foreign("lab.A0"))),
            create("C0", ("n", number(unique=True)), ("b", foreign("lab.B0", to_field="n"))),
        ]

    def write(self, verb: int, which: int, other: int) -> None:
        new = f"f{len(self.found)}"
        self.found.append(self.VERBS[verb](self, self.tables[which], self.tables[other], new))

    def column(self, table: Table, _: Table, new: str) -> Operation:
        table.columns.append(new)
        return migrations.AddField(table.name, new, models.IntegerField(null=True))

    def reference(self, table: Table, other: Table, new: str) -> Operation:
        to = foreign(f"lab.{other.name}", null=True, related_name="+")
        return migrations.AddField(table.name, new, to)

    def references(self, table: Table, other: Table, new: str) -> Operation:
        to = models.ManyToManyField(f"lab.{other.name}", related_name=f"r{new}")
        return migrations.AddField(table.name, new, to)

    def wider(self, table: Table, _: Table, __: str) -> Operation:
        wider = models.BigIntegerField(unique=True)
        return migrations.AlterField(table.name, table.columns[0], wider)

    def rename(self, table: Table, _: Table, new: str) -> Operation:
        old, table.columns[0] = table.columns[0], new
        return migrations.RenameField(table.name, old, new)

    def rename_table(self, table: Table, _: Table, new: str) -> Operation:
        old, table.name = table.name, table.name[0] + new
        return migrations.RenameModel(old, table.name)

    def key(self, table: Table, _: Table, __: str) -> Operation:
        return migrations.AlterField(table.name, "id", models.AutoField(primary_key=True))

    def index(self, table: Table, _: Table, new: str) -> Operation:
        index = models.Index(fields=[table.columns[-1]], name=new)
        return migrations.AddIndex(table.name, index)

    def move(self, table: Table, _: Table, new: str) -> Operation:
        return migrations.AlterModelTable(table.name, f"table_{new}")

    VERBS = (column, reference, references, wider, rename, rename_table, key, index, move)


def operations(program: list[tuple[int, int, int]]) -> list[Operation]:
    writer = Writer()
    for verb, which, other in program:
        writer.write(verb, which, other)
    return writer.found


programs = st.lists(
    st.tuples(st.integers(0, len(Writer.VERBS) - 1), st.integers(0, 2), st.integers(0, 2)),
    min_size=2,
    max_size=5,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=programs)
@pytest.mark.slow
def test_it_gives_the_statements_of_any_operations(
    db: None, program: list[tuple[int, int, int]]
) -> None:
    with statements() as expected:
        run_stock(as_migrations(operations(program)))
    with statements() as found:
        run_ours(as_migrations(operations(program)), backwards=False)
    assert sorted(found) == sorted(expected)


def state_of(scenario: Iterable[Operation]) -> State:
    state = State()
    for operation in scenario:
        state = after(state, "lab", operation)
    return state


def many_tables() -> list[Operation]:
    return [
        create(
            f"T{n}", *((f"t{to}", foreign(f"lab.T{to}")) for to in {n - 1, n // 2} if 0 <= to < n)
        )
        for n in range(200)
    ]


def names(state: State) -> set[str]:
    return {model.__name__ for model in state.apps.made()}


def test_it_makes_few_of_many_classes(db: None) -> None:
    before = state_of(many_tables())
    add = migrations.AddField("T150", "another", foreign("lab.T7", null=True))
    reached = after(before, "lab", add)
    with statements(), connection.schema_editor(collect_sql=True) as editor:
        add.database_forwards("lab", editor, before, reached)
    assert len(editor.collected_sql) > 0
    assert names(before) == {"T150"}
    assert names(reached) == {"T150", "T7"}


def test_it_follows_keys_as_far_as_they_refer_to_keys(db: None) -> None:
    state = state_of(keys_made_of_keys())
    leaf = state.apps.get_model("lab", "note")._meta.get_field("leaf")
    assert leaf.db_type(connection) == "uuid"
    assert names(state) == {"Note", "Note_other", "Leaf", "Middle", "Root"}


def test_it_makes_all_for_whoever_looks_at_all() -> None:
    looks: list[Callable[[State], Any]] = [
        lambda state: state.apps.get_models(),
        lambda state: list(state.apps.get_app_config("lab").get_models()),
        lambda state: state.apps.get_app_config("lab").models,
        lambda state: state.apps.all_models["lab"],
        lambda state: state.apps.get_model("lab", "author")._meta.related_objects,
        lambda state: state.apps.clone(),
        lambda state: state.clear_delayed_apps_cache(),
    ]
    for look in looks:
        state = state_of(simple())
        look(state)
        assert names(state) == {"Author", "Book"}


def test_it_finds_who_refers_to_a_model_that_was_made_alone() -> None:
    apps = state_of(simple()).apps
    author = apps.get_model("lab.Author")
    assert not hasattr(author, "books")
    related = [relation.related_model for relation in author._meta.related_objects]
    assert related == [apps.get_model("lab.Book")]
    assert hasattr(author, "books")


def test_it_orders_classes_as_their_tables_were_made() -> None:
    state = state_of(many_to_many()[:3])
    state.apps.get_model("lab", "person")
    assert [model.__name__ for model in state.apps.get_models()] == ["Tag", "Post", "Person"]


def test_it_leaves_the_state_before_as_it_is() -> None:
    for scenario in SCENARIOS:
        state, walked = State(), []
        for operation in scenario():
            walked.append((state, described(state)))
            state = after(state, "lab", operation)
        assert [described(before) for before, _ in walked] == [found for _, found in walked]


def described(state: State) -> dict[Any, Any]:
    """All that a class would be made of."""
    return {
        key: (
            one.name,
            {name: field.deconstruct()[1:] for name, field in one.fields.items()},
            {name: str(option) for name, option in one.options.items()},
            one.bases,
            [name for name, _ in one.managers],
        )
        for key, one in state.models.items()
    }


def test_it_shares_what_an_operation_does_not_touch() -> None:
    before = state_of(simple())
    reached = after(before, "lab", migrations.AddField("Book", "n", models.IntegerField()))
    assert reached.models["lab", "author"] is before.models["lab", "author"]
    assert reached.models["lab", "book"] is not before.models["lab", "book"]


def test_a_rename_does_not_reach_into_the_operations() -> None:
    created = create("City", ("country", foreign("lab.Country", to_field="code")))
    rename = migrations.RenameField("Country", "code", "iso")
    state = state_of([create("Country", ("code", text(unique=True))), created, rename])
    fields: list[Any] = [
        state.models["lab", "city"].fields["country"],
        dict(created.fields)["country"],
    ]
    assert [one.remote_field.field_name for one in fields] == ["iso", "code"]


def test_python_of_a_migration_finds_reverse_accessors(db: None) -> None:
    found = []

    def code(apps: Any, editor: Any) -> None:
        author = apps.get_model("lab", "Author").objects.create(name="Ann")
        found.append(author.books.count())

    python = migrations.RunPython(code)
    nested = migrations.SeparateDatabaseAndState([migrations.RunSQL("SELECT 1"), python])
    with statements():
        run_ours(as_migrations([*simple(), python, nested]), backwards=False)
    assert found == [0, 0]


class Odd(migrations.AddField):
    """Nobody knows what it does."""


def test_it_trusts_only_what_it_knows() -> None:
    field = models.IntegerField()
    add, odd = migrations.AddField("Book", "n", field), Odd("Book", "n", field)
    python = migrations.RunPython(migrations.RunPython.noop)
    assert reads_few_models(add)
    assert reads_few_models(migrations.SeparateDatabaseAndState([add], [odd]))
    assert not reads_few_models(odd)
    assert not reads_few_models(python)
    assert not reads_few_models(migrations.SeparateDatabaseAndState([add, python]))


def test_it_refuses_a_reference_to_nothing_as_django_does() -> None:
    scenario = [create("Book", ("author", foreign("gone.Author")))]
    with pytest.raises(ValueError, match="declared with a lazy reference") as expected:
        _ = ProjectState({**state_of(scenario).models}).apps
    with pytest.raises(ValueError, match="declared with a lazy reference") as found:
        state_of(scenario).render()
    assert str(found.value) == str(expected.value)


def test_it_refuses_a_base_that_is_not_there_as_django_does() -> None:
    scenario = [create("Cafe", bases=("gone.place",))]
    with pytest.raises(InvalidBasesError) as expected:
        _ = ProjectState({**state_of(scenario).models}).apps
    with pytest.raises(InvalidBasesError) as found:
        state_of(scenario).apps.get_model("lab", "cafe")
    assert str(found.value) == str(expected.value)


def test_it_does_not_know_a_model_that_is_not_there() -> None:
    with pytest.raises(LookupError, match="App 'lab' doesn't have a 'Nobody' model"):
        state_of(simple()).apps.get_model("lab", "Nobody")


def test_a_changed_state_makes_its_classes_anew() -> None:
    state = state_of(simple()).clone()
    old = state.apps.get_model("lab", "book")
    state.add_field("lab", "book", "n", models.IntegerField(), preserve_default=True)
    assert state.apps.get_model("lab", "book") is not old
    assert state.apps.get_model("lab", "book")._meta.get_field("n")


def test_it_has_the_models_of_apps_without_migrations() -> None:
    state = State(real_apps={"auth"})
    assert state.apps.get_model("auth", "group").__module__ == "__fake__"
    assert {model.__name__ for model in state.apps.get_models()} == {"Permission", "Group"}
