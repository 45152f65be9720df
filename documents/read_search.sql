-- A search as PostgreSQL reads it, and how far the index is behind.
SELECT websearch_to_tsquery(%s::regconfig, %s)::text,
       websearch_to_tsquery(%s::regconfig, %s)::text,
       (SELECT greatest(0, extract(epoch FROM statement_timestamp() - min(created_at)))
          FROM jobs
         WHERE kind IN ('extract', 'index'))::float8,
       EXISTS (SELECT FROM jobs WHERE kind = 'index'),
       (SELECT reltuples FROM pg_class WHERE oid = 'passages'::regclass)::float8
