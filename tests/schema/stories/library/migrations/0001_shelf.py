from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linear", "0001_book")]
    operations = [
        migrations.CreateModel(
            "Shelf",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("first", models.ForeignKey("linear.Book", models.CASCADE, null=True)),
            ],
        ),
    ]
