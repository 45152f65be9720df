-- The next job in line and, if that is an index job nobody has tried yet, those behind it in
-- its lane that can be indexed in the same transaction. Rows that others hold are passed over.
WITH head AS MATERIALIZED (
    SELECT id, kind, lane, attempts, bytes, cardinality(documents) AS documents
      FROM jobs
     WHERE not_before <= statement_timestamp()
       AND (lease_expires_at IS NULL OR lease_expires_at < statement_timestamp())
       AND lane BETWEEN %(first_lane)s AND %(last_lane)s
       AND bytes BETWEEN %(least_bytes)s AND %(most_bytes)s
       AND (kind = 'index' OR NOT %(only_index)s)
       AND (lane > 0
            OR kind <> 'index'
            OR bytes NOT BETWEEN 1 AND %(small_bytes)s
            OR not_before <= statement_timestamp() - make_interval(secs => %(patience)s))
     ORDER BY lane, not_before, id
     LIMIT 1
       FOR UPDATE SKIP LOCKED
), behind AS MATERIALIZED (
    SELECT id, not_before, bytes, cardinality(documents) AS documents
      FROM jobs
     WHERE lane = (SELECT lane FROM head WHERE kind = 'index' AND attempts = 0)
       AND id <> (SELECT id FROM head)
       AND kind = 'index'
       AND attempts = 0
       AND not_before <= statement_timestamp()
       AND (lease_expires_at IS NULL OR lease_expires_at < statement_timestamp())
       AND bytes BETWEEN %(least_bytes)s AND %(most_bytes)s
     ORDER BY not_before, id
     -- No more than would do if all were like the first: who locks more hides them from others.
     LIMIT (SELECT least(%(batch_jobs)s - 1,
                         %(batch_documents)s / greatest(documents, 1) - 1,
                         greatest(%(batch_bytes)s / greatest(bytes, 1) - 1, 0))
              FROM head
             WHERE documents <= %(batch_documents)s)
       FOR UPDATE SKIP LOCKED
), batch AS (
    SELECT id FROM head
     UNION ALL
    SELECT line.id
      FROM head, (SELECT id,
                         sum(documents) OVER in_order AS documents,
                         sum(bytes) OVER in_order AS bytes
                    FROM behind
                  WINDOW in_order AS (ORDER BY not_before, id)) AS line
     WHERE head.documents + line.documents <= %(batch_documents)s
       AND head.bytes + line.bytes <= %(batch_bytes)s
)
UPDATE jobs
   SET attempts = jobs.attempts + 1,
       fence = jobs.fence + 1,
       lease_expires_at = statement_timestamp() + make_interval(secs => %(lease_seconds)s)
  FROM batch
 WHERE jobs.id = batch.id
RETURNING jobs.id, jobs.kind, jobs.documents, jobs.lane, jobs.attempts, jobs.fence, jobs.bytes,
          extract(epoch FROM statement_timestamp() - jobs.not_before)::float8
