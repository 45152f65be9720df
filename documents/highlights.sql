-- A few words around the hits in each of some pieces of text, in their order.
SELECT ts_headline(
           %(config)s::regconfig,
           translate(piece, %(taken)s, %(stand_ins)s),
           %(wanted)s::tsquery,
           %(options)s)
  FROM unnest(%(pieces)s::text[]) WITH ORDINALITY AS pieces (piece, number)
 ORDER BY number
