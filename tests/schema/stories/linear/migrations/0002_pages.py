from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linear", "0001_book")]
    operations = [
        migrations.AddField("Book", "pages", models.IntegerField(default=0)),
    ]
