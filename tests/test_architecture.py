"""Imports point one way: the project knows the apps, documents know accounts, nobody looks back."""

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.db.backends.postgresql.psycopg_any import is_psycopg3

import ingestion

PROJECT = Path(ingestion.__file__ or "").parents[1]
OURS = {"accounts", "documents", "ingestion", "tests"}
HTTP = ("accounts/api/", "documents/api/", "ingestion/problems.py")


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The modules that a file imports, at its top or later; of relative ones the whole name."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    package = path.relative_to(PROJECT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def importers(paths: list[Path], *unwanted: str) -> list[str]:
    """Which of the files import one of the unwanted packages, and what of them."""
    return [
        f"{name(path)} imports {module}"
        for path in paths
        for module in imported(path)
        if any(f"{module}.".startswith(f"{package}.") for package in unwanted)
    ]


def test_an_import_is_found_wherever_it_stands() -> None:
    found = importers([PROJECT / "ingestion/apps.py"], "ingestion.checks")
    assert found == ["ingestion/apps.py imports ingestion.checks"]


def test_accounts_know_nothing_else_of_ours() -> None:
    assert importers(files("accounts"), *(OURS - {"accounts"})) == []


def test_documents_know_accounts_only() -> None:
    assert importers(files("documents"), *(OURS - {"documents", "accounts"})) == []


def test_the_models_of_documents_name_the_user_by_its_setting() -> None:
    assert importers([PROJECT / "documents/models.py"], "accounts") == []


def test_the_schema_tool_could_be_lifted_out() -> None:
    inside = files("ingestion/schema")
    assert importers(inside, *(OURS - {"ingestion"})) == []
    outside = [
        each for each in importers(inside, "ingestion") if "imports ingestion.schema" not in each
    ]
    assert outside == []


def test_http_lives_in_the_apis_and_in_problems() -> None:
    others = [
        path
        for path in files("accounts", "documents", "ingestion")
        if not name(path).startswith(HTTP)
    ]
    assert importers([*others, PROJECT / "manage.py"], "rest_framework") == []


@pytest.mark.parametrize("app", ["accounts", "documents"])
def test_nothing_of_an_app_looks_back_at_its_api(app: str) -> None:
    inside = [path for path in files(app) if not name(path).startswith(HTTP)]
    assert importers(inside, f"{app}.api") == []


def test_the_service_knows_nothing_of_its_tests() -> None:
    assert (
        importers([*files("accounts", "documents", "ingestion"), PROJECT / "manage.py"], "tests")
        == []
    )


def test_no_file_is_named_for_what_it_is_instead_of_what_it_is_about() -> None:
    vague = {"utils", "helpers", "common", "core", "services"}
    names = [name(path) for path in files(*OURS)]
    assert [each for each in names if vague & set(each.removesuffix(".py").split("/"))] == []


def test_the_driver_is_psycopg2() -> None:
    assert not is_psycopg3
    assert importlib.util.find_spec("psycopg") is None
