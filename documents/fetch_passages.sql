-- Passages by their places, in that order, and whether the words are in the text of each. Else they
-- are in the title.
SELECT chosen.document_id::text, chosen.position, passage.page, passage.text,
       passage.search @@ %s::tsquery
  FROM unnest(%s::uuid[], %s::int[]) WITH ORDINALITY AS chosen (document_id, position, number)
 CROSS JOIN LATERAL (
       SELECT page, text, search
         FROM passages
        WHERE document_id = chosen.document_id AND position = chosen.position
       OFFSET 0) AS passage
 ORDER BY chosen.number
