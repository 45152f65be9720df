"""The diagram in the README is the one that `schema diagram` prints."""

import re
from io import StringIO
from pathlib import Path

from django.core.management import call_command

README = Path(__file__).parents[1] / "README.md"


def test_the_tables_in_the_readme_are_those_that_the_migrations_make() -> None:
    said = StringIO()
    call_command("schema", "diagram", stdout=said)
    shown = re.findall(r"^```mermaid\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert shown == [said.getvalue()], (
        'Replace the block under "The tables" in README.md with: manage.py schema diagram'
    )
