from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("irreversible", "0001_note")]
    operations = [
        migrations.RunSQL("COMMENT ON TABLE irreversible_note IS 'Notes'"),
    ]
