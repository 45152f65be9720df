from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("branched", "0001_root")]
    operations = [
        migrations.CreateModel("B1", [("id", models.BigAutoField(primary_key=True))]),
    ]
