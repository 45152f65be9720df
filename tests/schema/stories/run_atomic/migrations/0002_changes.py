from typing import Any

from django.db import migrations, models


def fill(apps: Any, _: Any) -> None:
    shelf = apps.get_model("run_atomic", "Shelf").objects.create(room="north")
    apps.get_model("run_atomic", "Book").objects.create(title="One", shelf=shelf)
    apps.get_model("run_atomic", "Effect").objects.create(name="python")


def empty(apps: Any, _: Any) -> None:
    apps.get_model("run_atomic", "Book").objects.all().delete()
    apps.get_model("run_atomic", "Shelf").objects.all().delete()
    apps.get_model("run_atomic", "Effect").objects.create(name="python back")


class Migration(migrations.Migration):
    dependencies = [("run_atomic", "0001_tables")]
    operations = [
        migrations.AddField("Book", "pages", models.IntegerField(default=1)),
        migrations.RunSQL(
            "INSERT INTO run_atomic_effect (name) VALUES ('script'); "
            "INSERT INTO run_atomic_effect (name) VALUES ('script')",
            "INSERT INTO run_atomic_effect (name) VALUES ('script back')",
        ),
        migrations.AlterUniqueTogether("Book", {("title", "pages")}),
        migrations.AlterField("Book", "title", models.CharField(max_length=80, unique=True)),
        migrations.RunPython(fill, empty),
    ]
