from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deferred", "0002_data")]
    operations = [
        migrations.AddField("Thing", "name", models.TextField(default="")),
    ]
