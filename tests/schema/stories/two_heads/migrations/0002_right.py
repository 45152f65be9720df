from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("two_heads", "0001_start")]
    operations = [
        migrations.CreateModel("Right", [("id", models.BigAutoField(primary_key=True))]),
    ]
