-- The matches in a stretch of an owner's passages, which are looked at one after the other.
SELECT document_id::text, max(rank),
       (array_agg(position ORDER BY rank DESC, position))[:%(shown)s]
  FROM (SELECT document_id, position,
               round(ts_rank(search, %(wanted)s::tsquery)::float8 * 1000000)::int AS rank
          FROM passages
         WHERE owner_id = %(owner_id)s
           AND search IS NOT NULL
           AND created_at <= %(after_at)s::timestamptz
           AND created_at >= %(until_at)s::timestamptz
           AND (created_at, document_id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
           AND (created_at, document_id) >= (%(until_at)s::timestamptz, %(until_id)s::uuid)
           AND search @@ %(wanted)s::tsquery
           AND {checked}) AS ranked
 GROUP BY document_id
