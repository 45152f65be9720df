-- One row: the relations of the database, or those alone that this session has locked; its locks;
-- how far the server has written its log, and the size of the database if it is asked for. What a
-- session has done so far counts as well (pg_stat_get_xact_*), also before its transaction ends.
WITH locks AS MATERIALIZED (
    SELECT relation, mode
      FROM pg_locks
     WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
),
schemas AS (
    SELECT n.oid, n.nspname,
           CASE WHEN n.nspname = (current_schemas(false))[1]
                THEN '{}' ELSE ARRAY[n.nspname::text] END AS prefix
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
),
relations AS (
    SELECT c.oid, coalesce(i.indrelid, c.oid) AS table, s.prefix || c.relname::text AS path,
           c.relkind, c.relfilenode,
           pg_stat_get_numscans(c.oid) + pg_stat_get_xact_numscans(c.oid) AS scans,
           pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_inserted(c.oid) AS added,
           pg_stat_get_tuples_updated(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
             + pg_stat_get_tuples_deleted(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid) AS changed
      FROM pg_class c
      JOIN schemas s ON s.oid = c.relnamespace
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')
       AND (%(everything)s OR c.oid = ANY (ARRAY(SELECT relation FROM locks)))
)
SELECT (SELECT json_agg(json_build_array(oid::bigint, "table"::bigint, path, relkind,
                                         relfilenode::bigint, scans, added, changed))
          FROM relations),
       (SELECT json_agg(json_build_array(relation::bigint, mode)) FROM locks),
       pg_current_wal_insert_lsn() - '0/0'::pg_lsn,
       CASE WHEN %(with_size)s THEN pg_database_size(current_database()) END
