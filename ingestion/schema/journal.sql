-- The record of everything done to the schema. Made by the tool under its lock, outside the chain
-- of migrations, which could neither record what came before it nor survive being undone.
CREATE TABLE IF NOT EXISTS schema_journal (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT schema_journal_pkey PRIMARY KEY,
    run uuid NOT NULL,
    action text NOT NULL CONSTRAINT schema_journal_action CHECK (action IN (
        'begin', 'apply', 'unapply', 'fake', 'step', 'fail', 'retry', 'adopt', 'undo', 'end')),
    app text,
    migration text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_ms bigint,
    role text NOT NULL DEFAULT session_user,
    backend integer NOT NULL DEFAULT pg_backend_pid(),
    os_user text,
    host text,
    process integer,
    version text,
    git_commit text,
    hash text,
    ddl text,
    error text,
    detail jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT schema_journal_names_both CHECK ((app IS NULL) = (migration IS NULL)),
    -- What reads it relies on these, and an entry cannot be taken back.
    CONSTRAINT schema_journal_detail CHECK (
        jsonb_typeof(detail) = 'object'
        AND (action <> 'fake' OR coalesce(detail ->> 'direction', '') IN ('apply', 'unapply'))
        AND (action <> 'step' OR (detail ? 'piece' AND detail ->> 'backwards' IN ('true', 'false')) IS TRUE)
        AND (action <> 'undo' OR coalesce(detail ->> 'of', '') ~ '^[0-9a-f-]{36}$'))
);
CREATE INDEX IF NOT EXISTS schema_journal_migration ON schema_journal (app, migration, id);
COMMENT ON TABLE schema_journal IS 'Everything done to the schema, in order; rows are only ever added';
COMMENT ON COLUMN schema_journal.id IS 'In the order of events';
COMMENT ON COLUMN schema_journal.run IS 'The same for all entries of one command';
COMMENT ON COLUMN schema_journal.action IS 'begin, apply, unapply, fake, step, fail, retry, adopt, undo or end';
COMMENT ON COLUMN schema_journal.app IS 'Label of the app, where the entry is about a migration';
COMMENT ON COLUMN schema_journal.migration IS 'Name of the migration, where the entry is about one';
COMMENT ON COLUMN schema_journal.at IS 'When it was written, by the clock of the server';
COMMENT ON COLUMN schema_journal.duration_ms IS 'How long it took, in milliseconds';
COMMENT ON COLUMN schema_journal.role IS 'Database role of the session';
COMMENT ON COLUMN schema_journal.backend IS 'Process id of the session on the server, as in pg_stat_activity';
COMMENT ON COLUMN schema_journal.os_user IS 'Who ran the command, on its machine';
COMMENT ON COLUMN schema_journal.host IS 'The machine the command ran on';
COMMENT ON COLUMN schema_journal.process IS 'Process id of the command on its machine';
COMMENT ON COLUMN schema_journal.version IS 'Version of the service';
COMMENT ON COLUMN schema_journal.git_commit IS 'Commit of the service, where it is known';
COMMENT ON COLUMN schema_journal.hash IS 'SHA-256 of the migration file, with \n as line ends';
COMMENT ON COLUMN schema_journal.ddl IS 'Statements as executed; without data, parameters and secrets';
COMMENT ON COLUMN schema_journal.error IS 'What went wrong';
COMMENT ON COLUMN schema_journal.detail IS 'Whatever else there is to say, by action';
CREATE OR REPLACE FUNCTION schema_journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
    RAISE EXCEPTION 'schema_journal is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Entries are never changed or removed. To correct one, add another.';
END
$refuse$;
CREATE OR REPLACE TRIGGER schema_journal_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON schema_journal
    FOR EACH STATEMENT EXECUTE FUNCTION schema_journal_refuse();
ALTER TABLE schema_journal ENABLE ALWAYS TRIGGER schema_journal_append_only;
-- A statement on a parent of the table, should it get one, fires no trigger of a statement here.
CREATE OR REPLACE TRIGGER schema_journal_append_only_rows
    BEFORE UPDATE OR DELETE ON schema_journal
    FOR EACH ROW EXECUTE FUNCTION schema_journal_refuse();
ALTER TABLE schema_journal ENABLE ALWAYS TRIGGER schema_journal_append_only_rows;
