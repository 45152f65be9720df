"""Python in every place where it may stand."""

import sys
from typing import Any

from django.db.migrations.operations.base import Operation


def fill(apps: Any, _: Any) -> None:
    sys.stdout.write("filling\n")
    apps.get_model("sql_gaps", "Shelf").objects.create()


def empty(apps: Any, _: Any) -> None:
    apps.get_model("sql_gaps", "Shelf").objects.all().delete()


class Fill(Operation):
    reduces_to_sql = False
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None: ...

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        after.apps.get_model("sql_gaps", "Shelf").objects.create()

    def database_backwards(self, *_: Any) -> None: ...

    def describe(self) -> str:
        return "Fill the shelf;\n\\! echo 'no command'\r-- nor a comment"
