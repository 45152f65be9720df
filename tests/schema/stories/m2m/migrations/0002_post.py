from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("m2m", "0001_tag")]
    operations = [
        migrations.CreateModel(
            "Post",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("tags", models.ManyToManyField("m2m.Tag")),
            ],
        ),
    ]
