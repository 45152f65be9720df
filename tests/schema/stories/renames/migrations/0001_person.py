from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Person", [("id", models.BigAutoField(primary_key=True)), ("nick", models.TextField())]
        ),
    ]
