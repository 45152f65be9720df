from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("renames", "0001_person")]
    operations = [
        migrations.AddField("Person", "age", models.IntegerField(default=0)),
    ]
