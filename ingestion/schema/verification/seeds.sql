-- Each table that rows are made for, with what they have to be like: its columns, without those
-- that fill themselves, and its constraints. Works on PostgreSQL 15 to 18.
WITH schemas AS MATERIALIZED (
    SELECT n.oid, n.nspname,
           CASE row_number() OVER (ORDER BY place)
               WHEN 1 THEN '{}' ELSE ARRAY[n.nspname::text] END AS prefix
      FROM unnest(current_schemas(false)) WITH ORDINALITY AS search_path (name, place)
      JOIN pg_namespace n ON n.nspname = search_path.name
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
),
tables AS MATERIALIZED (
    SELECT c.oid, c.relispartition, s.prefix || c.relname::text AS path,
           format('%I.%I', s.nspname, c.relname) AS quoted
      FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
     WHERE c.relkind = 'r'
       AND c.relname NOT IN ('schema_journal', 'django_migrations')
       AND NOT EXISTS (
               SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
),
columns AS (
    SELECT a.attrelid AS oid,
           jsonb_agg(jsonb_build_object(
               'number', a.attnum, 'name', a.attname, 'type', a.atttypid::int8,
               'modifier', a.atttypmod, 'written', format_type(a.atttypid, a.atttypmod),
               'is_required', a.attnotnull) ORDER BY a.attnum) AS list
      FROM tables t
      JOIN pg_attribute a ON a.attrelid = t.oid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
       AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') NOT LIKE 'nextval(%'
     GROUP BY a.attrelid
),
rules AS (
    SELECT t.oid, conname AS name, contype::text AS kind, conkey AS columns,
           pg_get_constraintdef(c.oid) AS text, confrelid::int8 AS target,
           confkey AS target_columns
      FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
     WHERE contype IN ('c', 'f', 'p', 'u', 'x')
     UNION ALL
    SELECT i.indrelid, c.relname, 'u',
           -- Of an expression: the columns in it.
           ARRAY(SELECT unnest(i.indkey::int2[])
                  UNION
                 SELECT refobjsubid::int2 FROM pg_depend
                  WHERE classid = 'pg_class'::regclass AND objid = c.oid
                    AND refclassid = 'pg_class'::regclass AND refobjid = i.indrelid),
           '', 0, '{}'
      FROM tables t
      JOIN pg_index i ON i.indrelid = t.oid
      JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indisunique
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u'))
     UNION ALL
    SELECT oid, '', 'c', ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0),
           pg_get_partition_constraintdef(oid), 0, '{}'
      FROM tables t WHERE relispartition
),
constraints AS (
    SELECT oid,
           jsonb_agg(jsonb_build_object(
               'name', name, 'kind', kind, 'columns', columns, 'text', text, 'target', target,
               'target_columns', target_columns) ORDER BY kind, name) AS list
      FROM rules GROUP BY oid
)
SELECT t.oid::int8, t.path, t.quoted, coalesce(columns.list, '[]'), coalesce(constraints.list, '[]'),
       -- Of each column that has a number, so that others can refer to it.
       (SELECT jsonb_object_agg(attnum, quote_ident(attname))
          FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped)
  FROM tables t
  LEFT JOIN columns USING (oid)
  LEFT JOIN constraints USING (oid)
 ORDER BY t.path
