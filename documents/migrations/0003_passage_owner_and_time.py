from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0002_job_bytes"),
    ]

    operations = [
        migrations.AddField(
            model_name="passage",
            name="owner_id",
            field=models.BigIntegerField(
                db_comment="Owner of the document; empty until indexed", editable=False, null=True
            ),
        ),
        migrations.AddField(
            model_name="passage",
            name="created_at",
            field=models.DateTimeField(
                db_comment="When the document was taken in; empty until indexed",
                editable=False,
                null=True,
            ),
        ),
    ]
