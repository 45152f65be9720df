"""What a database's public schema is, as PostgreSQL prints it: enough to compare two of them."""

from typing import Any

QUERY = """
    SELECT 'column ' || c.relname || '.' || a.attname,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                     CASE WHEN a.attnotnull THEN 'not null' END,
                     pg_get_expr(d.adbin, d.adrelid),
                     nullif(a.attidentity::text, ''),
                     '-- ' || col_description(c.oid, a.attnum))
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
     UNION ALL
    SELECT 'table ' || c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
     UNION ALL
    SELECT 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
      FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
     UNION ALL
    SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid)
      FROM pg_index JOIN pg_class c ON c.oid = indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
     UNION ALL
    SELECT 'sequence ' || c.relname, '' FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
"""


def catalog(connection: Any) -> dict[str, str]:
    """{thing: its definition}."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        return dict(cursor.fetchall())
