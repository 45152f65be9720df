-- Make ready documents searchable. Their rows are locked first: a new title that arrives
-- meanwhile waits, and then queues another job.
WITH marked AS (
    UPDATE documents
       SET indexed = true, updated_at = statement_timestamp()
     WHERE id = ANY(%(ids)s) AND state = 'ready'
 RETURNING id, owner_id, created_at,
           setweight(to_tsvector(%(config)s, {title}), 'A') AS title
)
UPDATE passages
   SET search = marked.title
             || setweight(to_tsvector(%(config)s, {text}), 'D'),
       owner_id = marked.owner_id,
       created_at = marked.created_at
  FROM marked
 WHERE passages.document_id = marked.id
