from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("run_atomic", "0002_changes")]
    operations = [
        migrations.RenameModel("Shelf", "Case"),
        migrations.CreateModel(
            "Label",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("case", models.OneToOneField("Case", models.CASCADE)),
                ("books", models.ManyToManyField("Book")),
            ],
        ),
    ]
