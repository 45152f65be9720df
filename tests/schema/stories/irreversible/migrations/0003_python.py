from typing import Any

from django.db import migrations


def count(apps: Any, _: Any) -> None:
    apps.get_model("irreversible", "Note").objects.count()


class Migration(migrations.Migration):
    dependencies = [("irreversible", "0002_sql")]
    operations = [
        migrations.RunPython(count),
    ]
