from django.db import migrations, models

from tests.schema.stories.sql_traps.migrations import SAID

FUNCTION = r"""
CREATE FUNCTION sql_slice(a int[], name int) RETURNS int[] LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN name > 0 THEN a[1:name] ELSE a[:2] END;
END;
CREATE FUNCTION sql_escape() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN RETURN E'\\ ; \' :name'; END
$body$  -- :name; it's the end
"""
LITERALS = (
    ("COMMENT ON FUNCTION sql_escape() IS %s;", [SAID]),
    "CREATE VIEW sql_view AS SELECT '100%'::text AS \"a:b\", e'\\'' AS c, (ARRAY[1,2,3])[1:HOST] "
    "AS d FROM (SELECT 2 AS HOST) AS x /* ; */ -- the end",
    "INSERT INTO \"sql odd: table\" (sizes) VALUES ('a\\b'), (U&'\\00fc'), ($$:name$$);",
)


class Migration(migrations.Migration):
    dependencies = [("sql_traps", "0001_words")]
    operations = [
        migrations.AddField("Word", "odd: name", models.TextField(default=SAID, null=True)),
        migrations.RunSQL(
            FUNCTION, "DROP FUNCTION sql_slice; DROP FUNCTION sql_escape -- both; gone"
        ),
        migrations.RunSQL(LITERALS, "DROP VIEW sql_view /* ; */"),
        migrations.AddConstraint(
            "Word",
            models.CheckConstraint(
                condition=~models.Q(said__regex=r"^\d:name'\\;"), name="sql_word: check"
            ),
        ),
    ]
