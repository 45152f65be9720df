-- A few words around the hits in each of some pieces of text, in their order.
SELECT ts_headline(
           %s::regconfig,
           translate(piece, %s, %s),
           %s::tsquery,
           %s)
  FROM unnest(%s::text[]) WITH ORDINALITY AS pieces (piece, number)
 ORDER BY number
