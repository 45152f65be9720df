-- All matches, found by their words. Up to `all` passages are ranked, all of them; of more, the
-- newest `window`. Beyond `most` passages of anybody it gives up: then only `touched` tells.
WITH touched AS MATERIALIZED (
    SELECT document_id, position, created_at, ctid AS place,
           (%(owner_id)s::bigint IS NULL OR owner_id = %(owner_id)s::bigint)
       AND (created_at, document_id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
       AND (created_at, document_id) >= (%(until_at)s::timestamptz, %(until_id)s::uuid)
       AND {meets} AS is_hit
      FROM passages
     WHERE search @@ %(together)s::tsquery
     LIMIT %(most)s::int + 1
), counted AS MATERIALIZED (
    SELECT count(*) AS touched, count(*) FILTER (WHERE is_hit) AS found FROM touched
), chosen AS MATERIALIZED (
    SELECT passages.*
      FROM (SELECT *
              FROM touched
             WHERE is_hit AND (SELECT touched FROM counted) <= %(most)s::int
             ORDER BY created_at DESC, document_id DESC) AS passages
     WHERE {checked}
     ORDER BY created_at DESC, document_id DESC
     FETCH FIRST (SELECT CASE WHEN found <= %(all)s::int THEN found ELSE %(window)s::int END
                    FROM counted)
           ROWS WITH TIES
), ranked AS (
    SELECT chosen.document_id, chosen.position,
           round(ts_rank(passage.search, %(wanted)s::tsquery)::float8 * 1000000)::int AS rank
      FROM chosen
     CROSS JOIN LATERAL (SELECT search FROM passages WHERE ctid = chosen.place OFFSET 0) AS passage
), best AS (
    SELECT document_id::text, max(rank) AS rank,
           (array_agg(position ORDER BY rank DESC, position))[:%(shown)s::int] AS positions
      FROM ranked
     GROUP BY document_id
), oldest AS (
    SELECT count(*) AS chosen, min(created_at)::text AS at,
           (array_agg(document_id::text ORDER BY created_at, document_id))[1] AS id
      FROM chosen
)
SELECT counted.touched, counted.found, oldest.chosen, oldest.at, oldest.id,
       best.document_id, best.rank, best.positions
  FROM counted
 CROSS JOIN oldest
  LEFT JOIN best ON true
