from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("renames", "0002_age")]
    operations = [
        migrations.RenameModel("Person", "Human"),
    ]
