from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("edited", "0001_card")]
    operations = [
        migrations.AddField("Card", "name", models.TextField(default="")),
    ]
