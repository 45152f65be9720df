from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("squashed", "0001_squashed_0002_size")]
    operations = [
        migrations.CreateModel("Plate", [("id", models.BigAutoField(primary_key=True))]),
    ]
