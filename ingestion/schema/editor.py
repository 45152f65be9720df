"""Django's schema editor, with each statement handed to somebody before it is executed."""

from collections.abc import Callable
from typing import Any, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

Sink = Callable[[str], None]


class Editor(DatabaseSchemaEditor):
    """Opens no transaction of its own and leaves what it deferred to `run_deferred`.

    So a migration, its deferred statements and its record can be one transaction: Django's own
    executes the deferred ones as the transaction ends, when it is too late to record.
    """

    # Without CASCADE, as Django does from 6.1 on: a view that somebody made on the table is not
    # dropped along with it, in silence.
    sql_delete_table = "DROP TABLE %(table)s"
    sql_delete_column = "ALTER TABLE %(table)s DROP COLUMN %(column)s"

    sink: Sink

    def __enter__(self) -> "Editor":
        self.deferred_sql: list[Any] = []
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: Any, params: Any = ()) -> None:
        text = f"{sql}"
        if params is not None:
            # Merged here, because what is executed is what is noted.
            text = self.connection.ops.compose_sql(text, params)
        self.sink(text)

    def execute_now(self, text: str) -> None:
        super().execute(text, None)

    def run_deferred(self) -> None:
        statements, self.deferred_sql = self.deferred_sql, []
        for statement in statements:
            self.execute(statement, None)


def editor(connection: BaseDatabaseWrapper, *, atomic: bool, sink: Sink | None = None) -> Editor:
    """One for this connection, on top of the editor class of its engine."""
    chosen = connection.SchemaEditorClass
    kind = type("Editor", (Editor, chosen), {}) if chosen is not DatabaseSchemaEditor else Editor
    made = cast("Editor", kind(connection, atomic=atomic))
    made.sink = sink or made.execute_now
    return made
