from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("branched", "0002_b1")]
    operations = [
        migrations.CreateModel("B2", [("id", models.BigAutoField(primary_key=True))]),
    ]
