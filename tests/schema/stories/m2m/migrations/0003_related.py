from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("m2m", "0002_post")]
    operations = [
        migrations.AddField("Post", "related", models.ManyToManyField("m2m.Post")),
    ]
