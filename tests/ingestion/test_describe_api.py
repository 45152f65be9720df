"""The description of the API is valid and complete, and its page needs nothing from outside."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

METHODS = {"get", "post", "put", "patch", "delete"}


@cache
def described() -> dict[str, Any]:
    answer: dict[str, Any] = Client().get("/api/openapi.json").json()
    return answer


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in described()["paths"].items():
        yield from ((f"{method} {path}", op) for method, op in item.items() if method in METHODS)


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the operation takes and, when all is well, gives, by media type."""
    answers = (answer for code, answer in operation["responses"].items() if code.startswith("2"))
    for part in (operation.get("requestBody", {}), *answers):
        yield from part.get("content", {}).items()


def routes(patterns: list[Any], *, below: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = below + re.sub(r"<(?:\w+:)?\w+>", "{id}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, below=path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def test_it_is_valid_without_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", tmp_path / "api.yaml")
    assert "openapi: 3" in (tmp_path / "api.yaml").read_text()
    assert "Warning" not in capsys.readouterr().err


def test_it_has_every_url_and_every_method() -> None:
    asked = {
        (path, method)
        for path, view in routes(get_resolver().url_patterns, below="/")
        if path.startswith("/api/v1/")
        for method in METHODS
        if hasattr(view.cls, method)
    }
    assert asked == {
        (path, method) for path, item in described()["paths"].items() for method in item
    }


def test_every_operation_says_what_it_does() -> None:
    for name, operation in operations():
        assert operation["summary"], name
        assert operation["tags"], name


def test_every_body_of_json_has_an_example() -> None:
    missing = [
        name
        for name, operation in operations()
        for media_type, content in contents(operation)
        if media_type == "application/json" and not content.get("examples")
    ]
    assert missing == []


def test_every_operation_may_answer_with_a_problem() -> None:
    for name, operation in operations():
        assert "application/problem+json" in operation["responses"]["default"]["content"], name


def test_only_the_login_needs_no_token() -> None:
    open_to_all = [name for name, operation in operations() if not operation.get("security")]
    assert open_to_all == ["post /api/v1/auth/token/"]


def test_the_page_takes_nothing_from_outside() -> None:
    page = Client().get("/api/docs/").content.decode()
    assert re.findall(r"""["'(]\s*(?:https?:)?//[^"'\s)]*""", page) == []


def test_what_the_page_needs_is_here() -> None:
    page = Client().get("/api/docs/").content.decode()
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 4
    for asset in assets:
        assert Client().head(asset).status_code == 200, asset


def test_the_root_leads_to_the_page() -> None:
    assert Client().get("/").headers["Location"] == "/api/docs/"
