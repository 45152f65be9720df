-- All matches, found by their words. Up to `all` passages are ranked, all of them; of more, the
-- newest `window`. Beyond `most` it gives up: then only `found` tells.
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_seqscan = off;
-- For the sake of its LIMIT the planner would look at an owner's passages one after the other.
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = on;
WITH hits AS MATERIALIZED (
    SELECT document_id, position, created_at, ctid AS place
      FROM passages
     WHERE search @@ %(wanted)s::tsquery
       AND {owned}
       AND (created_at, document_id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
       AND (created_at, document_id) >= (%(until_at)s::timestamptz, %(until_id)s::uuid)
     LIMIT %(most)s + 1
), counted AS MATERIALIZED (
    SELECT count(*) AS found FROM hits
), chosen AS MATERIALIZED (
    SELECT passages.*
      FROM (SELECT * FROM hits ORDER BY created_at DESC, document_id DESC) AS passages
     WHERE (SELECT found FROM counted) <= %(most)s
       AND {checked}
     ORDER BY created_at DESC, document_id DESC
     FETCH FIRST (SELECT CASE WHEN found <= %(all)s THEN found ELSE %(window)s END FROM counted)
           ROWS WITH TIES
), ranked AS (
    SELECT chosen.document_id, chosen.position,
           round(ts_rank(passage.search, %(wanted)s::tsquery)::float8 * 1000000)::int AS rank
      FROM chosen
     CROSS JOIN LATERAL (SELECT search FROM passages WHERE ctid = chosen.place OFFSET 0) AS passage
), best AS (
    SELECT document_id::text, max(rank) AS rank,
           (array_agg(position ORDER BY rank DESC, position))[:%(shown)s] AS positions
      FROM ranked
     GROUP BY document_id
), oldest AS (
    SELECT count(*) AS chosen, min(created_at)::text AS at,
           (array_agg(document_id::text ORDER BY created_at, document_id))[1] AS id
      FROM chosen
)
SELECT counted.found, oldest.chosen, oldest.at, oldest.id,
       best.document_id, best.rank, best.positions
  FROM counted
 CROSS JOIN oldest
  LEFT JOIN best ON true
