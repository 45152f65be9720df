from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("squashed", "0001_cup")]
    operations = [
        migrations.AddField("Cup", "size", models.IntegerField(default=1)),
    ]
