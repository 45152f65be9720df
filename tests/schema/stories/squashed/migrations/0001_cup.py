from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Cup", [("id", models.BigAutoField(primary_key=True))]),
    ]
