from django.db import migrations

from tests.schema.stories.sql_gaps.migrations import empty, fill


class Migration(migrations.Migration):
    dependencies = [("sql_gaps", "0001_shelf")]
    operations = [
        migrations.RunSQL(
            "COMMENT ON TABLE sql_gaps_shelf IS 'before'", "COMMENT ON TABLE sql_gaps_shelf IS NULL"
        ),
        migrations.RunPython(fill, empty),
    ]
