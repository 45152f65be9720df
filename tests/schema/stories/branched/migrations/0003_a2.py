from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("branched", "0002_a1")]
    operations = [
        migrations.CreateModel("A2", [("id", models.BigAutoField(primary_key=True))]),
    ]
