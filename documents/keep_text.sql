-- A document whose text comes as it is: its row, its passages and its job, or the row that is
-- there already. No row at all: somebody committed the same one since this statement began, or
-- whoever sends it may not (who has no row then).
WITH who AS ({who}), kept AS (
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, extracted,
                           size, sha256, blob, state)
    SELECT %s::uuid, %s::bigint, %s, %s, %s, %s::jsonb, %s::jsonb, %s::bigint, %s, '', %s FROM who
    ON CONFLICT (id) DO NOTHING
    RETURNING {columns}
), pieces AS (
    INSERT INTO passages (document_id, position, text)
    SELECT kept.id, piece.position - 1, piece.text
      FROM kept, unnest(%s::text[]) WITH ORDINALITY AS piece (text, position)
), job AS (
    INSERT INTO jobs (kind, documents, lane, bytes)
    SELECT 'index', ARRAY[id], %s::smallint, size FROM kept WHERE state = 'ready'
)
SELECT true, {columns} FROM kept
UNION ALL
SELECT false, {columns} FROM documents WHERE id = %s AND EXISTS (SELECT FROM who)
