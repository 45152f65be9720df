from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0001_shelf")]
    operations = [
        migrations.AddField("Shelf", "label", models.TextField(default="")),
    ]
