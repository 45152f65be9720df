-- Texts → documents: their rows, their passages and a job for those that are new; of each the row,
-- and whether it is new. No row at all: somebody committed the same one since this statement began,
-- or the token it was sent with is not (any longer) its owner's.
-- One parameter, for each is taken apart and planned by itself; each id in it once.
WITH sent AS MATERIALIZED (
    SELECT *
      FROM jsonb_to_recordset(%s) AS item (
               digest text, owner_id bigint, id uuid, title text, source text, content_type text,
               metadata jsonb, extracted jsonb, size bigint, sha256 text, state text,
               pieces text[], lane smallint)
     WHERE item.digest IS NULL OR item.owner_id = ({user_of_digest})
), kept AS (
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, extracted,
                           size, sha256, blob, state)
    SELECT id, owner_id, title, source, content_type, metadata, extracted,
           size, sha256, '', state
      FROM sent
     ORDER BY id  -- everybody's in one order: two who keep the same ones wait, and never deadlock
    ON CONFLICT (id) DO NOTHING
    RETURNING {columns}
), pieces AS (
    INSERT INTO passages (document_id, position, text)
    SELECT sent.id, piece.position - 1, piece.text
      FROM sent, unnest(sent.pieces) WITH ORDINALITY AS piece (text, position)
     WHERE sent.id IN (SELECT id FROM kept)
), job AS (
    INSERT INTO jobs (kind, documents, lane, bytes)
    SELECT 'index', array_agg(sent.id), sent.lane, sum(sent.size)
      FROM sent
     WHERE sent.id IN (SELECT id FROM kept WHERE state = 'ready')
     GROUP BY sent.lane
)
SELECT true, {columns} FROM kept
UNION ALL
SELECT false, found.*
  FROM sent, LATERAL (SELECT {columns} FROM documents WHERE documents.id = sent.id OFFSET 0) found
