from django.db import migrations, models

from tests.schema.stories.sql_traps.migrations import COMMENT, SAID


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Word",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("said", models.TextField(db_default=SAID, db_comment=COMMENT)),
                ("sizes", models.TextField(default=SAID)),
            ],
            options={"db_table_comment": COMMENT, "db_table": "sql odd: table"},
        ),
    ]
