from django.db import migrations, models

from tests.schema.stories.sql_gaps.migrations import empty, fill


class Migration(migrations.Migration):
    dependencies = [("sql_gaps", "0002_fill")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("ALTER TABLE sql_gaps_shelf ADD wide int", "SELECT 'undone'"),
                migrations.SeparateDatabaseAndState([migrations.RunPython(fill, empty)]),
                migrations.RunSQL(
                    "COMMENT ON COLUMN sql_gaps_shelf.wide IS 'after'",
                    "ALTER TABLE sql_gaps_shelf DROP wide",
                ),
            ],
            state_operations=[
                migrations.AddField("Shelf", "wide", models.IntegerField(null=True)),
            ],
        ),
    ]
