from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
    ]
