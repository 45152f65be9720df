-- A document whose text comes as it is: its row, its passages and its job, or the row that is
-- there already. No row at all: somebody committed the same one since this statement began.
WITH kept AS (
    INSERT INTO documents (id, owner_id, title, source, content_type, metadata, extracted,
                           size, sha256, blob, state)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s)
    ON CONFLICT (id) DO NOTHING
    RETURNING {columns}
), pieces AS (
    INSERT INTO passages (document_id, position, text)
    SELECT kept.id, piece.position - 1, piece.text
      FROM kept, unnest(%s::text[]) WITH ORDINALITY AS piece (text, position)
), job AS (
    INSERT INTO jobs (kind, documents, lane, bytes)
    SELECT 'index', ARRAY[id], %s, size FROM kept WHERE state = 'ready'
)
SELECT true, {columns} FROM kept
UNION ALL
SELECT false, {columns} FROM documents WHERE id = %s
