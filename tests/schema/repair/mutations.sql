-- What a person may have typed into psql: each changes the schema of rich.sql in one way.
--
-- Above each stand a name, a bar, and one of the things of which the difference is reported. After
-- another bar: "alone" if it cannot be typed together with the others that may be, "from 18" if
-- only that version knows it, "one way" if no SQL leads there from what should be.

-- ── tables

-- a table too many | table extra
CREATE TABLE extra (id int PRIMARY KEY, note text);

-- a table is gone | table cache
DROP TABLE cache;

-- a table with all that hangs on it is gone | table notes | alone
DROP TABLE notes;

-- a table that others point to is gone | table documents | alone
DROP TABLE documents CASCADE;

-- a table is called something else | table remarks | alone
ALTER TABLE notes RENAME TO remarks;

-- fillfactor | table documents
ALTER TABLE documents SET (fillfactor = 70);

-- fillfactor reset | table documents | alone
ALTER TABLE documents RESET (fillfactor);

-- autovacuum of a toast table | table notes
ALTER TABLE notes SET (toast.autovacuum_enabled = off, autovacuum_vacuum_cost_delay = 1.5);

-- logged | table cache | alone
ALTER TABLE cache SET LOGGED;

-- unlogged | table notes
ALTER TABLE notes SET UNLOGGED;

-- comment on a table | table users
COMMENT ON TABLE users IS 'It''s \ us.';

-- comment of a table removed | table users | alone
COMMENT ON TABLE users IS NULL;

-- row security | table documents
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;

-- row security forced | table documents
ALTER TABLE documents FORCE ROW LEVEL SECURITY;

-- replica identity full | table users
ALTER TABLE users REPLICA IDENTITY FULL;

-- replica identity by an index | index users.users_email | alone
ALTER TABLE users REPLICA IDENTITY USING INDEX users_email;

-- clustered | index notes.notes_document
ALTER TABLE notes CLUSTER ON notes_document;

-- a table of a type | table cache | alone
CREATE TYPE pair AS (key text, value text);
ALTER TABLE cache OF pair;

-- a foreign table is gone | table remote | alone
DROP FOREIGN TABLE remote;

-- options of a foreign table | table remote
ALTER FOREIGN TABLE remote OPTIONS (SET place 'near', ADD speed 'it''s slow');
ALTER FOREIGN TABLE remote ALTER id OPTIONS (DROP field), ALTER what OPTIONS (ADD field 'w');

-- odd options of a foreign table | table remote | alone
ALTER FOREIGN TABLE remote OPTIONS (ADD "Odd Name" 'x''y\z');
ALTER FOREIGN TABLE remote ALTER id OPTIONS (ADD "Odd ""Name" 'x');

-- the type of a column of a foreign table | column remote.what | alone
ALTER FOREIGN TABLE remote ALTER what TYPE integer;

-- a foreign table elsewhere | table remote | alone
DROP FOREIGN TABLE remote;
CREATE FOREIGN TABLE remote (id integer OPTIONS (field 'nr'), what text NOT NULL) SERVER nowhere;

-- ── partitions and inheritance

-- a partition is detached | table events_2030 | alone
ALTER TABLE events DETACH PARTITION events_2030;

-- a partition has other bounds | table events_2030 | alone
ALTER TABLE events DETACH PARTITION events_2030;
ALTER TABLE events ATTACH PARTITION events_2030 FOR VALUES FROM ('2029-01-01') TO ('2031-01-01');

-- a partition too many | table events_2031
CREATE TABLE events_2031 PARTITION OF events FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');

-- a partition is gone | table events_2030 | alone
DROP TABLE events_2030;

-- a partitioned table is gone | table events | alone
DROP TABLE events;

-- an index of partitions | index events.late
CREATE INDEX late ON events (user_id, what);

-- an index of partitions is gone | index events.events_what | alone
DROP INDEX events_what;

-- a key of partitions is gone | constraint events.events_pkey | alone
ALTER TABLE events DROP CONSTRAINT events_pkey;

-- an index of no partition | index events.bare | alone
CREATE INDEX bare ON ONLY events (what);

-- a check of partitions | constraint events.short
ALTER TABLE events ADD CONSTRAINT short CHECK (length(what) < 99);

-- a column of partitions | column events.more
ALTER TABLE events ADD COLUMN more int;

-- a trigger of partitions | trigger events.stamps
CREATE TRIGGER stamps BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION stamp();

-- the type of a column of partitions | column events.what
ALTER TABLE events ALTER what TYPE varchar(99);

-- a default in one partition | column events_2030.what
ALTER TABLE events_2030 ALTER what SET DEFAULT 'new';

-- comments on a column of partitions | column events_2030.what
COMMENT ON COLUMN events.what IS 'It.';
COMMENT ON COLUMN events_2030.what IS 'It.';

-- a column of partitions, another one in one of them | column events_2030.half | alone
ALTER TABLE events ADD COLUMN half integer DEFAULT 1;
ALTER TABLE events_2030 ALTER half SET DEFAULT 2;
COMMENT ON COLUMN events_2030.half IS 'H';
COMMENT ON COLUMN events.half IS 'h';

-- no parent any more | table birds | alone
ALTER TABLE birds NO INHERIT animals;

-- a column of a parent | column animals.age
ALTER TABLE animals ADD COLUMN age int;

-- a column of a parent is gone | column animals.legs | alone
ALTER TABLE animals DROP COLUMN legs;

-- a default of a child | column birds.legs
ALTER TABLE birds ALTER legs SET DEFAULT 2;

-- another child | table fish
CREATE TABLE fish (fins int) INHERITS (animals);

-- ── columns

-- a column too many | column users.phone
ALTER TABLE users ADD COLUMN phone text;

-- a column that may not be null too many | column users.score
ALTER TABLE users ADD COLUMN score int NOT NULL DEFAULT 7;

-- a column is gone | column documents.price
ALTER TABLE documents DROP COLUMN price;

-- a column that may not be null is gone | column documents.title | alone
ALTER TABLE documents DROP COLUMN title CASCADE;

-- a column of an enum is gone | column documents.cover | alone
ALTER TABLE documents DROP COLUMN cover CASCADE;

-- a column without a default is gone | column animals.name | alone
ALTER TABLE animals DROP COLUMN name;

-- a column is called something else | column documents.heading | alone
ALTER TABLE documents RENAME title TO heading;

-- two columns have each other's names | column documents.title | alone
ALTER TABLE documents RENAME title TO x;
ALTER TABLE documents RENAME pages TO title;
ALTER TABLE documents RENAME x TO pages;

-- three columns have each other's names | column documents.title | alone
ALTER TABLE documents RENAME title TO x;
ALTER TABLE documents RENAME owner_id TO title;
ALTER TABLE documents RENAME created_at TO owner_id;
ALTER TABLE documents RENAME x TO created_at;

-- longer | column documents.title | alone
DROP VIEW thick;
DROP TRIGGER stamps ON documents;
ALTER TABLE documents ALTER title TYPE varchar(80);

-- text | column documents.title | alone
DROP VIEW thick;
DROP TRIGGER stamps ON documents;
ALTER TABLE documents ALTER title TYPE text;

-- numeric | column documents.price | alone
ALTER TABLE documents ALTER price TYPE numeric(9, 3);

-- a number becomes text | column documents.price | alone
ALTER TABLE documents ALTER price TYPE text;

-- a boolean becomes a number | column users.is_active | alone
DROP VIEW thick;
DROP VIEW active;
ALTER TABLE users ALTER is_active DROP DEFAULT;
ALTER TABLE users ALTER is_active TYPE int USING is_active::int;

-- a moment becomes a day | column documents.created_at | alone
ALTER TABLE documents ALTER created_at TYPE date;

-- json | column documents.metadata | alone
ALTER TABLE documents ALTER metadata TYPE json USING metadata::json;

-- a bigger key | column users.id | alone
DROP VIEW fresh;
DROP VIEW thick;
DROP VIEW active;
ALTER TABLE users ALTER id TYPE bigint;

-- collation | column users.full_name | alone
DROP VIEW thick;
DROP VIEW active;
ALTER TABLE users ALTER full_name TYPE text;

-- another collation | column cache.key | alone
ALTER TABLE cache ALTER key TYPE text COLLATE plain;

-- null allowed | column documents.owner_id
ALTER TABLE documents ALTER owner_id DROP NOT NULL;

-- null forbidden | column documents.body
ALTER TABLE documents ALTER body SET NOT NULL;

-- null forbidden for new rows | column documents.body | alone, from 18
ALTER TABLE documents ADD CONSTRAINT full_body NOT NULL body NOT VALID;

-- null forbidden, not for children | column cache.key | alone, from 18
ALTER TABLE cache ADD CONSTRAINT k NOT NULL key NO INHERIT;

-- a default | column documents.body
ALTER TABLE documents ALTER body SET DEFAULT 'new';

-- another default | column documents.pages
ALTER TABLE documents ALTER pages SET DEFAULT 1 + 1;

-- no default | column documents.created_at
ALTER TABLE documents ALTER created_at DROP DEFAULT;

-- a default of serial is gone | column notes.id | alone
ALTER TABLE notes ALTER id DROP DEFAULT;

-- a serial is gone | sequence notes_id_seq
DROP SEQUENCE notes_id_seq CASCADE;

-- identity | column documents.id
ALTER TABLE documents ALTER id SET GENERATED BY DEFAULT;

-- identity is gone | column users.id
ALTER TABLE users ALTER id DROP IDENTITY;

-- identity is new | column archive.papers.id
ALTER TABLE archive.papers ALTER id ADD GENERATED ALWAYS AS IDENTITY;

-- identity counts by two | sequence documents_id_seq
ALTER TABLE documents ALTER id SET INCREMENT BY 2;

-- another generated column | column documents.leaves
ALTER TABLE documents DROP COLUMN leaves;
ALTER TABLE documents ADD leaves int GENERATED ALWAYS AS (pages / 4) STORED;

-- generated no more | column documents.leaves | alone
ALTER TABLE documents ALTER leaves DROP EXPRESSION;

-- generated when read | column documents.leaves | alone, from 18
ALTER TABLE documents DROP COLUMN leaves;
ALTER TABLE documents ADD leaves int GENERATED ALWAYS AS (pages / 2) VIRTUAL;

-- a generated column too many | column users.size
ALTER TABLE users ADD COLUMN size int GENERATED ALWAYS AS (length(full_name)) STORED;

-- storage | column documents.body
ALTER TABLE documents ALTER body SET STORAGE MAIN;

-- compression | column documents.body
ALTER TABLE documents ALTER body SET COMPRESSION pglz;

-- statistics of a column | column documents.pages
ALTER TABLE documents ALTER pages SET STATISTICS 10;

-- statistics as usual | column documents.pages | alone
ALTER TABLE documents ALTER pages SET STATISTICS -1;

-- options of a column | column documents.owner_id
ALTER TABLE documents ALTER owner_id SET (n_distinct = 5, n_distinct_inherited = -0.5);

-- comment on a column | column documents.title
COMMENT ON COLUMN documents.title IS 'T';

-- comment of a column removed | column users.email
COMMENT ON COLUMN users.email IS NULL;

-- comment on a column of a view | column active.email
COMMENT ON COLUMN active.email IS 'E';

-- default of a column of a view | column active.full_name
ALTER VIEW active ALTER full_name SET DEFAULT 'Nobody';

-- ── constraints

-- a check too many | constraint documents.cheap | alone
ALTER TABLE documents ADD CONSTRAINT cheap CHECK (price < 100);

-- a check is gone | constraint documents.documents_pages
ALTER TABLE documents DROP CONSTRAINT documents_pages;

-- a check of a list is gone | constraint users.users_state
ALTER TABLE users DROP CONSTRAINT users_state;

-- an index of a list is gone | index users.users_new
DROP INDEX users_new;

-- a view of a list is gone | view fresh
DROP VIEW fresh;

-- another check | constraint users.users_born
ALTER TABLE users DROP CONSTRAINT users_born;
ALTER TABLE users ADD CONSTRAINT users_born CHECK (born > '1800-01-01');

-- a check is not valid | constraint users.users_born | alone
ALTER TABLE users DROP CONSTRAINT users_born;
ALTER TABLE users ADD CONSTRAINT users_born CHECK (born > '1900-01-01') NOT VALID;
COMMENT ON CONSTRAINT users_born ON users IS 'Nobody is older.';

-- a check is not enforced | constraint users.hope | from 18
ALTER TABLE users ADD CONSTRAINT hope CHECK (born IS NOT NULL) NOT ENFORCED;

-- a check is called something else | constraint documents.pages_ok | alone
ALTER TABLE documents RENAME CONSTRAINT documents_pages TO pages_ok;

-- comment on a constraint | constraint documents.documents_owner
COMMENT ON CONSTRAINT documents_owner ON documents IS 'Who.';

-- a foreign key is gone | constraint documents.documents_owner | alone
ALTER TABLE documents DROP CONSTRAINT documents_owner;

-- a foreign key that does not cascade | constraint documents.documents_owner | alone
ALTER TABLE documents DROP CONSTRAINT documents_owner, ADD CONSTRAINT documents_owner FOREIGN KEY
    (owner_id) REFERENCES users;

-- a foreign key is deferred | constraint documents.documents_owner | alone
ALTER TABLE documents ALTER CONSTRAINT documents_owner DEFERRABLE INITIALLY DEFERRED;

-- a foreign key was checked | constraint notes."notes of"
ALTER TABLE notes VALIDATE CONSTRAINT "notes of";

-- a foreign key is not checked | constraint documents.documents_owner | alone
ALTER TABLE documents DISABLE TRIGGER ALL;

-- a foreign key is checked on replicas only | constraint documents.documents_owner | alone
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('ALTER TABLE %s ENABLE REPLICA TRIGGER %I', tgrelid::regclass, tgname)
          FROM pg_trigger WHERE tgisinternal AND tgrelid = 'documents'::regclass
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;

-- another foreign key, not checked | constraint documents.documents_owner | alone
ALTER TABLE documents DROP CONSTRAINT documents_owner, ADD CONSTRAINT documents_owner
    FOREIGN KEY (owner_id) REFERENCES users;
ALTER TABLE users DISABLE TRIGGER ALL;

-- a foreign key too many | constraint archive.papers.papers_user
ALTER TABLE archive.papers ADD CONSTRAINT papers_user FOREIGN KEY (id) REFERENCES users;

-- a primary key is gone | constraint users.users_pkey | alone
ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE;

-- another primary key | constraint documents.documents_pkey | alone
ALTER TABLE notes DROP CONSTRAINT "notes of";
ALTER TABLE documents DROP CONSTRAINT documents_pkey;
ALTER TABLE documents ADD CONSTRAINT documents_pkey PRIMARY KEY (id, owner_id);

-- a unique constraint too many | constraint users.users_name
ALTER TABLE users ADD CONSTRAINT users_name UNIQUE NULLS NOT DISTINCT (full_name) INCLUDE (born);

-- a unique constraint is gone | constraint users.users_email
ALTER TABLE users DROP CONSTRAINT users_email;

-- a unique index in the place of a constraint | constraint users.users_email | alone
ALTER TABLE users DROP CONSTRAINT users_email;
CREATE UNIQUE INDEX users_email ON users (email);

-- a unique constraint is not deferred | constraint documents.documents_ticket
ALTER TABLE documents DROP CONSTRAINT documents_ticket;
ALTER TABLE documents ADD CONSTRAINT documents_ticket UNIQUE (ticket);

-- an exclusion is gone | constraint documents.documents_lent
ALTER TABLE documents DROP CONSTRAINT documents_lent;

-- another exclusion | constraint documents.documents_lent | alone
ALTER TABLE documents DROP CONSTRAINT documents_lent, ADD CONSTRAINT documents_lent EXCLUDE USING
    gist (owner_id WITH =, lent WITH &&) WHERE (owner_id > 0);

-- ── indexes

-- an index too many | index users.users_born_idx
CREATE INDEX ON users (born);

-- a unique index too many | index notes.once
CREATE UNIQUE INDEX once ON notes (document_id, "the Text") WHERE id > 0;

-- an index is gone | index documents.documents_created_at
DROP INDEX documents_created_at;

-- a partial index for all | index documents.documents_thick
DROP INDEX documents_thick;
CREATE INDEX documents_thick ON documents (pages);

-- another expression | index documents.documents_title
DROP INDEX documents_title;
CREATE INDEX documents_title ON documents (upper(title));

-- another order | index documents.documents_created_at | alone
DROP INDEX documents_created_at;
CREATE INDEX documents_created_at ON documents (created_at NULLS FIRST);

-- an index of another sort | index documents.documents_body
DROP INDEX documents_body;
CREATE INDEX documents_body ON documents USING gist (body gist_trgm_ops);

-- an index is called something else | index documents.created | alone
ALTER INDEX documents_created_at RENAME TO created;

-- an index is invalid | index notes.notes_document | alone, one way
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'notes_document'::regclass;

-- fillfactor of an index | index notes.notes_document
ALTER INDEX notes_document SET (fillfactor = 50);

-- comment on an index | index documents.documents_thick | alone
COMMENT ON INDEX documents_thick IS NULL;

-- statistics of an index | index documents.documents_title | alone
ALTER INDEX documents_title ALTER COLUMN 1 SET STATISTICS 77;

-- an index in another schema | index archive.papers.papers_what
DROP INDEX archive.papers_what;

-- ── what hangs on a table

-- a trigger is gone | trigger documents.stamps
DROP TRIGGER stamps ON documents;

-- a trigger is disabled | trigger documents.stamps | alone
ALTER TABLE documents DISABLE TRIGGER stamps;

-- a trigger fires always | trigger documents.stamps | alone
ALTER TABLE documents ENABLE ALWAYS TRIGGER stamps;

-- a trigger for more | trigger documents.stamps | alone
CREATE OR REPLACE TRIGGER stamps BEFORE UPDATE OR INSERT ON documents FOR EACH ROW WHEN (new.pages >
    3) EXECUTE FUNCTION stamp();

-- a constraint trigger | trigger users.later
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION stamp();
COMMENT ON TRIGGER later ON users IS 'L';

-- a rule is gone | rule documents.keeps
DROP RULE keeps ON documents;

-- another rule | rule documents.keeps | alone
CREATE OR REPLACE RULE keeps AS ON DELETE TO documents DO ALSO (DELETE FROM notes WHERE document_id
    = old.id; NOTIFY gone);

-- a rule is disabled | rule documents.keeps | alone
ALTER TABLE documents DISABLE RULE keeps;

-- a policy is gone | policy documents.own
DROP POLICY own ON documents;

-- another policy | policy documents.own | alone
ALTER POLICY own ON documents TO pg_monitor USING (owner_id = 2);

-- a policy for all | policy documents.own | alone
DROP POLICY own ON documents;
CREATE POLICY own ON documents AS RESTRICTIVE USING (owner_id = 1) WITH CHECK (owner_id = 1);

-- a policy too many | policy users.nobody
CREATE POLICY nobody ON users FOR INSERT WITH CHECK (false);
COMMENT ON POLICY nobody ON users IS 'N';

-- statistics are gone | statistics documents.documents_together
DROP STATISTICS documents_together;

-- a target of statistics | statistics documents.documents_together | alone
ALTER STATISTICS documents_together SET STATISTICS 9;
COMMENT ON STATISTICS documents_together IS 'S';

-- other statistics | statistics documents.documents_together | alone
DROP STATISTICS documents_together;
CREATE STATISTICS documents_together ON (pages / 2), owner_id FROM documents;

-- ── views

-- a view is gone | view thick | alone
DROP VIEW thick;

-- a view that another one needs is gone | view active | alone
DROP VIEW active CASCADE;

-- another query | view thick | alone
CREATE OR REPLACE VIEW thick AS SELECT d.id, d.title, d.pages, a.full_name FROM documents d JOIN
    active a ON a.id = d.owner_id WHERE d.pages > 200;

-- a view with one column more | view active | alone
CREATE OR REPLACE VIEW active AS SELECT id, email, full_name, born FROM users WHERE is_active;

-- options of a view | view active
ALTER VIEW active SET (security_barrier = true);

-- comment of a view | view active
COMMENT ON VIEW active IS NULL;

-- a view too many | view names
CREATE VIEW names WITH (check_option = local) AS SELECT full_name FROM users;

-- a view in the place of a table | view cache | alone
DROP TABLE cache;
CREATE VIEW cache AS SELECT 'a'::text AS key, 'b'::text AS value;

-- a materialized view is gone | materialized view covers | alone
DROP MATERIALIZED VIEW covers;

-- another materialized view | materialized view covers | alone
DROP MATERIALIZED VIEW covers;
CREATE MATERIALIZED VIEW covers AS SELECT cover, sum(pages) AS number FROM documents GROUP BY cover;

-- a materialized view is empty | materialized view covers | alone
REFRESH MATERIALIZED VIEW covers WITH NO DATA;

-- an index of a materialized view is gone | index covers.covers_cover | alone
DROP INDEX covers_cover;

-- ── routines

-- another function | function twice(integer)
CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n +
    n';

-- a function returns something else | function next_ticket() | alone
DROP FUNCTION next_ticket CASCADE;
CREATE FUNCTION next_ticket() RETURNS text LANGUAGE sql AS $$SELECT nextval('ticket')::text$$;

-- a function that an index needs is gone | function twice(integer) | alone
DROP FUNCTION twice CASCADE;

-- a function that a trigger needs is gone | function stamp() | alone
DROP FUNCTION stamp CASCADE;

-- a parameter has another name | function twice(integer) | alone
DROP FUNCTION twice CASCADE;
CREATE FUNCTION twice(number integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT number * 2';
CREATE INDEX notes_text ON notes (twice(length("the Text")));

-- a function too many | function oldest()
CREATE FUNCTION oldest() RETURNS SETOF users STABLE BEGIN ATOMIC SELECT * FROM users ORDER BY born
    LIMIT 1; END;
COMMENT ON FUNCTION oldest() IS 'O';

-- security definer | function stamp() | alone
ALTER FUNCTION stamp() SECURITY DEFINER SET search_path = public, pg_temp;

-- comment on a function | function stamp()
COMMENT ON FUNCTION stamp() IS 'S';

-- a procedure is gone | function nap(integer)
DROP PROCEDURE nap;

-- another procedure | function nap(integer) | alone
CREATE OR REPLACE PROCEDURE nap(INOUT n integer) LANGUAGE sql AS 'SELECT 2';

-- another aggregate | function total(integer)
CREATE OR REPLACE AGGREGATE total(integer) (sfunc = int4pl, stype = integer, initcond = '5',
    parallel = safe);

-- an aggregate is gone | function total(integer) | alone
DROP AGGREGATE total(integer);

-- ── types

-- a label is gone, of a column that is inherited | enum colour | alone
ALTER TABLE animals ADD COLUMN fur colour NOT NULL DEFAULT 'red';
ALTER TABLE birds ALTER fur SET DEFAULT 'green';
ALTER TYPE colour ADD VALUE 'white';

-- one label more | enum colour | alone
ALTER TYPE colour ADD VALUE 'amber' BEFORE 'green';

-- a label at the end and one at the start | enum colour | alone
ALTER TYPE colour ADD VALUE 'violet';
ALTER TYPE colour ADD VALUE 'black' BEFORE 'red';

-- a label has another name | enum colour
ALTER TYPE colour RENAME VALUE 'blue' TO 'azure';

-- an enum too many | enum mood
CREATE TYPE mood AS ENUM ('glad', 'it''s');

-- comment on an enum | enum colour | alone
COMMENT ON TYPE colour IS NULL;

-- a domain checks more | domain email
ALTER DOMAIN email ADD CONSTRAINT short CHECK (length(value) < 99);

-- a domain checks less | domain email | alone
ALTER DOMAIN email DROP CONSTRAINT email_has_at;

-- a domain with another default | domain email | alone
ALTER DOMAIN email SET DEFAULT 'x@y';
ALTER DOMAIN email SET NOT NULL;

-- a domain without a default | domain email | alone
ALTER DOMAIN email DROP DEFAULT;

-- a domain too many | domain short
CREATE DOMAIN short AS varchar(3) COLLATE "C" NOT NULL;
COMMENT ON DOMAIN short IS 'S';

-- another domain | domain email | alone
DROP VIEW thick;
DROP VIEW active;
ALTER TABLE users ALTER email TYPE text;
DROP DOMAIN email;
CREATE DOMAIN email AS varchar(200);
ALTER TABLE users ALTER email TYPE email;

-- a type with one attribute more | type place
ALTER TYPE place ADD ATTRIBUTE room text;

-- a type with one attribute less | type place | alone
ALTER TYPE place DROP ATTRIBUTE number;

-- another type of an attribute | type place | alone
ALTER TABLE users ALTER home TYPE text;
ALTER TYPE place ALTER ATTRIBUTE number TYPE bigint;
ALTER TABLE users ALTER home TYPE place USING home::place;

-- more attributes, of another type | type place | alone
ALTER TABLE users ALTER home TYPE text;
ALTER TYPE place ALTER ATTRIBUTE number TYPE bigint;
ALTER TYPE place ADD ATTRIBUTE room text;
ALTER TABLE users ALTER home TYPE place USING (rtrim(home, ')') || ',)')::place;

-- comment on an attribute | type place | alone
COMMENT ON COLUMN place.shelf IS 'S';

-- another range | type span
DROP TYPE span;
CREATE TYPE span AS RANGE (subtype = bigint);

-- a collation is gone | collation plain | alone
DROP COLLATION plain;

-- another collation of that name | collation plain | alone
DROP COLLATION plain;
CREATE COLLATION plain (provider = libc, locale = 'POSIX');

-- ── sequences

-- a sequence counts by ten | sequence ticket
ALTER SEQUENCE ticket INCREMENT 10 CYCLE CACHE 3;

-- a sequence is smaller | sequence ticket | alone
ALTER SEQUENCE ticket AS integer;

-- a sequence belongs to a column | sequence ticket | alone
ALTER SEQUENCE ticket OWNED BY documents.ticket;

-- a sequence is gone | sequence ticket | alone
DROP SEQUENCE ticket;

-- a sequence too many | sequence other
CREATE SEQUENCE other AS smallint MINVALUE -5 START -2;
COMMENT ON SEQUENCE other IS 'O';

-- ── one name, another kind

-- a domain in the place of an enum | domain colour | alone
ALTER TABLE documents ALTER cover DROP DEFAULT;
DROP MATERIALIZED VIEW covers;
DROP INDEX documents_red;
ALTER TABLE documents ALTER cover TYPE text;
DROP TYPE colour;
CREATE DOMAIN colour AS text CHECK (value <> '');
ALTER TABLE documents ALTER cover TYPE colour;
CREATE MATERIALIZED VIEW covers AS SELECT cover, count(*) AS number FROM documents GROUP BY cover;

-- a row in the place of an enum | type colour | alone
ALTER TABLE documents DROP COLUMN cover CASCADE;
DROP TYPE colour;
CREATE TYPE colour AS (red int, green int);
ALTER TABLE documents ADD cover colour;
UPDATE documents SET cover = (1, 2)::colour;

-- a range in the place of a row | type place | alone
ALTER TABLE users DROP COLUMN home;
DROP TYPE place;
CREATE TYPE place AS RANGE (subtype = integer);
ALTER TABLE users ADD home place NOT NULL DEFAULT '[1,5)';

-- a domain in the place of a row | domain place | alone
ALTER TABLE users ALTER home TYPE text;
DROP TYPE place;
CREATE DOMAIN place AS text;
ALTER TABLE users ALTER home TYPE place;

-- a domain of numbers in the place of a row | domain place | alone
ALTER TABLE users DROP COLUMN home;
DROP TYPE place;
CREATE DOMAIN place AS integer;
ALTER TABLE users ADD home place NOT NULL DEFAULT 7;

-- an enum in the place of a domain | enum email | alone
DROP VIEW thick;
DROP VIEW active;
ALTER TABLE users ALTER email TYPE text;
DROP DOMAIN email;
CREATE TYPE email AS ENUM ('alice@example.com', 'bob@example.com');
ALTER TABLE users ALTER email TYPE email USING email::email;

-- another enum, of which there is a domain | enum shade | alone
ALTER TABLE documents ALTER cover DROP DEFAULT;
DROP MATERIALIZED VIEW covers;
DROP INDEX documents_red;
ALTER TABLE documents ALTER cover TYPE text;
DROP TYPE colour;
CREATE TYPE shade AS ENUM ('red', 'green');
CREATE DOMAIN colour AS shade;
ALTER TABLE documents ALTER cover TYPE colour USING cover::colour;
ALTER TABLE documents ADD covers colour[] NOT NULL DEFAULT '{red}';

-- a table in the place of a range | table span | alone
DROP TYPE span;
CREATE TABLE span (id int);

-- a table in the place of an index | table notes_document | alone
DROP INDEX notes_document;
CREATE TABLE notes_document (id int);

-- an index of another table | index documents.notes_document | alone
DROP INDEX notes_document;
CREATE INDEX notes_document ON documents (title);

-- a materialized view in the place of a table | materialized view notes | alone
DROP TABLE notes;
CREATE MATERIALIZED VIEW notes AS SELECT 1 AS id, id AS document_id FROM documents;

-- a view in the place of a table that has another name | view notes | alone
ALTER TABLE notes RENAME TO remarks;
CREATE VIEW notes AS SELECT * FROM remarks;

-- a view in the place of a table that is another one | view notes | alone
ALTER TABLE notes RENAME TO remarks;
ALTER TABLE remarks ADD more int;
CREATE VIEW notes AS SELECT id, document_id, "the Text" FROM remarks;

-- a sequence in the place of a table | sequence cache | alone
DROP TABLE cache;
CREATE SEQUENCE cache;

-- a table in the place of a view that another one needs | table active | alone
DROP VIEW active CASCADE;
CREATE TABLE active (id int, email email, full_name text);
CREATE VIEW thick AS SELECT a.id FROM active a;

-- a table in the place of a materialized view | table covers | alone
DROP MATERIALIZED VIEW covers;
CREATE TABLE covers (cover colour, number bigint);

-- a foreign table in the place of a table | table cache | alone
DROP TABLE cache;
CREATE FOREIGN TABLE cache (key text, value text) SERVER elsewhere;

-- a table in the place of a foreign one | table remote | alone
DROP FOREIGN TABLE remote;
CREATE TABLE remote (id integer, what text);

-- a partitioned table in the place of a table | table notes_rest | alone
ALTER TABLE notes RENAME TO old;
CREATE TABLE notes (LIKE old INCLUDING DEFAULTS) PARTITION BY RANGE (id);
ALTER SEQUENCE notes_id_seq OWNED BY notes.id;
CREATE TABLE notes_rest PARTITION OF notes DEFAULT;
INSERT INTO notes SELECT * FROM old;
DROP TABLE old;

-- another key of partitions | table events | alone
ALTER TABLE events RENAME TO old;
CREATE TABLE events (day date NOT NULL, what text, user_id int) PARTITION BY LIST (day);
CREATE TABLE events_any PARTITION OF events DEFAULT;
INSERT INTO events SELECT * FROM old;
DROP TABLE old;

-- partitions that count | table counted
CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE counted_rest PARTITION OF counted DEFAULT;

-- a procedure in the place of a function | function twice(integer) | alone
DROP FUNCTION twice CASCADE;
CREATE PROCEDURE twice(n integer) LANGUAGE sql AS 'SELECT 1';

-- an aggregate in the place of a function | function twice(integer) | alone
DROP FUNCTION twice CASCADE;
CREATE AGGREGATE twice(integer) (sfunc = int4pl, stype = integer, initcond = '0');

-- a procedure in the place of an aggregate | function total(integer) | alone
DROP AGGREGATE total(integer);
CREATE PROCEDURE total(integer) LANGUAGE sql AS 'SELECT 1';

-- a copy in the place of a table | table users_old | alone, one way
ALTER TABLE users RENAME TO users_old;
CREATE TABLE users AS SELECT * FROM users_old;

-- a type in another schema | type archive.place | alone
ALTER TYPE place SET SCHEMA archive;

-- an index and a key have each other's names | index documents.documents_pkey | alone
ALTER INDEX documents_title RENAME TO other;
ALTER INDEX documents_pkey RENAME TO documents_title;
ALTER INDEX other RENAME TO documents_pkey;

-- another table in the place of a partition | table events_rest | alone
ALTER TABLE events_rest RENAME TO events_old;
CREATE TABLE events_rest AS SELECT * FROM events_old;

-- the identity of another column | sequence documents_id_seq | alone
ALTER TABLE documents RENAME pages TO other;
ALTER TABLE documents RENAME id TO pages;
ALTER TABLE documents RENAME other TO id;

-- ── text search

-- a configuration with other words | text search configuration words
ALTER TEXT SEARCH CONFIGURATION words DROP MAPPING FOR email, url;
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR word WITH simple;
COMMENT ON TEXT SEARCH CONFIGURATION words IS NULL;

-- a configuration is gone | text search configuration words | alone
DROP TEXT SEARCH CONFIGURATION words CASCADE;

-- a configuration too many | text search configuration "My Words"
CREATE TEXT SEARCH CONFIGURATION "My Words" (COPY = german);

-- a dictionary with other settings | text search dictionary stems | alone
ALTER TEXT SEARCH DICTIONARY stems (stopwords, language = german);

-- another dictionary | text search dictionary stems | alone
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR word, asciiword WITH simple;
DROP TEXT SEARCH DICTIONARY stems;
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = simple, accept = false);

-- ── extensions, event triggers, schemas

-- an extension is gone | extension pg_trgm | alone
DROP EXTENSION pg_trgm CASCADE;

-- an extension too many | extension cube
CREATE EXTENSION cube;

-- an event trigger is disabled | event trigger watch
ALTER EVENT TRIGGER watch DISABLE;

-- an event trigger is gone | event trigger watch | alone
DROP EVENT TRIGGER watch;

-- an event trigger for more | event trigger watch | alone
DROP EVENT TRIGGER watch;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watched();

-- comment on a schema | schema archive
COMMENT ON SCHEMA archive IS NULL;

-- ── rights

-- a right too many | grant users to pg_monitor
GRANT SELECT, UPDATE ON users TO pg_monitor;

-- a right is gone | grant documents to pg_monitor
REVOKE SELECT ON documents FROM pg_monitor;

-- a right on a column | grant column documents.title to pg_monitor
GRANT SELECT (title, body) ON documents TO pg_monitor;

-- a right that cannot be passed on | grant view active to pg_monitor
REVOKE GRANT OPTION FOR SELECT ON active FROM pg_monitor;

-- a right that can be passed on | grant documents to pg_monitor | alone
GRANT SELECT ON documents TO pg_monitor WITH GRANT OPTION;

-- a right on a function | grant function twice(integer) to public
REVOKE EXECUTE ON FUNCTION twice FROM public;

-- everybody may | grant function next_ticket() to public | alone
GRANT EXECUTE ON FUNCTION next_ticket() TO public;

-- a right on a sequence | grant sequence ticket to public
GRANT USAGE ON SEQUENCE ticket TO public;

-- a right on a schema | grant schema archive to public
GRANT USAGE ON SCHEMA archive TO public;

-- a right on a type | grant enum colour to public | alone
REVOKE USAGE ON TYPE colour FROM public;

-- ── odd names

-- odd names | table "user table"
CREATE TABLE "user table" ("select" int, "it's" text, CONSTRAINT "a ""key""" UNIQUE ("select"));
CREATE INDEX "an index" ON "user table" ("it's");
COMMENT ON COLUMN "user table"."it's" IS 'odd';

-- names with ends of lines | column notes."a""; DROP TABLE notes; --"
ALTER TABLE notes ADD "a""; DROP TABLE notes; --" text NOT NULL DEFAULT E'%s \\ $do$';
CREATE INDEX "a
b" ON notes ("a""; DROP TABLE notes; --");
ALTER TABLE notes ADD CONSTRAINT "c'
DROP TABLE notes; --" CHECK ("a""; DROP TABLE notes; --" <> E'\n\\q :name');

-- labels with ends of lines | enum colour | alone
ALTER TYPE colour ADD VALUE E'x\nDROP TABLE notes; --' AFTER 'red';
ALTER TYPE colour ADD VALUE E'y\\z' BEFORE 'red';

-- a column of an enum with an odd first label | column notes.hue | alone
CREATE TYPE hue AS ENUM (E'it''s\nDROP TABLE notes; --', 'b');
ALTER TABLE notes ADD hue hue NOT NULL DEFAULT 'b';
ALTER TABLE notes ALTER hue DROP DEFAULT;

-- an odd key that is not checked | constraint notes."o'o$do$" | alone
ALTER TABLE notes ADD CONSTRAINT "o'o$do$" FOREIGN KEY (document_id) REFERENCES documents;
ALTER TABLE notes DISABLE TRIGGER ALL;

-- ── several at once

-- a partition, and an index that it has not | table events_2031 | alone
CREATE TABLE events_2031 PARTITION OF events FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');
CREATE INDEX bare ON ONLY events (what);
