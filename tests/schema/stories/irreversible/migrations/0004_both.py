from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("irreversible", "0003_python")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL("COMMENT ON TABLE irreversible_note IS NULL")]
        ),
    ]
