from typing import Any

from django.db import migrations


def fill(apps: Any, _: Any) -> None:
    """The reference is checked as the transaction ends, the table altered before."""
    owner = apps.get_model("deferred", "Owner").objects.create()
    apps.get_model("deferred", "Thing").objects.create(owner=owner)


def empty(apps: Any, _: Any) -> None:
    apps.get_model("deferred", "Thing").objects.all().delete()
    apps.get_model("deferred", "Owner").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("deferred", "0001_both")]
    operations = [
        migrations.RunPython(fill, empty),
    ]
