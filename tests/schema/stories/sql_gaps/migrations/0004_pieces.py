from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from tests.schema.stories.sql_gaps.migrations import Fill


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sql_gaps", "0003_inside")]
    operations = [
        AddIndexConcurrently("Shelf", models.Index(fields=["wide"], name="shelf_wide")),
        Fill(),
        migrations.AddField("Shelf", "high", models.IntegerField(null=True)),
    ]
