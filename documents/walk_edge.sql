-- Where a walk over the next `most` passages of an owner ends, and how many there are up to there
-- with those that came at the same moment; and whether there are older ones.
WITH edge AS MATERIALIZED (
    SELECT created_at
      FROM passages
     WHERE owner_id = %(owner_id)s
       AND search IS NOT NULL
       AND created_at <= %(after_at)s::timestamptz
       AND (created_at, %(first_id)s::uuid) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
     ORDER BY created_at DESC
    OFFSET %(most)s
     LIMIT 1
)
SELECT created_at::text,
       (SELECT count(*)
          FROM (SELECT
                  FROM passages
                 WHERE owner_id = %(owner_id)s
                   AND search IS NOT NULL
                   AND created_at <= %(after_at)s::timestamptz
                   AND (created_at, %(first_id)s::uuid)
                     < (%(after_at)s::timestamptz, %(after_id)s::uuid)
                   AND created_at >= (SELECT created_at FROM edge)
                 LIMIT %(too_many)s) AS stretch),
       EXISTS (SELECT
                 FROM passages
                WHERE owner_id = %(owner_id)s
                  AND search IS NOT NULL
                  AND created_at < edge.created_at)
  FROM edge
