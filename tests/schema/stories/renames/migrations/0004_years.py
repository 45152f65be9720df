from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("renames", "0003_human")]
    operations = [
        migrations.RenameField("Human", "age", "years"),
    ]
