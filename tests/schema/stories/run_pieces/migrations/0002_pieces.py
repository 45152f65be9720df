"""One of each kind of piece; the effects tell how often each was done."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


def once(apps: Any, _: Any) -> None:
    apps.get_model("run_pieces", "Effect").objects.create(name="in a transaction")


def once_back(apps: Any, _: Any) -> None:
    apps.get_model("run_pieces", "Effect").objects.create(name="in a transaction, back")


def again(apps: Any, _: Any) -> None:
    apps.get_model("run_pieces", "Effect").objects.create(name="python")


def nested(apps: Any, _: Any) -> None:
    apps.get_model("run_pieces", "Effect").objects.create(name="nested")


def effects(*names: str) -> str:
    rows = ", ".join(f"('{name}')" for name in names)
    return f"INSERT INTO run_pieces_effect (name) VALUES {rows}"


class AddTwoFields(Operation):
    """Of the project's own: each of its statements is a piece."""

    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        for name in ("first", "second"):
            state.add_field(app_label, "page", name, models.IntegerField(default=0), True)

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        model = after.apps.get_model(app_label, "Page")
        for name in ("first", "second"):
            editor.add_field(model, model._meta.get_field(name))
        editor.execute(effects("own operation"))

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        model = before.apps.get_model(app_label, "Page")
        for name in ("second", "first"):
            editor.remove_field(model, model._meta.get_field(name))
        editor.execute(effects("own operation, back"))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("run_pieces", "0001_tables")]
    operations = [
        migrations.AddField("Page", "words", models.IntegerField(default=0)),
        AddIndexConcurrently("Page", models.Index(fields=["words"], name="page_words")),
        migrations.RunSQL(
            f"{effects('script')}; {effects('script')}", effects("script back", "script back")
        ),
        migrations.RunSQL(
            f"BEGIN; {effects('begin')}; {effects('commit')}; COMMIT; {effects('behind')}",
            [effects("list back"), effects("list back")],
        ),
        migrations.RunPython(once, once_back, atomic=True),
        migrations.RunPython(again, migrations.RunPython.noop),
        migrations.CreateModel(
            "Link",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("page", models.ForeignKey("Page", models.CASCADE)),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            [
                migrations.AddField("Link", "rank", models.IntegerField(default=0)),
                migrations.RunPython(nested, migrations.RunPython.noop),
                migrations.AlterField("Link", "rank", models.BigIntegerField(default=0)),
            ],
            [migrations.AddField("Link", "rank", models.BigIntegerField(default=0))],
        ),
        AddTwoFields(),
        migrations.AlterUniqueTogether("Page", {("text", "words")}),
        migrations.AlterField("Page", "text", models.CharField(max_length=80, unique=True)),
        migrations.RunSQL("VACUUM run_pieces_page", migrations.RunSQL.noop),
        migrations.RenameModel("Note", "Remark"),
    ]
