-- What is known of each type that a column may have.
SELECT t.oid::int8, t.typname, t.typtype::text, t.typcategory::text,
       CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 ELSE 0 END AS element,
       t.typbasetype::int8, t.typtypmod,
       coalesce(range.rngsubtype, multirange.rngsubtype, 0)::int8 AS bounds,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder),
       ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint
              WHERE contypid = t.oid AND contype = 'c' ORDER BY conname),
       ARRAY(SELECT a.atttypid::int8 FROM pg_attribute a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum)
  FROM pg_type t
  LEFT JOIN pg_range range ON range.rngtypid = t.oid
  LEFT JOIN pg_range multirange ON multirange.rngmultitypid = t.oid
 WHERE t.typtype IN ('b', 'd', 'e', 'm', 'r')
    OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
