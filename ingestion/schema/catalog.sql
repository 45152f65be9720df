-- One row for each thing: its kind, its names from the outermost inwards, what follows the names,
-- and its definition. Works on PostgreSQL 15 to 18: a catalogue column that only some of them
-- have is read out of to_jsonb(row).
WITH schemas AS MATERIALIZED (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl,
           CASE row_number() OVER (ORDER BY place)
               WHEN 1 THEN '{}' ELSE ARRAY[n.nspname::text] END AS prefix
      FROM unnest(current_schemas(false)) WITH ORDINALITY AS search_path (name, place)
      JOIN pg_namespace n ON n.nspname = search_path.name
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
),
members AS MATERIALIZED (  -- of an extension, whose version says it all, or of a range type
    SELECT classid, objid
      FROM pg_depend
     WHERE deptype = 'e' OR deptype = 'i' AND classid = 'pg_proc'::regclass
),
bookkeeping AS MATERIALIZED (
    SELECT c.oid
      FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
     WHERE c.relname IN ('schema_journal', 'django_migrations')
),
owned AS MATERIALIZED (  -- sequences, by serial and identity columns or by OWNED BY
    SELECT d.objid AS oid, d.refobjid AS owner, a.attname AS owner_column
      FROM pg_depend d
      JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
),
relations AS MATERIALIZED (
    SELECT c.*, s.prefix || c.relname::text AS path
      FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
       AND NOT EXISTS (
               SELECT FROM members m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
       AND NOT EXISTS (SELECT FROM bookkeeping b WHERE b.oid = c.oid)
       AND NOT EXISTS (
               SELECT FROM owned o JOIN bookkeeping b ON b.oid = o.owner WHERE o.oid = c.oid)
),
functions AS MATERIALIZED (
    SELECT p.*, s.prefix || p.proname::text AS path,
           '(' || oidvectortypes(p.proargtypes) || ')' AS arguments
      FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
     WHERE NOT starts_with(p.proname, 'schema_journal_')
       AND NOT EXISTS (
               SELECT FROM members m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
),
types AS MATERIALIZED (
    SELECT t.*, s.prefix || t.typname::text AS path,
           CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' ELSE 'type' END AS kind
      FROM pg_type t
      JOIN schemas s ON s.oid = t.typnamespace
      LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
       AND NOT EXISTS (
               SELECT FROM members m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
),
parents AS MATERIALIZED (
    SELECT inhrelid AS oid, string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) AS names
      FROM pg_inherits GROUP BY inhrelid
),
options AS MATERIALIZED (  -- a table's own and those of its TOAST table
    SELECT r.oid, string_agg(option, ', ' ORDER BY option) AS list
      FROM relations r
      LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid
     CROSS JOIN LATERAL (
               SELECT unnest(r.reloptions)
                UNION ALL
               SELECT 'toast.' || unnest(toast.reloptions)) AS each (option)
     GROUP BY r.oid
),
owners AS (  -- of privileges: `type` is what acldefault() calls it
    SELECT CASE relkind WHEN 'v' THEN 'grant view' WHEN 'm' THEN 'grant materialized view'
                        WHEN 'S' THEN 'grant sequence' ELSE 'grant' END AS kind,
           path, '' AS arguments, relowner AS owner, relacl AS acl,
           CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS type
      FROM relations
     UNION ALL
    SELECT 'grant column', r.path || a.attname::text, '', r.relowner, a.attacl, 'c'
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
     UNION ALL
    SELECT 'grant function', path, arguments, proowner, proacl, 'f' FROM functions
     UNION ALL
    SELECT 'grant ' || kind, path, '', typowner, typacl, 'T' FROM types
     UNION ALL
    SELECT 'grant schema', ARRAY[nspname::text], '', nspowner, nspacl, 'n' FROM schemas
),
privileges AS (
    SELECT kind, path, arguments, grantee, is_granted,
           privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS name
      FROM owners
     CROSS JOIN LATERAL (
               SELECT *, true FROM aclexplode(acl)
                UNION ALL
               SELECT *, false FROM aclexplode(acldefault(type::"char", owner))
           ) AS each (grantor, grantee, privilege_type, is_grantable, is_granted)
     WHERE acl IS NOT NULL
)

SELECT 'table' AS kind, r.path, '' AS rest,
       concat_ws(' ',
           CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           CASE r.relkind WHEN 'f' THEN 'FOREIGN' END,
           'TABLE',
           'OF ' || nullif(r.reloftype, 0)::regtype::text,
           CASE WHEN r.relispartition
                THEN 'PARTITION OF ' || parents.names || ' ' || pg_get_expr(r.relpartbound, r.oid)
                ELSE 'INHERITS (' || parents.names || ')' END,
           'PARTITION BY ' || pg_get_partkeydef(r.oid),
           'USING ' || nullif(am.amname, 'heap'),
           'SERVER ' || server.srvname,
           'OPTIONS (' || array_to_string(ft.ftoptions, ', ') || ')',
           'WITH (' || options.list || ')',
           'TABLESPACE ' || space.spcname,
           CASE WHEN r.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
           CASE WHEN r.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
           'REPLICA IDENTITY ' || CASE
                WHEN r.relkind = 'f' THEN NULL  -- foreign: always NOTHING
                ELSE CASE r.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL'
                                         WHEN 'i' THEN 'USING INDEX' END END,
           '-- ' || obj_description(r.oid, 'pg_class')) AS definition
  FROM relations r
  LEFT JOIN parents ON parents.oid = r.oid
  LEFT JOIN options ON options.oid = r.oid
  LEFT JOIN pg_am am ON am.oid = r.relam
  LEFT JOIN pg_tablespace space ON space.oid = r.reltablespace
  LEFT JOIN pg_foreign_table ft ON ft.ftrelid = r.oid
  LEFT JOIN pg_foreign_server server ON server.oid = ft.ftserver
 WHERE r.relkind IN ('r', 'p', 'f')

 UNION ALL
SELECT 'column', r.path || a.attname::text, '',
       concat_ws(' ',
           format_type(a.atttypid, a.atttypmod),
           'COLLATE ' || CASE WHEN a.attcollation <> t.typcollation
                              THEN nullif(a.attcollation, 0)::regcollation::text END,
           CASE WHEN a.attstorage <> t.typstorage
                THEN CASE a.attstorage WHEN 'p' THEN 'STORAGE PLAIN' WHEN 'e' THEN 'STORAGE EXTERNAL'
                                       WHEN 'm' THEN 'STORAGE MAIN' ELSE 'STORAGE EXTENDED' END END,
           CASE a.attcompression WHEN 'p' THEN 'COMPRESSION pglz' WHEN 'l' THEN 'COMPRESSION lz4' END,
           CASE WHEN a.attnotnull THEN 'NOT NULL' END,
           CASE WHEN given.connoinherit THEN 'NO INHERIT' END,
           CASE WHEN NOT given.convalidated THEN 'NOT VALID' END,
           CASE a.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY'
                              WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
           CASE a.attgenerated
               WHEN '' THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
               ELSE 'GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') '
                    || CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END END,
           -- Unset is -1 up to 16, and null from 17.
           'STATISTICS ' || nullif(a.attstattarget, -1),
           'WITH (' || array_to_string(a.attoptions, ', ') || ')',
           'OPTIONS (' || array_to_string(a.attfdwoptions, ', ') || ')',
           '-- ' || col_description(r.oid, a.attnum))
  FROM relations r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
  -- From 18 on NOT NULL is a constraint, too, with a name that nobody chose.
  LEFT JOIN pg_constraint given
       ON given.conrelid = r.oid AND given.contype = 'n' AND given.conkey = ARRAY[a.attnum]
 WHERE r.relkind IN ('r', 'p', 'f')
       -- A view's columns are in its query; what is set on them besides is not.
    OR r.relkind IN ('v', 'm')
       AND (d.oid IS NOT NULL OR col_description(r.oid, a.attnum) IS NOT NULL)

 UNION ALL
SELECT 'constraint', r.path || con.conname::text, '',
       concat_ws(' ',
           pg_get_constraintdef(con.oid),
           -- ALTER TABLE … DISABLE TRIGGER ALL: a foreign key that is not checked any more.
           CASE WHEN EXISTS (
                    SELECT FROM pg_trigger t
                     WHERE t.tgconstraint = con.oid AND t.tgisinternal AND t.tgenabled = 'D')
                THEN 'DISABLED' END,
           '-- ' || obj_description(con.oid, 'pg_constraint'))
  FROM relations r
  JOIN pg_constraint con ON con.conrelid = r.oid AND con.contype NOT IN ('n', 't')
       -- Not those of a foreign key's own table: one per partition of the table it points to.
 WHERE con.conparentid = 0
    OR con.conrelid <> (SELECT conrelid FROM pg_constraint WHERE oid = con.conparentid)

 UNION ALL
SELECT 'index', r.path || c.relname::text, '',
       concat_ws(' ',
           pg_get_indexdef(i.indexrelid, 0, true),
           'TABLESPACE ' || space.spcname,
           'ATTACHED TO ' || parents.names,
           CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
           CASE WHEN NOT i.indisready THEN 'NOT READY' END,
           CASE WHEN i.indisreplident THEN 'REPLICA IDENTITY' END,
           CASE WHEN i.indisclustered THEN 'CLUSTER' END,
           '-- ' || obj_description(c.oid, 'pg_class'))
  FROM relations r
  JOIN pg_index i ON i.indrelid = r.oid
  JOIN pg_class c ON c.oid = i.indexrelid
  LEFT JOIN parents ON parents.oid = c.oid
  LEFT JOIN pg_tablespace space ON space.oid = c.reltablespace

 UNION ALL
SELECT 'trigger', r.path || t.tgname::text, '',
       concat_ws(' ',
           pg_get_triggerdef(t.oid, true),
           CASE t.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLED REPLICA'
                            WHEN 'A' THEN 'ENABLED ALWAYS' END,
           '-- ' || obj_description(t.oid, 'pg_trigger'))
  FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal

 UNION ALL
SELECT 'rule', r.path || rule.rulename::text, '',
       concat_ws(' ',
           pg_get_ruledef(rule.oid),
           CASE rule.ev_enabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLED REPLICA'
                                WHEN 'A' THEN 'ENABLED ALWAYS' END,
           '-- ' || obj_description(rule.oid, 'pg_rewrite'))
  FROM relations r JOIN pg_rewrite rule ON rule.ev_class = r.oid AND rule.rulename <> '_RETURN'

 UNION ALL
SELECT 'policy', r.path || p.polname::text, '',
       concat_ws(' ',
           CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
           'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                   WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
           'TO ' || (SELECT string_agg(name, ', ' ORDER BY name)
                       FROM unnest(p.polroles) AS role,
                    LATERAL (SELECT CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role) END)
                            AS each (name)),
           'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
           'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')',
           '-- ' || obj_description(p.oid, 'pg_policy'))
  FROM relations r JOIN pg_policy p ON p.polrelid = r.oid

 UNION ALL
SELECT 'statistics', r.path || x.stxname::text, '',
       concat_ws(' ',
           pg_get_statisticsobjdef(x.oid),
           'STATISTICS ' || nullif(x.stxstattarget, -1),
           '-- ' || obj_description(x.oid, 'pg_statistic_ext'))
  FROM relations r JOIN pg_statistic_ext x ON x.stxrelid = r.oid

 UNION ALL
SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, r.path, '',
       concat_ws(' ',
           trim(pg_get_viewdef(r.oid)),
           'WITH (' || options.list || ')',
           'USING ' || nullif(am.amname, 'heap'),
           'TABLESPACE ' || space.spcname,
           CASE WHEN NOT r.relispopulated THEN 'WITH NO DATA' END,
           '-- ' || obj_description(r.oid, 'pg_class'))
  FROM relations r
  LEFT JOIN options ON options.oid = r.oid
  LEFT JOIN pg_am am ON am.oid = r.relam
  LEFT JOIN pg_tablespace space ON space.oid = r.reltablespace
 WHERE r.relkind IN ('v', 'm')

 UNION ALL
SELECT 'sequence', r.path, '',
       concat_ws(' ',
           CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           'AS ' || format_type(s.seqtypid, NULL),
           'START ' || s.seqstart,
           'INCREMENT ' || s.seqincrement,
           'MINVALUE ' || s.seqmin,
           'MAXVALUE ' || s.seqmax,
           'CACHE ' || s.seqcache,
           CASE WHEN s.seqcycle THEN 'CYCLE' END,
           'OWNED BY ' || owned.owner::regclass::text || '.' || quote_ident(owned.owner_column),
           '-- ' || obj_description(r.oid, 'pg_class'))
  FROM relations r
  JOIN pg_sequence s ON s.seqrelid = r.oid
  LEFT JOIN owned ON owned.oid = r.oid

 UNION ALL
SELECT 'function', f.path, f.arguments,
       concat_ws(' ',
           CASE f.prokind
               WHEN 'a' THEN 'AGGREGATE RETURNS ' || pg_get_function_result(f.oid)
               ELSE trim(E'\n' FROM pg_get_functiondef(f.oid)) END,
           'SFUNC ' || a.aggtransfn::regproc::text,
           'STYPE ' || format_type(a.aggtranstype, NULL),
           'FINALFUNC ' || nullif(a.aggfinalfn, 0)::regproc::text,
           'COMBINEFUNC ' || nullif(a.aggcombinefn, 0)::regproc::text,
           'SORTOP ' || nullif(a.aggsortop, 0)::regoperator::text,
           'INITCOND ' || quote_literal(a.agginitval),
           '-- ' || obj_description(f.oid, 'pg_proc'))
  FROM functions f LEFT JOIN pg_aggregate a ON a.aggfnoid = f.oid

 UNION ALL
SELECT t.kind, t.path, '',
       concat_ws(' ',
           CASE t.typtype
               WHEN 'e' THEN (
                    SELECT 'ENUM (' || string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) || ')'
                      FROM pg_enum WHERE enumtypid = t.oid)
               WHEN 'c' THEN (
                    SELECT '(' || string_agg(concat_ws(' ', quote_ident(attname),
                                                       format_type(atttypid, atttypmod)),
                                             ', ' ORDER BY attnum) || ')'
                      FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped)
               WHEN 'r' THEN (
                    SELECT concat_ws(' ', 'RANGE OF', format_type(rngsubtype, NULL),
                                     'COLLATE ' || nullif(rngcollation, 0)::regcollation::text)
                      FROM pg_range WHERE rngtypid = t.oid)
               WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
           'COLLATE ' || CASE WHEN t.typcollation <> base.typcollation
                              THEN nullif(t.typcollation, 0)::regcollation::text END,
           CASE WHEN t.typnotnull THEN 'NOT NULL' END,
           'DEFAULT ' || CASE WHEN t.typtype = 'd' THEN t.typdefault END,
           (SELECT string_agg('CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid),
                              ' ' ORDER BY conname)
              FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'),
           '-- ' || obj_description(t.oid, 'pg_type'))
  FROM types t LEFT JOIN pg_type base ON base.oid = t.typbasetype

 UNION ALL
SELECT 'collation', s.prefix || c.collname::text, '',
       concat_ws(' ',
           'PROVIDER ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
                                              WHEN 'b' THEN 'builtin' ELSE 'default' END,
           'LOCALE ' || coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
           'LC_COLLATE ' || c.collcollate,
           'LC_CTYPE ' || c.collctype,
           'RULES ' || (to_jsonb(c) ->> 'collicurules'),
           CASE WHEN NOT c.collisdeterministic THEN 'NOT DETERMINISTIC' END,
           '-- ' || obj_description(c.oid, 'pg_collation'))
  FROM pg_collation c JOIN schemas s ON s.oid = c.collnamespace
 WHERE NOT EXISTS (
           SELECT FROM members m WHERE m.classid = 'pg_collation'::regclass AND m.objid = c.oid)

 UNION ALL
SELECT 'extension', ARRAY[e.extname::text], '', 'VERSION ' || e.extversion
  FROM pg_extension e
 WHERE e.extname <> 'plpgsql'  -- every database is born with it

 UNION ALL
SELECT 'event trigger', ARRAY[e.evtname::text], '',
       concat_ws(' ',
           'ON ' || e.evtevent,
           'WHEN TAG IN (' || array_to_string(e.evttags, ', ') || ')',
           'EXECUTE FUNCTION ' || e.evtfoid::regproc::text || '()',
           CASE e.evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLED REPLICA'
                             WHEN 'A' THEN 'ENABLED ALWAYS' END,
           '-- ' || obj_description(e.oid, 'pg_event_trigger'))
  FROM pg_event_trigger e
 WHERE NOT EXISTS (
           SELECT FROM members m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)

 UNION ALL
-- What differs from the rights that the owner and everybody have of a new thing.
SELECT kind, path,
       arguments || ' to ' || CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END,
       coalesce(string_agg(DISTINCT name, ', ') FILTER (WHERE is_granted), 'nothing')
  FROM privileges
 GROUP BY kind, path, arguments, grantee
HAVING string_agg(DISTINCT name, ', ') FILTER (WHERE is_granted)
       IS DISTINCT FROM string_agg(DISTINCT name, ', ') FILTER (WHERE NOT is_granted)
