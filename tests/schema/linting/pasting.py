"""Migrations of a tiny app, what lint says of them, and its safe forms in their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from ingestion.schema.catalog import Catalog
from ingestion.schema.limits import limits
from ingestion.schema.linting.lint import Finding, judged
from ingestion.schema.linting.watching import watch
from ingestion.schema.origin import origin
from ingestion.schema.plan import Key
from ingestion.schema.project import Project
from tests.schema.conftest import Use, WriteApp

SHOP = "0002_change"


@dataclass(frozen=True)
class Linted:
    findings: list[Finding]
    things: Catalog
    """What the database has at the end."""

    @property
    def rules(self) -> set[str]:
        return {finding.rule for finding in self.findings}


def written(first: str, files: Mapping[str, str], *, write_app: WriteApp, story: Use) -> None:
    """These are the migrations of the app, and no others."""
    folder: Path = write_app("shop", {"0001_initial": first, **files})
    for path in (folder / "migrations").glob("0*.py"):
        if path.stem not in {"0001_initial", *files}:
            path.unlink()
    story("shop")


def linted(names: Mapping[str, str]) -> Linted:
    project = Project.read(connection)
    keys: list[Key] = [("shop", name) for name in names]
    seen = watch(project, keys, origin=origin(), limits=limits())
    found = [each for each in judged(project, seen) if each.waived is None]
    return Linted(found, seen[-1].after)


def pasted(findings: list[Finding], *, source: str) -> dict[str, str]:
    """All files of the form that the findings share."""
    [form] = {finding.safe_form for finding in findings if finding.safe_form.files}
    files = {file.name: file.code for file in form.files}
    return files if SHOP in files else {SHOP: source, **files}
