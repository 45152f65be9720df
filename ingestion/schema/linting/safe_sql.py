"""A statement that blocks → statements that do the same beside the traffic. Text only.

They end in the same tables, and each is to be run in a transaction of its own: an index is built
CONCURRENTLY, a constraint is added NOT VALID and validated, rows are filled in batches.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingestion.schema.definitions import literal
from ingestion.schema.linting.batches import in_batches
from ingestion.schema.linting.new_columns import NewColumn, depth_after, text_of
from ingestion.schema.linting.partitions import attached, created
from ingestion.schema.linting.tables import Tables, as_sql, named_by_postgres
from ingestion.schema.statements import (
    LONGEST_NAME_BYTES,
    NAME,
    QUALIFIED,
    Statement,
    Token,
    clipped,
    names,
    quoted,
    statements,
)


def softened(
    sqls: Sequence[str], *, is_rewritten: bool = False, tables: Tables | None = None
) -> list[str]:
    """`is_rewritten`: a column with a default that differs from row to row is added empty.

    Django says the type again with whatever changes of a column, and PostgreSQL then builds some
    of its indexes anew: where it stays, it is better not said.
    """
    said = frozenset(
        names(each.name(match, "name"))[-1]
        for sql in sqls
        for each in statements(sql)
        for match in _SAID.finditer(each.shape)
    )
    softener = _Softener(is_rewritten, tables or Tables(), said)
    return [soft for sql in sqls for each in statements(sql) for soft in softener(each)]


def apart(sqls: Sequence[str]) -> Iterator[str]:
    """The same statements, each doing one thing."""
    for sql in sqls:
        for each in statements(sql):
            if match := _ALTER.match(each.shape):
                table = each.name(match, "table")
                done = _actions(each, behind=match)
                yield from (f"ALTER TABLE {table} {action.text}" for action in done)
            elif not _SET_CONSTRAINTS.match(each.shape):
                yield each.text


def left_required(sqls: Sequence[str], undone: Sequence[str], tables: Tables) -> Iterator[str]:
    """What of a primary key would stay in the partitions when it is undone.

    From PostgreSQL 18 on it is of their own that its columns are NOT NULL.
    """
    freed = {
        (tables.path(table), names(action.name(match, "column"))[-1])
        for sql in undone
        for table, action in actions(sql)
        if (match := _MAY_BE_NULL.match(action.shape))
    }
    for table, action in (each for sql in sqls for each in actions(sql)):
        match = _UNIQUE.match(action.shape)
        if not match or match["kind"] == "UNIQUE " or not tables.is_partitioned(table):
            continue
        for column in _first_names(action):
            if (tables.path(table), column) in freed:
                for leaf in map(as_sql, tables.leaves(table)):
                    yield f"ALTER TABLE {leaf} ALTER COLUMN {quoted(column)} DROP NOT NULL"


_MAY_BE_NULL = re.compile(rf"ALTER (?:COLUMN )?(?P<column>{NAME})DROP NOT NULL $")
_SAID = re.compile(rf"CONSTRAINT (?P<name>{NAME})")
_SET_CONSTRAINTS = re.compile("SET CONSTRAINTS ")
_LOCK = re.compile("LOCK ")
_TRUNCATE = re.compile(
    rf"TRUNCATE (?:TABLE )?(?P<tables>{QUALIFIED}(?:\* )?(?:, {QUALIFIED}(?:\* )?)*)"
    "(?:CONTINUE IDENTITY )?(?:RESTRICT )?$"
)
_INDEX = re.compile(
    r"CREATE (?P<unique>UNIQUE )?INDEX (?!CONCURRENTLY )"
    rf"(?:(?:IF NOT EXISTS )?(?!ON )(?P<name>{NAME}))?ON (?P<only>ONLY )?(?P<table>{QUALIFIED})"
)
_CREATE = re.compile("CREATE (?:UNIQUE )?INDEX ")
_REINDEX = re.compile(r"REINDEX (?:\( VERBOSE \) )?(?P<what>INDEX|TABLE|SCHEMA) (?!CONCURRENTLY )")
_ALTER = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?P<table>{QUALIFIED})(?:\* )?")
_REFRESH = re.compile(
    rf"REFRESH MATERIALIZED VIEW (?!CONCURRENTLY )(?P<view>{QUALIFIED})(?:WITH DATA )?$"
)
_FILL = re.compile(
    rf"UPDATE (?P<table>{QUALIFIED})SET (?P<column>{NAME})= (?:[^ ]+ )+?"
    rf"WHERE (?P<where>{NAME})IS NULL $"
)
_NAMED = rf"(?:CONSTRAINT (?P<name>{NAME}))?"
_UNIQUE = re.compile(
    rf"ADD {_NAMED}(?P<kind>UNIQUE |PRIMARY KEY )(?P<nulls>NULLS (?:NOT )?DISTINCT )?(?=\( )"
    r"(?!.*WITHOUT OVERLAPS )"
)
_CHECKED = re.compile(rf"ADD {_NAMED}(?P<kind>CHECK|FOREIGN KEY) (?!.*NOT (?:VALID|ENFORCED) )")
_NOT_NULL = re.compile(rf"ALTER (?:COLUMN )?(?P<column>{NAME})SET NOT NULL $")
_TYPE = re.compile(rf"ALTER (?:COLUMN )?(?P<column>{NAME})(?:SET DATA )?TYPE ")


def actions(sql: str) -> Iterator[tuple[str, Statement]]:
    """What each ALTER TABLE does, one by one, with the table."""
    for statement in statements(sql):
        if match := _ALTER.match(statement.shape):
            for action in _actions(statement, behind=match):
                yield statement.name(match, "table"), action


def added(sql: str) -> Iterator[tuple[str, NewColumn]]:
    """The columns that a statement adds, each with its table."""
    for table, action in actions(sql):
        if column := NewColumn.read(action):
            yield table, column


@dataclass(frozen=True)
class _Softener:
    is_rewritten: bool
    tables: Tables
    said: frozenset[str]
    """The names of constraints that are in the statements."""
    required: set[tuple[str, str]] = field(default_factory=set)
    """The columns of tables that are so by now."""

    def __call__(self, statement: Statement) -> Iterator[str]:
        shape = statement.shape
        if _SET_CONSTRAINTS.match(shape) or _LOCK.match(shape):
            return  # of use in a transaction only
        if match := _INDEX.match(shape):
            yield from self._index(statement, match)
        elif match := _ALTER.match(shape):
            table = statement.name(match, "table")
            for action in _actions(statement, behind=match):
                yield from self._action(action, table)
        elif (match := _FILL.match(shape)) and match["column"] == match["where"]:
            yield self._filled(
                statement.name(match, "table"),
                change=_between(statement, "SET", "WHERE"),
                column=statement.name(match, "where"),
            )
        else:
            yield from self._other(statement)

    def _other(self, statement: Statement) -> Iterator[str]:
        shape = statement.shape
        if steps := created(statement, self.tables):
            yield from steps
        elif match := _TRUNCATE.match(shape):
            for table in _written(statement, match):
                yield in_batches(table, change=None, key=self.tables.key(table))
        elif match := _REINDEX.match(shape):
            yield f"{statement.up_to(match)} CONCURRENTLY {statement.after(match)}"
        elif (match := _REFRESH.match(shape)) and self.tables.has_plain_unique_index(
            statement.name(match, "view")
        ):
            yield f"REFRESH MATERIALIZED VIEW CONCURRENTLY {statement.name(match, 'view')}"
        else:
            yield statement.text

    def _index(self, statement: Statement, match: re.Match[str]) -> Iterator[str]:
        create = _CREATE.match(statement.shape)
        assert create is not None  # noqa: S101  (as it begins)
        table = statement.name(match, "table")
        if not self.tables.is_partitioned(table):
            yield f"{statement.up_to(create)} CONCURRENTLY {statement.after(create)}"
            return
        if match["only"]:
            yield statement.text  # which builds nothing
            return
        new = self.tables.new_of(table, "index")
        name = names(statement.name(match, "name"))[-1] if match["name"] else None
        wanted = {_shape(text) for each, text in new.items() if name in {None, each}}
        for partition in self.tables.leaves(table):
            made = self.tables.new_of(as_sql(partition), "index")
            its = next((each for each, text in made.items() if _shape(text) in wanted), None)
            called = f" {quoted(its)}" if its else ""
            yield (
                f"{statement.up_to(create)} CONCURRENTLY{called} ON {as_sql(partition)} "
                f"{statement.after(match)}"
            )
        yield statement.text  # PostgreSQL takes those of the partitions, and builds none

    def _action(self, action: Statement, table: str) -> Iterator[str]:
        shape = action.shape
        if match := _UNIQUE.match(shape):
            yield from self._unique(action, match, table)
        elif match := _CHECKED.match(shape):
            yield from self._checked(action, match, table)
        elif match := _NOT_NULL.match(shape):
            yield from self._not_null(table, action.name(match, "column"))
        elif steps := attached(action, table, self.tables):
            yield from steps
        elif column := NewColumn.read(action):
            yield from self._column(column, table)
        elif (match := _TYPE.match(shape)) and self.tables.keeps_type(
            table, action.name(match, "column")
        ):
            return
        else:
            yield f"ALTER TABLE {table} {action.text}"

    # --- Constraints -----------------------------------------------------------------------

    def _name(
        self, action: Statement, match: re.Match[str], table: str, columns: Sequence[str]
    ) -> str:
        """As it is written, or what PostgreSQL calls it."""
        if match["name"]:
            return action.name(match, "name")
        kind = match["kind"].strip()
        return quoted(self.tables.name_of(table, columns, kind, but=self.said))

    def _checked(self, action: Statement, match: re.Match[str], table: str) -> Iterator[str]:
        columns = _first_names(action)
        if match["kind"] == "FOREIGN KEY" and not self._may_be_invalid(table):
            yield f"ALTER TABLE {table} {action.text}"
            return
        if match["kind"] == "CHECK":
            columns = self.tables.mentioned(table, columns)
        name = self._name(action, match, table, columns)
        yield from validated(table, name, _naming(action, match, name))

    def _may_be_invalid(self, table: str) -> bool:
        """A foreign key of this table."""
        return self.tables.server_version >= 180000 or not self.tables.is_partitioned(table)

    def _unique(self, action: Statement, match: re.Match[str], table: str) -> Iterator[str]:
        columns, kind = _first_names(action), match["kind"].strip()
        name = self._name(action, match, table, columns)
        if kind == "PRIMARY KEY":
            for column in columns:
                is_required = (table, column) in self.required
                if not is_required and not self.tables.is_required(table, quoted(column)):
                    yield from self._not_null(table, quoted(column))
        if not self.tables.is_partitioned(table):
            yield from _made_of_index(action, match, table, name)
            return
        for partition in self.tables.leaves(table):
            own = self.tables.name_of(as_sql(partition), columns, kind, but=())
            yield from _made_of_index(action, match, as_sql(partition), quoted(own))
        yield f"ALTER TABLE {table} {_naming(action, match, name)}"

    # --- New columns -----------------------------------------------------------------------

    def _column(self, column: NewColumn, table: str) -> Iterator[str]:
        clauses = column.clauses
        if column.serial or column.is_identity:
            yield from self._counted(column, table)
            return
        default = clauses.get("DEFAULT")
        is_filled = self.is_rewritten and default is not None
        is_apart = {"UNIQUE", "CHECK", "PRIMARY"} | ({"REFERENCES"} if default else set())
        kept = [text for kind, text in column.parts if kind not in is_apart]
        if is_filled:
            kept = [text for text in kept if text not in {default, clauses.get("NOT NULL")}]
        if "NOT NULL" in clauses and not is_filled:
            self.required.add((table, names(column.name)[-1]))
        yield f"ALTER TABLE {table} {' '.join([column.head, *kept])}"
        if is_filled:
            yield f"ALTER TABLE {table} ALTER COLUMN {column.name} SET {default}"
            yield self._filled(table, change=f"{column.name} = DEFAULT", column=column.name)
            if "NOT NULL" in clauses:
                yield from self._not_null(table, column.name)
        yield from self._constraints(column, table, is_apart)

    def _counted(self, column: NewColumn, table: str) -> Iterator[str]:
        """Numbered by a sequence, which an identity column gets when every row has a number."""
        *schema, plain = names(table)
        name = column.name
        alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
        last = "seq" if column.serial else "numbers"
        sequence = quoted(*schema, named_by_postgres(plain, names(name), last))
        as_type = f" AS {column.serial}" if column.serial not in {None, "bigint"} else ""
        add = f"ALTER TABLE {table} ADD COLUMN {name}"
        yield f"CREATE SEQUENCE {sequence}{as_type}"
        yield f"{add} {column.serial or column.type}"
        if column.serial:
            yield f"ALTER SEQUENCE {sequence} OWNED BY {table}.{name}"
        yield f"{alter} SET DEFAULT nextval({literal(sequence)}::regclass)"
        yield self._filled(table, change=f"{name} = DEFAULT", column=name)
        yield from self._not_null(table, name)
        if column.is_identity:
            goes_on = (
                f"SELECT setval(pg_get_serial_sequence({literal(table)}, "
                f"{literal(names(name)[-1])}), nextval({literal(sequence)}), false)"
            )
            identity = column.clauses["GENERATED"]
            yield f"BEGIN; {alter} DROP DEFAULT; {alter} ADD {identity}; {goes_on}; COMMIT"
            yield f"DROP SEQUENCE {sequence}"
        yield from self._constraints(column, table, {"UNIQUE", "CHECK", "PRIMARY", "REFERENCES"})

    def _constraints(self, column: NewColumn, table: str, kinds: set[str]) -> Iterator[str]:
        for kind, text in sorted(column.parts, key=lambda part: part[0]):
            if kind in kinds:
                yield from self._constraint(kind, text, table, column.name)

    def _constraint(self, kind: str, text: str, table: str, column: str) -> Iterator[str]:
        """What stood behind a column, with the name it had or was given."""
        said = _SAID_FIRST.match(text)
        rest = text[said.end() :] if said else text
        if kind in {"UNIQUE", "PRIMARY"}:
            key = _KEY_WORDS.match(rest)
            assert key is not None  # noqa: S101  (as it begins)
            rest = f"{key.group()} ({column}){rest[key.end() :]}"
        elif kind == "REFERENCES":
            rest = f"FOREIGN KEY ({column}) {rest}"
        addition = f"ADD {said.group() if said else ''}{rest}"
        for each in statements(addition):
            yield from self._action(each, table)

    def _not_null(self, table: str, column: str) -> Iterator[str]:
        self.required.add((table, names(column)[-1]))
        yield from not_null(table, column)

    def _filled(self, table: str, *, change: str, column: str) -> str:
        key = self.tables.key(table)
        return in_batches(table, change=change, where=f"{column} IS NULL", key=key)


_SAID_FIRST = re.compile(r'CONSTRAINT\s+(?:"(?:[^"]|"")*"|\S+)\s+', re.IGNORECASE)
_KEY_WORDS = re.compile(r"UNIQUE(?:\s+NULLS\s+(?:NOT\s+)?DISTINCT)?|PRIMARY\s+KEY", re.IGNORECASE)


def _naming(action: Statement, match: re.Match[str], name: str) -> str:
    """ADD CONSTRAINT name …, also where it had none."""
    return action.text if match["name"] else f"ADD CONSTRAINT {name} {_behind_add(action)}"


def _behind_add(action: Statement) -> str:
    return text_of(action, action.tokens[1:])


def _first_names(action: Statement) -> tuple[str, ...]:
    """The plain names in the first parentheses."""
    marks = [token.mark for token in action.tokens]
    first = marks.index("(")
    depth, found = 0, []
    for token in action.tokens[first:]:
        depth = depth_after(depth, token.mark)
        if not depth:
            break
        if token.mark == '"' or token.mark[0].isalpha() or token.mark[0] == "_":
            found.append(names(action.sql[token.start : token.end])[0])
    return tuple(found)


def _shape(definition: str) -> str:
    """Of an index what does not differ from partition to partition."""
    return f"{definition.startswith('CREATE UNIQUE')} {definition.partition(' USING ')[2]}"


def _written(statement: Statement, match: re.Match[str]) -> list[str]:
    """The tables in a list, as they are written."""
    first, behind = (statement.shape.count(" ", 0, at) for at in match.span("tables"))
    listed: list[list[Token]] = [[]]
    for token in statement.tokens[first:behind]:
        if token.mark == ",":
            listed.append([])
        elif token.mark != "*":
            listed[-1].append(token)
    return [text_of(statement, tokens) for tokens in listed]


def validated(table: str, name: str, addition: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} {addition} NOT VALID"
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"


def not_null(table: str, column: str) -> Iterator[str]:
    """PostgreSQL believes a valid CHECK, and does not look again."""
    plain = f"{names(table)[-1]}_{names(column)[-1]}"
    name = quoted(f"{clipped(plain, LONGEST_NAME_BYTES - len('_filled'))}_filled")
    yield from validated(table, name, f"ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL)")
    yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
    yield f"ALTER TABLE {table} DROP CONSTRAINT {name}"


def _made_of_index(action: Statement, match: re.Match[str], table: str, name: str) -> Iterator[str]:
    kind, columns = match["kind"].strip(), action.after(match)
    when = _DEFERRABLE.search(f"{action.shape}")
    deferral = ""
    if when:
        first = action.shape.count(" ", 0, when.start())
        deferral = f" {text_of(action, action.tokens[first:])}"
        columns = text_of(action, action.tokens[match.group().count(" ") : first])
    storage = _STORAGE.search(columns)
    columns, options = (
        (columns[: storage.start()], columns[storage.start() :]) if storage else (columns, "")
    )
    nulls = f" {match['nulls'].strip()}" if match["nulls"] else ""
    options = _IN_TABLESPACE.sub("TABLESPACE", options)
    yield f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}{nulls}{options}"
    yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferral}"


_DEFERRABLE = re.compile(r"(?:NOT )?DEFERRABLE |INITIALLY (?:DEFERRED|IMMEDIATE) ")
_STORAGE = re.compile(r"\s+(?:WITH\s*\(|USING\s+INDEX\s+TABLESPACE\s)", re.IGNORECASE)
_IN_TABLESPACE = re.compile(r"USING\s+INDEX\s+TABLESPACE", re.IGNORECASE)


def _actions(statement: Statement, *, behind: re.Match[str]) -> list[Statement]:
    """What an ALTER TABLE does, one by one."""
    depth = 0
    found: list[list[Token]] = [[]]
    for token in statement.tokens[behind.group().count(" ") :]:
        depth = depth_after(depth, token.mark)
        if token.mark == "," and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return [Statement(statement.sql, tuple(tokens)) for tokens in found if tokens]


def _between(statement: Statement, first: str, second: str) -> str:
    """The text between the first of these words and the last of those, outside of parentheses."""
    marks = [(token.mark, token) for token in statement.outside_parentheses.tokens]
    start = next(token.end for mark, token in marks if mark == first)
    end = [token.start for mark, token in marks if mark == second][-1]
    return statement.sql[start:end].strip()
