-- What pg_restore cannot give back to its owner, because this role may not act for that one:
-- things, default privileges, publications. An extension makes its own members.
WITH owners (class, oid, owner) AS (
    SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace
    UNION ALL SELECT 'pg_class'::regclass, oid, relowner FROM pg_class
     WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_')
    UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, typowner FROM pg_type WHERE typrelid = 0
    UNION ALL SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
    UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner FROM pg_statistic_ext
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner
      FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_largeobject'::regclass, oid, lomowner FROM pg_largeobject_metadata
)
SELECT EXISTS (
           -- 16384 is the first that is given after initdb; its schema public is everybody's.
           SELECT FROM owners AS o
            WHERE o.oid >= 16384 AND NOT pg_has_role(o.owner, %(may_become)s)
              AND NOT EXISTS (
                      SELECT FROM pg_depend AS d
                       WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')),
       EXISTS (SELECT FROM pg_default_acl WHERE NOT pg_has_role(defaclrole, %(may_become)s)),
       EXISTS (SELECT FROM pg_publication WHERE NOT pg_has_role(pubowner, %(may_become)s))
