-- The matches in a stretch of documents, newest first: filters first, then the words of each.
-- One more row tells where the stretch ends and how many documents were in it and passed.
WITH stretch AS MATERIALIZED (
    SELECT id, created_at, indexed AND {wanted_documents} AS is_wanted
      FROM documents
     WHERE {visible_documents}
       AND (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
       AND (created_at, id) >= (%(until_at)s::timestamptz, %(until_id)s::uuid)
     ORDER BY created_at DESC, id DESC
     LIMIT %(most)s
)
SELECT stretch.id::text, matched.rank, matched.positions, NULL, NULL, NULL
  FROM stretch
 CROSS JOIN LATERAL (
       SELECT max(rank) AS rank,
              (array_agg(position ORDER BY rank DESC, position))[:%(shown)s] AS positions
         FROM (SELECT position,
                      round(ts_rank(search, %(wanted)s::tsquery)::float8 * 1000000)::int AS rank
                 FROM passages
                WHERE document_id = stretch.id
                  AND search @@ %(wanted)s::tsquery) AS ranked
       HAVING count(*) > 0) AS matched
 WHERE stretch.is_wanted
   AND {not_excluded}
 UNION ALL
SELECT (SELECT id::text FROM stretch ORDER BY created_at, id LIMIT 1), NULL, NULL,
       (SELECT min(created_at)::text FROM stretch),
       (SELECT count(*) FROM stretch),
       (SELECT count(*) FROM stretch WHERE is_wanted)
