-- One row for each thing: its kind, its names from the outermost inwards, the same as SQL writes
-- them, what follows the names, and its facts; then its address in pg_depend, and the addresses
-- of what it depends on, each with the sort of dependency. Works on PostgreSQL 15 to 18: a
-- catalogue column that only some of them have is read out of to_jsonb(row).
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
    SELECT d.objid AS oid, d.refobjid AS owner, a.attname AS owner_column,
           d.deptype = 'i' AS is_identity
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
    SELECT inhrelid AS oid, json_agg(inhparent::regclass::text ORDER BY inhseqno) AS names
      FROM pg_inherits GROUP BY inhrelid
),
enabled_as (words) AS (  -- of triggers and rules
    SELECT '{"D": "DISABLED", "R": "ENABLED REPLICA", "A": "ENABLED ALWAYS"}'::jsonb
),
options AS MATERIALIZED (  -- a table's own and those of its TOAST table
    SELECT r.oid, json_agg(option ORDER BY option) FILTER (WHERE option IS NOT NULL) AS list
      FROM relations r
      LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid
     CROSS JOIN LATERAL (
               SELECT unnest(r.reloptions)
                UNION ALL
               SELECT 'toast.' || unnest(toast.reloptions)) AS each (option)
     GROUP BY r.oid
),
owners AS (  -- of privileges: `type` is what acldefault() calls it
    SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                        WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           path, '' AS arguments, relowner AS owner, relacl AS acl,
           CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS type,
           'pg_class'::regclass::oid AS class, oid, 0 AS sub
      FROM relations
     UNION ALL
    SELECT 'column', r.path || a.attname::text, '', r.relowner, a.attacl, 'c',
           'pg_class'::regclass, r.oid, a.attnum
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped
     UNION ALL
    SELECT 'function', path, arguments, proowner, proacl, 'f', 'pg_proc'::regclass, oid, 0
      FROM functions
     UNION ALL
    SELECT kind, path, '', typowner, typacl, 'T', 'pg_type'::regclass, oid, 0 FROM types
     UNION ALL
    SELECT 'schema', ARRAY[nspname::text], '', nspowner, nspacl, 'n',
           'pg_namespace'::regclass, oid, 0
      FROM schemas
),
privileges AS (
    SELECT kind, path, arguments, class, oid, sub, owner, grantee, is_granted,
           privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS name
      FROM owners
     CROSS JOIN LATERAL (
               SELECT *, true FROM aclexplode(acl)
                UNION ALL
               SELECT *, false FROM aclexplode(acldefault(type::"char", owner))
           ) AS each (grantor, grantee, privilege_type, is_grantable, is_granted)
     WHERE acl IS NOT NULL
),
aliases AS MATERIALIZED (  -- what is a part of a thing, and the address of that thing
    SELECT 'pg_attrdef'::regclass::oid AS class, oid,
           concat_ws(' ', 'pg_class'::regclass::oid, adrelid, adnum) AS address
      FROM pg_attrdef WHERE oid >= 16384
     UNION ALL
    SELECT 'pg_rewrite'::regclass, oid, concat_ws(' ', 'pg_class'::regclass::oid, ev_class, 0)
      FROM pg_rewrite WHERE rulename = '_RETURN'
     UNION ALL
    SELECT 'pg_class'::regclass, oid, concat_ws(' ', 'pg_type'::regclass::oid, reltype, 0)
      FROM pg_class WHERE relkind = 'c'
     UNION ALL  -- a row's type; an array's, which is that of its elements
    SELECT 'pg_type'::regclass, t.oid,
           CASE WHEN c.relkind <> 'c'
                THEN concat_ws(' ', 'pg_class'::regclass::oid, c.oid, 0)
                ELSE concat_ws(' ', 'pg_type'::regclass::oid, element.oid, 0) END
      FROM pg_type t
      JOIN pg_type element
           ON element.oid = CASE t.typcategory WHEN 'A' THEN t.typelem ELSE t.oid END
      LEFT JOIN pg_class c ON c.oid = element.typrelid
     WHERE t.typcategory = 'A' OR c.relkind <> 'c'
     UNION ALL
    SELECT 'pg_type'::regclass, rngmultitypid, concat_ws(' ', 'pg_type'::regclass::oid, rngtypid, 0)
      FROM pg_range
     UNION ALL
    SELECT 'pg_constraint'::regclass, oid, concat_ws(' ', 'pg_type'::regclass::oid, contypid, 0)
      FROM pg_constraint WHERE contypid <> 0
     UNION ALL
    SELECT 'pg_constraint'::regclass, con.oid, concat_ws(' ', 'pg_trigger'::regclass::oid, t.oid, 0)
      FROM pg_constraint con JOIN pg_trigger t ON t.tgconstraint = con.oid
     WHERE con.contype = 't'
     UNION ALL
    SELECT classid, objid, concat_ws(' ', refclassid, refobjid, 0)
      FROM pg_depend
     WHERE deptype = 'e' OR deptype = 'i' AND classid = 'pg_proc'::regclass
),
needs AS MATERIALIZED (
    SELECT coalesce(part.address, concat_ws(' ', d.classid, d.objid, d.objsubid)) AS address,
           json_agg(json_build_array(
               coalesce(other.address, concat_ws(' ', d.refclassid, d.refobjid, d.refobjsubid)),
               d.deptype)) AS list
      FROM pg_depend d
      LEFT JOIN aliases part ON part.class = d.classid AND part.oid = d.objid
      LEFT JOIN aliases other ON other.class = d.refclassid AND other.oid = d.refobjid
     -- Below this number things are PostgreSQL's own.
     WHERE least(d.objid, d.refobjid) >= 16384 AND d.deptype <> 'e'
       AND (d.classid, d.objid) NOT IN (SELECT classid, objid FROM members)
     GROUP BY 1
),
things (kind, path, rest, facts, class, oid, sub) AS (
SELECT 'table', r.path, '',
       json_build_object(
           'persistence', CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           'foreign', CASE r.relkind WHEN 'f' THEN true END,
           'of', nullif(r.reloftype, 0)::regtype::text,
           'parents', parents.names,
           'bound', CASE WHEN r.relispartition THEN pg_get_expr(r.relpartbound, r.oid) END,
           'partition_key', pg_get_partkeydef(r.oid),
           'method', nullif(am.amname, 'heap'),
           'server', server.srvname,
           'fdw_options', ft.ftoptions,
           'options', options.list,
           'tablespace', space.spcname,
           'row_security', nullif(r.relrowsecurity, false),
           'force_row_security', nullif(r.relforcerowsecurity, false),
           'replica_identity', CASE
                WHEN r.relkind = 'f' THEN NULL  -- foreign: always NOTHING
                ELSE CASE r.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL'
                                         WHEN 'i' THEN 'USING INDEX' END END,
           'comment', obj_description(r.oid, 'pg_class')),
       'pg_class'::regclass::oid, r.oid, 0
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
       json_build_object(
           'of_view', CASE WHEN r.relkind IN ('v', 'm') THEN true END,
           'position', a.attnum,
           'inherited', CASE WHEN a.attinhcount > 0 THEN true END,
           'is_local', CASE WHEN a.attinhcount > 0 AND a.attislocal THEN true END,
           'type', format_type(a.atttypid, a.atttypmod),
           'collation', CASE WHEN a.attcollation <> t.typcollation
                             THEN nullif(a.attcollation, 0)::regcollation::text END,
           'storage', CASE WHEN a.attstorage <> t.typstorage THEN storages.names ->> a.attstorage END,
           'usual_storage', storages.names ->> t.typstorage,
           'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
           'not_null', nullif(a.attnotnull, false),
           'not_null_name', quote_ident(given.conname),
           'no_inherit', nullif(given.connoinherit, false),
           'not_valid', CASE WHEN NOT given.convalidated THEN true END,
           'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
           'default', CASE a.attgenerated WHEN '' THEN pg_get_expr(d.adbin, d.adrelid) END,
           'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
           'kept', CASE a.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' END,
           'expression_may_change', nullif(
               a.attgenerated <> '' AND current_setting('server_version_num')::int >= 170000, false),
           -- Unset is -1 up to 16, and null from 17.
           'statistics', nullif(a.attstattarget, -1),
           'options', a.attoptions,
           'fdw_options', a.attfdwoptions,
           'comment', col_description(r.oid, a.attnum)),
       'pg_class'::regclass, r.oid, a.attnum
  FROM relations r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
 CROSS JOIN (SELECT '{"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}'::jsonb)
            AS storages (names)
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
       json_build_object(
           'definition', pg_get_constraintdef(con.oid),
           'type', con.contype,
           'inherited', CASE WHEN con.coninhcount > 0 THEN true END,
           'is_local', CASE WHEN con.coninhcount > 0 AND con.conislocal THEN true END,
           'of_partitions', CASE WHEN r.relkind = 'p' THEN true END,
           'not_valid', CASE WHEN NOT con.convalidated THEN true END,
           -- ALTER TABLE … DISABLE TRIGGER ALL, or ENABLE REPLICA TRIGGER: a foreign key that is not
           -- checked any more.
           'disabled', CASE WHEN EXISTS (
                    SELECT FROM pg_trigger t
                     WHERE t.tgconstraint = con.oid AND t.tgisinternal AND t.tgenabled IN ('D', 'R'))
                THEN true END,
           -- They are on both sides, and have names that nobody chose.
           'triggers', (
                SELECT json_agg(json_build_array(tgrelid::regclass::text, tgfoid::regproc::text,
                                                 quote_ident(tgname), tgenabled IN ('D', 'R'))
                                ORDER BY tgname)
                  FROM pg_trigger t WHERE t.tgconstraint = con.oid AND t.tgisinternal),
           'comment', obj_description(con.oid, 'pg_constraint')),
       'pg_constraint'::regclass, con.oid, 0
  FROM relations r
  JOIN pg_constraint con ON con.conrelid = r.oid AND con.contype NOT IN ('n', 't')
       -- Not those of a foreign key's own table: one per partition of the table it points to.
 WHERE con.conparentid = 0
    OR con.conrelid <> (SELECT conrelid FROM pg_constraint WHERE oid = con.conparentid)

 UNION ALL
SELECT 'index', r.path || c.relname::text, '',
       json_build_object(
           'definition', pg_get_indexdef(i.indexrelid, 0, true),
           'schema', quote_ident(c.relnamespace::regnamespace::text),
           'of_partitions', CASE WHEN c.relkind = 'I' THEN true END,
           'constraint', con.conname,
           'tablespace', space.spcname,
           'attached_to', parents.names,
           'invalid', CASE WHEN NOT i.indisvalid THEN true END,
           'not_ready', CASE WHEN NOT i.indisready THEN true END,
           'replica_identity', nullif(i.indisreplident, false),
           'clustered', nullif(i.indisclustered, false),
           'options', c.reloptions,
           'targets', (SELECT json_agg(json_build_array(attnum, attstattarget) ORDER BY attnum)
                            FROM pg_attribute
                           WHERE attrelid = c.oid AND nullif(attstattarget, -1) IS NOT NULL),
           'comment', obj_description(c.oid, 'pg_class')),
       'pg_class'::regclass, c.oid, 0
  FROM relations r
  JOIN pg_index i ON i.indrelid = r.oid
  JOIN pg_class c ON c.oid = i.indexrelid
  LEFT JOIN pg_constraint con
       ON con.conindid = i.indexrelid AND con.conrelid = r.oid AND con.contype IN ('p', 'u', 'x')
  LEFT JOIN parents ON parents.oid = c.oid
  LEFT JOIN pg_tablespace space ON space.oid = c.reltablespace

 UNION ALL
SELECT 'trigger', r.path || t.tgname::text, '',
       json_build_object(
           'definition', pg_get_triggerdef(t.oid, true),
           'inherited', CASE WHEN t.tgparentid <> 0 THEN true END,
           'of_partitions', CASE WHEN r.relkind = 'p' THEN true END,
           'of_constraint', CASE WHEN t.tgconstraint <> 0 THEN true END,
           'enabled', enabled_as.words ->> t.tgenabled,
           'comment', obj_description(t.oid, 'pg_trigger')),
       'pg_trigger'::regclass, t.oid, 0
  FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal CROSS JOIN enabled_as

 UNION ALL
SELECT 'rule', r.path || rule.rulename::text, '',
       json_build_object(
           'definition', pg_get_ruledef(rule.oid),
           'enabled', enabled_as.words ->> rule.ev_enabled,
           'comment', obj_description(rule.oid, 'pg_rewrite')),
       'pg_rewrite'::regclass, rule.oid, 0
  FROM relations r
  JOIN pg_rewrite rule ON rule.ev_class = r.oid AND rule.rulename <> '_RETURN'
 CROSS JOIN enabled_as

 UNION ALL
SELECT 'policy', r.path || p.polname::text, '',
       json_build_object(
           'permissive', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
           'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                    WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
           'roles', (SELECT json_agg(name ORDER BY name)
                       FROM unnest(p.polroles) AS role,
                    LATERAL (SELECT CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role) END)
                            AS each (name)),
           'quoted_roles', (SELECT json_agg(name ORDER BY name)
                       FROM unnest(p.polroles) AS role,
                    LATERAL (SELECT CASE role WHEN 0 THEN 'public'
                                              ELSE quote_ident(pg_get_userbyid(role)) END)
                            AS each (name)),
           'using', pg_get_expr(p.polqual, p.polrelid),
           'check', pg_get_expr(p.polwithcheck, p.polrelid),
           'comment', obj_description(p.oid, 'pg_policy')),
       'pg_policy'::regclass, p.oid, 0
  FROM relations r JOIN pg_policy p ON p.polrelid = r.oid

 UNION ALL
SELECT 'statistics', r.path || x.stxname::text, '',
       json_build_object(
           -- It lists them as they lie in the table, which says nothing.
           'definition', replace(pg_get_statisticsobjdef(x.oid),
                                 ' ON ' || columns.as_they_lie, ' ON ' || columns.by_name),
           'schema', quote_ident(x.stxnamespace::regnamespace::text),
           'target', nullif(x.stxstattarget, -1),
           'comment', obj_description(x.oid, 'pg_statistic_ext')),
       'pg_statistic_ext'::regclass, x.oid, 0
  FROM relations r
  JOIN pg_statistic_ext x ON x.stxrelid = r.oid
 CROSS JOIN LATERAL (
           SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), ''),
                  coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attname), '')
             FROM pg_attribute
            WHERE attrelid = x.stxrelid AND attnum = ANY(x.stxkeys)
       ) AS columns (as_they_lie, by_name)

 UNION ALL
SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, r.path, '',
       json_build_object(
           'query', trim(pg_get_viewdef(r.oid)),
           'columns', (SELECT json_agg(json_build_array(quote_ident(attname),
                                                        format_type(atttypid, atttypmod),
                                                        nullif(attcollation, 0)::regcollation::text)
                                       ORDER BY attnum)
                         FROM pg_attribute
                        WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped),
           'options', options.list,
           'method', nullif(am.amname, 'heap'),
           'tablespace', space.spcname,
           'no_data', CASE WHEN NOT r.relispopulated THEN true END,
           'comment', obj_description(r.oid, 'pg_class')),
       'pg_class'::regclass, r.oid, 0
  FROM relations r
  LEFT JOIN options ON options.oid = r.oid
  LEFT JOIN pg_am am ON am.oid = r.relam
  LEFT JOIN pg_tablespace space ON space.oid = r.reltablespace
 WHERE r.relkind IN ('v', 'm')

 UNION ALL
SELECT 'sequence', r.path, '',
       json_build_object(
           'persistence', CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           'type', format_type(s.seqtypid, NULL),
           'start', s.seqstart,
           'increment', s.seqincrement,
           'min', s.seqmin,
           'max', s.seqmax,
           'cache', s.seqcache,
           'cycle', nullif(s.seqcycle, false),
           'owner', owned.owner::regclass::text || '.' || quote_ident(owned.owner_column),
           'of_identity', nullif(owned.is_identity, false),
           'comment', obj_description(r.oid, 'pg_class')),
       'pg_class'::regclass, r.oid, 0
  FROM relations r
  JOIN pg_sequence s ON s.seqrelid = r.oid
  LEFT JOIN owned ON owned.oid = r.oid

 UNION ALL
SELECT 'function', f.path, f.arguments,
       json_build_object(
           'definition', CASE WHEN f.prokind <> 'a'
                              THEN trim(E'\n' FROM pg_get_functiondef(f.oid)) END,
           'sort', CASE f.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE'
                                  ELSE 'FUNCTION' END,
           'signature', f.oid::regprocedure::text,
           -- Names and modes, too: none of them can be replaced.
           'parameters', pg_get_function_identity_arguments(f.oid),
           'defaults', f.pronargdefaults,
           'returns', pg_get_function_result(f.oid),
           'body_is_text', CASE WHEN f.prokind <> 'a' AND f.prosqlbody IS NULL THEN true END,
           'aggregate', CASE WHEN f.prokind = 'a' THEN json_build_object(
               'SFUNC', a.aggtransfn::regproc::text,
               'STYPE', format_type(a.aggtranstype, NULL),
               'SSPACE', nullif(a.aggtransspace, 0),
               'FINALFUNC', nullif(a.aggfinalfn, 0)::regproc::text,
               'FINALFUNC_EXTRA', nullif(a.aggfinalextra, false),
               'FINALFUNC_MODIFY', modifies.words ->> nullif(
                   a.aggfinalmodify, CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END),
               'COMBINEFUNC', nullif(a.aggcombinefn, 0)::regproc::text,
               'SERIALFUNC', nullif(a.aggserialfn, 0)::regproc::text,
               'DESERIALFUNC', nullif(a.aggdeserialfn, 0)::regproc::text,
               'SORTOP', nullif(a.aggsortop, 0)::regoperator::text,
               'SORTOP_NAME', (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
                                 FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
                                WHERE o.oid = a.aggsortop),
               'INITCOND', a.agginitval,
               'MSFUNC', nullif(a.aggmtransfn, 0)::regproc::text,
               'MINVFUNC', nullif(a.aggminvtransfn, 0)::regproc::text,
               'MSTYPE', format_type(nullif(a.aggmtranstype, 0), NULL),
               'MSSPACE', nullif(a.aggmtransspace, 0),
               'MFINALFUNC', nullif(a.aggmfinalfn, 0)::regproc::text,
               'MFINALFUNC_EXTRA', nullif(a.aggmfinalextra, false),
               'MFINALFUNC_MODIFY', modifies.words ->> nullif(
                   a.aggmfinalmodify, CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END),
               'MINITCOND', a.aggminitval,
               'PARALLEL', CASE f.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END,
               'HYPOTHETICAL', CASE a.aggkind WHEN 'h' THEN true END,
               'ARGUMENTS', pg_get_function_arguments(f.oid)) END,
           'comment', obj_description(f.oid, 'pg_proc')),
       'pg_proc'::regclass, f.oid, 0
  FROM functions f
  LEFT JOIN pg_aggregate a ON a.aggfnoid = f.oid
 CROSS JOIN (SELECT '{"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}'::jsonb)
            AS modifies (words)

 UNION ALL
SELECT t.kind, t.path, '',
       json_build_object(
           'type', format_type(t.oid, NULL),
           'labels', (SELECT json_agg(enumlabel ORDER BY enumsortorder)
                        FROM pg_enum WHERE enumtypid = t.oid),
           'attributes', CASE t.typtype WHEN 'c' THEN (
                SELECT json_agg(json_strip_nulls(json_build_object(
                           'name', quote_ident(attname),
                           'type', format_type(atttypid, atttypmod),
                           'collation', CASE WHEN attcollation <> typcollation
                                             THEN nullif(attcollation, 0)::regcollation::text END,
                           'comment', col_description(attrelid, attnum))) ORDER BY attnum)
                  FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
                 WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped) END,
           'range', (
                SELECT json_strip_nulls(json_build_object(
                           'subtype', format_type(rngsubtype, NULL),
                           'subtype_opclass', CASE WHEN NOT opcdefault THEN format('%I.%I', nspname, opcname) END,
                           'collation', nullif(rngcollation, 0)::regcollation::text,
                           'canonical', nullif(rngcanonical::oid, 0)::regproc::text,
                           'subtype_diff', nullif(rngsubdiff::oid, 0)::regproc::text,
                           'multirange_type_name', format_type(rngmultitypid, NULL)))
                  FROM pg_range
                  JOIN pg_opclass ON pg_opclass.oid = rngsubopc
                  JOIN pg_namespace ON pg_namespace.oid = opcnamespace
                 WHERE rngtypid = t.oid),
           'base', CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
           'collation', CASE WHEN t.typcollation <> base.typcollation
                             THEN nullif(t.typcollation, 0)::regcollation::text END,
           'not_null', nullif(t.typnotnull, false),
           'default', CASE WHEN t.typtype = 'd' THEN t.typdefault END,
           'constraints', (
                SELECT json_agg(json_strip_nulls(json_build_object(
                           'name', quote_ident(conname),
                           'definition', pg_get_constraintdef(oid),
                           'comment', obj_description(oid, 'pg_constraint'))) ORDER BY conname)
                  FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'),
           'comment', obj_description(t.oid, 'pg_type')),
       'pg_type'::regclass, t.oid, 0
  FROM types t LEFT JOIN pg_type base ON base.oid = t.typbasetype

 UNION ALL
SELECT 'collation', s.prefix || c.collname::text, '',
       json_build_object(
           'provider', CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
                                           WHEN 'b' THEN 'builtin' ELSE 'default' END,
           'locale', coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
           'lc_collate', c.collcollate,
           'lc_ctype', c.collctype,
           'rules', to_jsonb(c) ->> 'collicurules',
           'not_deterministic', CASE WHEN NOT c.collisdeterministic THEN true END,
           'comment', obj_description(c.oid, 'pg_collation')),
       'pg_collation'::regclass, c.oid, 0
  FROM pg_collation c JOIN schemas s ON s.oid = c.collnamespace
 WHERE NOT EXISTS (
           SELECT FROM members m WHERE m.classid = 'pg_collation'::regclass AND m.objid = c.oid)

 UNION ALL
SELECT 'text search dictionary', s.prefix || d.dictname::text, '',
       json_build_object(
           'template', CASE t.tmplnamespace WHEN 'pg_catalog'::regnamespace THEN quote_ident(t.tmplname)
                       ELSE format('%I.%I', t.tmplnamespace::regnamespace::text, t.tmplname) END,
           'settings', d.dictinitoption,
           'comment', obj_description(d.oid, 'pg_ts_dict')),
       'pg_ts_dict'::regclass, d.oid, 0
  FROM pg_ts_dict d
  JOIN schemas s ON s.oid = d.dictnamespace
  JOIN pg_ts_template t ON t.oid = d.dicttemplate
 WHERE NOT EXISTS (
           SELECT FROM members m WHERE m.classid = 'pg_ts_dict'::regclass AND m.objid = d.oid)

 UNION ALL
SELECT 'text search configuration', s.prefix || c.cfgname::text, '',
       json_build_object(
           'parser', CASE p.prsnamespace WHEN 'pg_catalog'::regnamespace THEN quote_ident(p.prsname)
                     ELSE format('%I.%I', p.prsnamespace::regnamespace::text, p.prsname) END,
           'mappings', (SELECT json_agg(json_build_array(token, dictionaries) ORDER BY token)
                          FROM (SELECT quote_ident(type.alias) AS token,
                                       json_agg(m.mapdict::regdictionary::text ORDER BY m.mapseqno)
                                       AS dictionaries
                                  FROM pg_ts_config_map m
                                  JOIN ts_token_type(c.cfgparser) type ON type.tokid = m.maptokentype
                                 WHERE m.mapcfg = c.oid
                                 GROUP BY type.alias) AS each),
           'comment', obj_description(c.oid, 'pg_ts_config')),
       'pg_ts_config'::regclass, c.oid, 0
  FROM pg_ts_config c
  JOIN schemas s ON s.oid = c.cfgnamespace
  JOIN pg_ts_parser p ON p.oid = c.cfgparser
 WHERE NOT EXISTS (
           SELECT FROM members m WHERE m.classid = 'pg_ts_config'::regclass AND m.objid = c.oid)

 UNION ALL
SELECT 'extension', ARRAY[e.extname::text], '',
       json_build_object(
           'version', e.extversion,
           'in_schema', quote_ident(e.extnamespace::regnamespace::text),
           'schema', CASE WHEN e.extrelocatable AND s.prefix IS DISTINCT FROM '{}'
                          THEN quote_ident(e.extnamespace::regnamespace::text) END),
       'pg_extension'::regclass, e.oid, 0
  FROM pg_extension e LEFT JOIN schemas s ON s.oid = e.extnamespace
 WHERE e.extname <> 'plpgsql'  -- every database is born with it

 UNION ALL
SELECT 'event trigger', ARRAY[e.evtname::text], '',
       json_build_object(
           'event', e.evtevent,
           'tags', e.evttags,
           'function', e.evtfoid::regproc::text,
           'enabled', enabled_as.words ->> e.evtenabled,
           'comment', obj_description(e.oid, 'pg_event_trigger')),
       'pg_event_trigger'::regclass, e.oid, 0
  FROM pg_event_trigger e
       -- They are of the whole database; those of another schema's functions are of that schema.
  JOIN functions f ON f.oid = e.evtfoid
 CROSS JOIN enabled_as
 WHERE NOT EXISTS (
           SELECT FROM members m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)

 UNION ALL
SELECT 'schema', ARRAY[s.nspname::text], '',
       json_build_object('comment', obj_description(s.oid, 'pg_namespace')),
       'pg_namespace'::regclass, s.oid, 0
  FROM schemas s
       -- That one, every database is born with.
 WHERE obj_description(s.oid, 'pg_namespace') <> 'standard public schema'

 UNION ALL
-- What differs from the rights that the owner and everybody have of a new thing.
SELECT CASE kind WHEN 'table' THEN 'grant' ELSE 'grant ' || kind END, path,
       arguments || ' to ' || CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END,
       json_build_object(
           'privileges', coalesce(json_agg(DISTINCT name) FILTER (WHERE is_granted), '["nothing"]'),
           'usual', json_agg(DISTINCT name) FILTER (WHERE NOT is_granted),
           'role', CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END,
           'to', CASE grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(grantee)) END,
           'is_owner', nullif(grantee = owner, false),
           'on', CASE kind WHEN 'function' THEN oid::regprocedure::text END),
       class, oid, sub
  FROM privileges
 GROUP BY kind, path, arguments, class, oid, sub, owner, grantee
HAVING string_agg(DISTINCT name, ', ') FILTER (WHERE is_granted)
       IS DISTINCT FROM string_agg(DISTINCT name, ', ') FILTER (WHERE NOT is_granted)
)

SELECT kind, path, ARRAY(SELECT quote_ident(part) FROM unnest(path) AS part), rest,
       json_strip_nulls(facts), address, needs.list
  FROM things
 CROSS JOIN LATERAL concat_ws(' ', class, things.oid, sub) AS address
  LEFT JOIN needs USING (address)
