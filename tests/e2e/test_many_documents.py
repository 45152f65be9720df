"""Many at once, a very long one, and very many of one moment. Waits for workers to read them."""

import io
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from reportlab.pdfgen.canvas import Canvas

from tests.e2e.conftest import Service

PDFS = 115
MOMENT = "2026-01-01T00:00:00Z"
EQUAL = 100_000
LINE = "The heron stands in the reeds and waits for what the water brings. " * 3
BUSY = "SELECT count(*) FROM jobs"


def pdf(pages: list[list[str]]) -> bytes:
    """Plain, so that it is as long as its text."""
    raw = io.BytesIO()
    canvas = Canvas(raw, pageCompression=0)
    for lines in pages:
        text = canvas.beginText(20, 820)
        text.setFont("Helvetica", 1)
        text.setLeading(1)
        for line in lines:
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return raw.getvalue()


def send(service: Service, raw: bytes, *, name: str) -> str:
    answer = service.session().post(
        f"{service.url}/api/v1/documents/",
        files={"file": (name, raw, "application/pdf")},
        timeout=120,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def found(service: Service, words: str) -> list[dict[str, Any]]:
    url = f"{service.url}/api/v1/documents/"
    answer = service.session().get(url, params={"q": words}, timeout=60)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def wait_until_all_is_done(service: Service, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while service.rows(BUSY) != [(0,)]:
        assert time.monotonic() < deadline, service.rows(BUSY)
        time.sleep(0.2)


def test_115_pdf_files_at_once_are_all_read(service: Service) -> None:
    files = [pdf([[LINE, f"needle{n}x{page}"] for page in range(n % 7 + 1)]) for n in range(PDFS)]
    with ThreadPoolExecutor(PDFS) as pool:
        ids = list(pool.map(lambda n: send(service, files[n], name=f"{n}.pdf"), range(PDFS)))
    wait_until_all_is_done(service, seconds=120)
    states = service.rows("SELECT state, indexed, count(*) FROM documents GROUP BY 1, 2")
    assert states == [("ready", True, PDFS)]
    for n in range(0, PDFS, 10):
        (result,) = found(service, f"needle{n}x{n % 7}")
        assert (result["id"], result["passages"][0]["page"]) == (ids[n], n % 7 + 1)


def test_a_word_at_the_end_of_50_mb_is_found_with_its_page(service: Service) -> None:
    pages = [[f"{page}.{line} {LINE}" for line in range(400)] for page in range(600)]
    pages[-1].append("The giraffe has come.")
    raw = pdf(pages)
    assert len(raw) > 50_000_000
    pk = send(service, raw, name="long.pdf")
    wait_until_all_is_done(service, seconds=300)
    (result,) = found(service, "giraffe")
    assert result["id"] == pk
    assert result["extracted"]["pages"] == len(pages)
    assert result["passages"][0]["page"] == len(pages)
    assert "<mark>giraffe</mark>" in result["highlight"]


@pytest.fixture(scope="module")
def equal(service: Service) -> set[str]:
    """The ids of documents that came at the same moment, all of them searchable."""
    lines = (json.dumps({"content": f"An otter and {n} more."}).encode() for n in range(EQUAL))
    answer = service.session().post(
        f"{service.url}/api/v1/documents/bulk/",
        data=b"\n".join(lines),
        headers={"Content-Type": "application/x-ndjson"},
        timeout=300,
    )
    assert answer.json()["created"] == EQUAL
    wait_until_all_is_done(service, seconds=300)
    chosen = "id IN (SELECT document_id FROM passages WHERE text LIKE 'An otter and %')"
    service.write(f"UPDATE documents SET created_at = '{MOMENT}' WHERE {chosen}")
    of_them = "text LIKE 'An otter and %'"
    service.write(f"UPDATE passages SET created_at = '{MOMENT}' WHERE {of_them}")
    service.write("ANALYZE documents, passages")
    ids = service.rows(f"SELECT id::text FROM documents WHERE created_at = '{MOMENT}'")
    return {pk for (pk,) in ids}


@pytest.mark.parametrize("query", ["", "&q=otter"])
def test_a_walk_shows_each_of_100000_of_one_moment_once_while_others_come(
    service: Service, equal: set[str], query: str
) -> None:
    assert len(equal) == EQUAL
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write_until, stop, service)
        try:
            seen = walked(service, f"{service.url}/api/v1/documents/?page_size=200{query}")
        finally:
            stop.set()
    assert writer.result() > 0
    assert [pk for pk, times in seen.items() if times > 1] == []
    assert equal - seen.keys() == set()


def walked(service: Service, url: str | None) -> Counter[str]:
    seen: Counter[str] = Counter()
    session = service.session()
    while url:
        answer = session.get(url, timeout=60)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen.update(row["id"] for row in page["results"])
        url = page["next"]
    return seen


def write_until(stop: threading.Event, service: Service) -> int:
    """How many others came, with the same word."""
    session, written = service.session(), 0
    while not stop.is_set():
        body = {"content": f"Another otter, {time.monotonic_ns()}."}
        answer: requests.Response = session.post(
            f"{service.url}/api/v1/documents/", json=body, timeout=60
        )
        assert answer.status_code == 201, answer.text
        written += 1
        time.sleep(0.01)
    return written
