from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def count_words(apps: Any, _: Any) -> None:
    for page in apps.get_model("nonatomic", "Page").objects.all():
        page.words = len(page.text.split())
        page.save()


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("nonatomic", "0001_page")]
    operations = [
        migrations.AddField("Page", "words", models.IntegerField(default=0)),
        AddIndexConcurrently("Page", models.Index(fields=["words"], name="page_words")),
        migrations.RunSQL(
            "INSERT INTO nonatomic_page (text, words) VALUES ('by SQL', 2)",
            "DELETE FROM nonatomic_page WHERE text = 'by SQL'",
        ),
        migrations.RunPython(count_words, migrations.RunPython.noop),
    ]
