"""`manage.py ingest` takes a document of each line of NDJSON: from a file, or standard input."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from accounts.models import User
from documents.models import Document
from tests.documents.commands import ALICE, ingest, run, start

pytestmark = pytest.mark.django_db


def ndjson(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


LINES = ndjson({"content": "one", "title": "First"}, {"content": "two", "metadata": {"n": 1}})


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl", "A.NDJSON"])
def test_each_line_is_a_document(alice: User, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LINES)
    summary, code = ingest(tmp_path / name)
    assert (summary["created"], summary["bytes"], code) == (2, 6, 0)
    assert Document.objects.get(title="First").content_type == "text/plain"


@pytest.mark.parametrize("name", ["a.ndjson.gz", "a.jsonl.gz", "a.ndjson"])
def test_gzip_is_taken_apart(alice: User, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(LINES))
    assert ingest(tmp_path / name)[0]["created"] == 2


def test_a_pattern_names_such_files_too(alice: User, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(LINES)
    assert ingest(f"{tmp_path}/**/*.ndjson")[0]["created"] == 2


def test_below_a_folder_such_a_file_is_one_document(alice: User, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(LINES)
    assert ingest(tmp_path)[0]["created"] == 1
    assert Document.objects.get().title == "a.ndjson"


def test_whole_it_is_one_document_as_well(alice: User, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(LINES)
    assert ingest(tmp_path / "a.ndjson", "--whole")[0]["created"] == 1


def test_a_bad_line_is_named_and_costs_no_other(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"content": "one"}\n\n{"content": 1}\n{"content": "two"}')
    report = tmp_path / "report"
    out, _, code = run("ingest", path, "--owner", ALICE, "--report", report)
    assert out.splitlines()[0] == f"refused: {path}, line 3: content is a text."
    assert out.splitlines()[1].startswith("2 kept, 0 there already, 1 refused ")
    assert code == 1
    assert json.loads(report.read_text()) == {
        "path": str(path),
        "line": 3,
        "code": "invalid",
        "detail": "content is a text.",
        "pointer": "/content",
    }


def test_each_file_counts_its_own_lines(alice: User, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.ndjson").write_bytes(ndjson({"content": f"of {name}"}, {}))
    summary, _ = ingest(tmp_path / "a.ndjson", tmp_path / "b.ndjson")
    assert [(Path(e["path"]).name, e["line"]) for e in summary["errors"]] == [
        ("a.ndjson", 2),
        ("b.ndjson", 2),
    ]


def test_what_came_before_a_break_in_the_file_is_kept(alice: User, tmp_path: Path) -> None:
    whole = gzip.compress(LINES) + gzip.compress(ndjson({"content": "three"}))
    (tmp_path / "a.ndjson.gz").write_bytes(whole[:-4])
    (tmp_path / "b.ndjson").write_bytes(ndjson({"content": "four"}))
    summary, code = ingest(tmp_path / "a.ndjson.gz", tmp_path / "b.ndjson")
    assert (summary["created"], code) == (4, 1)
    assert [error["code"] for error in summary["errors"]] == ["malformed_gzip"]


def test_an_empty_file_has_no_line(alice: User, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").touch()
    with pytest.raises(CommandError, match="Nothing arrived") as caught:
        ingest(tmp_path / "a.ndjson")
    assert caught.value.returncode == 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sent", [LINES, gzip.compress(LINES)], ids=["plain", "gzip"])
def test_standard_input_is_lines(alice: User, sent: bytes) -> None:
    process = start("ingest", "-", "--owner", ALICE, "--json", stdin=-1)
    out, err = process.communicate(sent, timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["created"] == 2
    assert Document.objects.count() == 2
