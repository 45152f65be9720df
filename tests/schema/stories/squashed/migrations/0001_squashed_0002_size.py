from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("squashed", "0001_cup"), ("squashed", "0002_size")]
    operations = [
        migrations.CreateModel(
            "Cup",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("size", models.IntegerField(default=1)),
            ],
        ),
    ]
