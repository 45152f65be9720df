"""What a person may have typed into psql: each changes the schema of `rich.sql` in one way."""

from dataclasses import dataclass
from pathlib import Path

RICH = Path(__file__).with_name("rich.sql").read_text(encoding="utf-8")
SEARCH_PATH = "public, archive"


@dataclass(frozen=True)
class Mutation:
    id: str
    sql: str
    thing: str
    """One of the things of which the difference is reported."""
    from_version: int = 150000
    is_one_way: bool = False
    """No SQL leads there: the difference can be repaired only towards what should be."""
    goes_with_others: bool = True
    """It can be typed together with all the others that can."""


def _m(
    id: str,  # noqa: A002
    thing: str,
    sql: str,
    *,
    from_version: int = 150000,
    is_one_way: bool = False,
    alone: bool = False,
) -> Mutation:
    return Mutation(id, sql, thing, from_version, is_one_way, not alone)


MUTATIONS = [
    # ── tables
    _m("a table too many", "table extra", "CREATE TABLE extra (id int PRIMARY KEY, note text)"),
    _m("a table is gone", "table cache", "DROP TABLE cache"),
    _m(
        "a table with all that hangs on it is gone",
        "table notes",
        "DROP TABLE notes",
        alone=True,
    ),
    _m(
        "a table that others point to is gone",
        "table documents",
        "DROP TABLE documents CASCADE",
        alone=True,
    ),
    _m(
        "a table is called something else",
        "table remarks",
        "ALTER TABLE notes RENAME TO remarks",
        alone=True,
    ),
    _m("fillfactor", "table documents", "ALTER TABLE documents SET (fillfactor = 70)"),
    _m(
        "fillfactor reset",
        "table documents",
        "ALTER TABLE documents RESET (fillfactor)",
        alone=True,
    ),
    _m(
        "autovacuum of a toast table",
        "table notes",
        "ALTER TABLE notes SET (toast.autovacuum_enabled = off, autovacuum_vacuum_cost_delay = 1.5)",
    ),
    _m("logged", "table cache", "ALTER TABLE cache SET LOGGED", alone=True),
    _m("unlogged", "table notes", "ALTER TABLE notes SET UNLOGGED"),
    _m("comment on a table", "table users", "COMMENT ON TABLE users IS 'It''s \\ us.'"),
    _m("comment of a table removed", "table users", "COMMENT ON TABLE users IS NULL", alone=True),
    _m("row security", "table documents", "ALTER TABLE documents ENABLE ROW LEVEL SECURITY"),
    _m("row security forced", "table documents", "ALTER TABLE documents FORCE ROW LEVEL SECURITY"),
    _m("replica identity full", "table users", "ALTER TABLE users REPLICA IDENTITY FULL"),
    _m(
        "replica identity by an index",
        "index users.users_email",
        "ALTER TABLE users REPLICA IDENTITY USING INDEX users_email",
        alone=True,
    ),
    _m("clustered", "index notes.notes_document", "ALTER TABLE notes CLUSTER ON notes_document"),
    _m(
        "a table of a type",
        "table cache",
        "CREATE TYPE pair AS (key text, value text);ALTER TABLE cache OF pair",
        alone=True,
    ),
    # ── partitions and inheritance
    _m(
        "a partition is detached",
        "table events_2030",
        "ALTER TABLE events DETACH PARTITION events_2030",
        alone=True,
    ),
    _m(
        "a partition has other bounds",
        "table events_2030",
        "ALTER TABLE events DETACH PARTITION events_2030;"
        "ALTER TABLE events ATTACH PARTITION events_2030"
        " FOR VALUES FROM ('2029-01-01') TO ('2031-01-01')",
        alone=True,
    ),
    _m(
        "a partition too many",
        "table events_2031",
        "CREATE TABLE events_2031 PARTITION OF events"
        " FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')",
    ),
    _m("a partition is gone", "table events_2030", "DROP TABLE events_2030", alone=True),
    _m("a partitioned table is gone", "table events", "DROP TABLE events", alone=True),
    _m(
        "an index of partitions", "index events.late", "CREATE INDEX late ON events (user_id, what)"
    ),
    _m(
        "an index of partitions is gone",
        "index events.events_what",
        "DROP INDEX events_what",
        alone=True,
    ),
    _m(
        "a key of partitions is gone",
        "constraint events.events_pkey",
        "ALTER TABLE events DROP CONSTRAINT events_pkey",
        alone=True,
    ),
    _m(
        "an index of no partition",
        "index events.bare",
        "CREATE INDEX bare ON ONLY events (what)",
        alone=True,
    ),
    _m(
        "a check of partitions",
        "constraint events.short",
        "ALTER TABLE events ADD CONSTRAINT short CHECK (length(what) < 99)",
    ),
    _m("a column of partitions", "column events.more", "ALTER TABLE events ADD COLUMN more int"),
    _m(
        "a trigger of partitions",
        "trigger events.stamps",
        "CREATE TRIGGER stamps BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION stamp()",
    ),
    _m(
        "the type of a column of partitions",
        "column events.what",
        "ALTER TABLE events ALTER what TYPE varchar(99)",
    ),
    _m(
        "a default in one partition",
        "column events_2030.what",
        "ALTER TABLE events_2030 ALTER what SET DEFAULT 'new'",
    ),
    _m("no parent any more", "table birds", "ALTER TABLE birds NO INHERIT animals", alone=True),
    _m("a column of a parent", "column animals.age", "ALTER TABLE animals ADD COLUMN age int"),
    _m(
        "a column of a parent is gone",
        "column animals.legs",
        "ALTER TABLE animals DROP COLUMN legs",
        alone=True,
    ),
    _m("a default of a child", "column birds.legs", "ALTER TABLE birds ALTER legs SET DEFAULT 2"),
    _m("another child", "table fish", "CREATE TABLE fish (fins int) INHERITS (animals)"),
    # ── columns
    _m("a column too many", "column users.phone", "ALTER TABLE users ADD COLUMN phone text"),
    _m(
        "a column that may not be null too many",
        "column users.score",
        "ALTER TABLE users ADD COLUMN score int NOT NULL DEFAULT 7",
    ),
    _m("a column is gone", "column documents.price", "ALTER TABLE documents DROP COLUMN price"),
    _m(
        "a column that may not be null is gone",
        "column documents.title",
        "ALTER TABLE documents DROP COLUMN title CASCADE",
        alone=True,
    ),
    _m(
        "a column of an enum is gone",
        "column documents.cover",
        "ALTER TABLE documents DROP COLUMN cover CASCADE",
        alone=True,
    ),
    _m(
        "a column without a default is gone",
        "column animals.name",
        "ALTER TABLE animals DROP COLUMN name",
        alone=True,
    ),
    _m(
        "a column is called something else",
        "column documents.heading",
        "ALTER TABLE documents RENAME title TO heading",
        alone=True,
    ),
    _m(
        "longer",
        "column documents.title",
        "DROP VIEW thick; DROP TRIGGER stamps ON documents;"
        "ALTER TABLE documents ALTER title TYPE varchar(80)",
        alone=True,
    ),
    _m(
        "text",
        "column documents.title",
        "DROP VIEW thick; DROP TRIGGER stamps ON documents;"
        "ALTER TABLE documents ALTER title TYPE text",
        alone=True,
    ),
    _m(
        "numeric",
        "column documents.price",
        "ALTER TABLE documents ALTER price TYPE numeric(9, 3)",
        alone=True,
    ),
    _m(
        "a number becomes text",
        "column documents.price",
        "ALTER TABLE documents ALTER price TYPE text",
        alone=True,
    ),
    _m(
        "a boolean becomes a number",
        "column users.is_active",
        "DROP VIEW thick; DROP VIEW active; ALTER TABLE users ALTER is_active DROP DEFAULT;"
        "ALTER TABLE users ALTER is_active TYPE int USING is_active::int",
        alone=True,
    ),
    _m(
        "a moment becomes a day",
        "column documents.created_at",
        "ALTER TABLE documents ALTER created_at TYPE date",
        alone=True,
    ),
    _m(
        "json",
        "column documents.metadata",
        "ALTER TABLE documents ALTER metadata TYPE json USING metadata::json",
        alone=True,
    ),
    _m(
        "a bigger key",
        "column users.id",
        "DROP VIEW thick; DROP VIEW active; ALTER TABLE users ALTER id TYPE bigint",
        alone=True,
    ),
    _m(
        "collation",
        "column users.full_name",
        "DROP VIEW thick; DROP VIEW active; ALTER TABLE users ALTER full_name TYPE text",
        alone=True,
    ),
    _m(
        "another collation",
        "column cache.key",
        "ALTER TABLE cache ALTER key TYPE text COLLATE plain",
        alone=True,
    ),
    _m(
        "null allowed",
        "column documents.owner_id",
        "ALTER TABLE documents ALTER owner_id DROP NOT NULL",
    ),
    _m("null forbidden", "column documents.body", "ALTER TABLE documents ALTER body SET NOT NULL"),
    _m(
        "null forbidden for new rows",
        "column documents.body",
        "ALTER TABLE documents ADD CONSTRAINT full_body NOT NULL body NOT VALID",
        from_version=180000,
        alone=True,
    ),
    _m(
        "null forbidden, not for children",
        "column cache.key",
        "ALTER TABLE cache ADD CONSTRAINT k NOT NULL key NO INHERIT",
        from_version=180000,
        alone=True,
    ),
    _m("a default", "column documents.body", "ALTER TABLE documents ALTER body SET DEFAULT 'new'"),
    _m(
        "another default",
        "column documents.pages",
        "ALTER TABLE documents ALTER pages SET DEFAULT 1 + 1",
    ),
    _m(
        "no default",
        "column documents.created_at",
        "ALTER TABLE documents ALTER created_at DROP DEFAULT",
    ),
    _m(
        "a default of serial is gone",
        "column notes.id",
        "ALTER TABLE notes ALTER id DROP DEFAULT",
        alone=True,
    ),
    _m("a serial is gone", "sequence notes_id_seq", "DROP SEQUENCE notes_id_seq CASCADE"),
    _m(
        "identity", "column documents.id", "ALTER TABLE documents ALTER id SET GENERATED BY DEFAULT"
    ),
    _m("identity is gone", "column users.id", "ALTER TABLE users ALTER id DROP IDENTITY"),
    _m(
        "identity is new",
        "column archive.papers.id",
        "ALTER TABLE archive.papers ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    ),
    _m(
        "identity counts by two",
        "sequence documents_id_seq",
        "ALTER TABLE documents ALTER id SET INCREMENT BY 2",
    ),
    _m(
        "another generated column",
        "column documents.leaves",
        "ALTER TABLE documents DROP COLUMN leaves;"
        "ALTER TABLE documents ADD leaves int GENERATED ALWAYS AS (pages / 4) STORED",
    ),
    _m(
        "generated no more",
        "column documents.leaves",
        "ALTER TABLE documents ALTER leaves DROP EXPRESSION",
        alone=True,
    ),
    _m(
        "generated when read",
        "column documents.leaves",
        "ALTER TABLE documents DROP COLUMN leaves;"
        "ALTER TABLE documents ADD leaves int GENERATED ALWAYS AS (pages / 2) VIRTUAL",
        from_version=180000,
        alone=True,
    ),
    _m(
        "a generated column too many",
        "column users.size",
        "ALTER TABLE users ADD COLUMN size int GENERATED ALWAYS AS (length(full_name)) STORED",
    ),
    _m("storage", "column documents.body", "ALTER TABLE documents ALTER body SET STORAGE MAIN"),
    _m(
        "compression",
        "column documents.body",
        "ALTER TABLE documents ALTER body SET COMPRESSION pglz",
    ),
    _m(
        "statistics of a column",
        "column documents.pages",
        "ALTER TABLE documents ALTER pages SET STATISTICS 10",
    ),
    _m(
        "statistics as usual",
        "column documents.pages",
        "ALTER TABLE documents ALTER pages SET STATISTICS -1",
        alone=True,
    ),
    _m(
        "options of a column",
        "column documents.owner_id",
        "ALTER TABLE documents ALTER owner_id SET (n_distinct = 5, n_distinct_inherited = -0.5)",
    ),
    _m("comment on a column", "column documents.title", "COMMENT ON COLUMN documents.title IS 'T'"),
    _m(
        "comment of a column removed", "column users.email", "COMMENT ON COLUMN users.email IS NULL"
    ),
    _m(
        "comment on a column of a view",
        "column active.email",
        "COMMENT ON COLUMN active.email IS 'E'",
    ),
    _m(
        "default of a column of a view",
        "column active.full_name",
        "ALTER VIEW active ALTER full_name SET DEFAULT 'Nobody'",
    ),
    # ── constraints
    _m(
        "a check too many",
        "constraint documents.cheap",
        "ALTER TABLE documents ADD CONSTRAINT cheap CHECK (price < 100)",
        alone=True,
    ),
    _m(
        "a check is gone",
        "constraint documents.documents_pages",
        "ALTER TABLE documents DROP CONSTRAINT documents_pages",
    ),
    _m(
        "another check",
        "constraint users.users_born",
        "ALTER TABLE users DROP CONSTRAINT users_born;"
        "ALTER TABLE users ADD CONSTRAINT users_born CHECK (born > '1800-01-01')",
    ),
    _m(
        "a check is not valid",
        "constraint users.users_born",
        "ALTER TABLE users DROP CONSTRAINT users_born;"
        "ALTER TABLE users ADD CONSTRAINT users_born CHECK (born > '1900-01-01') NOT VALID;"
        "COMMENT ON CONSTRAINT users_born ON users IS 'Nobody is older.'",
        alone=True,
    ),
    _m(
        "a check is not enforced",
        "constraint users.hope",
        "ALTER TABLE users ADD CONSTRAINT hope CHECK (born IS NOT NULL) NOT ENFORCED",
        from_version=180000,
    ),
    _m(
        "a check is called something else",
        "constraint documents.pages_ok",
        "ALTER TABLE documents RENAME CONSTRAINT documents_pages TO pages_ok",
        alone=True,
    ),
    _m(
        "comment on a constraint",
        "constraint documents.documents_owner",
        "COMMENT ON CONSTRAINT documents_owner ON documents IS 'Who.'",
    ),
    _m(
        "a foreign key is gone",
        "constraint documents.documents_owner",
        "ALTER TABLE documents DROP CONSTRAINT documents_owner",
        alone=True,
    ),
    _m(
        "a foreign key that does not cascade",
        "constraint documents.documents_owner",
        "ALTER TABLE documents DROP CONSTRAINT documents_owner, ADD CONSTRAINT documents_owner"
        " FOREIGN KEY (owner_id) REFERENCES users",
        alone=True,
    ),
    _m(
        "a foreign key is deferred",
        "constraint documents.documents_owner",
        "ALTER TABLE documents ALTER CONSTRAINT documents_owner DEFERRABLE INITIALLY DEFERRED",
        alone=True,
    ),
    _m(
        "a foreign key was checked",
        'constraint notes."notes of"',
        'ALTER TABLE notes VALIDATE CONSTRAINT "notes of"',
    ),
    _m(
        "a foreign key is not checked",
        "constraint documents.documents_owner",
        "ALTER TABLE documents DISABLE TRIGGER ALL",
        alone=True,
    ),
    _m(
        "a foreign key too many",
        "constraint archive.papers.papers_user",
        "ALTER TABLE archive.papers ADD CONSTRAINT papers_user FOREIGN KEY (id) REFERENCES users",
    ),
    _m(
        "a primary key is gone",
        "constraint users.users_pkey",
        "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE",
        alone=True,
    ),
    _m(
        "another primary key",
        "constraint documents.documents_pkey",
        'ALTER TABLE notes DROP CONSTRAINT "notes of";'
        "ALTER TABLE documents DROP CONSTRAINT documents_pkey;"
        "ALTER TABLE documents ADD CONSTRAINT documents_pkey PRIMARY KEY (id, owner_id)",
        alone=True,
    ),
    _m(
        "a unique constraint too many",
        "constraint users.users_name",
        "ALTER TABLE users ADD CONSTRAINT users_name UNIQUE NULLS NOT DISTINCT (full_name)"
        " INCLUDE (born)",
    ),
    _m(
        "a unique constraint is gone",
        "constraint users.users_email",
        "ALTER TABLE users DROP CONSTRAINT users_email",
    ),
    _m(
        "a unique constraint is not deferred",
        "constraint documents.documents_ticket",
        "ALTER TABLE documents DROP CONSTRAINT documents_ticket;"
        "ALTER TABLE documents ADD CONSTRAINT documents_ticket UNIQUE (ticket)",
    ),
    _m(
        "an exclusion is gone",
        "constraint documents.documents_lent",
        "ALTER TABLE documents DROP CONSTRAINT documents_lent",
    ),
    _m(
        "another exclusion",
        "constraint documents.documents_lent",
        "ALTER TABLE documents DROP CONSTRAINT documents_lent, ADD CONSTRAINT documents_lent"
        " EXCLUDE USING gist (owner_id WITH =, lent WITH &&) WHERE (owner_id > 0)",
        alone=True,
    ),
    # ── indexes
    _m("an index too many", "index users.users_born_idx", "CREATE INDEX ON users (born)"),
    _m(
        "a unique index too many",
        "index notes.once",
        'CREATE UNIQUE INDEX once ON notes (document_id, "the Text") WHERE id > 0',
    ),
    _m(
        "an index is gone",
        "index documents.documents_created_at",
        "DROP INDEX documents_created_at",
    ),
    _m(
        "a partial index for all",
        "index documents.documents_thick",
        "DROP INDEX documents_thick; CREATE INDEX documents_thick ON documents (pages)",
    ),
    _m(
        "another expression",
        "index documents.documents_title",
        "DROP INDEX documents_title; CREATE INDEX documents_title ON documents (upper(title))",
    ),
    _m(
        "another order",
        "index documents.documents_created_at",
        "DROP INDEX documents_created_at;"
        "CREATE INDEX documents_created_at ON documents (created_at NULLS FIRST)",
        alone=True,
    ),
    _m(
        "an index of another sort",
        "index documents.documents_body",
        "DROP INDEX documents_body;"
        "CREATE INDEX documents_body ON documents USING gist (body gist_trgm_ops)",
    ),
    _m(
        "an index is called something else",
        "index documents.created",
        "ALTER INDEX documents_created_at RENAME TO created",
        alone=True,
    ),
    _m(
        "an index is invalid",
        "index notes.notes_document",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'notes_document'::regclass",
        is_one_way=True,
        alone=True,
    ),
    _m(
        "fillfactor of an index",
        "index notes.notes_document",
        "ALTER INDEX notes_document SET (fillfactor = 50)",
    ),
    _m(
        "comment on an index",
        "index documents.documents_thick",
        "COMMENT ON INDEX documents_thick IS NULL",
        alone=True,
    ),
    _m(
        "statistics of an index",
        "index documents.documents_title",
        "ALTER INDEX documents_title ALTER COLUMN 1 SET STATISTICS 77",
        alone=True,
    ),
    _m(
        "an index in another schema",
        "index archive.papers.papers_what",
        "DROP INDEX archive.papers_what",
    ),
    # ── what hangs on a table
    _m("a trigger is gone", "trigger documents.stamps", "DROP TRIGGER stamps ON documents"),
    _m(
        "a trigger is disabled",
        "trigger documents.stamps",
        "ALTER TABLE documents DISABLE TRIGGER stamps",
        alone=True,
    ),
    _m(
        "a trigger fires always",
        "trigger documents.stamps",
        "ALTER TABLE documents ENABLE ALWAYS TRIGGER stamps",
        alone=True,
    ),
    _m(
        "a trigger for more",
        "trigger documents.stamps",
        "CREATE OR REPLACE TRIGGER stamps BEFORE UPDATE OR INSERT ON documents"
        " FOR EACH ROW WHEN (new.pages > 3) EXECUTE FUNCTION stamp()",
        alone=True,
    ),
    _m(
        "a constraint trigger",
        "trigger users.later",
        "CREATE CONSTRAINT TRIGGER later AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION stamp(); COMMENT ON TRIGGER later ON users IS 'L'",
    ),
    _m("a rule is gone", "rule documents.keeps", "DROP RULE keeps ON documents"),
    _m(
        "another rule",
        "rule documents.keeps",
        "CREATE OR REPLACE RULE keeps AS ON DELETE TO documents DO ALSO"
        " (DELETE FROM notes WHERE document_id = old.id; NOTIFY gone)",
        alone=True,
    ),
    _m(
        "a rule is disabled",
        "rule documents.keeps",
        "ALTER TABLE documents DISABLE RULE keeps",
        alone=True,
    ),
    _m("a policy is gone", "policy documents.own", "DROP POLICY own ON documents"),
    _m(
        "another policy",
        "policy documents.own",
        "ALTER POLICY own ON documents TO pg_monitor USING (owner_id = 2)",
        alone=True,
    ),
    _m(
        "a policy for all",
        "policy documents.own",
        "DROP POLICY own ON documents; CREATE POLICY own ON documents AS RESTRICTIVE"
        " USING (owner_id = 1) WITH CHECK (owner_id = 1)",
        alone=True,
    ),
    _m(
        "a policy too many",
        "policy users.nobody",
        "CREATE POLICY nobody ON users FOR INSERT WITH CHECK (false);"
        "COMMENT ON POLICY nobody ON users IS 'N'",
    ),
    _m(
        "statistics are gone",
        "statistics documents.documents_together",
        "DROP STATISTICS documents_together",
    ),
    _m(
        "a target of statistics",
        "statistics documents.documents_together",
        "ALTER STATISTICS documents_together SET STATISTICS 9;"
        "COMMENT ON STATISTICS documents_together IS 'S'",
        alone=True,
    ),
    _m(
        "other statistics",
        "statistics documents.documents_together",
        "DROP STATISTICS documents_together;"
        "CREATE STATISTICS documents_together ON (pages / 2), owner_id FROM documents",
        alone=True,
    ),
    # ── views
    _m("a view is gone", "view thick", "DROP VIEW thick", alone=True),
    _m(
        "a view that another one needs is gone",
        "view active",
        "DROP VIEW active CASCADE",
        alone=True,
    ),
    _m(
        "another query",
        "view thick",
        "CREATE OR REPLACE VIEW thick AS SELECT d.id, d.title, d.pages, a.full_name"
        " FROM documents d JOIN active a ON a.id = d.owner_id WHERE d.pages > 200",
        alone=True,
    ),
    _m(
        "a view with one column more",
        "view active",
        "CREATE OR REPLACE VIEW active AS SELECT id, email, full_name, born FROM users"
        " WHERE is_active",
        alone=True,
    ),
    _m("options of a view", "view active", "ALTER VIEW active SET (security_barrier = true)"),
    _m("comment of a view", "view active", "COMMENT ON VIEW active IS NULL"),
    _m(
        "a view too many",
        "view names",
        "CREATE VIEW names WITH (check_option = local) AS SELECT full_name FROM users",
    ),
    _m(
        "a view in the place of a table",
        "view cache",
        "DROP TABLE cache; CREATE VIEW cache AS SELECT 'a'::text AS key, 'b'::text AS value",
        alone=True,
    ),
    _m(
        "a materialized view is gone",
        "materialized view covers",
        "DROP MATERIALIZED VIEW covers",
        alone=True,
    ),
    _m(
        "another materialized view",
        "materialized view covers",
        "DROP MATERIALIZED VIEW covers;"
        "CREATE MATERIALIZED VIEW covers AS SELECT cover, sum(pages) AS number"
        " FROM documents GROUP BY cover",
        alone=True,
    ),
    _m(
        "a materialized view is empty",
        "materialized view covers",
        "REFRESH MATERIALIZED VIEW covers WITH NO DATA",
        alone=True,
    ),
    _m(
        "an index of a materialized view is gone",
        "index covers.covers_cover",
        "DROP INDEX covers_cover",
        alone=True,
    ),
    # ── routines
    _m(
        "another function",
        "function twice(integer)",
        "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE"
        " AS 'SELECT n + n'",
    ),
    _m(
        "a function returns something else",
        "function next_ticket()",
        "DROP FUNCTION next_ticket CASCADE; CREATE FUNCTION next_ticket() RETURNS text"
        " LANGUAGE sql AS $$SELECT nextval('ticket')::text$$",
        alone=True,
    ),
    _m(
        "a function that an index needs is gone",
        "function twice(integer)",
        "DROP FUNCTION twice CASCADE",
        alone=True,
    ),
    _m(
        "a function that a trigger needs is gone",
        "function stamp()",
        "DROP FUNCTION stamp CASCADE",
        alone=True,
    ),
    _m(
        "a parameter has another name",
        "function twice(integer)",
        "DROP FUNCTION twice CASCADE; CREATE FUNCTION twice(number integer) RETURNS integer"
        " LANGUAGE sql IMMUTABLE AS 'SELECT number * 2';"
        'CREATE INDEX notes_text ON notes (twice(length("the Text")))',
        alone=True,
    ),
    _m(
        "a function too many",
        "function oldest()",
        "CREATE FUNCTION oldest() RETURNS SETOF users STABLE"
        " BEGIN ATOMIC SELECT * FROM users ORDER BY born LIMIT 1; END;"
        "COMMENT ON FUNCTION oldest() IS 'O'",
    ),
    _m(
        "security definer",
        "function stamp()",
        "ALTER FUNCTION stamp() SECURITY DEFINER SET search_path = public, pg_temp",
        alone=True,
    ),
    _m("comment on a function", "function stamp()", "COMMENT ON FUNCTION stamp() IS 'S'"),
    _m("a procedure is gone", "function nap(integer)", "DROP PROCEDURE nap"),
    _m(
        "another procedure",
        "function nap(integer)",
        "CREATE OR REPLACE PROCEDURE nap(INOUT n integer) LANGUAGE sql AS 'SELECT 2'",
        alone=True,
    ),
    _m(
        "another aggregate",
        "function total(integer)",
        "CREATE OR REPLACE AGGREGATE total(integer)"
        " (sfunc = int4pl, stype = integer, initcond = '5', parallel = safe)",
    ),
    _m(
        "an aggregate is gone",
        "function total(integer)",
        "DROP AGGREGATE total(integer)",
        alone=True,
    ),
    # ── types
    _m(
        "one label more",
        "enum colour",
        "ALTER TYPE colour ADD VALUE 'amber' BEFORE 'green'",
        alone=True,
    ),
    _m(
        "a label at the end and one at the start",
        "enum colour",
        "ALTER TYPE colour ADD VALUE 'violet'; ALTER TYPE colour ADD VALUE 'black' BEFORE 'red'",
        alone=True,
    ),
    _m(
        "a label has another name",
        "enum colour",
        "ALTER TYPE colour RENAME VALUE 'blue' TO 'azure'",
    ),
    _m("an enum too many", "enum mood", "CREATE TYPE mood AS ENUM ('glad', 'it''s')"),
    _m("comment on an enum", "enum colour", "COMMENT ON TYPE colour IS NULL", alone=True),
    _m(
        "a domain checks more",
        "domain email",
        "ALTER DOMAIN email ADD CONSTRAINT short CHECK (length(value) < 99)",
    ),
    _m(
        "a domain checks less",
        "domain email",
        "ALTER DOMAIN email DROP CONSTRAINT email_has_at",
        alone=True,
    ),
    _m(
        "a domain with another default",
        "domain email",
        "ALTER DOMAIN email SET DEFAULT 'x@y'; ALTER DOMAIN email SET NOT NULL",
        alone=True,
    ),
    _m("a domain without a default", "domain email", "ALTER DOMAIN email DROP DEFAULT", alone=True),
    _m(
        "a domain too many",
        "domain short",
        "CREATE DOMAIN short AS varchar(3) COLLATE \"C\" NOT NULL; COMMENT ON DOMAIN short IS 'S'",
    ),
    _m(
        "another domain",
        "domain email",
        "DROP VIEW thick; DROP VIEW active; ALTER TABLE users ALTER email TYPE text;"
        "DROP DOMAIN email; CREATE DOMAIN email AS varchar(200);"
        "ALTER TABLE users ALTER email TYPE email",
        alone=True,
    ),
    _m("a type with one attribute more", "type place", "ALTER TYPE place ADD ATTRIBUTE room text"),
    _m(
        "a type with one attribute less",
        "type place",
        "ALTER TYPE place DROP ATTRIBUTE number",
        alone=True,
    ),
    _m(
        "another type of an attribute",
        "type place",
        "ALTER TABLE users ALTER home TYPE text; ALTER TYPE place ALTER ATTRIBUTE number TYPE bigint;"
        "ALTER TABLE users ALTER home TYPE place USING home::place",
        alone=True,
    ),
    _m("comment on an attribute", "type place", "COMMENT ON COLUMN place.shelf IS 'S'", alone=True),
    _m(
        "another range", "type span", "DROP TYPE span; CREATE TYPE span AS RANGE (subtype = bigint)"
    ),
    _m("a collation is gone", "collation plain", "DROP COLLATION plain", alone=True),
    _m(
        "another collation of that name",
        "collation plain",
        "DROP COLLATION plain; CREATE COLLATION plain (provider = libc, locale = 'POSIX')",
        alone=True,
    ),
    # ── sequences
    _m(
        "a sequence counts by ten",
        "sequence ticket",
        "ALTER SEQUENCE ticket INCREMENT 10 CYCLE CACHE 3",
    ),
    _m("a sequence is smaller", "sequence ticket", "ALTER SEQUENCE ticket AS integer", alone=True),
    _m(
        "a sequence belongs to a column",
        "sequence ticket",
        "ALTER SEQUENCE ticket OWNED BY documents.ticket",
        alone=True,
    ),
    _m("a sequence is gone", "sequence ticket", "DROP SEQUENCE ticket", alone=True),
    _m(
        "a sequence too many",
        "sequence other",
        "CREATE SEQUENCE other AS smallint MINVALUE -5 START -2; COMMENT ON SEQUENCE other IS 'O'",
    ),
    # ── extensions, event triggers, schemas
    _m("an extension is gone", "extension pg_trgm", "DROP EXTENSION pg_trgm CASCADE", alone=True),
    _m("an extension too many", "extension cube", "CREATE EXTENSION cube"),
    _m("an event trigger is disabled", "event trigger watch", "ALTER EVENT TRIGGER watch DISABLE"),
    _m("an event trigger is gone", "event trigger watch", "DROP EVENT TRIGGER watch", alone=True),
    _m(
        "an event trigger for more",
        "event trigger watch",
        "DROP EVENT TRIGGER watch; CREATE EVENT TRIGGER watch ON ddl_command_end"
        " EXECUTE FUNCTION watched()",
        alone=True,
    ),
    _m("comment on a schema", "schema archive", "COMMENT ON SCHEMA archive IS NULL"),
    # ── rights
    _m(
        "a right too many",
        "grant users to pg_monitor",
        "GRANT SELECT, UPDATE ON users TO pg_monitor",
    ),
    _m(
        "a right is gone",
        "grant documents to pg_monitor",
        "REVOKE SELECT ON documents FROM pg_monitor",
    ),
    _m(
        "a right on a column",
        "grant column documents.title to pg_monitor",
        "GRANT SELECT (title, body) ON documents TO pg_monitor",
    ),
    _m(
        "a right that cannot be passed on",
        "grant view active to pg_monitor",
        "REVOKE GRANT OPTION FOR SELECT ON active FROM pg_monitor",
    ),
    _m(
        "a right that can be passed on",
        "grant documents to pg_monitor",
        "GRANT SELECT ON documents TO pg_monitor WITH GRANT OPTION",
        alone=True,
    ),
    _m(
        "a right on a function",
        "grant function twice(integer) to public",
        "REVOKE EXECUTE ON FUNCTION twice FROM public",
    ),
    _m(
        "everybody may",
        "grant function next_ticket() to public",
        "GRANT EXECUTE ON FUNCTION next_ticket() TO public",
        alone=True,
    ),
    _m(
        "a right on a sequence",
        "grant sequence ticket to public",
        "GRANT USAGE ON SEQUENCE ticket TO public",
    ),
    _m(
        "a right on a schema",
        "grant schema archive to public",
        "GRANT USAGE ON SCHEMA archive TO public",
    ),
    _m(
        "a right on a type",
        "grant enum colour to public",
        "REVOKE USAGE ON TYPE colour FROM public",
        alone=True,
    ),
    # ── odd names
    _m(
        "odd names",
        'table "user table"',
        'CREATE TABLE "user table" ("select" int, "it\'s" text, CONSTRAINT "a ""key""" UNIQUE'
        ' ("select")); CREATE INDEX "an index" ON "user table" ("it\'s");'
        'COMMENT ON COLUMN "user table"."it\'s" IS \'odd\'',
    ),
]
