from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linear", "0002_pages")]
    operations = [
        migrations.AddIndex("Book", models.Index(fields=["title"], name="book_title")),
    ]
