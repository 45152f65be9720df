DO $guard$
DECLARE
    expected text[] := {expected};
    found text[] := ARRAY[]::text[];
    half_done text[] := ARRAY[]::text[];
BEGIN
    IF now() <> statement_timestamp() THEN
        RAISE EXCEPTION 'this script was begun inside a transaction, and has its own: nothing was changed'
            USING HINT = 'Run it without --single-transaction.';
    END IF;
    IF NOT pg_try_advisory_lock({key}) THEN
        RAISE EXCEPTION 'a migration is running on this database: nothing was changed'
            USING HINT = 'See pg_locks (locktype = ''advisory'') for its session.';
    END IF;
    IF to_regclass('django_migrations') IS NOT NULL THEN
        SELECT array_agg(app || '.' || name) INTO found FROM django_migrations;
    END IF;
    IF to_regclass('schema_journal') IS NOT NULL THEN
        SELECT array_agg(DISTINCT app || '.' || migration) INTO half_done
          FROM schema_journal AS step
         WHERE action = 'step'
           AND NOT EXISTS (
                   SELECT FROM schema_journal AS final
                    WHERE (final.app, final.migration) = (step.app, step.migration)
                      AND final.action IN ('apply', 'unapply', 'fake', 'adopt')
                      AND final.id > step.id);
    END IF;
    IF half_done <> ARRAY[]::text[] THEN
        PERFORM pg_advisory_unlock({key});
        RAISE EXCEPTION 'a migration is half done: nothing was changed'
            USING DETAIL = array_to_string(half_done, ', '),
                  HINT = 'Finish it with: manage.py migrate';
    END IF;
    found := coalesce(found, ARRAY[]::text[]);
    IF NOT (found @> expected AND found <@ expected) THEN
        PERFORM pg_advisory_unlock({key});
        RAISE EXCEPTION 'this script starts from another state: nothing was changed'
            USING DETAIL = format('Not applied here: %s. Applied here, and not expected: %s.',
                      coalesce((SELECT string_agg(name, ', ') FROM (
                          SELECT unnest(expected) EXCEPT SELECT unnest(found) ORDER BY 1) AS x (name)), '-'),
                      coalesce((SELECT string_agg(name, ', ') FROM (
                          SELECT unnest(found) EXCEPT SELECT unnest(expected) ORDER BY 1) AS x (name)), '-')),
                  HINT = 'Make one that starts from this database: manage.py migrate --sql';
    END IF;
    -- The session that began this run; whoever reaches another one through a pooler stops there.
    PERFORM set_config('schema.run', gen_random_uuid()::text, false);
END
$guard$;
