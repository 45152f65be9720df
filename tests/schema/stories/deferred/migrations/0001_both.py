from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Owner", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Thing",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("owner", models.ForeignKey("deferred.Owner", models.CASCADE)),
            ],
        ),
    ]
