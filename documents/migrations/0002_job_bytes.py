from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="bytes",
            field=models.BigIntegerField(
                db_comment="Size of the documents it is about, all together",
                db_default=0,
                default=0,
            ),
        ),
    ]
