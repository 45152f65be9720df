"""In the place of a stored generated column: an ordinary one, which a trigger computes.

PostgreSQL can make the former only by writing the whole table anew, and no column into one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.migrations.operations import AddField
from django.db.migrations.operations.base import Operation

from ingestion.schema.linting.batches import in_batches
from ingestion.schema.linting.new_columns import NewColumn
from ingestion.schema.linting.place import Place
from ingestion.schema.linting.safe_sql import actions, added
from ingestion.schema.linting.tables import Tables
from ingestion.schema.statements import LONGEST_NAME_BYTES, clipped, names, quoted

ADVICE = (
    "PostgreSQL makes a stored generated column by writing the whole table anew, and has no other "
    "way. Let a trigger compute an ordinary column, filled in batches; in the model it is an "
    "ordinary field, null=True and editable=False."
)


@dataclass(frozen=True)
class Computed:
    table: str
    column: NewColumn
    expression: str

    @classmethod
    def read(cls, sqls: Sequence[str], tables: Tables) -> "Computed | None":
        """Of an operation that adds one, and does nothing else."""
        columns = [each for sql in sqls for each in added(sql)]
        done = [each for sql in sqls for each in actions(sql)]
        if len(sqls) != 1 or len(columns) != 1 or len(done) != 1:
            return None
        [(table, column)] = columns
        if tables.has_heirs(table):
            return None
        if column.expression is None or not column.clauses.keys() <= {"GENERATED", "COLLATE"}:
            return None
        return cls(table, column, column.expression)

    def forwards(self, tables: Tables) -> list[str]:
        column = self.column.name
        # The row's columns have to be called as the expression calls them.
        row = f"(SELECT NEW.*) AS {quoted(names(self.table)[-1])}"
        value = f"(SELECT {self.expression} FROM {row})"  # noqa: S608
        tag = "$body$" if "$$" in value else "$$"
        return [
            f"ALTER TABLE {self.table} ADD COLUMN {column} {self.column.type}",
            f"CREATE FUNCTION {self._function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"{tag}BEGIN NEW.{column} := {value}; RETURN NEW; END{tag}",
            f"CREATE TRIGGER {self._trigger} BEFORE INSERT OR UPDATE ON {self.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self._function}()",
            in_batches(
                self.table,
                change=f"{column} = ({self.expression})",
                where=f"{column} IS DISTINCT FROM ({self.expression})",
                key=tables.key(self.table),
            ),
        ]

    @property
    def backwards(self) -> list[str]:
        return [
            f"DROP TRIGGER {self._trigger} ON {self.table}",
            f"DROP FUNCTION {self._function}()",
            f"ALTER TABLE {self.table} DROP COLUMN {self.column.name}",
        ]

    @property
    def _trigger(self) -> str:
        plain = f"{names(self.table)[-1]}_{names(self.column.name)[-1]}"
        return quoted(f"{clipped(plain, LONGEST_NAME_BYTES - len('_computed'))}_computed")

    @property
    def _function(self) -> str:
        schema = [quoted(each) for each in names(self.table)[:-1]]
        return ".".join([*schema, self._trigger])


def as_ordinary(place: Place) -> list[Operation]:
    """What the models get."""
    operation = place.operation
    if not isinstance(operation, AddField):
        return []
    field: Any = operation.field
    of: Any = field.output_field
    _, _, args, kwargs = of.deconstruct()
    said = {"db_column": field.db_column} if field.db_column else {}
    ordinary = type(of)(*args, **{**kwargs, **said, "null": True, "editable": False})
    return [AddField(operation.model_name, operation.name, ordinary)]
