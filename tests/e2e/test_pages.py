"""The pages in a real browser: nothing comes from outside, nothing fails, and it looks right.

Needs Chromium (apt install chromium). Screenshots go to the folder named by SCREENSHOTS.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import Service
from tests.ingestion.test_describe_api import METHODS

FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def said(service: Service) -> str:
    service.upload(b"Minutes of the meeting.\n\nWe agreed on apples & <b>pears</b>.\n")
    kept = service.upload(b"%PDF-1.7 cut off").json()
    service.wait_for_state(kept["id"], "failed")
    return service.log.read_text()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "There is no Chromium here: apt install chromium"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path),
            executable_path=chromium,
            chromium_sandbox=False,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        page = context.pages[0]
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("requestfailed", lambda request: wrong.append(request.url))
        yield page
        assert wrong == []
        context.close()


def shoot(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def log_in(page: Page, service: Service, said: str) -> None:
    password = re.search(r"Password +(\S+)", said)
    assert password
    page.goto(f"{service.url}/admin/login/?next=/admin/")
    page.fill("input[name=username]", "admin@example.com")
    page.fill("input[name=password]", password[1])
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")


def test_the_api_docs_show_every_operation(page: Page, service: Service, said: str) -> None:
    page.goto(f"{service.url}/api/docs/")
    page.wait_for_selector(".opblock")
    described = service.session().get(f"{service.url}/api/openapi.json", timeout=30).json()
    operations = [name for path in described["paths"].values() for name in path if name in METHODS]
    assert page.locator(".opblock").count() == len(operations)
    page.locator("#operations-Documents-documents_create .opblock-summary").click()
    page.wait_for_selector(".opblock-body")
    shoot(page, "api-docs")


def test_the_admin_shows_what_is_kept(page: Page, service: Service, said: str) -> None:
    log_in(page, service, said)
    shoot(page, "admin-index")
    page.goto(f"{service.url}/admin/documents/document/")
    assert page.locator("#result_list tbody tr").count() == 2
    shoot(page, "admin-documents")
    page.locator("#result_list tbody tr", has_text="ready").locator("th a").click()
    assert "apples & <b>pears</b>" in page.locator(".field-text pre").inner_text()
    shoot(page, "admin-document")


def test_the_admin_tries_a_failed_document_again(page: Page, service: Service, said: str) -> None:
    log_in(page, service, said)
    page.goto(f"{service.url}/admin/documents/document/?state__exact=failed")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "retry")
    page.click("button[name=index]")
    assert "1 failed document(s) queued again" in page.locator(".messagelist").inner_text()


def test_the_admin_revokes_a_token(page: Page, service: Service, said: str) -> None:
    log_in(page, service, said)
    page.goto(f"{service.url}/admin/accounts/user/")
    shoot(page, "admin-users")
    page.locator("#result_list tbody th a").first.click()
    shoot(page, "admin-user")
    page.check("input[name=tokens-0-DELETE]")
    page.click("input[name=_save]")
    assert "changed successfully" in page.locator(".messagelist").inner_text()
    assert service.rows("SELECT count(*) FROM tokens") == [(0,)]
